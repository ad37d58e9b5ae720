// A headless Chromium with one page, whose machine's output arrives here as text.
import { existsSync } from "node:fs";
import { chromium } from "@playwright/test";
import { findChromium } from "../../chromium.mjs";
import { Console } from "../lines.mjs";

/** Why no browser peer can take part. */
export async function missingChromium() {
  try {
    await findChromium();
    return undefined;
  } catch (error) {
    return error.message;
  }
}

/** A browser of its own for every machine, with empty caches. */
export async function openPage() {
  const console = new Console();
  const opened = await launch();
  // The page calls this for every piece of output.
  await opened.page.exposeFunction("benchOutput", (/** @type {string} */ text) => console.feed(text));
  return { ...opened, console };
}

/** The same for two machines in one page, which passes on which of them speaks. */
export async function openPagePair() {
  const consoles = [new Console(), new Console()];
  const opened = await launch();
  const feed = (/** @type {number} */ index, /** @type {string} */ text) => consoles[index]?.feed(text);
  await opened.page.exposeFunction("benchOutput", feed);
  return { ...opened, consoles };
}

async function launch() {
  // A software renderer for WebGL where there is no graphics device.
  const args = existsSync("/dev/dri") ? [] : ["--enable-unsafe-swiftshader"];
  const browser = await chromium.launch({ executablePath: await findChromium(), args });
  const page = await browser.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  return { page, errors, close: () => browser.close() };
}

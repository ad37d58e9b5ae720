// The npm package v86 in a headless Chromium: i386 programs on Debian's 686 kernel, with Debian's SeaBIOS.
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cache, root } from "../../lib.mjs";
import { openApt } from "../../guest/apt.mjs";
import { run } from "../../guest/run.mjs";
import { append } from "../guest.mjs";
import { runInGuest } from "../lines.mjs";
import { folder } from "../programs.mjs";
import { missingChromium, openPage } from "./browser.mjs";

const bootPatience = 600_000;

/** The firmware, which the package does not contain. */
export async function getFirmware() {
  const target = join(folder, "seabios");
  if (existsSync(join(target, "vgabios.bin"))) return;
  const apt = await openApt(join(cache, "guests", ".apt"), "amd64", false);
  const found = (await apt.resolve(["seabios"])).filter(({ name }) => name === "seabios");
  const [file = ""] = await apt.download(found);
  const unpacked = join(folder, "seabios/unpacked");
  mkdirSync(unpacked, { recursive: true });
  await run("dpkg-deb", ["--extract", file, unpacked]);
  const from = join(unpacked, "usr/share/seabios");
  copyFileSync(join(from, "bios.bin"), join(target, "bios.bin"));
  copyFileSync(join(from, "vgabios-stdvga.bin"), join(target, "vgabios.bin"));
}

/** @param {import("../peers.mjs").Context} context */
async function start({ server, note }) {
  await getFirmware();
  const browser = await openPage();
  const began = performance.now();
  await browser.page.goto(`${server.base}/page/v86.html?${new URLSearchParams({ append })}`);
  try {
    await browser.console.waitFor(/bench: ready\r?\n/, bootPatience);
  } catch (error) {
    for (const message of browser.errors) note(`v86: ${message}`);
    await browser.close();
    throw error;
  }
  return { ...browser, seconds: (performance.now() - began) / 1000 };
}

/** @type {import("../peers.mjs").Peer} */
export const v86 = {
  name: "v86",
  title: "v86",
  architectures: ["i386"],
  missing: async () =>
    existsSync(join(root, "node_modules/v86")) ? missingChromium() : "the package v86 is not installed",
  boots: {
    i386: async (context) => {
      const { close, seconds } = await start(context);
      await close();
      return seconds;
    },
  },
  open: async (architecture, context) => {
    const { page, console, close } = await start(context);
    const send = (/** @type {string} */ text) => page.evaluate((line) => globalThis.benchSend(line), text);
    return { run: (program, seconds) => runInGuest({ console, send }, architecture, program, seconds), close };
  },
};

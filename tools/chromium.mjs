// Finds a Chromium for the browser tests, and installs one where it can.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cache, exitCode, Explained, isMain, progress, root, runTool } from "./lib.mjs";

const remembered = join(cache, "chromium");

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chrome.exe"];

const elsewhere = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
];

/** Some systems have a `chromium-browser` that only tells how to install it, so a candidate must name its version. @param {string} path */
function works(path) {
  if (!existsSync(path)) return false;
  // On Windows `chrome.exe --version` opens a window instead of printing.
  if (process.platform === "win32") return true;
  try {
    const options = { encoding: /** @type {const} */ ("utf8"), timeout: 20_000, stdio: /** @type {any} */ ("pipe") };
    return /\b(Chromium|Chrome)\b.*\d+\./.test(execFileSync(path, ["--version"], options));
  } catch {
    return false;
  }
}

/** @returns {Promise<string[]>} */
async function candidates() {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const installed = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  const { chromium } = await import("@playwright/test");
  return [...installed, ...elsewhere, chromium.executablePath()];
}

/** @returns {Promise<string | undefined>} */
async function search() {
  if (existsSync(remembered)) {
    const path = readFileSync(remembered, "utf8");
    if (existsSync(path)) return path;
  }
  const found = (await candidates()).find(works);
  if (found === undefined) return undefined;
  mkdirSync(cache, { recursive: true });
  writeFileSync(remembered, found);
  return found;
}

/** Debian's package, when we may install one. */
async function installWithApt() {
  if (process.platform !== "linux" || !existsSync("/usr/bin/apt-get")) return;
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  /** @param {string[]} args @param {"inherit" | "ignore"} errors */
  const apt = async (args, errors) => {
    const [program = "", ...rest] = [...sudo, "apt-get", "-q", ...args];
    const code = await exitCode(program, rest, { env, stdio: ["ignore", "ignore", errors] }).catch(() => 1);
    return code === 0;
  };
  progress("chromium: installing the system's package (apt-get)");
  const install = ["install", "-y", "--no-install-recommends", "chromium"];
  // The first attempt fails where the package lists were never fetched.
  if (await apt(install, "ignore")) return;
  if (await apt(["update"], "inherit")) await apt(install, "inherit");
}

async function installWithPlaywright() {
  progress("chromium: downloading Playwright's own");
  const cli = join(root, "node_modules/@playwright/test/cli.js");
  await exitCode(process.execPath, [cli, "install", "chromium"], { timeout: 600_000 });
}

/**
 * The path of a Chromium that runs. Order: CHROMIUM, what is installed, the system's package, Playwright's download.
 * @param {{ install?: boolean }} [options]
 */
export async function findChromium({ install = false } = {}) {
  const named = process.env["CHROMIUM"];
  if (named) {
    if (works(named)) return named;
    throw new Explained(`CHROMIUM=${named} is not a Chromium that runs`);
  }
  for (const attempt of install ? [undefined, installWithApt, installWithPlaywright] : [undefined]) {
    await attempt?.();
    const found = await search();
    if (found !== undefined) return found;
  }
  throw new Explained(
    "no Chromium was found. Install one (Debian: apt-get install chromium), or name it: CHROMIUM=/path/to/chrome npm test",
  );
}

if (isMain(import.meta.url)) await runTool(async () => progress(await findChromium({ install: true })));

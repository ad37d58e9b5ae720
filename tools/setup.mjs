// The steps that bring a bare clone to a state where it can run: packages, wasm, guest images. Every step is cached.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { exitCode, Explained, hashOf, listFiles, once, progress, root, run } from "./lib.mjs";

const oldestNode = [20, 19];

export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = oldestNode;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw new Explained(`Node ${oldestNode.join(".")} or newer is needed; this is ${process.versions.node}`);
}

/** `npm ci`, when package-lock.json differs from what was installed. */
export async function installPackages() {
  const ran = await once({
    name: "packages",
    hash: hashOf(listFiles(["package-lock.json"])),
    outputs: ["node_modules/.package-lock.json"],
    run: () => {
      progress("packages: npm ci");
      // Under `npm start` the running npm is named by the environment; it is not always on the PATH under that name.
      const npm = process.env["npm_execpath"];
      const args = ["ci", "--no-fund", "--no-audit", "--loglevel=error"];
      if (npm && /npm-cli\.c?js$/.test(npm)) return run(process.execPath, [npm, ...args]);
      return run(process.platform === "win32" ? "npm.cmd" : "npm", args, { shell: process.platform === "win32" });
    },
  });
  progress(ran ? "packages: installed" : "packages: up to date");
}

export async function ensureWasm() {
  // Imported late: the builder needs nothing installed to load, but its compiler is one of the packages.
  const { buildWasm } = await import("./build-wasm.mjs");
  await buildWasm();
  progress("wasm: up to date");
}

/**
 * Builds the guest images. The builder caches by itself and prints its own progress.
 * @param {string[]} [more] images that are built on demand
 * @returns {Promise<boolean>} whether the images are there
 */
export async function ensureGuests(more = []) {
  const names = ["tiny", "debian", ...more];
  progress(`guest images: ${names.join(", ")}`);
  const builder = "tools/guest/build.mjs";
  if (!existsSync(join(root, builder))) throw new Explained(`${builder} does not exist`);
  return (await exitCode(process.execPath, [builder, ...names])) === 0;
}

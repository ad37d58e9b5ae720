// Kernels of other Debian releases for e2e/kernels.spec.ts: unmodified, each with the initramfs of `tiny` and its own modules,
// in .cache/guests/kernels/<release>/.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openApt, SUITE } from "./apt.mjs";
import { MTIME } from "./image.mjs";
import { image as tiny } from "./images/tiny.mjs";
import { buildInitramfs } from "./initramfs.mjs";
import { getKernel, listModules } from "./kernel.mjs";
import { withLock } from "./lock.mjs";
import { moduleName } from "./modules.mjs";
import { say } from "./progress.mjs";
import { BuildError } from "./run.mjs";

const GUESTS = fileURLToPath(new URL("../../.cache/guests", import.meta.url));

const USAGE = `Usage: node tools/guest/kernels.mjs SUITE[:PACKAGE]…

Downloads the newest kernel of each of Debian's suites, or the one that is named, from where the machine has its packages:

  node tools/guest/kernels.mjs bullseye trixie trixie-backports:linux-image-7.0.13+deb13-amd64
`;

/** @param {string} name as in USAGE */
async function provide(name) {
  const [suite = SUITE, wanted = "linux-image-amd64"] = name.split(":");
  const scratch = join(GUESTS, ".kernels.scratch");
  await mkdir(scratch, { recursive: true });
  const lists = join(GUESTS, ".apt");
  const kernel = await getKernel(await openApt(lists, "amd64", false, suite), wanted, scratch);
  // What another kernel has built in, or no longer at all, is no module of it.
  const present = new Set(listModules(kernel.moduleFolder).map(moduleName));
  const initrd = await buildInitramfs({
    ...tiny.initramfs,
    modules: tiny.initramfs.modules.filter((module) => present.has(module)),
    apt: await openApt(lists, "amd64", false),
    kernel,
    scratch,
    mtime: MTIME,
  });
  const folder = join(GUESTS, "kernels", kernel.release);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "bzImage"), kernel.bzImage);
  await writeFile(join(folder, "initrd"), initrd);
  await rm(scratch, { recursive: true, force: true });
  say(`${kernel.release} of ${kernel.package} ${kernel.version} is ready`);
}

try {
  const names = process.argv.slice(2);
  if (names.length === 0 || names.some((name) => name.startsWith("-"))) process.stdout.write(USAGE);
  else
    await withLock(join(GUESTS, ".lock"), () =>
      names.reduce((before, name) => before.then(() => provide(name)), Promise.resolve()),
    );
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

// Takes the kernel out of Debian's package: the bzImage as it is, the ELF
// vmlinux inside it (so that the guest need not unpack it: 4.4 of 6 billion
// instructions of a boot), and access to the modules.

import { readdirSync, readFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { gunzipSync } from "node:zlib";
import { readBzImage } from "./bzimage.mjs";
import { BuildError, isInstalled, run } from "./run.mjs";

/**
 * @typedef {object} Kernel
 * @property {string} release as `uname -r` prints it
 * @property {string} package name of the package
 * @property {string} version of the package
 * @property {string} moduleFolder with kernel/…/*.ko
 * @property {Buffer} bzImage
 * @property {Buffer} vmlinux
 */

/** The package that a metapackage such as linux-image-amd64 stands for. */
const IMAGE_PACKAGE = /^linux-image-(\d.*)$/;

/**
 * @param {import("./apt.mjs").Apt} apt
 * @param {string} name of the package or metapackage
 * @param {string} scratch folder
 * @returns {Promise<Kernel>}
 */
export async function getKernel(apt, name, scratch) {
  const found = (await apt.resolve([name])).find((entry) => IMAGE_PACKAGE.test(entry.name));
  if (found === undefined) throw new BuildError(`${name} does not lead to a kernel package`);
  const release = IMAGE_PACKAGE.exec(found.name)?.[1] ?? "";
  const [file = ""] = await apt.download([found]);
  const folder = join(scratch, "kernel");
  await rm(folder, { recursive: true, force: true });
  await run("dpkg-deb", ["--extract", file, folder]);
  const bzImage = await readFile(join(folder, "boot", `vmlinuz-${release}`));
  return {
    release,
    package: found.name,
    version: found.version,
    moduleFolder: join(folder, "lib", "modules", release),
    bzImage,
    vmlinux: await unpackKernel(bzImage),
  };
}

/** Paths of all modules, relative to the module folder. @param {string} moduleFolder */
export function listModules(moduleFolder) {
  return readdirSync(moduleFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ko"))
    .map((entry) => relative(moduleFolder, join(entry.path, entry.name)).split(sep).join("/"))
    .sort();
}

/** @param {string} moduleFolder @returns {(path: string) => Buffer} */
export function moduleReader(moduleFolder) {
  return (path) => readFileSync(join(moduleFolder, path));
}

/** @param {Buffer} bzImage */
async function unpackKernel(bzImage) {
  const { compression, payload, unpackedSize } = readBzImage(bzImage);
  const vmlinux = compression === "gzip" ? gunzipSync(payload) : await decompress(compression, payload);
  if (vmlinux.length !== unpackedSize || vmlinux.readUInt32BE(0) !== 0x7f454c46) {
    throw new BuildError(`the kernel unpacks to ${vmlinux.length} bytes, not ${unpackedSize} of ELF`);
  }
  return vmlinux;
}

/** @param {string} compression @param {Buffer | Uint8Array} payload */
async function decompress(compression, payload) {
  if (!isInstalled(compression)) {
    const name = compression === "xz" ? "xz-utils" : compression;
    throw new BuildError(`unpacking the kernel needs ${compression}: install the package ${name}`);
  }
  return run(compression, ["-dc"], { input: payload });
}

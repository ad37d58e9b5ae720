// Takes the kernel out of Debian's package: the bzImage as it is, the ELF
// vmlinux inside it (so that the guest need not unpack it: 4.4 of 6 billion
// instructions of a boot), and access to the modules.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
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
 */

/** The package that a metapackage such as linux-image-amd64 stands for. */
const IMAGE_PACKAGE = /^linux-image-(\d.*?)(-unsigned)?$/;

/** Debian's later ones only name two others, which have the kernel and its modules. */
const PARTS = /^linux-(image|binary|modules)-\d/;

/** Debian 13 compresses them. */
const MODULE = /\.ko(\.xz)?$/;
const MAX_MODULE_BYTES = 64 << 20;

/**
 * @param {import("./apt.mjs").Apt} apt
 * @param {string} name of the package or metapackage
 * @param {string} scratch folder
 * @returns {Promise<Kernel>}
 */
export async function getKernel(apt, name, scratch) {
  const parts = (await apt.resolve([name])).filter((entry) => PARTS.test(entry.name));
  const found = parts.find((entry) => IMAGE_PACKAGE.test(entry.name));
  if (found === undefined) throw new BuildError(`${name} does not lead to a kernel package`);
  const release = IMAGE_PACKAGE.exec(found.name)?.[1] ?? "";
  const folder = join(scratch, "kernel");
  await rm(folder, { recursive: true, force: true });
  for (const file of await apt.download(parts)) await run("dpkg-deb", ["--extract", file, folder]);
  const moduleFolder = ["lib", "usr/lib"].map((at) => join(folder, at, "modules", release)).find(existsSync);
  if (moduleFolder === undefined) throw new BuildError(`${found.name} has no modules`);
  const places = [join(folder, "boot", `vmlinuz-${release}`), join(moduleFolder, "vmlinuz")];
  const bzImage = places.find(existsSync);
  if (bzImage === undefined) throw new BuildError(`${found.name} has no kernel`);
  return {
    release,
    package: found.name,
    version: found.version,
    moduleFolder,
    bzImage: await readFile(bzImage),
  };
}

/** Paths of all modules as they are unpacked, relative to the module folder. @param {string} moduleFolder */
export function listModules(moduleFolder) {
  return readdirSync(moduleFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && MODULE.test(entry.name))
    .map((entry) => join(entry.path, entry.name).replace(/\.xz$/, ""))
    .map((path) => relative(moduleFolder, path).split(sep).join("/"))
    .sort();
}

/** @param {string} moduleFolder @returns {(path: string) => Buffer} */
export function moduleReader(moduleFolder) {
  return (path) => {
    const file = join(moduleFolder, path);
    if (existsSync(file)) return readFileSync(file);
    return execFileSync("xz", ["-dc", `${file}.xz`], { maxBuffer: MAX_MODULE_BYTES });
  };
}

/** The ELF file in it. @param {Buffer} bzImage */
export async function unpackKernel(bzImage) {
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

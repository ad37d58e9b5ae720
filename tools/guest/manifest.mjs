// manifest.json: what the page needs to know of an image, and what tells
// whether the image in the cache is the one that would be built now.

import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { MTIME } from "./image.mjs";

/** Changed when older readers would not understand the file. */
const SCHEMA = 1;

export const MANIFEST = "manifest.json";

/**
 * @typedef {object} Manifest
 * @property {number} schema
 * @property {string} key of the image's sources, see `imageKey`
 * @property {string} name
 * @property {string} title
 * @property {string} description
 * @property {{ package: string, version: string, release: string }} kernel
 * @property {number} memoryMb
 * @property {string} append
 * @property {{ file: string, if: string, format: string }[]} drives in QEMU's words
 * @property {string[]} devices in QEMU's words
 * @property {Record<string, { size: number, sha256: string, gzipSize?: number }>} files
 *   `gzipSize`: there is a compressed sibling with `.gz` after the name
 * @property {Record<string, string>} packages versions of all packages in the image
 */

/**
 * A hash over everything in this folder that can change the image. The versions
 * of the packages are those of the day of the build, kept until `--force`.
 * @param {import("./image.mjs").Image} image
 */
export function imageKey(image) {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const hash = createHash("sha256").update(JSON.stringify([SCHEMA, MTIME, image]));
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.path, entry.name)))
    .filter((path) => canChange(image, path))
    .sort();
  for (const path of files) hash.update(path).update(readFileSync(join(folder, path)));
  return hash.digest("hex");
}

/** @param {import("./image.mjs").Image} image @param {string} path below this folder */
function canChange({ initramfs, rootfs }, path) {
  const [room = "", file = ""] = path.split(sep);
  // All that the description of an image says is in the hash by its value.
  if (room === "images" || path.includes(".test.")) return false;
  if (room === "programs") return Object.values(rootfs?.programs ?? {}).includes(file);
  if (room === "init") {
    return [initramfs.init, "common.sh", ...Object.values(initramfs.scripts ?? {})].includes(file);
  }
  return rootfs !== undefined || !room.startsWith("rootfs");
}

/** @param {string} folder of an image @returns {Promise<Manifest | undefined>} nothing if there is no usable one */
export async function readManifest(folder) {
  const path = join(folder, MANIFEST);
  return existsSync(path) ? parseManifest(await readFile(path, "utf8")) : undefined;
}

/** @param {string} text @returns {Manifest | undefined} nothing if it is of another version */
export function parseManifest(text) {
  try {
    const manifest = JSON.parse(text);
    return manifest.schema === SCHEMA ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} folder @param {Manifest} manifest whether all files are there, by size */
export async function isComplete(folder, manifest) {
  for (const [name, { size, gzipSize }] of Object.entries(manifest.files)) {
    if ((await sizeOf(join(folder, name))) !== size) return false;
    if (gzipSize !== undefined && (await sizeOf(join(folder, `${name}.gz`))) !== gzipSize) {
      return false;
    }
  }
  return true;
}

/**
 * @param {string} folder with the files of the image
 * @param {import("./image.mjs").Image} image
 * @param {import("./kernel.mjs").Kernel} kernel
 * @param {import("./apt.mjs").Package[]} packages
 */
export async function writeManifest(folder, image, kernel, packages) {
  const { name, title, description, memoryMb, append, devices } = image;
  /** @type {Manifest} */
  const manifest = {
    schema: SCHEMA,
    key: imageKey(image),
    name,
    title,
    description,
    kernel: {
      package: kernel.package,
      version: kernel.version,
      release: kernel.release,
    },
    memoryMb,
    append,
    drives: image.rootfs === undefined ? [] : [{ file: "disk.img", if: "virtio", format: "raw" }],
    devices,
    files: await describeFiles(folder),
    packages: Object.fromEntries(packages.map((entry) => [entry.name, entry.version])),
  };
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** @param {string} folder */
async function describeFiles(folder) {
  /** @type {Manifest["files"]} */
  const files = {};
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith(".gz") || name === MANIFEST) continue;
    const path = join(folder, name);
    const gzipSize = await sizeOf(`${path}.gz`);
    files[name] = {
      size: (await stat(path)).size,
      sha256: await sha256(path),
      ...(gzipSize === undefined ? {} : { gzipSize }),
    };
  }
  return files;
}

/** @param {string} path */
export async function sha256(path) {
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(bytes);
  return hash.digest("hex");
}

/** @param {string} path */
async function sizeOf(path) {
  return existsSync(path) ? (await stat(path)).size : undefined;
}

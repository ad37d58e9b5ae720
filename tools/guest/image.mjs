// What an image is made of, and the list of those there are: one file each in
// images/, so that a new image is a new file and nothing else.

import { readdirSync } from "node:fs";

/** Time of all files in the images: the release of Debian 12, so that builds are alike. */
export const MTIME = Number(process.env["SOURCE_DATE_EPOCH"] ?? Date.UTC(2023, 5, 10) / 1000);

/**
 * @typedef {object} Image
 * @property {string} name also the name of its folder
 * @property {string} title for a menu
 * @property {string} description one sentence
 * @property {string} architecture as Debian names it
 * @property {string} kernel name of a kernel package or metapackage
 * @property {number} memoryMb default size of the guest's memory
 * @property {string} append default command line of the kernel
 * @property {string[]} devices of the machine that it is made for, in QEMU's words
 * @property {{ init: string, modules: string[], scripts?: Record<string, string> }} initramfs
 * @property {boolean} [onDemand] built only when asked for by name
 * @property {import("./rootfs.mjs").Rootfs} [rootfs] contents of disk.img, if it has a disk
 */

/** @returns {Promise<Map<string, Image>>} by name */
export async function loadImages() {
  const folder = new URL("images/", import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith(".mjs"));
  const images = new Map();
  for (const file of files.sort()) {
    const { image } = await import(new URL(file, folder).href);
    images.set(image.name, image);
  }
  return images;
}

// A 32-bit guest whose kernel uses two levels of page tables. Not part of a normal build.

import { image as tiny } from "./tiny-i386.mjs";

/** @type {import("../image.mjs").Image} */
export const image = {
  ...tiny,
  name: "tiny-i386-nopae",
  title: "32-bit Linux without PAE",
  description: "Debian 12's i386 kernel without PAE and a busybox shell in memory; no disk.",
  kernel: "linux-image-686",
};

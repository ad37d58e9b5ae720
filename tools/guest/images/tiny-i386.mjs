// The smallest 32-bit guest: Debian's PAE kernel for i386 with the initramfs of `tiny`. Not part of a normal build.

import { image as tiny } from "./tiny.mjs";

/** @type {import("../image.mjs").Image} */
export const image = {
  ...tiny,
  name: "tiny-i386",
  title: "32-bit Linux and busybox",
  description: "Debian 12's i386 kernel with PAE and a busybox shell in memory; no disk.",
  architecture: "i386",
  kernel: "linux-image-686-pae",
  onDemand: true,
};

// The image "debian" with programs that show what a processor gets wrong: compilers, virtual machines that translate,
// cryptography, test suites. e2e/lab.spec.ts runs them.

import { image as debian } from "./debian.mjs";

const { rootfs } = debian;
if (rootfs === undefined) throw new Error("the image debian has no disk");

const PACKAGES = [
  "bc",
  "gcc",
  // Programs of 32 bits on the kernel of 64.
  "gcc-multilib",
  "libc6-dev",
  "libpython3.11-testsuite",
  "nodejs",
  "openjdk-17-jdk-headless",
  "perl",
  "pigz",
  "python3",
  "sqlite3",
  "stress-ng",
  "xz-utils",
];

/** @type {import("../image.mjs").Image} */
export const image = {
  ...debian,
  name: "lab",
  onDemand: true,
  title: "Debian 12 lab",
  description: "Debian 12 with compilers, Python, Node, Java, stress-ng and test suites, on a disk of 3 GiB.",
  memoryMb: 1536,
  rootfs: {
    ...rootfs,
    sizeMb: 3072,
    packages: [...rootfs.packages, ...PACKAGES].sort(),
  },
};

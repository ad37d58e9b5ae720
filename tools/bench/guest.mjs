// The benchmark guests: a kernel and an initramfs whose /init runs programs by name. The amd64 one is the image "tiny"
// with an archive appended, which the kernel unpacks over it; the i386 one has Debian's 686 kernel and busybox.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cache, exitCode, Explained, guests, hashOf, listFiles, once, progress, root } from "../lib.mjs";
import { openApt } from "../guest/apt.mjs";
import { writeCpio } from "../guest/cpio.mjs";
import { MTIME } from "../guest/image.mjs";
import { buildInitramfs } from "../guest/initramfs.mjs";
import { getKernel, unpackKernel } from "../guest/kernel.mjs";
import { folder, programPath } from "./programs.mjs";

/** @typedef {import("./programs.mjs").Architecture} Architecture */

/**
 * @typedef {object} Guest
 * @property {Architecture} architecture of the kernel
 * @property {string} kernel path of the ELF kernel
 * @property {string} bzImage path of the packed one
 * @property {string} initrd path
 */

const KERNEL32 = "linux-image-686";
/** For tools/bench/network. */
const MODULES32 = ["virtio_pci", "virtio_net"];

/** What every machine adds to its kernel's command line. */
export const append = "console=ttyS0 quiet loglevel=1 rdinit=/init";

/** The path of a busybox for the host, the same file as in the guests. @param {Architecture} architecture */
export const busyboxPath = (architecture) => join(folder, architecture, "busybox");

/** @param {Architecture[]} architectures whose programs the guests hold @returns {Promise<Partial<Record<Architecture, Guest>>>} */
export async function makeGuests(architectures) {
  if (architectures.includes("i386")) await make32();
  await takeTiny();
  const tiny = join(guests, "tiny");
  return {
    amd64: makeGuest("amd64", architectures, { kernel: join(tiny, "vmlinux"), bzImage: join(tiny, "bzImage") }, tiny),
    ...(architectures.includes("i386") ? { i386: makeGuest("i386", ["i386"], files32(), join(folder, "i386")) } : {}),
  };
}

async function takeTiny() {
  if ((await exitCode(process.execPath, [join(root, "tools/guest/build.mjs"), "tiny", "debian"])) !== 0) {
    throw new Explained("the guest images were not built");
  }
  const busybox = readCpioFile(readFileSync(join(guests, "tiny/initrd")), "bin/busybox");
  mkdirSync(join(folder, "amd64"), { recursive: true });
  writeFileSync(busyboxPath("amd64"), busybox);
  chmodSync(busyboxPath("amd64"), 0o755);
}

const files32 = () => ({ kernel: join(folder, "i386/vmlinux"), bzImage: join(folder, "i386/bzImage") });

/** Kernel, busybox and base initramfs of the i386 guest. */
async function make32() {
  const outputs = ["vmlinux", "bzImage", "initrd", "busybox"].map((name) => `.cache/bench/i386/${name}`);
  await once({
    name: "bench-guest-i386",
    hash: hashOf(
      listFiles(["tools/guest"], (path) => /(initramfs|kernel|cpio)\.mjs$/.test(path)),
      [KERNEL32, ...MODULES32],
    ),
    outputs,
    run: async () => {
      progress("benchmark guest for i386: Debian's 686 kernel");
      const apt = await openApt(join(cache, "guests", ".apt"), "i386", false);
      const scratch = join(folder, "scratch");
      mkdirSync(scratch, { recursive: true });
      const kernel = await getKernel(apt, KERNEL32, scratch);
      const { kernel: vmlinux, bzImage } = files32();
      const parts = { apt, kernel, modules: MODULES32, init: "tiny.sh", scratch, mtime: MTIME };
      const initrd = await buildInitramfs(parts);
      mkdirSync(join(folder, "i386"), { recursive: true });
      writeFileSync(vmlinux, await unpackKernel(kernel.bzImage));
      writeFileSync(bzImage, kernel.bzImage);
      writeFileSync(join(folder, "i386/initrd"), initrd);
      writeFileSync(busyboxPath("i386"), readCpioFile(initrd, "bin/busybox"), { mode: 0o755 });
    },
  });
}

/**
 * @param {Architecture} architecture @param {Architecture[]} programs @param {{ kernel: string, bzImage: string }} kernel
 * @param {string} base folder of the initrd that the programs are added to
 * @returns {Guest}
 */
function makeGuest(architecture, programs, kernel, base) {
  const initrd = join(folder, architecture, "bench-initrd");
  const entries = programs.flatMap((name) => [
    file(`bench/${name}/bench`, programPath(name)),
    file(`bench/${name}/busybox`, busyboxPath(name)),
  ]);
  const init = file("init", join(root, "tools/bench/bench-init.sh"));
  writeFileSync(initrd, Buffer.concat([readFileSync(join(base, "initrd")), writeCpio([init, ...entries], MTIME)]));
  return { architecture, ...kernel, initrd };
}

/** @param {string} path @param {string} from @returns {import("../guest/cpio.mjs").CpioEntry} */
function file(path, from) {
  return { path, type: "file", mode: 0o755, data: readFileSync(from) };
}

/** One file out of a "newc" archive. @param {Buffer} archive @param {string} wanted @returns {Buffer} */
function readCpioFile(archive, wanted) {
  const field = (/** @type {number} */ at, /** @type {number} */ n) =>
    parseInt(archive.toString("latin1", at + 6 + n * 8, at + 14 + n * 8), 16);
  const aligned = (/** @type {number} */ at) => (at + 3) & ~3;
  for (let at = 0; archive.toString("latin1", at, at + 6) === "070701";) {
    const [size, nameSize] = [field(at, 6), field(at, 11)];
    const name = archive.toString("utf8", at + 110, at + 110 + nameSize - 1);
    const data = aligned(at + 110 + nameSize);
    if (name === wanted) return archive.subarray(data, data + size);
    at = aligned(data + size);
  }
  throw new Explained(`the initramfs has no ${wanted}`);
}

/** Whether an image has been built. @param {string} name */
export const hasImage = (name) => existsSync(join(guests, name, "manifest.json"));

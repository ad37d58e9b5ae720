// QEMU without hardware acceleration: its translator, TCG, on the same kernels and programs.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { guests } from "../../lib.mjs";
import { isInstalled } from "../../guest/run.mjs";
import { append } from "../guest.mjs";
import { Console, runInGuest } from "../lines.mjs";

const QEMU = "qemu-system-x86_64";
const base = ["-accel", "tcg", "-cpu", "max", "-m", "512", "-display", "none", "-nodefaults", "-no-reboot"];
const bootPatience = 300_000;

/** @param {string[]} args @param {string} serial QEMU's words for what is on standard input and output */
function start(args, serial) {
  const child = spawn(QEMU, [...base, ...args, ...serial.split(" ")], { stdio: ["pipe", "pipe", "inherit"] });
  const console = new Console();
  child.stdout.on("data", (bytes) => console.feed(bytes.toString("latin1")));
  child.stdin.on("error", () => {});
  return {
    console,
    send: (/** @type {string} */ text) => void child.stdin.write(text),
    close: () =>
      new Promise((done) => {
        child.on("close", () => done(undefined));
        child.kill("SIGKILL");
      }),
  };
}

/** Seconds until the console says a thing. @param {string[]} args @param {string} serial @param {RegExp} ready */
async function boot(args, serial, ready) {
  const began = performance.now();
  const machine = start(args, serial);
  try {
    await machine.console.waitFor(ready, bootPatience);
    return (performance.now() - began) / 1000;
  } finally {
    await machine.close();
  }
}

const hvc0 = "-device virtio-serial-pci -chardev stdio,id=console -device virtconsole,chardev=console";

/** @param {string} image @param {string} more */
const imageArgs = (image, more) => [
  ...["-kernel", join(guests, image, "vmlinux"), "-initrd", join(guests, image, "initrd")],
  ...["-append", `${more} console=ttyS0 console=hvc0`],
];

const disk = ["-drive", `file=${join(guests, "debian/disk.img")},if=virtio,format=raw,snapshot=on`];

/** @param {import("../guest.mjs").Guest} guest */
const guestArgs = (guest) => {
  // Only the amd64 kernel has an entry for QEMU to start the unpacked kernel at (PVH).
  const kernel = guest.architecture === "amd64" ? guest.kernel : guest.bzImage;
  return ["-kernel", kernel, "-initrd", guest.initrd, "-append", append];
};

/** @type {import("../peers.mjs").Peer} */
export const tcg = {
  name: "tcg",
  title: "QEMU TCG",
  architectures: ["amd64", "i386"],
  missing: async () => (isInstalled(QEMU) ? undefined : `${QEMU} is not installed (Debian: qemu-system-x86)`),
  boots: {
    tiny: () => boot(imageArgs("tiny", ""), hvc0, /tabvisor: shell ready/),
    debian: () => boot([...imageArgs("debian", "root=/dev/vda rw"), ...disk], hvc0, /root@\S*[:~].*# /),
    i386: async ({ guests: { i386 } }) => (i386 ? boot(guestArgs(i386), "-serial stdio", /bench: ready/) : NaN),
  },
  open: async (architecture, context) => {
    const guest = context.guests[architecture];
    if (guest === undefined) throw new Error(`there is no guest for ${architecture}`);
    const machine = start(guestArgs(guest), "-serial stdio");
    await machine.console.waitFor(/bench: ready\r?\n/, bootPatience).catch(async (error) => {
      await machine.close();
      throw error;
    });
    return {
      run: (program, seconds) => runInGuest(machine, architecture, program, seconds),
      close: async () => void (await machine.close()),
    };
  },
};

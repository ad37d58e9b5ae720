// The guests between which a network is measured: the benchmark guests' kernels and initramfs, with Debian's iperf3.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { cache, guests, root } from "../../lib.mjs";
import { openApt } from "../../guest/apt.mjs";
import { writeCpio } from "../../guest/cpio.mjs";
import { MTIME } from "../../guest/image.mjs";
import { run } from "../../guest/run.mjs";
import { folder } from "../programs.mjs";

/** @typedef {import("../programs.mjs").Architecture} Architecture */

/** What each machine adds to its kernel's command line. @param {string} address */
export const appendFor = (address) => `console=ttyS0 quiet loglevel=1 rdinit=/init address=${address}`;

/** iperf3 and the libraries that it is linked with; others that the packages need are not. */
const PACKAGES = ["iperf3", "libiperf0", "libsctp1", "libssl3", "libc6"];
const FILES = /^(iperf3|lib(iperf|sctp|ssl|crypto|c|m)\.so\.\d+)$/;

/** Debian's name for what is below /lib, and the program that loads libraries. */
const platforms = {
  amd64: { name: "x86_64-linux-gnu", loader: "lib64/ld-linux-x86-64.so.2" },
  i386: { name: "i386-linux-gnu", loader: "lib/ld-linux.so.2" },
};

const bases = { amd64: join(guests, "tiny/initrd"), i386: join(folder, "i386/initrd") };

/** Writes `network-initrd` beside the benchmark guest's. @param {Architecture} architecture */
export async function makeNetworkGuest(architecture) {
  const apt = await openApt(join(cache, "guests", ".apt"), architecture, false);
  const unpacked = join(folder, architecture, "iperf3");
  mkdirSync(unpacked, { recursive: true });
  const found = (await apt.resolve(PACKAGES)).filter(({ name }) => PACKAGES.includes(name));
  for (const deb of await apt.download(found)) await run("dpkg-deb", ["--extract", deb, unpacked]);
  const { name: platform, loader } = platforms[architecture];
  const entries = ["usr/bin", `lib/${platform}`, `usr/lib/${platform}`].flatMap((path) =>
    readdirSync(join(unpacked, path))
      .filter((name) => FILES.test(name))
      .map((name) => file(`${path}/${name}`, join(unpacked, path, name))),
  );
  // In the package it is a link with an absolute path.
  entries.push(file(loader, join(unpacked, "lib", platform, basename(loader))));
  const archive = writeCpio([file("init", join(root, "tools/bench/network/init.sh")), ...entries], MTIME);
  writeFileSync(
    join(folder, architecture, "network-initrd"),
    Buffer.concat([readFileSync(bases[architecture]), archive]),
  );
}

/** Links are followed: the guest gets the file. @param {string} path @param {string} from @returns {import("../../guest/cpio.mjs").CpioEntry} */
function file(path, from) {
  return { path, type: "file", mode: 0o755, data: readFileSync(from) };
}

// Puts an initramfs together: busybox, the /init script of the image and the
// kernel modules that it lists, with the tables that modprobe reads.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeCpio } from "./cpio.mjs";
import { listModules, moduleReader } from "./kernel.mjs";
import { formatModulesAlias, formatModulesDep, listFileSystems, resolveModules } from "./modules.mjs";
import { BuildError, run } from "./run.mjs";

/** Empty folders that /init mounts on or writes to. */
const FOLDERS = ["dev", "etc", "mnt", "newroot", "proc", "root", "run", "sys", "tmp", "usr/bin", "usr/sbin", "var"];

/**
 * Names of busybox that exist before /init runs `busybox --install`:
 * the shell of its first line, and modprobe, which the kernel itself calls.
 */
const EARLY_LINKS = { "bin/sh": "busybox", "sbin/modprobe": "../bin/busybox" };

/**
 * @param {object} parts
 * @param {import("./apt.mjs").Apt} parts.apt
 * @param {import("./kernel.mjs").Kernel} parts.kernel
 * @param {string[]} parts.modules names, without what they depend on
 * @param {string} parts.init file name of the script in init/
 * @param {Record<string, string>} [parts.scripts] other scripts in init/ by their paths in the guest
 * @param {string} parts.scratch folder
 * @param {number} parts.mtime
 */
export async function buildInitramfs({ apt, kernel, modules, init, scripts = {}, scratch, mtime }) {
  const folder = fileURLToPath(new URL("init", import.meta.url));
  /** @type {import("./cpio.mjs").CpioEntry[]} */
  const entries = [
    ...FOLDERS.map((path) => ({
      path,
      type: /** @type {const} */ ("directory"),
    })),
    ...Object.entries(EARLY_LINKS).map(([path, target]) => ({
      path,
      target,
      type: /** @type {const} */ ("symlink"),
    })),
    // The kernel opens it for /init before anything is mounted.
    { path: "dev/console", type: "character-device", major: 5, minor: 1 },
    file("bin/busybox", await getBusybox(apt, scratch), 0o755),
    file("init", await readFile(join(folder, init)), 0o755),
    file("lib/init.sh", await readFile(join(folder, "common.sh"))),
    ...(await Promise.all(
      Object.entries(scripts).map(async ([path, name]) => file(path, await readFile(join(folder, name)), 0o755)),
    )),
    ...moduleEntries(kernel, modules),
  ];
  return writeCpio(entries, mtime);
}

/** @param {import("./kernel.mjs").Kernel} kernel @param {string[]} wanted */
function moduleEntries(kernel, wanted) {
  const read = moduleReader(kernel.moduleFolder);
  const modules = resolveModules(wanted, listModules(kernel.moduleFolder), read);
  const folder = `lib/modules/${kernel.release}`;
  return [
    ...modules.map(({ path }) => file(`${folder}/${path}`, read(path))),
    file(`${folder}/modules.dep`, formatModulesDep(modules)),
    file(`${folder}/modules.alias`, formatModulesAlias(modules)),
    file(
      "etc/filesystems",
      listFileSystems(modules)
        .map((name) => `${name}\n`)
        .join(""),
    ),
  ];
}

/** @param {import("./apt.mjs").Apt} apt @param {string} scratch */
async function getBusybox(apt, scratch) {
  const found = (await apt.resolve(["busybox-static"])).find(({ name }) => name === "busybox-static");
  if (found === undefined) throw new BuildError("the package busybox-static was not found");
  const [deb = ""] = await apt.download([found]);
  await run("dpkg-deb", ["--extract", deb, join(scratch, "busybox")]);
  return readFile(join(scratch, "busybox", "bin", "busybox"));
}

/**
 * @param {string} path @param {Uint8Array | string} data @param {number} [mode]
 * @returns {import("./cpio.mjs").CpioEntry}
 */
function file(path, data, mode = 0o644) {
  return { path, type: "file", data, mode };
}

// Builds disk.img: a Debian system installed by dpkg with all maintainer
// scripts, in a folder of its own, and an ext4 image of that folder. Works as
// root in a container and as a plain user where user namespaces are allowed:
// owners of files are kept by fakeroot in both cases.

import { createHash } from "node:crypto";
import { cp, link, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { READY_IMAGES_HINT } from "./apt.mjs";
import { listModules, moduleReader } from "./kernel.mjs";
import { resolveModules } from "./modules.mjs";
import { say, step } from "./progress.mjs";
import { BuildError, run } from "./run.mjs";

/**
 * @typedef {object} Rootfs
 * @property {number} sizeMb of the disk
 * @property {string} uuid of the file system, and the seed of its hashes
 * @property {string} hostname
 * @property {string[]} packages without what they depend on
 * @property {string[]} modules folders and files below lib/modules/<release>
 * @property {Record<string, string>} files contents by path without leading slash
 * @property {Record<string, string>} [programs] C files of programs/ by the path that the compiled program gets
 * @property {string[]} masked systemd units that shall never start
 * @property {string} finish shell commands, run in the new system at the end
 */

/** What must be there before dpkg can run: see stage.sh. */
const ESSENTIAL = "?essential";

/** Programs that stage.sh runs, unpacked beside the new system. */
const TOOLS = ["dash", "coreutils", "dpkg", "e2fsprogs", "fakeroot", "findutils", "mount", "sed", "tar", "util-linux"];

/** What stage.sh compiles an image's programs with. */
const COMPILER = ["gcc", "libc6-dev"];

/** Lists of the kernel's package that depmod and modprobe read. */
const MODULE_LISTS = ["modules.builtin", "modules.builtin.modinfo", "modules.order"];

const SCRIPTS = fileURLToPath(new URL("rootfs", import.meta.url));
const SOURCES = fileURLToPath(new URL("programs", import.meta.url));

/**
 * @param {object} job
 * @param {import("./apt.mjs").Apt} job.apt for what goes into the image
 * @param {import("./apt.mjs").Apt} job.toolApt for what is needed only to build
 * @param {import("./image.mjs").Image & { rootfs: Rootfs }} job.image
 * @param {import("./kernel.mjs").Kernel} job.kernel
 * @param {string} job.scratch folder
 * @param {number} job.mtime
 * @param {string} job.target path of the image
 */
export async function buildDisk({ apt, toolApt, image, kernel, scratch, mtime, target }) {
  const isolate = await findIsolation();
  const folder = join(scratch, "rootfs");
  await mkdir(join(folder, "target"), { recursive: true });
  await addPackages(apt, image.rootfs, folder);
  await addTools(toolApt, image.rootfs, folder);
  await addModules(kernel, image.rootfs, folder);
  await addPrograms(image.rootfs, folder);
  await addSettings(image, folder);
  for (const script of ["enter.sh", "stage.sh"]) await cp(join(SCRIPTS, script), join(folder, script));

  let working = step(`${image.name}: root file system`);
  await run(isolate.command, [...isolate.args, "/bin/sh", join(folder, "enter.sh"), folder], {
    env: {
      TARGET_UUID: image.rootfs.uuid,
      TARGET_SIZE_MB: String(image.rootfs.sizeMb),
      SOURCE_DATE_EPOCH: String(mtime),
      KERNEL_RELEASE: kernel.release,
      MAY_MOUNT: isolate.mayMount ? "yes" : "no",
    },
    onLine: (line) => {
      if (!line.startsWith("step: ")) return;
      working.done();
      working = step(`${image.name}: ${line.slice("step: ".length)}`);
    },
  });
  working.done();
  await rename(join(folder, "disk.img"), target);
}

/**
 * How to get a root of one's own: mounts and processes that end with the build.
 * @returns {Promise<{ command: string, args: string[], mayMount: boolean }>}
 */
async function findIsolation() {
  const isRoot = process.getuid?.() === 0;
  const own = ["--mount", "--ipc", "--pid", "--fork", "--kill-child"];
  const args = isRoot ? own : ["--user", "--map-root-user", ...own];
  try {
    await run("unshare", [...args, "true"]);
    return { command: "unshare", args, mayMount: true };
  } catch (error) {
    // A container without the right to mount: root can do without. Mounts of
    // ours must never be seen outside of the build, so then there are none.
    if (isRoot) return { command: "env", args: [], mayMount: false };
    throw new BuildError(
      "installing Debian into a disk image needs root or user namespaces, and this\n" +
        `machine gives neither (${/** @type {Error} */ (error).message}).\n` +
        `Run as root: sudo node tools/guest/build.mjs\n${READY_IMAGES_HINT}`,
    );
  }
}

/** @param {import("./apt.mjs").Apt} apt @param {Rootfs} rootfs @param {string} folder */
async function addPackages(apt, rootfs, folder) {
  const essential = await apt.resolve([ESSENTIAL, "usr-is-merged"]);
  const all = await apt.resolve([ESSENTIAL, ...rootfs.packages]);
  const isEssential = new Set(essential.map(({ name }) => name));
  const files = await apt.download(all);
  for (const kind of ["essential", "others"]) await mkdir(join(folder, "debs", kind), { recursive: true });
  for (const [index, { name }] of all.entries()) {
    const file = files[index] ?? "";
    const kind = isEssential.has(name) ? "essential" : "others";
    await linkOrCopy(file, join(folder, "debs", kind, basename(file)));
  }
  say(`${all.length} packages, ${essential.length} of them essential`);
}

/** @param {import("./apt.mjs").Apt} apt @param {Rootfs} rootfs @param {string} folder */
async function addTools(apt, { programs }, folder) {
  const names = programs === undefined ? TOOLS : [...TOOLS, ...COMPILER];
  const files = await apt.download(await apt.resolve(names));
  const working = step("tools to build with");
  for (const [index, file] of files.entries()) {
    await run("dpkg-deb", ["--extract", file, folder]);
    working.percent((100 * (index + 1)) / files.length);
  }
  working.done();
}

/** @param {import("./kernel.mjs").Kernel} kernel @param {Rootfs} rootfs @param {string} folder */
async function addModules(kernel, rootfs, folder) {
  const all = listModules(kernel.moduleFolder);
  const chosen = rootfs.modules.flatMap((place) => {
    const found = all.filter((path) => path === place || path.startsWith(`${place}/`));
    if (found.length === 0) throw new BuildError(`the kernel package has no modules in ${place}`);
    return found;
  });
  const modules = resolveModules(chosen, all, moduleReader(kernel.moduleFolder));
  const target = join(folder, "modules", kernel.release);
  for (const path of [...MODULE_LISTS, ...modules.map((module) => module.path)]) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await rename(join(kernel.moduleFolder, path), join(target, path));
  }
}

/** The sources, and a list of what becomes of them for stage.sh. @param {Rootfs} rootfs @param {string} folder */
async function addPrograms({ programs = {} }, folder) {
  const target = join(folder, "programs");
  await mkdir(target);
  for (const source of Object.values(programs)) await cp(join(SOURCES, source), join(target, source));
  const lines = Object.entries(programs).map(([path, source]) => `${source} ${path}\n`);
  await writeFile(join(target, "list"), lines.join(""));
}

/** @param {import("./image.mjs").Image & { rootfs: Rootfs }} image @param {string} folder */
async function addSettings({ name, rootfs }, folder) {
  const overlay = join(folder, "overlay");
  /** @type {Record<string, string>} */
  const files = {
    "etc/hostname": `${rootfs.hostname}\n`,
    "etc/hosts": `127.0.0.1 localhost\n127.0.1.1 ${rootfs.hostname}\n::1 localhost\n`,
    "etc/fstab": `UUID=${rootfs.uuid} / ext4 errors=remount-ro 0 1\n`,
    // Fixed: a new one would make systemd go through its first-boot set-up.
    "etc/machine-id": `${createHash("md5").update(name).digest("hex")}\n`,
    ...rootfs.files,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(overlay, path)), { recursive: true });
    await writeFile(join(overlay, path), text, { mode: 0o644 });
  }
  const units = join(overlay, "etc", "systemd", "system");
  await mkdir(units, { recursive: true });
  for (const unit of rootfs.masked) await symlink("/dev/null", join(units, unit));
  await writeFile(join(folder, "finish.sh"), rootfs.finish);
}

/** @param {string} from @param {string} to */
async function linkOrCopy(from, to) {
  await rm(to, { force: true });
  await link(from, to).catch(() => cp(from, to));
}

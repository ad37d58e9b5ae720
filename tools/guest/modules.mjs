// Chooses kernel modules with all that they depend on, and writes the two
// tables from which modprobe works. Debian's package has no modules.dep (its
// post-install script runs depmod), so dependencies are read off the modules.

import { readModuleInfo } from "./modinfo.mjs";

/**
 * @typedef {{ name: string, path: string, info: import("./modinfo.mjs").ModuleInfo }} KernelModule
 */

/**
 * "drivers/virtio/virtio-rng.ko" and "virtio_rng" name the same module.
 * @param {string} path
 */
export function moduleName(path) {
  const file = path.slice(path.lastIndexOf("/") + 1);
  return file.replace(/\.ko$/, "").replaceAll("-", "_");
}

/**
 * @param {string[]} wanted names of modules
 * @param {string[]} paths of all modules of the kernel
 * @param {(path: string) => Uint8Array} read
 * @returns {KernelModule[]} in an order in which each can be loaded
 */
export function resolveModules(wanted, paths, read) {
  const pathOf = new Map(paths.map((path) => [moduleName(path), path]));
  /** @type {Map<string, KernelModule>} */
  const done = new Map();
  /** @param {string} rawName @param {string[]} trail */
  const visit = (rawName, trail) => {
    const name = moduleName(rawName);
    if (done.has(name)) return;
    if (trail.includes(name)) throw new Error(`modules in a circle: ${[...trail, name].join(" → ")}`);
    const path = pathOf.get(name);
    if (path === undefined) {
      const by = trail.length > 0 ? ` (needed by ${trail.at(-1)})` : "";
      throw new Error(`the kernel package has no module "${name}"${by}`);
    }
    const info = readModuleInfo(read(path));
    for (const dependency of info.depends) visit(dependency, [...trail, name]);
    // A soft dependency may be an alias or built in: take it where it is a file.
    for (const soft of info.softPre) {
      if (pathOf.has(moduleName(soft))) visit(soft, [...trail, name]);
    }
    done.set(name, { name, path, info });
  };
  for (const name of wanted) visit(name, []);
  return [...done.values()];
}

/**
 * The file modules.dep: each module with all that must be loaded before it,
 * the nearest first (modprobe loads the line from its end).
 * @param {KernelModule[]} modules in load order
 */
export function formatModulesDep(modules) {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const lines = modules.map((module) => {
    const needed = new Set();
    collect(module, byName, needed);
    const before = modules.filter(({ name }) => needed.has(name)).reverse();
    return `${[`${module.path}:`, ...before.map(({ path }) => path)].join(" ")}\n`;
  });
  return lines.join("");
}

/** @param {KernelModule[]} modules */
export function formatModulesAlias(modules) {
  return modules.flatMap(({ name, info }) => info.aliases.map((alias) => `alias ${alias} ${name}\n`)).join("");
}

/**
 * The file systems that the modules bring, for /etc/filesystems: busybox's mount
 * tries those when it is not told the type, and the kernel loads the module.
 * @param {KernelModule[]} modules
 */
export function listFileSystems(modules) {
  const aliases = modules.flatMap(({ info }) => info.aliases);
  return aliases.filter((alias) => /^fs-\w+$/.test(alias)).map((alias) => alias.slice(3));
}

/** @param {KernelModule} module @param {Map<string, KernelModule>} byName @param {Set<string>} into */
function collect(module, byName, into) {
  for (const raw of [...module.info.depends, ...module.info.softPre]) {
    const next = byName.get(moduleName(raw));
    if (next === undefined || into.has(next.name)) continue;
    into.add(next.name);
    collect(next, byName, into);
  }
}

// The command line of run.mjs: QEMU's options with one or two dashes, plus a few of our own.
import { basename, dirname, resolve } from "node:path";
import { Explained } from "../lib.mjs";

const own = `  --timeout SECONDS   give up after so long (60)
  --expect TEXT       wait for TEXT in the guest's output
  --type TEXT         then type TEXT; \\n, \\r, \\t, \\xNN and \\\\ as in C. Both repeatable, in order
  --console NAME      where --type goes: hvc0 or ttyS0 (hvc0 if the guest has a virtconsole)
  --stay              go on after the last step until the guest powers off
  --quiet             no guest output
  --interactive       this terminal is the console (Ctrl-] ends)
  --cpu-state         print registers at the end`;

export const usage = `node tools/run/run.mjs [--image NAME] [-m 512] [-kernel FILE] [-initrd FILE] [-append TEXT]
    [-drive file=FILE,…] [-device DEVICE,…] [-serial …] [-no-reboot] [own options]

Boots a machine in this process, without a browser. Options of the machine are QEMU's (docs/configuration.md); files
are paths or http URLs.

${own}
`;

const flags = new Set(["no-reboot", "S"]);

/**
 * @typedef {{ kind: "expect" | "type", text: string }} Step
 * @typedef {object} RunOptions
 * @property {[string, string][]} machine parameters as in the query string
 * @property {Step[]} steps
 * @property {number} timeout
 * @property {string | undefined} console
 * @property {Set<string>} switches
 */

/** @param {string[]} args @returns {RunOptions} */
export function parseArguments(args) {
  /** @type {RunOptions} */
  const options = { machine: [], steps: [], timeout: 60, console: undefined, switches: new Set() };
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] ?? "";
    const name = argument.replace(/^--?/, "");
    if (!argument.startsWith("-")) throw new Explained(`"${argument}" is no option\n\n${usage}`);
    if (["stay", "quiet", "interactive", "cpu-state", "help"].includes(name)) {
      options.switches.add(name);
    } else if (flags.has(name)) {
      options.machine.push([name, "on"]);
    } else {
      const value = args[++i];
      if (value === undefined) throw new Explained(`${argument} needs a value`);
      take(options, name, value);
    }
  }
  return options;
}

/** @param {RunOptions} options @param {string} name @param {string} value */
function take(options, name, value) {
  if (name === "timeout") options.timeout = Number(value);
  else if (name === "console") options.console = value;
  else if (name === "expect" || name === "type") options.steps.push({ kind: name, text: unescape(value) });
  else options.machine.push([name, value]);
}

/** @param {string} text */
function unescape(text) {
  /** @type {Record<string, string>} */
  const known = { n: "\n", r: "\r", t: "\t", "\\": "\\" };
  return text.replace(/\\(x[0-9a-f]{2}|.)/gi, (_all, code) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (known[code] ?? code),
  );
}

/** A file that the user named, as a folder to serve and a name in it; undefined for URLs. @param {string} name */
export function localFile(name) {
  if (/^[a-z]+:\/\//i.test(name)) return undefined;
  const path = resolve(name);
  return { folder: dirname(path), name: basename(path) };
}

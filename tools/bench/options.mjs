// The command line of `npm run bench`.
import { Explained } from "../lib.mjs";

export const usage = `Usage: npm run bench -- [options]

Runs the same programs natively, under QEMU TCG, in Tabvisor and in v86, in turn, and prints medians and ratios.

  --only WORDS       groups or programs, by commas: integer, float, memory, system, application, boot; sort, boot-tiny …
  --peers WORDS      native, tcg, tabvisor, v86 (default: all that are there)
  --before FOLDER    another checkout of this project, whose dist/ is built: takes part as the peer before
  --arch WORDS       amd64, i386: of the programs (default: both)
  --rounds N         measurements of each (default 3)
  --timeout SECONDS  for one program (default 120)
  --jit MODE         Tabvisor's translator: on, off, force (default on)
  --kernel32 KERNEL  the kernel on which Tabvisor runs i386 programs: amd64, i386 (default amd64)
  --json FILE        also write the results there
  --docs             put table and chart into docs/
  --help             show this text
`;

/** @type {Record<string, readonly string[]>} */
const choices = {
  peers: ["native", "tcg", "tabvisor", "v86"],
  arch: ["amd64", "i386"],
  jit: ["on", "off", "force"],
  kernel32: ["amd64", "i386"],
};

/**
 * @typedef {object} Options
 * @property {string[]} only
 * @property {string[]} peers
 * @property {import("./programs.mjs").Architecture[]} arch
 * @property {number} rounds
 * @property {number} timeout
 * @property {string} jit
 * @property {import("./programs.mjs").Architecture} kernel32
 * @property {string} [before]
 * @property {string} [json]
 * @property {boolean} docs
 * @property {boolean} help
 */

/** @param {string} name @param {string} value */
function parse(name, value) {
  const words = value.split(",").filter((word) => word !== "");
  const allowed = choices[name];
  const wrong = allowed && words.find((word) => !allowed.includes(word));
  if (words.length === 0 || wrong) {
    throw new Explained(`--${name} ${value}: ${allowed ? `there are ${allowed.join(", ")}` : "a value is missing"}`);
  }
  if (name === "rounds" || name === "timeout") {
    if (!/^[1-9]\d{0,5}$/.test(value)) throw new Explained(`--${name} ${value}: not a positive number`);
    return Number(value);
  }
  return ["only", "peers", "arch"].includes(name) ? words : value;
}

/** @param {string[]} args @returns {Options} */
export function parseOptions(args) {
  /** @type {any} */
  const options = {
    only: [],
    peers: choices["peers"],
    arch: choices["arch"],
    rounds: 3,
    timeout: 120,
    jit: "on",
    kernel32: "amd64",
    docs: false,
    help: false,
  };
  for (let i = 0; i < args.length; i++) {
    const [word = "", attached] = (args[i] ?? "").split(/=(.*)/s);
    const name = word.replace(/^--/, "");
    if (name === word || (!(name in options) && name !== "json" && name !== "before"))
      throw new Explained(`unknown option ${word}\n\n${usage}`);
    if (name === "docs" || name === "help") options[name] = true;
    else options[name] = parse(name, attached ?? args[++i] ?? "");
  }
  return options;
}

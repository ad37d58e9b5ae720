// Measures: opens the peers' machines, lets each program run in all of them in turn, round after round.
import { execFileSync } from "node:child_process";
import { progress } from "../lib.mjs";
import { hasImage } from "./guest.mjs";
import { programPath } from "./programs.mjs";

/** @typedef {import("./peers.mjs").Peer} Peer */
/** @typedef {import("./programs.mjs").Architecture} Architecture */

/**
 * One program on one architecture; `peers` by name.
 * @typedef {object} Row
 * @property {string} group
 * @property {string} name
 * @property {Architecture} architecture
 * @property {Record<string, { times: number[], error?: string }>} peers
 */

/** Architectures of the kernels that are booted. @type {Record<string, Architecture>} */
const bootImages = { tiny: "amd64", debian: "amd64", i386: "i386" };

/** @param {import("./options.mjs").Options} options @returns {Row[]} */
export function listRows(options) {
  const wanted = (/** @type {string} */ group, /** @type {string} */ name) =>
    options.only.length === 0 || options.only.includes(group) || options.only.includes(name);
  const [first = "amd64"] = options.arch;
  const programs = execFileSync(programPath(first), ["list"], { encoding: "utf8" }).trim().split("\n");
  const rows = options.arch.flatMap((architecture) => {
    return programs.map((line) => {
      const [group = "", name = ""] = line.split(" ");
      return { group, name, architecture, peers: {} };
    });
  });
  for (const [image, architecture] of Object.entries(bootImages)) {
    if (image !== "i386" && !hasImage(image)) continue;
    if (options.arch.includes(architecture))
      rows.push({ group: "boot", name: `boot-${image}`, architecture, peers: {} });
  }
  return rows.filter(({ group, name }) => wanted(group, name));
}

/** Machines stay open as long as they answer, so that each is booted once. */
class Machines {
  /** @type {Map<string, import("./peers.mjs").OpenMachine>} */
  #open = new Map();
  /** @type {Map<string, number>} */
  #failures = new Map();

  /** @param {import("./peers.mjs").Context} context */
  constructor(context) {
    this.context = context;
  }

  /** @param {Peer} peer @param {Architecture} architecture @param {string} program @param {number} seconds */
  async run(peer, architecture, program, seconds) {
    const key = `${peer.name} ${architecture}`;
    // A machine that cannot be opened is not tried for every program.
    if ((this.#failures.get(key) ?? 0) >= 2) return { error: "no machine" };
    try {
      const machine = this.#open.get(key) ?? (await peer.open(architecture, this.context));
      this.#open.set(key, machine);
      return await machine.run(program, seconds);
    } catch (error) {
      this.context.note(`${key}, ${program}: ${error.message}`);
      if (!this.#open.has(key)) this.#failures.set(key, (this.#failures.get(key) ?? 0) + 1);
      await this.close(key);
      return { error: error.name === "Timeout" ? "timed out" : "the machine died" };
    }
  }

  /** @param {string} key */
  async close(key) {
    const machine = this.#open.get(key);
    this.#open.delete(key);
    await machine?.close().catch((/** @type {Error} */ error) => this.context.note(`${key}: ${error.message}`));
  }

  async closeAll() {
    for (const key of [...this.#open.keys()]) await this.close(key);
  }
}

/**
 * @param {Row[]} rows @param {Peer[]} peers @param {import("./options.mjs").Options} options
 * @param {import("./peers.mjs").Context} context
 */
export async function measure(rows, peers, options, context) {
  const machines = new Machines(context);
  try {
    for (let round = 1; round <= options.rounds; round++) {
      // Boots run alone: machines that idle would still take a little.
      for (const row of rows.filter(({ group }) => group === "boot")) {
        await machines.closeAll();
        for (const peer of rotated(peers, round)) await measureBoot(row, peer, context);
        say(row, round);
      }
      for (const row of rows.filter(({ group }) => group !== "boot")) {
        for (const peer of rotated(peers, round)) await measureProgram(row, peer, machines, options.timeout);
        say(row, round);
      }
    }
  } finally {
    await machines.closeAll();
  }
}

/** So that not always the same one is first. @template T @param {T[]} list @param {number} by @returns {T[]} */
function rotated(list, by) {
  const at = by % Math.max(1, list.length);
  return [...list.slice(at), ...list.slice(0, at)];
}

/** @param {Row} row @param {Peer} peer @param {import("./peers.mjs").Context} context */
async function measureBoot(row, peer, context) {
  const boot = peer.boots[row.name.replace("boot-", "")];
  if (boot === undefined) return;
  const cell = (row.peers[peer.name] ??= { times: [] });
  if (cell.error) return;
  try {
    cell.times.push(await boot(context));
  } catch (error) {
    cell.error = error.name === "Timeout" ? "timed out" : "failed";
    context.note(`${peer.name}, ${row.name}: ${error.message}`);
  }
}

/** @param {Row} row @param {Peer} peer @param {Machines} machines @param {number} seconds */
async function measureProgram(row, peer, machines, seconds) {
  if (!peer.architectures.includes(row.architecture)) return;
  const cell = (row.peers[peer.name] ??= { times: [] });
  if (cell.error) return;
  const result = await machines.run(peer, row.architecture, row.name, seconds);
  if (result.seconds === undefined) {
    cell.error = result.error ?? "failed";
    machines.context.note(`${peer.name}, ${row.architecture} ${row.name}: ${cell.error}`);
    return;
  }
  cell.times.push(result.seconds);
  checkSum(row, peer, result, cell);
  checkClock(row, peer, result, machines.context);
}

/** What the first peer computed for a row is what all must compute. @type {Map<Row, { peer: string, sum: string }>} */
const sums = new Map();

/** @param {Row} row @param {Peer} peer @param {import("./peers.mjs").Result} result @param {{ error?: string }} cell */
function checkSum(row, peer, { sum = "" }, cell) {
  const first = sums.get(row) ?? { peer: peer.name, sum };
  sums.set(row, first);
  if (first.sum !== sum) cell.error = `result differs from ${first.peer}'s`;
}

/** A guest whose clock runs wrong would measure itself wrong. */
function checkClock(row, peer, { seconds = 0, elapsed = 0 }, context) {
  // Preparing the input is in the host's time but not in the program's own, so only a lack of time can be told.
  if (seconds > elapsed * 1.05 + 0.05) {
    context.note(
      `${peer.name}, ${row.name}: took ${seconds} s by the guest's clock, ${elapsed.toFixed(2)} s by the host's`,
    );
  }
}

/** @param {Row} row @param {number} round */
function say(row, round) {
  const cells = Object.entries(row.peers).map(
    ([name, { times, error }]) => `${name} ${error ?? times.at(-1)?.toFixed(3)}`,
  );
  progress(`round ${round}: ${row.architecture} ${row.name}: ${cells.join(", ")}`);
}

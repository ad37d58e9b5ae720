// Records what the host's processor makes of arbitrary opcodes behind arbitrary prefixes, in code of each width: which are
// undefined, which sizes and segments count, where an instruction gets too long. Needs what record_integer.mjs needs.
//
//     node tools/vectors/record_prefixes.mjs [forms [seed]]
import { join } from "node:path";
import { isMain, progress, runTool } from "../lib.mjs";
import { CODE, CR2, MEMORY, NO_EXCEPTION, RFLAGS, RIP, bytesOf, offsetOf, writeVectors } from "./format.mjs";
import { AT } from "./integer_jobs.mjs";
import { processorName } from "./native.mjs";
import { random } from "./operands.mjs";
import { directory, execute } from "./record_integer.mjs";

/** @typedef {import("./operands.mjs").Random} Random */
/** @typedef {import("./format.mjs").Mode} Mode */
/** @typedef {import("./format.mjs").Case} Case */
/** @typedef {import("./integer_jobs.mjs").Job} Job */

/** @typedef {Job & { silent: boolean, opcodeEnd: number }} Candidate `silent`: only its exceptions are recorded */

const CODE_SIZE = 8192;
const DEBUG = 1;
/** @type {[number, Uint8Array]} the trap flag */
const STEP = [RFLAGS, bytesOf(0x302n, 4)];
const LEGACY = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

/** @param {string} list hexadecimal numbers and ranges @returns {Set<number>} */
function opcodes(list) {
  return new Set(
    list.split(" ").flatMap((item) => {
      const [from = 0, to = from] = item.split("-").map((text) => parseInt(text, 16));
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    }),
  );
}

/**
 * Not recorded: prefixes and escapes, branches (integer_branches.mjs), what loads or shows segment registers, system calls,
 * x87, results that nobody can foresee, and what only one of the two processors has.
 */
const left = [
  opcodes("06-07 0e-0f 16-17 1e-1f 26 2e 36 3e 62 64-67 70-7f 8c 8e 9a 9d c4-c5 ca-cf d8-df e0-e3 e8-eb f0 f2-f3"),
  opcodes("00-03 05 07 0b 0f 1a-1b 31 33-35 37-3f 80-8f a0-a2 a8-aa ae b2 b4-b5 c7 f7 ff"),
  opcodes("80-81 c8-cf f5-f6 f8-ff"),
  opcodes("cc-cf f0"),
];
/**
 * Vector instructions: nobody has set their registers, so only exceptions are recorded; not in 16-bit code, where
 * processors look at alignment before limits.
 */
const silent = [new Set(), opcodes("10-17 28-2f 50-7f c2 c4-c6 d0-ff"), opcodes("00-41 db-df"), opcodes("00-ff")];

const ESCAPES = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]];

/** @param {Random} r @param {Mode} mode */
function prefixes(r, mode) {
  // In 64-bit code FS belongs to the operating system.
  const known = mode === 64 ? LEGACY.filter((byte) => byte !== 0x64) : LEGACY;
  const list = Array.from({ length: r.pick([0, 0, 1, 1, 1, 2, 2, 3, 11]) }, () => r.pick(known));
  if (mode !== 64 || r.below(2) === 0) return list;
  const rex = 0x40 + r.below(16);
  // Mostly where it counts, sometimes in front of another prefix.
  if (r.below(4) !== 0) return [...list, rex];
  const at = r.below(list.length + 1);
  return [...list.slice(0, at), rex, ...list.slice(at)];
}

/** Small displacements, so that most operands lie in memory. @param {Random} r */
const displacement = (r) =>
  r.pick([[r.below(12)], [r.below(12), 0, 0, 0], [r.below(256), r.below(256), r.below(256), r.below(256)]]);

/** @param {Random} r @param {Mode} mode @returns {Candidate | undefined} */
function jobOf(r, mode) {
  const map = r.pick([0, 0, 0, 1, 1, 1, 2, 3]);
  const opcode = r.below(256);
  const skipped = left[map]?.has(opcode) || (mode === 64 && map === 0 && opcode >= 0x40 && opcode < 0x50);
  if (skipped) return undefined;
  const modrm = r.below(256);
  // Code is not for writing, and not for reading either.
  if (mode === 64 && (modrm & 0xc7) === 5) return undefined;
  // Far jumps and calls; XBEGIN and XABORT.
  if (map === 0 && opcode === 0xff && [3, 5].includes((modrm >> 3) & 7)) return undefined;
  if (map === 0 && (opcode & 0xfe) === 0xc6 && modrm === 0xf8) return undefined;
  // Registers with PREFETCHW: nothing on one manufacturer's processors, undefined on the other's.
  if (map === 1 && opcode === 0x0d && modrm >= 0xc0) return undefined;
  const start = [...prefixes(r, mode), ...(ESCAPES[map] ?? []), opcode];
  const bytes = [...start, modrm, ...displacement(r)];
  // INT3 behind it, as all around.
  const code = Uint8Array.from({ length: 15 }, (_, i) => bytes[i] ?? 0xcc);
  // The registers hold few different addresses in the operand memory; the counter of string instructions is small.
  /** @type {import("./format.mjs").State} */
  const input = new Map();
  for (let n = 0; n < (mode === 64 ? 16 : 8); n++) {
    input.set(
      n,
      bytesOf(n === 1 && r.below(2) === 0 ? BigInt(r.below(5)) : offsetOf(mode, MEMORY + r.below(7) * 8), 8),
    );
  }
  const name = `${map === 0 ? "" : `map ${map} `}${opcode.toString(16)} (${mode})`;
  const more = { silent: silent[map]?.has(opcode) === true, opcodeEnd: start.length };
  return { name, mode, at: AT, code, inputs: [input], flags: 0, ...more };
}

/** Addresses where the test has its own tables. @param {Uint8Array | undefined} address */
function isSystem(address) {
  return address !== undefined && Buffer.from(address).readBigUInt64LE(0) >> 24n === 0x10n;
}

/** Whether the instruction itself raised an exception, and not what follows it. @param {Candidate & { cases: Case[] }} form */
function faults({ at, cases: [first] }) {
  const rip = Buffer.from(first?.output.get(RIP) ?? bytesOf(0n, 8)).readBigUInt64LE(0);
  return first?.vector !== NO_EXCEPTION && rip === BigInt(CODE + at);
}

/** Cuts off what does not belong to the instruction: where a single step gets, if it gets anywhere. @param {Candidate[]} jobs */
function cutToLength(jobs) {
  const stepped = jobs.map((job) => ({ ...job, inputs: job.inputs.map((input) => new Map([...input, STEP])) }));
  const results = execute(stepped);
  return jobs.map((job, i) => {
    const result = results[i]?.[0];
    const rip = Buffer.from(result?.output.get(RIP) ?? bytesOf(0n, 8)).readBigUInt64LE(0);
    const length = Number(rip) - CODE - job.at;
    if (result?.vector !== DEBUG || length < 0 || length > 15) return job;
    // A step of a repeated string instruction stays where it is.
    return { ...job, code: job.code.subarray(0, length === 0 ? job.opcodeEnd : length) };
  });
}

/** Puts some instructions at the end of the code, where the next page or the segment's end cuts them off. @param {Random} r @param {Candidate[]} jobs */
function cutOff(r, jobs) {
  return jobs.flatMap((job) => {
    if (r.below(6) !== 0) return [job];
    const code = job.code.subarray(0, 1 + r.below(job.code.length));
    return [job, { ...job, name: `${job.name} at the end`, code, at: CODE_SIZE - code.length }];
  });
}

/** @param {number} count @param {string} seed */
export function record(count, seed) {
  const r = random(seed);
  const modes = /** @type {const} */ ([64, 32, 16]);
  const all = Array.from({ length: count }, () => jobOf(r, r.pick(modes))).filter((job) => job !== undefined);
  const jobs = cutOff(r, cutToLength(all));
  const results = execute(jobs);
  return jobs
    .map((job, i) => ({ ...job, cases: results[i] ?? [] }))
    .filter(({ cases: [first] }) => !isSystem(first?.output.get(CR2)))
    .filter((form) => !form.silent || (form.mode !== 16 && faults(form)));
}

if (isMain(import.meta.url)) {
  await runTool(async () => {
    const [count = "12000", seed = "prefixes"] = process.argv.slice(2);
    const forms = record(Number(count), seed);
    const bytes = writeVectors(join(directory, "prefixes.vec"), { processor: processorName(), version: 2, forms });
    progress(`${forms.length} forms, ${bytes} bytes`);
  });
}

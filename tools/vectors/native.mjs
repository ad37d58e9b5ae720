// Runs instructions through native/execute.c on the host's processor.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { cache, Explained, root } from "../lib.mjs";
import { CR2, defaultState, ERROR, FCW, FSW, FTW, MXCSR, NO_EXCEPTION, OPERAND, RFLAGS, ST, XMM } from "./format.mjs";

/** @typedef {import("./format.mjs").State} State */
/** @typedef {import("./format.mjs").Case} Case */

const source = join(root, "tools/vectors/native/execute.c");
const program = join(cache, "vectors/execute");

// struct state of execute.c
const STATE_SIZE = 736;
const FX = 160;
const REQUEST_SIZE = 16 + STATE_SIZE;
const RESPONSE_SIZE = 16 + STATE_SIZE;

/** Offsets of the components in struct state. @type {[component: number, offset: number][]} */
const places = [
  .../** @type {[number, number][]} */ (Array.from({ length: 16 }, (_, n) => [n, n * 8])),
  [RFLAGS, 128],
  [FCW, FX],
  [FSW, FX + 2],
  [FTW, FX + 4],
  [MXCSR, FX + 24],
  .../** @type {[number, number][]} */ (Array.from({ length: 8 }, (_, n) => [ST + n, FX + 32 + n * 16])),
  .../** @type {[number, number][]} */ (Array.from({ length: 16 }, (_, n) => [XMM + n, FX + 160 + n * 16])),
  [OPERAND, FX + 512],
];

export function processorName() {
  const line = readFileSync("/proc/cpuinfo", "utf8").match(/^model name\s*: (.*)$/m);
  return line?.[1] ?? "unknown";
}

export function processorFeatures() {
  return new Set(
    readFileSync("/proc/cpuinfo", "utf8")
      .match(/^flags\s*: (.*)$/m)?.[1]
      ?.split(" ") ?? [],
  );
}

function build() {
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return;
  mkdirSync(join(cache, "vectors"), { recursive: true });
  execFileSync("cc", ["-O1", "-Wall", "-Wextra", "-no-pie", "-o", program, source], { stdio: "inherit" });
}

/** Flags that instructions change; the rest belongs to the operating system. */
const FLAGS = 0xcd5;

/**
 * Executes `code` once per input state.
 * @param {{ code: Uint8Array, inputs: State[], flags: number }[]} jobs
 * @returns {Case[][]}
 */
export function execute(jobs) {
  build();
  const total = jobs.reduce((sum, job) => sum + job.inputs.length, 0);
  const requests = Buffer.alloc(total * REQUEST_SIZE);
  let at = 0;
  for (const { code, inputs } of jobs) {
    for (const input of inputs) {
      requests[at] = code.length;
      requests.set(code, at + 1);
      const state = new Map([...defaultState(), ...input]);
      for (const [id, offset] of places) requests.set(state.get(id) ?? [], at + 16 + offset);
      at += REQUEST_SIZE;
    }
  }
  const result = spawnSync(program, { input: requests, maxBuffer: total * RESPONSE_SIZE + 1024 });
  if (result.status !== 0 || result.stdout.length !== total * RESPONSE_SIZE) {
    throw new Explained(`the native program ended with ${result.status ?? result.signal}: ${result.stderr.toString()}`);
  }
  at = 0;
  return jobs.map(({ inputs, flags }) =>
    inputs.map((input) => {
      const response = result.stdout.subarray(at, (at += RESPONSE_SIZE));
      return readResponse(response, input, flags);
    }),
  );
}

/** @param {Buffer} response @param {State} input @param {number} flags @returns {Case} */
function readResponse(response, input, flags) {
  const before = new Map([...defaultState(), ...input]);
  const vector = response.readUInt32LE(0);
  /** @type {State} */
  const output = new Map();
  const note = (/** @type {number} */ id, /** @type {Uint8Array} */ value) => {
    const old = before.get(id) ?? new Uint8Array();
    if (Buffer.compare(old, value) !== 0) output.set(id, Uint8Array.from(value));
  };
  for (const [id, offset] of places) {
    const width = before.get(id)?.length ?? 0;
    const value = response.subarray(16 + offset, 16 + offset + width);
    if (id === RFLAGS) {
      const old = Buffer.from(before.get(id) ?? []).readUInt32LE(0);
      const mask = FLAGS & flags;
      value.writeUInt32LE(((old & ~mask) | (value.readUInt32LE(0) & mask)) >>> 0, 0);
    }
    note(id, value);
  }
  if (vector !== 0xffffffff) {
    note(ERROR, response.subarray(4, 8));
    note(CR2, response.subarray(8, 16));
  }
  return { input, vector: vector === 0xffffffff ? NO_EXCEPTION : vector, output };
}

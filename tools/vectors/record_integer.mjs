// Records the integer instructions on the host's processor: node tools/vectors/record_integer.mjs [family..]. A family is
// a file of assembly/cpu/ops. Needs a C compiler, x86-64 Linux and the right to map page 8 (root).
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseRow } from "../isa/rows.mjs";
import { rows as integerRows } from "../isa/table/integer.mjs";
import { rows as systemRows } from "../isa/table/system.mjs";
import { cache, Explained, isMain, progress, root, runTool } from "../lib.mjs";
import { CR2, ERROR, LOW_MEMORY, NO_EXCEPTION, OPERAND, RFLAGS, RIP, defaultState, writeVectors } from "./format.mjs";
import { integerJobs } from "./integer_cases.mjs";
import { processorFeatures, processorName } from "./native.mjs";

/** @typedef {import("../isa/rows.mjs").Row} Row */
/** @typedef {import("./format.mjs").State} State */
/** @typedef {import("./format.mjs").Case} Case */
/** @typedef {import("./integer_jobs.mjs").Job} Job */

export const directory = join(root, "assembly/cpu/ops/vectors/integer");

const source = join(root, "tools/vectors/native/step.c");
const program = join(cache, "vectors/step");

// struct state, request and response of step.c
const STATE_SIZE = 328;
const REQUEST_HEAD = 24;
const RESPONSE_HEAD = 24;
/** @type {[component: number, offset: number][]} */
const places = [
  .../** @type {[number, number][]} */ (Array.from({ length: 16 }, (_, n) => [n, n * 8])),
  [RFLAGS, 128],
  [OPERAND, 136],
  [LOW_MEMORY, 200],
];

/** Instructions of the system table that user code may execute, or that raise #GP there without a trace. */
const userRows =
  /^(PUSHF|POPF|NOP|UD[012]|RSM|INT1|INTO|PAUSE|CLI|STI|HLT|IN|OUT|CLTS|INVD|WBINVD|INVLPG|RDMSR|WRMSR|LGDT|LIDT|LLDT|LTR|LMSW|SWAPGS)\b/;

function build() {
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return;
  mkdirSync(join(cache, "vectors"), { recursive: true });
  execFileSync("cc", ["-O1", "-Wall", "-Wextra", "-no-pie", "-o", program, source], { stdio: "inherit" });
}

/** @param {Job[]} jobs @returns {Case[][]} */
export function execute(jobs) {
  build();
  const total = jobs.reduce((sum, job) => sum + job.inputs.length, 0);
  const requests = Buffer.alloc(total * (REQUEST_HEAD + STATE_SIZE));
  const defaults = defaultState();
  let at = 0;
  for (const { mode, code, inputs, at: place } of jobs) {
    for (const input of inputs) {
      requests[at] = mode;
      requests[at + 1] = code.length;
      requests.writeUInt16LE(place, at + 2);
      requests.set(code, at + 4);
      for (const [id, offset] of places)
        requests.set(input.get(id) ?? defaults.get(id) ?? [], at + REQUEST_HEAD + offset);
      if (mode !== 64) for (let n = 0; n < 16; n++) requests.writeUInt32LE(0, at + REQUEST_HEAD + n * 8 + 4);
      at += REQUEST_HEAD + STATE_SIZE;
    }
  }
  const size = RESPONSE_HEAD + STATE_SIZE;
  const result = spawnSync(program, { input: requests, maxBuffer: total * size + 1024 });
  if (result.status !== 0 || result.stdout.length !== total * size) {
    throw new Explained(
      `the native program ended with ${result.status ?? result.signal} after ${result.stdout.length / size} cases: ${result.stderr.toString()}`,
    );
  }
  at = -size;
  return jobs.map((job) =>
    job.inputs.map((input) => readResponse(result.stdout.subarray((at += size), at + size), input, job)),
  );
}

/** Where user addresses end. */
const KERNEL = 0x7ffffffff000n;

/** @param {Buffer} response @param {State} input @param {Job} job @returns {Case} */
function readResponse(response, input, { name, mode, flags }) {
  const before = new Map([...defaultState(), ...input]);
  const vector = response.readUInt32LE(0);
  /** @type {State} */
  const output = new Map();
  const note = (/** @type {number} */ id, /** @type {Uint8Array} */ value) => {
    if (Buffer.compare(before.get(id) ?? new Uint8Array(), value) !== 0) output.set(id, Uint8Array.from(value));
  };
  for (const [id, offset] of places) {
    const old = Buffer.from(before.get(id) ?? []);
    const value = response.subarray(RESPONSE_HEAD + offset, RESPONSE_HEAD + offset + old.length);
    if (id === RFLAGS) value.writeUInt32LE(((old.readUInt32LE(0) & ~flags) | (value.readUInt32LE(0) & flags)) >>> 0, 0);
    if (mode !== 64 && id < 16) old.copy(value, 4, 4);
    // Some processors store the bytes in front of a page fault with MOVBE, and with nothing else.
    if (vector === 14 && id === OPERAND && name.startsWith("MOVBE")) continue;
    note(id, value);
  }
  note(RIP, response.subarray(16, 24));
  if (vector !== 0xffffffff) {
    const address = response.readBigUInt64LE(8);
    // Linux hides from user code whether a kernel address is mapped: to the processor it is not.
    if (address >= KERNEL) response.writeUInt32LE(response.readUInt32LE(4) & ~1, 4);
    note(ERROR, response.subarray(4, 8));
    note(CR2, response.subarray(8, 16));
  }
  return { input, vector: vector === 0xffffffff ? NO_EXCEPTION : vector, output };
}

/** @returns {Map<string, import("../isa/rows.mjs").Parsed[]>} rows by family */
function families() {
  const features = processorFeatures();
  const all = [...integerRows, ...systemRows.filter(([, text]) => userRows.test(text))];
  // What no guest's processor announces yet decodes as something else there, and not on this one.
  const chosen = all.filter(([, , , options]) => options?.feature !== "bmi1");
  const known = chosen.filter(([, , , o]) => !o?.feature || features.has(o.feature));
  const map = new Map();
  for (const row of known) {
    const parsed = parseRow(row);
    const name = parsed.handler[0] === "!" ? "branch" : parsed.handler === "=" ? "move" : parsed.handler.split(".")[0];
    map.set(name, [...(map.get(name) ?? []), parsed]);
  }
  return map;
}

function record(/** @type {string} */ name, /** @type {import("../isa/rows.mjs").Parsed[]} */ rows) {
  const jobs = rows.flatMap(integerJobs).filter((job) => job.inputs.length > 0);
  const results = execute(jobs);
  const forms = jobs.map(({ name: text, mode, at, code, flags }, i) => ({
    name: text,
    mode,
    at,
    code,
    flags,
    cases: results[i] ?? [],
  }));
  mkdirSync(directory, { recursive: true });
  const bytes = writeVectors(join(directory, `${name}.vec`), { processor: processorName(), version: 2, forms });
  const cases = forms.reduce((sum, form) => sum + form.cases.length, 0);
  progress(`${name}: ${rows.length} rows, ${forms.length} forms, ${cases} cases, ${bytes} bytes`);
}

if (isMain(import.meta.url)) {
  await runTool(async () => {
    const wanted = process.argv.slice(2);
    for (const [name, rows] of families()) if (wanted.length === 0 || wanted.includes(name)) record(name, rows);
  });
}

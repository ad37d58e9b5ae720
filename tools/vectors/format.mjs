// Vectors: what single instructions did on a real processor. A vector file is the brotli compression of
//
//   "TVEC", u16 version, u16 forms, u16 length and text of the processor's name; then per form:
//   u8 length and text of the name; in version 2: u8 mode (64, 32, 16), u16 offset of the code in its area
//   u8 length and bytes of the machine code; u16 cases; u32 mask of the defined RFLAGS bits
//   u8 inputs, u8 component each; u8 outputs, u8 component each
//   for every input the values of all cases; u8 vector of each case (255 = no exception); for every output the same
//
// All numbers are little-endian. A component that is not an input has its default value, one that is not an output keeps its
// value. After an exception the state is that in front of the instruction, but for the outputs. Version 2 (integer
// instructions) records where the code lay and the instruction pointer afterwards.

import { readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";

export const NO_EXCEPTION = 255;
/** Where the operand memory lies: the last 64 bytes of a page, the next page is not mapped. */
export const MEMORY = 0x20000fc0;
export const MEMORY_SIZE = 64;
/** Version 2: a second area, half of it in the page in front of the page of MEMORY. */
export const LOW = 0x1fffffc0;
export const LOW_SIZE = 128;
/** Version 2: the page of MEMORY again, for 16-bit addresses; a page that cannot be written; the code, two pages of INT3. */
export const ALIAS = 0x8fc0;
export const READ_ONLY = 0x20002000;
export const CODE = 0x30000000;
export const GS_BASE = 0x1000;
/**
 * Code of 16 bits: DS, ES and SS start at SEGMENT, where the two pages of LOW and MEMORY are once more; beyond LIMIT they
 * end, but for ES. CS starts at CODE.
 */
export const SEGMENT = 0x7000;
export const LIMIT = 0x1fff;
const LOW_PAGE = LOW & ~0xfff;

/** @typedef {64 | 32 | 16} Mode of the code */

/** Where an instruction of that mode finds the byte at a linear address of the operand memory. @param {Mode} mode @param {number | bigint} linear */
export function offsetOf(mode, linear) {
  return mode === 16 ? BigInt.asUintN(16, BigInt(linear) - BigInt(LOW_PAGE)) : BigInt(linear);
}

// Components. General registers are 0 to 15.
export const RFLAGS = 16;
export const MXCSR = 17;
export const FCW = 18;
export const FSW = 19;
/** One bit per physical register, 1 = not empty. */
export const FTW = 20;
export const OPERAND = 21;
export const ERROR = 22;
export const CR2 = 23;
export const RIP = 24;
/** The memory at LOW. */
export const LOW_MEMORY = 25;
/** 32 to 47: xmm registers. 48 to 55: ST(0) to ST(7), 10 bytes each. */
export const XMM = 32;
export const ST = 48;

const fixedWidths = new Map([
  [RFLAGS, 4],
  [MXCSR, 4],
  [FCW, 2],
  [FSW, 2],
  [FTW, 1],
  [OPERAND, MEMORY_SIZE],
  [ERROR, 4],
  [CR2, 8],
  [RIP, 8],
  [LOW_MEMORY, LOW_SIZE],
]);

/** @param {number} component */
export function widthOf(component) {
  if (component < 16) return 8;
  if (component >= ST) return 10;
  return component >= XMM ? 16 : (fixedWidths.get(component) ?? 0);
}

/**
 * Values of components, absent ones are the default.
 * @typedef {Map<number, Uint8Array>} State
 * @typedef {{ input: State, vector: number, output: State }} Case
 * @typedef {{ name: string, code: Uint8Array, flags: number, cases: Case[], mode?: number, at?: number }} Form
 * @typedef {{ processor: string, version?: number, forms: Form[] }} Vectors
 */

/** @param {bigint} value @param {number} width */
export function bytesOf(value, width) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes.slice(0, width);
}

/** @returns {State} what a test starts from */
export function defaultState() {
  /** @type {State} */
  const state = new Map();
  for (let n = 0; n < 16; n++) state.set(n, bytesOf(0x9182736455463728n * BigInt(2 * n + 1), 8));
  for (const n of [4, 6, 7]) state.set(n, bytesOf(BigInt(MEMORY), 8));
  state.set(RFLAGS, bytesOf(0x202n, 4));
  state.set(MXCSR, bytesOf(0x1f80n, 4));
  state.set(FCW, bytesOf(0x37fn, 2));
  state.set(FSW, bytesOf(0n, 2));
  state.set(FTW, bytesOf(0n, 1));
  state.set(
    OPERAND,
    Uint8Array.from({ length: MEMORY_SIZE }, (_, i) => (i * 37 + 11) & 255),
  );
  state.set(ERROR, bytesOf(0n, 4));
  state.set(CR2, bytesOf(0n, 8));
  state.set(RIP, bytesOf(0n, 8));
  state.set(
    LOW_MEMORY,
    Uint8Array.from({ length: LOW_SIZE }, (_, i) => (i * 29 + 5) & 255),
  );
  for (let n = 0; n < 16; n++)
    state.set(
      XMM + n,
      Uint8Array.from({ length: 16 }, (_, i) => (n * 16 + i) ^ 0x5a),
    );
  for (let n = 0; n < 8; n++)
    state.set(
      ST + n,
      Uint8Array.from({ length: 10 }, (_, i) => (n * 23 + i * 5 + 128) & 255),
    );
  return state;
}

/** @param {readonly Uint8Array[]} parts */
function joined(parts) {
  return Uint8Array.from(Buffer.concat(parts));
}

/** @param {number} value @param {number} width */
const int = (value, width) => bytesOf(BigInt(value), width);

/** @param {Case} c @param {number} id @param {Uint8Array | undefined} value */
function checked(c, id, value) {
  if (value?.length !== widthOf(id))
    throw new Error(`component ${id} has ${value?.length} bytes: ${JSON.stringify([...c.input])}`);
  return value;
}

/** @param {Form} form @param {number} version */
function encodeForm(form, version) {
  const inputs = [...new Set(form.cases.flatMap((c) => [...c.input.keys()]))].sort((a, b) => a - b);
  const outputs = [...new Set(form.cases.flatMap((c) => [...c.output.keys()]))].sort((a, b) => a - b);
  const defaults = defaultState();
  const name = Buffer.from(form.name);
  const parts = [
    int(name.length, 1),
    name,
    ...(version === 1 ? [] : [int(form.mode ?? 64, 1), int(form.at ?? 0, 2)]),
    int(form.code.length, 1),
    form.code,
    int(form.cases.length, 2),
    int(form.flags, 4),
  ];
  parts.push(int(inputs.length, 1), Uint8Array.from(inputs), int(outputs.length, 1), Uint8Array.from(outputs));
  const before = (/** @type {Case} */ c, /** @type {number} */ id) =>
    checked(c, id, c.input.get(id) ?? defaults.get(id));
  for (const id of inputs) for (const c of form.cases) parts.push(before(c, id));
  for (const c of form.cases) parts.push(int(c.vector, 1));
  for (const id of outputs) for (const c of form.cases) parts.push(checked(c, id, c.output.get(id) ?? before(c, id)));
  return joined(parts);
}

/** @param {string} path @param {Vectors} vectors @returns {number} bytes written */
export function writeVectors(path, { processor, version = 1, forms }) {
  const name = Buffer.from(processor);
  const header = [Buffer.from("TVEC"), int(version, 2), int(forms.length, 2), int(name.length, 2), name];
  const raw = joined([...header, ...forms.map((form) => encodeForm(form, version))]);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
  const packed = brotliCompressSync(raw, { params });
  writeFileSync(path, packed);
  return packed.length;
}

/** Reads numbers and byte strings one after the other. @param {Uint8Array} bytes */
function reader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (/** @type {number} */ n) => bytes.subarray(at, (at += n));
  return {
    take,
    u8: () => view.getUint8(at++),
    u16: () => view.getUint16((at += 2) - 2, true),
    u32: () => view.getUint32((at += 4) - 4, true),
    text: (/** @type {number} */ n) => Buffer.from(take(n)).toString(),
  };
}

/** @param {ReturnType<typeof reader>} r @param {number} version @returns {Form} */
function decodeForm(r, version) {
  const name = r.text(r.u8());
  const mode = version === 1 ? 64 : r.u8();
  const at = version === 1 ? 0 : r.u16();
  const code = r.take(r.u8());
  const count = r.u16();
  const flags = r.u32();
  const inputs = [...r.take(r.u8())];
  const outputs = [...r.take(r.u8())];
  /** @type {Case[]} */
  const cases = Array.from({ length: count }, () => ({ input: new Map(), vector: NO_EXCEPTION, output: new Map() }));
  for (const id of inputs) for (const c of cases) c.input.set(id, r.take(widthOf(id)));
  for (const c of cases) c.vector = r.u8();
  for (const id of outputs) for (const c of cases) c.output.set(id, r.take(widthOf(id)));
  return { name, code, flags, cases, mode, at };
}

/** @param {string} path @returns {Vectors} */
export function readVectors(path) {
  const r = reader(brotliDecompressSync(readFileSync(path)));
  if (r.text(4) !== "TVEC") throw new Error(`${path} is not a vector file`);
  const version = r.u16();
  if (version !== 1 && version !== 2) throw new Error(`${path} has version ${version}, not 1 or 2`);
  const count = r.u16();
  const processor = r.text(r.u16());
  return { processor, version, forms: Array.from({ length: count }, () => decodeForm(r, version)) };
}

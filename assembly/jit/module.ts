// Frames the functions of a batch as a WebAssembly module (core spec, 5.5) and hands it to JavaScript.

import { nextFree } from "../cpu/translations";
import { hostCompile } from "../host";
import * as Jit from "../layout/jit";
import * as E from "./emit";
import { V128 } from "./emit_simd";
import * as L from "./locals";

const I32 = 0x7f;
const I64 = 0x7e;

const F64 = 0x7c;

/** Bytes of the declaration of locals: how many groups there are, how many locals of what type. */
const LOCAL_GROUPS: u32 = 8;
const LOCALS_LENGTH: u32 = 1 + 2 * LOCAL_GROUPS;

/** Starts a section; returns where its length will be written. */
function section(j: usize, id: u32): usize {
  E.byte(j, id);
  return E.patchable(j);
}

function endSection(j: usize, at: usize): void {
  E.patch(at, load<u32>(j, Jit.cursor) - <u32>at - 5);
}

/** A name of up to 8 bytes, packed little-endian. */
function name(j: usize, length: u32, bytes: u64): void {
  E.unsigned(j, length);
  for (let i: u32 = 0; i < length; i++) E.byte(j, (<u32>(bytes >> (i * 8))) & 0xff);
}

/** A function type with two or three parameters (`third` may be 0) and one result. */
function typeOf(j: usize, first: u32, second: u32, third: u32, result: u32): void {
  E.byte(j, 0x60);
  E.unsigned(j, third != 0 ? 3 : 2);
  E.byte(j, first);
  E.byte(j, second);
  if (third != 0) E.byte(j, third);
  E.unsigned(j, 1);
  E.byte(j, result);
}

/** CPU, linear address, tag, what. */
function accessType(j: usize): void {
  E.byte(j, 0x60);
  E.unsigned(j, 4);
  E.byte(j, I32);
  for (let i = 0; i < 2; i++) E.byte(j, I64);
  E.byte(j, I32);
  E.unsigned(j, 1);
  E.byte(j, I32);
}

/** CPU, record, operation; two vectors. */
function vectorType(j: usize, result: u32): void {
  E.byte(j, 0x60);
  E.unsigned(j, 5);
  for (let i = 0; i < 3; i++) E.byte(j, I32);
  for (let i = 0; i < 2; i++) E.byte(j, V128);
  E.unsigned(j, 1);
  E.byte(j, result);
}

/** CPU, head and significand of two numbers. */
function x87Type(j: usize): void {
  E.byte(j, 0x60);
  E.unsigned(j, 5);
  E.byte(j, I32);
  for (let i = 0; i < 2; i++) {
    E.byte(j, I32);
    E.byte(j, I64);
  }
  E.unsigned(j, 1);
  E.byte(j, I64);
}

function writeTypes(j: usize): void {
  const at = section(j, 1);
  E.unsigned(j, L.TYPE_COUNT);
  typeOf(j, I32, I64, I32, I64);
  accessType(j);
  typeOf(j, I32, I32, I32, I32);
  typeOf(j, I32, I32, 0, I32);
  vectorType(j, V128);
  vectorType(j, F64);
  x87Type(j);
  endSection(j, at);
}

const ENV: u64 = 0x766e65; // "env"
const MEMORY: u64 = 0x79726f6d656d; // "memory"
const TABLE: u64 = 0x656c626174; // "table"

function importFunction(j: usize, letter: u64, type: u32): void {
  name(j, 3, ENV);
  name(j, 1, letter);
  E.byte(j, 0);
  E.unsigned(j, type);
}

/**
 * The functions are named r, w, c, e, q, v, o and i: read, write, cold, end, condition, vector, order, interpret; and s, A, M,
 * D, C, R, L, W and S: misfit of the stack, addition, multiplication, division, comparison, root, load, widening and store of
 * the x87; u and a: MOVS and STOS, CLAC and STAC; k: a call of what has no
 * translation. In the mode JIT_CHECK cold, end, interpret, misfit and k are others: d, f, j, t and g.
 */
function writeImports(j: usize): void {
  const at = section(j, 2);
  E.unsigned(j, L.FN_IMPORTS + 2);
  name(j, 3, ENV);
  name(j, 6, MEMORY);
  E.byte(j, 2);
  E.byte(j, 3); // shared, with a maximum
  E.unsigned(j, 1);
  E.unsigned(j, 65536);
  name(j, 3, ENV);
  name(j, 5, TABLE);
  E.byte(j, 1);
  E.byte(j, 0x70);
  E.byte(j, 0);
  E.unsigned(j, 1);
  importFunction(j, 0x72, L.TYPE_ACCESS);
  importFunction(j, 0x77, L.TYPE_ACCESS);
  const checked = L.isChecked(j);
  importFunction(j, checked ? 0x64 : 0x63, L.TYPE_RECORD);
  importFunction(j, checked ? 0x66 : 0x65, L.TYPE_RECORD);
  importFunction(j, 0x71, L.TYPE_CONDITION);
  importFunction(j, 0x76, L.TYPE_VECTOR);
  importFunction(j, 0x6f, L.TYPE_ORDER);
  importFunction(j, checked ? 0x6a : 0x69, L.TYPE_REGION);
  importFunction(j, checked ? 0x74 : 0x73, L.TYPE_CONDITION);
  importFunction(j, 0x41, L.TYPE_X87);
  importFunction(j, 0x4d, L.TYPE_X87);
  importFunction(j, 0x44, L.TYPE_X87);
  importFunction(j, 0x43, L.TYPE_X87);
  importFunction(j, 0x52, L.TYPE_REGION);
  importFunction(j, 0x4c, L.TYPE_REGION);
  importFunction(j, 0x57, L.TYPE_REGION);
  importFunction(j, 0x53, L.TYPE_REGION);
  importFunction(j, 0x75, L.TYPE_RECORD);
  importFunction(j, 0x61, L.TYPE_RECORD);
  importFunction(j, checked ? 0x67 : 0x6b, L.TYPE_REGION);
  endSection(j, at);
}

function writeFunctions(j: usize, count: u32): void {
  let at = section(j, 3);
  E.unsigned(j, count);
  for (let i: u32 = 0; i < count; i++) E.unsigned(j, L.TYPE_REGION);
  endSection(j, at);
  at = section(j, 9);
  E.unsigned(j, count);
  let slot = load<u32>(j, Jit.freeSlot);
  for (let i: u32 = 0; i < count; i++) {
    E.unsigned(j, 0);
    E.i32Const(j, slot);
    E.byte(j, 0x0b);
    E.unsigned(j, 1);
    E.unsigned(j, L.FN_IMPORTS + i);
    slot = nextFree(j, slot);
  }
  endSection(j, at);
}

// A function of the batch: u32 length of its code, u32 number of hints with IS_FLAT, u32 number of locals, the hints, the code.

const ENTRY_SIZE: usize = 12;
/** Its general registers have 32 bits. */
const IS_FLAT: u32 = 0x80000000;

@inline
function codeLength(entry: usize): u32 {
  return load<u32>(entry);
}

@inline
function hintCount(entry: usize): u32 {
  return load<u32>(entry, 4) & ~IS_FLAT;
}

@inline
function isFlatEntry(entry: usize): bool {
  return (load<u32>(entry, 4) & IS_FLAT) != 0;
}

@inline
function hintAt(entry: usize, k: u32): usize {
  return entry + ENTRY_SIZE + ((<usize>k) << 2);
}

@inline
function codeOf(entry: usize): usize {
  return hintAt(entry, hintCount(entry));
}

@inline
function nextEntry(entry: usize): usize {
  return codeOf(entry) + codeLength(entry);
}

/** Whether the function at `body` goes into the batch; it does into an empty one. */
export function hasRoomFor(j: usize): bool {
  const length = load<u32>(j, Jit.cursor) - <u32>(j + Jit.body);
  const entry = <usize>load<u32>(j, Jit.batchEnd);
  return hintAt(entry, load<u32>(j + Jit.hints)) + length <= j + Jit.bodies + Jit.BODIES_SIZE;
}

/** Appends the function at `body` to the batch, which has room. */
export function appendFunction(j: usize): void {
  const length = load<u32>(j, Jit.cursor) - <u32>(j + Jit.body);
  const hints = load<u32>(j + Jit.hints);
  const entry = <usize>load<u32>(j, Jit.batchEnd);
  store<u32>(entry, length);
  store<u32>(entry, hints | (L.isFlat(j) ? IS_FLAT : 0), 4);
  store<u32>(entry, load<u32>(j, Jit.localCount), 8);
  memory.copy(hintAt(entry, 0), j + Jit.hints + 4, hints << 2);
  memory.copy(codeOf(entry), j + Jit.body, length);
  store<u32>(j, <u32>nextEntry(entry), Jit.batchEnd);
  store<u32>(j, load<u32>(j, Jit.batchCount) + 1, Jit.batchCount);
}

/** The custom section "metadata.code.branch_hint": per function the offsets of its hinted branches, and which way. */
function writeHints(j: usize, count: u32): void {
  const at = section(j, 0);
  E.unsigned(j, 25);
  ascii(j, 0x617461646174656d); // "metadata"
  ascii(j, 0x72622e65646f632e); // ".code.br"
  ascii(j, 0x6e69685f68636e61); // "anch_hin"
  E.byte(j, 0x74); // "t"
  E.unsigned(j, count);
  let entry = j + Jit.bodies;
  for (let i: u32 = 0; i < count; i++) {
    E.unsigned(j, L.FN_IMPORTS + i);
    const hints = hintCount(entry);
    E.unsigned(j, hints);
    for (let k: u32 = 0; k < hints; k++) {
      const hint = load<u32>(hintAt(entry, k));
      E.unsigned(j, (hint >> 1) + LOCALS_LENGTH);
      E.unsigned(j, 1);
      E.byte(j, hint & 1);
    }
    entry = nextEntry(entry);
  }
  endSection(j, at);
}

function ascii(j: usize, bytes: u64): void {
  for (let i: u32 = 0; i < 8; i++) E.byte(j, (<u32>(bytes >> (i * 8))) & 0xff);
}

/** Declares the locals of a region as far as the last one that it uses. */
function writeLocals(j: usize, used: u32, flat: bool): void {
  E.byte(j, LOCAL_GROUPS);
  locals(j, used, L.PARAMETERS, L.I32_LOCALS, I32);
  locals(j, used, L.PAGE, L.I64_LOCALS, I64);
  locals(j, used, L.GPR, L.GPR_LOCALS, flat ? I32 : I64);
  locals(j, used, L.XMM, L.V128_LOCALS, V128);
  locals(j, used, L.ORDER_A, L.F64_LOCALS, F64);
  locals(j, used, L.MX, 1, I32);
  locals(j, used, L.SIG, L.X87_I64_LOCALS, I64);
  locals(j, used, L.HEAD, L.X87_I32_LOCALS, I32);
}

/** A group of `count` locals of a type from index `first` on. */
function locals(j: usize, used: u32, first: u32, count: u32, type: u32): void {
  E.byte(j, used > first ? min<u32>(used - first, count) : 0);
  E.byte(j, type);
}

function writeCode(j: usize, count: u32): void {
  const at = section(j, 10);
  E.unsigned(j, count);
  let entry = j + Jit.bodies;
  for (let i: u32 = 0; i < count; i++) {
    const length = codeLength(entry);
    E.unsigned(j, length + LOCALS_LENGTH + 1);
    writeLocals(j, load<u32>(entry, 8), isFlatEntry(entry));
    const cursor = <usize>load<u32>(j, Jit.cursor);
    memory.copy(cursor, codeOf(entry), length);
    store<u32>(j, <u32>cursor + length, Jit.cursor);
    E.byte(j, 0x0b);
    entry = nextEntry(entry);
  }
  endSection(j, at);
}

/** Writes the batch as a module, whose functions go to the first free slots of the table; returns its length. */
export function writeModule(j: usize): u32 {
  const count = load<u32>(j, Jit.batchCount);
  const start = j + Jit.module;
  store<u32>(j, <u32>start, Jit.cursor);
  store<u32>(start, 0x6d736100);
  store<u32>(start, 1, 4);
  store<u32>(j, <u32>start + 8, Jit.cursor);
  writeTypes(j);
  writeImports(j);
  writeFunctions(j, count);
  writeHints(j, count);
  writeCode(j, count);
  return load<u32>(j, Jit.cursor) - <u32>start;
}

/** Compiles the batch into the first free slots. Returns the length of the module, 0 if the engine refused. */
export function compileBatch(j: usize): u32 {
  const length = writeModule(j);
  return hostCompile(<i32>(j + Jit.module), <i32>length) != 0 ? length : 0;
}

// Random programs from a seed: a mix of the instruction table's rows, with loops, branches, calls, string instructions,
// writes to their own code, and now and then an address that faults.
import { readTable } from "../../tools/isa/generate.mjs";
import type { Parsed } from "../../tools/isa/rows.mjs";
import { immediateBytes, sizesOf, type Address, type Choice } from "../../tools/vectors/encode.mjs";
import { general, mxcsr, random, type Random, vector } from "../../tools/vectors/operands.mjs";
import { DATA3 } from "../system_cpu";
import { ALIAS_OFFSET, DATA, DATA_ALIAS, LIMITED, READ_ONLY_DATA } from "./places";
import type { Piece } from "./pieces";
import { type Target, targetOf } from "./target";

export interface Program {
  readonly seed: string;
  readonly target: Target;
  readonly pieces: readonly Piece[];
  readonly start: Start;
}

export interface Start {
  /** General registers by number. */
  readonly registers: readonly bigint[];
  readonly flags: number;
  readonly mxcsr: number;
  readonly xmm: readonly Uint8Array[];
  readonly fpr: readonly Uint8Array[];
  readonly ftw: number;
  readonly fsw: number;
  /** Limit of GS in 32-bit programs, whose base is in the data. */
  readonly gsLimit: number;
  /** What the data pages hold, repeated. */
  readonly data: Uint8Array;
}

/** Segment registers that decide whether code is flat. */
const FLAT_SEGMENTS = [0, 2, 3];

/** System rows that user code may execute and that do the same everywhere. */
const HARMLESS = /^(PUSHF|POPF|SMSW|SLDT|STR|CPUID|NOP|PAUSE|UD2|VERR|VERW|LAR|LSL|XGETBV|FXSAVE|FXRSTOR|CLI|HLT)$/;
/** Templates make these, or they would not leave the pointers alone. */
const APART =
  /^(J|CALL|RET|LOOP|POPA|MOVS$|CMPS|STOS|LODS|SCAS|INS|OUTS|ENTER|LEAVE|XLAT|MASKMOV|F?XRSTOR|FRSTOR|FLDENV)/;

/** The rows by family. */
export async function loadFamilies(bits: 64 | 32): Promise<Parsed[][]> {
  const exists = ({ options }: Parsed): boolean => (bits === 64 ? !options.no64 : !options.only64);
  const table = (await readTable()).filter((row) => exists(row) && !row.options.end);
  const usable = table.filter(({ mnemonic, handler }) => !APART.test(mnemonic) && !handler.startsWith("!"));
  const of = (test: (row: Parsed) => boolean) => usable.filter(test);
  const integer = /^(=|(alu|move|stack|muldiv|shift|bits|exchange|bcd)\.)/;
  const common = /^(=|alu\.(add|sub|cmp|and|xor|test)|move\.|stack\.|shift\.(shl|shr|sar)|muldiv\.multiply)/;
  return [
    of(({ handler }) => integer.test(handler) && common.test(handler)),
    of(({ handler }) => integer.test(handler)),
    of(({ handler }) => handler.startsWith("sse_")),
    of(({ handler }) => handler.startsWith("x87_")),
    of(({ handler }) => handler.startsWith("mmx")),
    of(
      ({ handler, mnemonic }) => !/^(sse_|x87_|mmx)/.test(handler) && !integer.test(handler) && HARMLESS.test(mnemonic),
    ),
  ];
}

/** Families by how often they are picked. */
const SHARES = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 4];

interface Context {
  readonly target: Target;
  readonly families: readonly Parsed[][];
  readonly r: Random;
  /** The family that most instructions are of. */
  readonly only: number | undefined;
  readonly depth: number;
  /** Inside a subroutine the stack stays as it is, so that it returns. */
  readonly inCall: boolean;
}

export function generate(families: readonly Parsed[][], seed: string, bits: 64 | 32): Program {
  const target = targetOf(bits);
  const r = random(seed);
  // Some programs keep to one family, so that its instructions meet each other.
  const only = r.below(3) === 0 ? r.below(5) : undefined;
  const pieces = list({ target, families, r, only, depth: 0, inCall: false }, 4 + r.below(40));
  return { seed, target, pieces, start: makeStart(r, target) };
}

function list(context: Context, count: number): Piece[] {
  return Array.from({ length: count }, () => piece(context));
}

function piece(context: Context): Piece {
  const { r, depth } = context;
  const template = r.below(100);
  const children = (inCall = context.inCall) => list({ ...context, depth: depth + 1, inCall }, 1 + r.below(6));
  if (depth < 3) {
    if (template < 8) return { kind: "skip", condition: r.below(16), short: r.below(2) === 0, children: children() };
    // One register counts, so that loops do not nest.
    if (template < 14 && depth === 0) return loopPiece(r, children());
    if (template < 17) return callPiece(r, children(true));
    if (template < 18) return { kind: "jump", children: children() };
    if (template < 20) return { kind: "count-skip", opcode: 0xe0 + r.below(4), children: children() };
    if (template < 22) {
      const alias = r.below(2) === 0 ? ALIAS_OFFSET : 0;
      return { kind: "modify", value: r.u32(), old: r.u32(), alias, children: r.below(2) ? children() : [] };
    }
  }
  if (template < 25) return stringPiece(context);
  if (template < 26) return loadMxcsr(context.target);
  if (context.target.bits === 32 && template < 28) return narrowPiece(r, depth < 3 ? children : () => []);
  return rowPiece(context);
}

function callPiece(r: Random, children: Piece[]): Piece {
  return { kind: "call", indirect: r.below(3) === 0, parameters: r.pick([0, 0, 1, 2]), children };
}

/** MXCSR from the data, by the pointer to its middle. */
function loadMxcsr({ bits }: Target): Piece {
  const bytes = bits === 64 ? [0x41, 0x0f, 0xae, 0x55, 8] : [0x0f, 0xae, 0x55, 8];
  return { kind: "bytes", text: "ldmxcsr [data+8]", bytes };
}

/** What only 32-bit code has: segments that are not flat, branches whose target is cut to 16 bits, 16-bit addresses. */
function narrowPiece(r: Random, children: () => Piece[]): Piece {
  const way = r.below(8);
  if (way > 1) {
    const register = r.pick(FLAT_SEGMENTS);
    const selector = r.pick(register === 2 ? [DATA3, LIMITED] : [DATA3, LIMITED, READ_ONLY_DATA, 0]);
    return { kind: "segment", register, selector, normal: DATA3, children: children() };
  }
  const code = way === 0 ? [0x66, 0x70 | r.below(16), 0] : [0x67, 0x8b, 0x40 | r.below(8), r.below(256)];
  return { kind: "bytes", text: code.map((byte) => byte.toString(16)).join(" "), bytes: code };
}

function loopPiece(r: Random, children: Piece[]): Piece {
  const count = r.pick([1, 2, 3, 5, 9, 30, 250, 700]);
  return { kind: "loop", count, enter: r.below(3) === 0 ? r.below(children.length) : 0, children };
}

/** Pointers into the data, a small count, a direction, and a string instruction with any prefix. */
function stringPiece({ r, target }: Context): Piece {
  const opcode = r.pick([0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf]);
  const size = r.pick(target.bits === 64 ? [[], [0x66], [0x48]] : [[], [0x66]]);
  const repeat = r.pick([[], [0xf3], [0xf3], [0xf2]]);
  const segment = target.bits === 32 && r.below(6) === 0 ? [r.pick([0x65, 0x2e, 0x26, 0x36])] : [];
  const disp = () => [r.below(256), r.below(2), 0, 0];
  const count = [0xb9, r.pick([0, 1, 2, 7, 16, 33, 200]), 0, 0, 0];
  const direction = r.below(4) === 0 ? [0xfd] : [0xfc];
  const prefix = size[0] === 0x66 ? [...segment, ...size, ...repeat] : [...segment, ...repeat, ...size];
  const bytes = [...count, ...pointers(r, target, disp), ...direction, ...prefix, opcode, 0xfc];
  return {
    kind: "bytes",
    text: `string ${[...prefix, opcode].map((b) => b.toString(16)).join(" ")}, rcx ${count[1]}`,
    bytes,
  };
}

/** LEA rsi,[middle+d]; LEA rdi,[edge or middle+d]. */
function pointers(r: Random, { bits }: Target, disp: () => number[]): number[] {
  if (bits === 64) return [0x49, 0x8d, 0xb5, ...disp(), 0x49, 0x8d, r.below(2) ? 0xbe : 0xbd, ...disp()];
  return [0x8d, 0xb5, ...disp(), 0x8d, r.below(2) ? 0xbb : 0xbd, ...disp()];
}

function pickRow(context: Context): Parsed {
  const { families, r, only, inCall } = context;
  const family = r.below(60) === 0 ? 5 : r.below(4) > 0 && only !== undefined ? only : r.pick(SHARES);
  const row = r.pick(families[family] ?? []);
  return inCall && /^(PUSH|POP$|POPF)/.test(row.mnemonic) ? pickRow({ ...context, only: 0 }) : row;
}

function rowPiece(context: Context): Piece {
  const { r, target } = context;
  const row = pickRow(context);
  const sizes = row.handler.startsWith("x87_") ? [0] : sizesOf(row, target.bits);
  const bits = r.pick(sizes);
  const usesMemory = row.modrm && row.mod !== 2 && (row.mod === 1 || r.below(3) === 0);
  const vectorRow = /^(sse_|mmx|x87_)/.test(row.handler);
  // Registers of the vector units may be any; a general register must be one of the free ones.
  const hasGeneral = (operand: RegExp): boolean => row.operands.some((o) => operand.test(o));
  const vectors = target.bits === 64 ? 16 : 8;
  const general = (operand: string) => r.pick(operand.endsWith("b") ? target.freeBytes : target.free);
  const operandOf = (letters: RegExp) => row.operands.find((o) => letters.test(o)) ?? "";
  const reg =
    vectorRow && !hasGeneral(/^G/) ? r.below(row.handler.startsWith("mmx") ? 8 : vectors) : general(operandOf(/^G/));
  const rm =
    vectorRow && !hasGeneral(/^[ER]/)
      ? r.below(row.handler.startsWith("sse_") ? vectors : 8)
      : general(operandOf(/^[ERZ]/));
  const choice: Choice = { mode: target.bits, bits, reg, rm, rex: r.below(4) === 0 };
  if (usesMemory) {
    choice.memory = address(r, target, vectorRow ? r.below(4) > 0 : /FXSAVE|CMPXCHG16B/.test(row.mnemonic));
  }
  if (immediateBytes(row, bits, target.bits) > 0) choice.immediate = immediate(row, r);
  if (usesMemory && row.options.lock && r.below(5) === 0) choice.prefixes = [0xf0];
  return { kind: "row", row, choice };
}

function immediate(row: Parsed, r: Random): bigint {
  // Absolute addresses of the data.
  if (row.operands.some((o) => o.startsWith("O"))) return BigInt(DATA + r.below(0x1ff0));
  return BigInt(r.pick([0, 1, 2, 7, 8, 31, 32, 63, 0x7f, 0x80, 0xff, r.below(256), r.u32()]));
}

/** Mostly inside the data, often across the edge of a page, now and then where nothing is mapped. */
function address(r: Random, target: Target, aligned: boolean): Address {
  const { bits: size, small } = target;
  const way = r.below(40);
  if (way === 0 && r.below(3) === 0) return { size, base: r.pick(target.free), disp: r.below(64) };
  // The pointer at the edge is not aligned.
  const base = r.pick(aligned ? target.aligned : target.pointers);
  const far = r.below(30) === 0 ? 0x1000 : 0;
  const disp = aligned ? (r.below(32) - 16) * 16 : r.below(3) === 0 ? r.below(32) - 16 : r.below(512) - 256;
  if (aligned && way > 2) return { size, base, disp: disp + far };
  if (way < 3) return { size, disp: DATA_ALIAS + r.below(0x1000) };
  if (way < 6) return { size, base: 4, disp: r.below(64) - 32 };
  if (way < 9) return size === 64 ? { size, rip: true, disp: DATA + r.below(0x1ff0) } : throughGs(r, base);
  // A small number as an index stays near.
  if (way < 12 && small !== undefined) return { size, base, index: small, scale: r.pick([1, 2]), disp };
  if (way < 12) return { size, base, index: r.pick([0, 1]), scale: r.pick([1, 2]), disp };
  return { size: way < 15 ? 32 : size, base, disp: disp + far };
}

/** Absolute or by a register that makes the sum go round: the segment's base is in the data, and so is the register. */
function throughGs(r: Random, base: number): Address {
  const absolute: Address = { size: 32, gs: true, disp: r.pick([r.below(0x1400), -r.below(32), 0xffd + r.below(8)]) };
  return r.below(4) === 0 ? { ...absolute, base, disp: -DATA + r.below(64) } : absolute;
}

function makeStart(r: Random, target: Target): Start {
  const registers = Array.from({ length: 16 }, () => Buffer.from(general(r, "i64")).readBigUInt64LE(0));
  // In the middle of the data, before the edge of its two pages, near its end, behind which it is read-only.
  const [middle = 0, edge = 0, last = 0] = target.pointers;
  registers[last] = BigInt((r.below(2) ? DATA_ALIAS : DATA + 0x1e00) + 0x100);
  registers[middle] = BigInt(DATA + 0x800);
  registers[edge] = BigInt(DATA + 0x1000 - r.pick([16, 8, 32, 1]));
  if (target.small !== undefined) registers[target.small] = BigInt(r.below(16));
  const kinds = ["f64", "f32", "int", "f64", "f32"] as const;
  const data = Buffer.concat(Array.from({ length: 32 }, () => vector(r, r.pick(kinds))));
  // What the programs load into MXCSR.
  data.writeUInt32LE(mxcsr(r), 8);
  return {
    registers,
    flags: 2 | (r.u32() & 0xcd5),
    mxcsr: r.below(4) === 0 ? mxcsr(r) : 0x1f80,
    xmm: Array.from({ length: 16 }, () => vector(r, r.pick(kinds))),
    fpr: Array.from({ length: 8 }, () => extended(r)),
    ftw: r.pick([0xff, 0, r.below(256)]),
    fsw: r.below(8) << 11,
    gsLimit: r.pick([0xffffffff, 0xffffffff, 0xffffffff, 0x1003, 0x1fffffff]),
    data,
  };
}

/** An 80-bit number of moderate size, or any bits. */
function extended(r: Random): Uint8Array {
  const bytes = vector(r, "int").slice(0, 10);
  if (r.below(4) > 0) bytes.set([(bytes[7] ?? 0) | 0x80, 0xff - r.below(3), 0x3f | (r.below(2) << 7)], 7);
  return bytes;
}

// What the translator knows of each operation: which translation, operand size, form, operands. The rest it calls.

import { vectors } from "./vectors.mjs";
import { x87Handlers } from "./x87.mjs";

/** @typedef {import("./cases.mjs").Op} Op */

/** Handlers that assembly/jit/translate has a translation for, by kind number. */
export const translated = [
  "",
  "=",
  "alu.add",
  "alu.or",
  "alu.adc",
  "alu.sbb",
  "alu.and",
  "alu.sub",
  "alu.xor",
  "alu.cmp",
  "alu.test",
  "alu.inc",
  "alu.dec",
  "alu.neg",
  "alu.not",
  "shift.shl",
  "shift.shr",
  "shift.sar",
  "shift.rol",
  "shift.ror",
  "muldiv.multiply",
  "muldiv.multiply3",
  "move.immediate",
  "move.lea",
  "move.select",
  "move.setcc",
  "stack.pushReg",
  "stack.popReg",
  "stack.leave",
  "stack.pushImm",
  "stack.pushRm",
  "bits.bswap",
  "alu.widen",
  "alu.signFill",
  "system.nop",
  "move.exchangeAccumulator",
  "move.loadOffset",
  "move.storeOffset",
  "move.loadOffsetByte",
  "move.storeOffsetByte",
  // From here on, instructions may write more than one register.
  "move.exchange",
  "exchange.xadd",
  "exchange.cmpxchg",
  "muldiv.mul",
  "muldiv.imul",
  "muldiv.div",
  "muldiv.idiv",
  "bits.btImm",
  "bits.btsImm",
  "bits.btrImm",
  "bits.btcImm",
  "bits.bt",
  "bits.bts",
  "bits.btr",
  "bits.btc",
  "bits.bsf",
  "bits.bsr",
  "bits.popcnt",
  "shift.shld",
  "shift.shrd",
  "alu.cld",
  "alu.std",
  "system.cli",
  "system.swapgs",
  // These end blocks, behind which they go on.
  "string.movs",
  "string.stos",
  "system.sti",
  "system.clac",
  "system.stac",
];

const FIRST_SEVERAL = "move.exchange";
const FIRST_QUICK_END = "string.movs";

/** Families of vector instructions have the numbers behind those, and behind them the families of the x87. */
const families = [...new Set(Object.values({ ...vectors, ...x87Handlers }).map(({ kind }) => kind))];

/** Operands, as assembly/jit/translate/operand.ts reads them. */
const operandCodes = /** @type {Record<string, number>} */ ({ E: 1, G: 2, Z: 3, A: 4, I: 5, 1: 6, C: 7, M: 1, R: 1 });

/** @param {string | undefined} operand */
function operandCode(operand) {
  if (operand === undefined) return 0;
  if (operand === "AL" || operand === "rAX") return operandCodes["A"] ?? 0;
  if (operand === "CL") return operandCodes["C"] ?? 0;
  return operandCodes[operand[0] ?? ""] ?? 0;
}

const sizes = /** @type {Record<number, number>} */ ({ 0: 3, 8: 0, 16: 1, 32: 2, 64: 3 });
const letters = /** @type {Record<string, number>} */ ({ b: 0, w: 1, d: 2, q: 3 });

export const KIND_SIZE = 8;

/**
 * What a handler may touch beside memory: 1 general registers, 2 flags, 4 the xmm registers it names, 8 xmm0, 16 all of them; 32 it does not go on
 * behind; 64 of the general registers, just those that its record names, and rax, rcx, rdx, rbx; 128 it reaches beyond registers and memory, or
 * is not the same at the next time.
 */
const EFFECT = { general: 1, flags: 2, xmm: 4, xmm0: 8, allXmm: 16, leaves: 32, named: 64, apart: 128 };

/** Handlers of instructions that neither use the stack nor are string instructions. */
const modest = /^(alu|bcd|bits|exchange|muldiv|shift|move)\./;

/** Handlers after which execution does not go on behind the instruction. */
const leaving = /^far\.|^system\.(hlt|sysret)/;

/** Handlers that change how the processor works, meet devices, or read what changes by itself. */
const apart = new RegExp(
  [
    String.raw`^(far|io|string_io|random)\.`,
    String.raw`^segment\.(pop|moveTo|l.s$)`,
    String.raw`^system\.(hlt|l[lgi]dt|ltr|lmsw|clts|inv|hypercall|monitor|mwait|rd|wrmsr|movTo|cacheControl)`,
    String.raw`^xsave\.(xsetbv|xrstors)`,
  ].join("|"),
);

/** An operation of the vector and floating-point units writes general registers only if its first operand is one. @param {Op} op */
function effects(op) {
  return touched(op) | (apart.test(op.parsed.handler) ? EFFECT.apart : 0);
}

/** The effects but for the last. @param {Op} op */
function touched(op) {
  const { handler, operands, options, mnemonic } = op.parsed;
  if (options.end && leaving.test(handler)) return EFFECT.general | EFFECT.flags | EFFECT.leaves;
  const state = /^F?XSAVE|^F?XRSTOR/.test(mnemonic) ? EFFECT.allXmm : 0;
  if ((options.unit ?? "none") === "none") {
    return EFFECT.general | EFFECT.flags | state | (modest.test(handler) && !options.end ? EFFECT.named : 0);
  }
  const writes = /^[EGR]/.test(operands[0] ?? "") || operands.includes("AX") || operands.includes("Gd,Ey");
  const flags = /COMIS|PTEST|PCMP.STR|FU?COMIP?$|FCMOV/.test(mnemonic);
  // PCMPxSTRI has its result in ECX, MASKMOV its address in RDI.
  const implicit = /PCMP.STR|MASKMOV|SAVE|RSTOR/.test(mnemonic);
  const xmm0 = /PCMP.STRM|BLENDV|SHA256RNDS2/.test(mnemonic);
  return (
    (writes || implicit ? EFFECT.general : 0) |
    (flags || implicit ? EFFECT.flags : 0) |
    (operands.some((o) => /^[VWU]/.test(o)) ? EFFECT.xmm : 0) |
    (xmm0 ? EFFECT.xmm0 : 0) |
    state
  );
}

/** Log2 of the size of a memory operand, 16 more if it must be aligned. @param {Op} op @param {boolean} unaligned */
function memorySize(op, unaligned) {
  const operand = op.parsed.operands.find((o) => /^[EWM]/.test(o)) ?? "";
  const letter = operand.at(-1) ?? "";
  if (letter === "x") return 4 | (unaligned ? 0 : 16);
  return letter === "y" ? (sizes[op.bits] ?? 3) : (letters[letter] ?? 0);
}

/** Family, operand size, memory operand, opcode, argument, 0, 0, effects. @param {Op} op @param {import("./vectors.mjs").Vector} vector */
function vectorBytes(op, { kind, opcode, arg, unaligned = false }) {
  const n = translated.length + families.indexOf(kind);
  return [n, sizes[op.bits] ?? 3, memorySize(op, unaligned), opcode, arg, 0, 0, effects(op)];
}

/** Kind, size, form (0 both, 1 memory, 2 register), destination, source, second source, source size | 16 = unsigned, effects. @param {Op} op */
export function kindBytes(op) {
  const { handler, operands, options } = op.parsed;
  const vector = vectors[handler] ?? x87Handlers[handler];
  if (vector) return vectorBytes(op, vector);
  const known = translated.indexOf(handler);
  const kind = known < (options.end ? translated.indexOf(FIRST_QUICK_END) : 0) ? 0 : known;
  const [to, from, third] = operands;
  const size = sizes[op.bits] ?? 3;
  const narrow = from && /^E[bwdq]$/.test(from) ? letters[from.at(-1) ?? ""] : undefined;
  // MOVSXD with a 16-bit operand reads no more than 16 bits.
  const sourceSize = Math.min(narrow ?? size, size) | (options.unsigned ? 16 : 0);
  const form = op.form === "mem" ? 1 : op.form === "reg" ? 2 : 0;
  return [kind, size, form, operandCode(to), operandCode(from), operandCode(third), sourceSize, effects(op)];
}

/** The names that assembly/jit uses for kinds and effects. */
export function kindConstants() {
  const kindOf = (/** @type {string} */ handler) =>
    handler === "=" ? "Move" : (handler.split(".")[1] ?? "").replace(/^./, (c) => c.toUpperCase());
  const names = [...translated.map(kindOf), ...families];
  const effect = (/** @type {string} */ name) => `EFFECT_${name.replace(/[A-Z]/, "_$&").toUpperCase()}`;
  return [
    ...names.map((name, n) => `export const k${name}: u32 = ${n};`).slice(1),
    `export const FIRST_SEVERAL: u32 = ${translated.indexOf(FIRST_SEVERAL)};`,
    `export const FIRST_QUICK_END: u32 = ${translated.indexOf(FIRST_QUICK_END)};`,
    `export const FIRST_VECTOR: u32 = ${translated.length};`,
    `export const FIRST_X87: u32 = ${names.findIndex((name) => name.startsWith("X87"))};`,
    ...Object.entries(EFFECT).map(([name, bit]) => `export const ${effect(name)}: u32 = ${bit};`),
  ];
}

// What the translator knows of each operation: which translation, operand size, form, operands. The rest it calls.

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
  "bits.bswap",
  "alu.widen",
  "alu.signFill",
  "system.nop",
  "move.exchangeAccumulator",
];

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

/** An operation of the vector and floating-point units writes general registers only if its first operand is one. @param {Op} op */
function effects(op) {
  const { operands, options, mnemonic } = op.parsed;
  if ((options.unit ?? "none") === "none") return 3;
  const writes = /^[EGR]/.test(operands[0] ?? "") || operands.includes("AX") || operands.includes("Gd,Ey") ? 1 : 0;
  const flags = /COMIS|PTEST|PCMP.STR|FU?COMIP?$|FCMOV/.test(mnemonic) ? 2 : 0;
  // PCMPxSTRI has its result in ECX, MASKMOV its address in RDI.
  const implicit = /PCMP.STR|MASKMOV|SAVE|RSTOR/.test(mnemonic) ? 3 : 0;
  return writes | flags | implicit;
}

/** Kind, size, form (0 both, 1 memory, 2 register), destination, source, second source, source size | 16 = unsigned, effects (1 general registers, 2 flags). @param {Op} op */
export function kindBytes(op) {
  const { handler, operands, options } = op.parsed;
  const kind = options.end ? 0 : Math.max(0, translated.indexOf(handler));
  const [to, from, third] = operands;
  const size = sizes[op.bits] ?? 3;
  const narrow = from && /^E[bwdq]$/.test(from) ? letters[from.at(-1) ?? ""] : undefined;
  // MOVSXD with a 16-bit operand reads no more than 16 bits.
  const sourceSize = Math.min(narrow ?? size, size) | (options.unsigned ? 16 : 0);
  const form = op.form === "mem" ? 1 : op.form === "reg" ? 2 : 0;
  return [kind, size, form, operandCode(to), operandCode(from), operandCode(third), sourceSize, effects(op)];
}

/** The names that assembly/jit uses for kinds. */
export function kindConstants() {
  return translated
    .map((handler, n) => ({
      name: `k${handler === "=" ? "Move" : (handler.split(".")[1] ?? "").replace(/^./, (c) => c.toUpperCase())}`,
      n,
    }))
    .filter(({ n }) => n !== 0)
    .map(({ name, n }) => `export const ${name}: u32 = ${n};`);
}

// Machine code of one form of an integer row, for 64-, 32- and 16-bit code.
import { immediateOf, immediates, sizeRule } from "../isa/rows.mjs";

/** @typedef {import("../isa/rows.mjs").Parsed} Parsed */
/** @typedef {import("./format.mjs").Mode} Mode */

/**
 * A memory operand. `size` is the address size; without base and index it is an absolute address.
 * @typedef {object} Address
 * @property {number} size 64, 32, 16
 * @property {number} [base] register
 * @property {number} [index] register
 * @property {number} [scale] 1, 2, 4, 8
 * @property {number} disp
 * @property {number} [dispBytes] of the displacement: 0, 1, 2, 4; without it the shortest that fits
 * @property {boolean} [rip] relative to the end of the instruction
 * @property {boolean} [gs]
 */

/**
 * @typedef {object} Choice
 * @property {Mode} mode
 * @property {number} bits operand size, 0 = none
 * @property {number} reg modrm.reg, unless the row has it fixed
 * @property {number} rm modrm.rm, or the register in the opcode
 * @property {Address} [memory]
 * @property {bigint} [immediate]
 * @property {number[]} [prefixes] LOCK, REP
 * @property {boolean} [rex] an empty REX prefix
 */

/** Operand sizes of a row in a mode; [0] where there is none to choose. @param {Parsed} row @param {Mode} mode @returns {number[]} */
export function sizesOf(row, mode) {
  const { options } = row;
  const rule = row.handler[0] === "!" && !options.sized ? (row.operands[0] === "Jb" ? "none" : "v") : sizeRule(row);
  if (rule === "none") return [0];
  if (rule === "b") return [8];
  if (mode !== 64) return rule === "y" ? [32] : [16, 32];
  if (rule === "y") return [32, 64];
  if (options.f64) return [64];
  return options.d64 ? [16, 64] : [16, 32, 64];
}

/** @param {bigint} value @param {number} bytes */
function little(value, bytes) {
  return Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

/** Bytes of a row's immediate. @param {Parsed} row @param {number} bits @param {number} addressSize */
export function immediateBytes(row, bits, addressSize) {
  switch (immediateOf(row)) {
    case immediates.none:
      return 0;
    case immediates.ib:
    case immediates.jb:
      return 1;
    case immediates.iw:
      return 2;
    case immediates.enter:
      return 3;
    case immediates.iv:
      return bits / 8;
    case immediates.far:
      return bits === 16 ? 4 : 6;
    case immediates.offset:
      return addressSize / 8;
    default:
      return bits === 16 ? 2 : 4;
  }
}

/** REX, or 0. @param {Parsed} row @param {Choice} c */
function rexOf(row, c) {
  if (c.mode !== 64) return 0;
  const wide = row.w === 1 || (c.bits === 64 && !row.options.f64 && !row.options.d64);
  const reg = row.modrm && row.regExt === 255 ? c.reg : 0;
  const rm = c.memory ? (c.memory.base ?? 0) : row.modrm || row.inOpcode ? c.rm : 0;
  const bits = (wide ? 8 : 0) | (reg & 8 ? 4 : 0) | ((c.memory?.index ?? 0) & 8 ? 2 : 0) | (rm & 8 ? 1 : 0);
  return bits || c.rex ? 0x40 | bits : 0;
}

const scales = /** @type {Record<number, number>} */ ({ 1: 0, 2: 1, 4: 2, 8: 3 });

/** modrm, sib, displacement. @param {number} reg @param {Address} a @param {Choice} c @param {number} after bytes that follow @param {number} before bytes in front, from the code's address @param {number} address */
function memoryBytes(reg, a, c, after, before, address) {
  const field = (reg & 7) << 3;
  if (a.size === 16) return memoryBytes16(field, a);
  if (a.rip) return [field | 5, ...little(BigInt(a.disp - (address + before + 5 + after)), 4)];
  if (a.base === undefined) {
    const sib = a.index === undefined ? 0x25 : ((scales[a.scale ?? 1] ?? 0) << 6) | ((a.index & 7) << 3) | 5;
    // Without registers there is a form without sib, which 64-bit code uses for rip.
    if (a.index === undefined && c.mode !== 64) return [field | 5, ...little(BigInt(a.disp), 4)];
    return [field | 4, sib, ...little(BigInt(a.disp), 4)];
  }
  const shortest = a.disp === 0 && (a.base & 7) !== 5 ? 0 : a.disp >= -128 && a.disp < 128 ? 1 : 4;
  const bytes = a.dispBytes ?? shortest;
  const mod = bytes === 0 ? 0 : bytes === 1 ? 0x40 : 0x80;
  const tail = little(BigInt(a.disp), bytes);
  if (a.index === undefined && (a.base & 7) !== 4) return [mod | field | (a.base & 7), ...tail];
  const index = a.index === undefined ? 4 : a.index & 7;
  return [mod | field | 4, ((scales[a.scale ?? 1] ?? 0) << 6) | (index << 3) | (a.base & 7), ...tail];
}

/** @param {number} field @param {Address} a */
function memoryBytes16(field, a) {
  if (a.base === undefined) return [field | 6, ...little(BigInt(a.disp), 2)];
  const pairs = ["3,6", "3,7", "5,6", "5,7", "6,", "7,", "5,", "3,"];
  const rm = pairs.indexOf(`${a.base},${a.index ?? ""}`);
  if (rm < 0) throw new Error(`no 16-bit address ${a.base},${a.index}`);
  const bytes = a.dispBytes ?? (a.disp === 0 && rm !== 6 ? 0 : a.disp >= -128 && a.disp < 128 ? 1 : 2);
  return [(bytes === 0 ? 0 : bytes === 1 ? 0x40 : 0x80) | field | rm, ...little(BigInt(a.disp), bytes)];
}

/** Whether the operand size is not the mode's own. @param {Parsed} row @param {Choice} c */
function needsSizePrefix(row, c) {
  if (c.mode !== 16) return c.bits === 16;
  return c.bits === 32 && sizeRule(row) !== "y";
}

/** @param {Parsed} row @param {Choice} c @param {number} address where the code will lie @returns {Uint8Array} */
export function encode(row, c, address) {
  const bytes = [...(c.prefixes ?? [])];
  const addressSize = c.memory?.size ?? c.mode;
  if (c.memory?.gs) bytes.push(0x65);
  if (addressSize !== c.mode) bytes.push(0x67);
  if (needsSizePrefix(row, c) || row.prefix === 2) bytes.push(0x66);
  if (row.prefix > 2) bytes.push(row.prefix === 3 ? 0xf3 : 0xf2);
  const rex = rexOf(row, c);
  if (rex) bytes.push(rex);
  if (row.map > 0) bytes.push(0x0f);
  if (row.map > 1) bytes.push(row.map === 2 ? 0x38 : 0x3a);
  bytes.push((row.opcodes[0] ?? 0) | (row.inOpcode ? c.rm & 7 : 0));
  const immediate = little(c.immediate ?? 0n, immediateBytes(row, c.bits, addressSize));
  if (row.modrm) {
    const reg = row.regExt === 255 ? c.reg : row.regExt;
    const rm = row.rmExt === 255 ? c.rm : row.rmExt;
    if (c.memory) bytes.push(...memoryBytes(reg, c.memory, c, immediate.length, bytes.length, address));
    else bytes.push(0xc0 | ((reg & 7) << 3) | (rm & 7));
  }
  return Uint8Array.from([...bytes, ...immediate]);
}

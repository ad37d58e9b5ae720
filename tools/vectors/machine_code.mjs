// Machine code of one form of a row of the instruction table.

/** @typedef {import("../isa/rows.mjs").Parsed} Parsed */

/**
 * @typedef {object} Choice
 * @property {number} reg register number for modrm.reg
 * @property {number} rm register number for modrm.rm, or the base register of [base]
 * @property {boolean} memory
 * @property {number} [bits] operand size, for rows that come in several
 * @property {number} [immediate]
 */

/** @param {Parsed} row @param {Choice} choice @returns {Uint8Array} */
export function assemble(row, { reg, rm, memory, bits = 0, immediate }) {
  const bytes = [];
  if (bits === 16) bytes.push(0x66);
  const mandatory = [0, 0, 0x66, 0xf3, 0xf2][row.prefix] ?? 0;
  if (mandatory) bytes.push(mandatory);
  const wide = row.w === 1 || (bits === 64 && !row.options.f64 && !row.options.d64);
  const regField = row.regExt === 255 ? reg : row.regExt;
  // A byte register above BL needs an empty REX not to be AH, CH, DH, BH.
  const isByte = row.operands.some((o) => /^[EG]b$/.test(o));
  const rex = (wide ? 8 : 0) | (regField & 8 ? 4 : 0) | (rm & 8 ? 1 : 0);
  if (rex || isByte) bytes.push(0x40 | rex);
  if (row.map > 0) bytes.push(0x0f);
  if (row.map > 1) bytes.push(row.map === 2 ? 0x38 : 0x3a);
  bytes.push(row.opcodes[0] ?? 0);
  if (row.modrm) bytes.push((memory ? 0 : 0xc0) | ((regField & 7) << 3) | (rm & 7));
  if (row.operands.includes("Ib")) bytes.push((immediate ?? 0) & 255);
  return Uint8Array.from(bytes);
}

// Values for integer instructions: edges of the width with anything above, and random ones.
import { MEMORY, MEMORY_SIZE, OPERAND, bytesOf, defaultState } from "./format.mjs";

/** @typedef {import("./operands.mjs").Random} Random */
/** @typedef {import("./format.mjs").State} State */
/** @typedef {import("./format.mjs").Mode} Mode */

/** What lies above an operand in its register: few patterns, so that the files stay small. */
const above = [0n, 0xffffffffffffffffn, 0xa5a5a5a5a5a5a5a5n, 0x8000000000000000n];

/** @param {number} width @returns {bigint[]} */
function edges(width) {
  const top = 1n << BigInt(width - 1);
  const all = (1n << BigInt(width)) - 1n;
  return [0n, 1n, 2n, 0xfn, 0x10n, 0x7fn, 0x80n, 0xffn, top - 1n, top, top + 1n, all, all - 1n, all >> 4n];
}

/** A value of `width` bits. @param {Random} r @param {number} width */
export function value(r, width) {
  if (r.below(2) === 0) return r.pick(edges(width)) & ((1n << BigInt(width)) - 1n);
  const word = (BigInt(r.u32()) << 32n) | BigInt(r.u32());
  return BigInt.asUintN(width, word >> BigInt(r.below(4) === 0 ? r.below(width) : 0));
}

/** @param {State} state @param {number} n @returns {bigint} */
export function registerOf(state, n) {
  const bytes = state.get(n) ?? defaultState().get(n) ?? new Uint8Array(8);
  return Buffer.from(bytes).readBigUInt64LE(0);
}

/** Sets the low `width` bits of a register, and what is above them to one of a few patterns. @param {State} state @param {number} n @param {bigint} v @param {number} width @param {Random} r @param {Mode} mode */
export function setRegister(state, n, v, width, r, mode) {
  const garbage = r.pick(above) & ~((1n << BigInt(width)) - 1n);
  const whole = BigInt.asUintN(width, v) | (width === 64 ? 0n : garbage);
  state.set(n, bytesOf(mode !== 64 ? whole & 0xffffffffn : whole, 8));
}

/** Sets a byte register as encodings without REX name it: 4 to 7 are AH, CH, DH, BH. @param {State} state @param {number} n @param {bigint} v @param {boolean} rex */
export function setByteRegister(state, n, v, rex) {
  const high = !rex && n >= 4 && n < 8;
  const register = high ? n - 4 : n;
  const shift = high ? 8n : 0n;
  state.set(register, bytesOf((registerOf(state, register) & ~(0xffn << shift)) | (v << shift), 8));
}

/** Puts bytes into the operand memory, as far as they lie in it. @param {State} state @param {bigint} at @param {Uint8Array} bytes */
export function putMemory(state, at, bytes) {
  const memory = Uint8Array.from(state.get(OPERAND) ?? defaultState().get(OPERAND) ?? []);
  const offset = Number(at - BigInt(MEMORY));
  if (offset < 0 || offset + bytes.length > MEMORY_SIZE) return;
  memory.set(bytes, offset);
  state.set(OPERAND, memory);
}

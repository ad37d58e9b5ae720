// What to record of the transcendental x87 instructions. Processors differ in the last bit of their results, so the tests
// allow one, and these vectors have a folder of their own.
import { bytesOf, FCW, FSW, FTW, ST } from "./format.mjs";
import { random } from "./operands.mjs";
import { controlWord, extended, register } from "./x87_operands.mjs";

/** @typedef {import("../isa/rows.mjs").Parsed} Parsed */
/** @typedef {import("./format.mjs").State} State */
/** @typedef {import("./operands.mjs").Random} Random */

const handler = /^x87_transcendental\./;
const twoOperands = /^(FYL2X|FYL2XP1|FPATAN)$/;

/** A number in the range for which the instruction is made. @param {string} mnemonic @param {Random} r */
function within(mnemonic, r) {
  const sig = (1n << 63n) | (BigInt(r.u32()) << 31n) | BigInt(r.u32() >>> 1);
  const sign = r.below(2) << 15;
  if (mnemonic === "F2XM1") return extended(sign | (0x3ffe - (r.below(3) ? r.below(4) : r.below(70))), sig);
  if (mnemonic === "FYL2X") return extended(r.below(2) ? 0x3fff - r.below(2) : 0x3fff + r.below(60) - 30, sig);
  // Below 1 - sqrt(1/2) in magnitude.
  if (mnemonic === "FYL2XP1") return extended(sign | (0x3ffd - 1 - r.below(60)), sig);
  if (mnemonic === "FPATAN") return extended(sign | (0x3fff + r.below(20) - 10), sig);
  return extended(sign | (0x3fff + (r.below(3) ? r.below(6) - 3 : r.below(100) - 36)), sig);
}

/** @param {Parsed} row @param {Random} r @returns {State} */
function inputOf(row, r) {
  const top = r.below(8);
  const fcw = controlWord(r, true);
  let ftw = twoOperands.test(row.mnemonic) ? 0xff : 0xff & ~(1 << ((top + 7) & 7));
  if (r.below(20) === 0) ftw = r.below(256);
  /** @type {State} */
  const state = new Map();
  state.set(FCW, bytesOf(BigInt(fcw), 2));
  state.set(FSW, bytesOf(BigInt((top << 11) | (r.below(2) ? 0x4700 : 0)), 2));
  state.set(FTW, bytesOf(BigInt(ftw), 1));
  const usual = r.below(4) > 0;
  state.set(ST, usual ? within(row.mnemonic, r) : register(r));
  if (twoOperands.test(row.mnemonic)) state.set(ST + 1, r.below(4) ? within("FPATAN", r) : register(r));
  return state;
}

/** @param {Parsed} row */
export function jobsOf(row) {
  if (!handler.test(row.handler)) return [];
  const r = random(`x87 function ${row.mnemonic}`);
  const code = Uint8Array.from([row.opcodes[0] ?? 0, 0xc0 | (row.regExt << 3) | row.rmExt]);
  return [{ name: row.mnemonic, code, inputs: Array.from({ length: 600 }, () => inputOf(row, r)), flags: 0xffff }];
}

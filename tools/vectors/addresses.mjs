// The addressing forms that integer instructions are recorded with, and register values that make them reach a target.
import { ALIAS, GS_BASE, MEMORY, bytesOf, offsetOf } from "./format.mjs";

/** @typedef {import("./encode.mjs").Address} Address */
/** @typedef {import("./format.mjs").State} State */
/** @typedef {import("./format.mjs").Mode} Mode */

/** Where the operand lies unless a case wants it elsewhere. */
export const NOMINAL = 24;
const target = MEMORY + NOMINAL;

const RAX = 0;
const RCX = 1;
const RBX = 3;
const RSP = 4;
const RBP = 5;
const RSI = 6;
const RDI = 7;

/** What an index register holds. */
const INDEX = 5;

/** @type {readonly Address[]} */
export const addresses64 = [
  { size: 64, base: RSI, disp: 0 },
  { size: 64, base: RDI, disp: 0x10 },
  { size: 64, base: RSP, index: RCX, scale: 4, disp: 0 },
  { size: 64, rip: true, disp: target },
  { size: 32, base: RSI, disp: 4 },
  { size: 64, base: RBX, disp: -0x1234 },
  { size: 64, base: RBP, disp: 0 },
  { size: 64, base: 12, index: 13, scale: 8, disp: -128 },
  { size: 64, base: RBX, disp: 8, gs: true },
  { size: 64, base: RSP, disp: 8 },
  { size: 64, base: 12, disp: 0 },
  { size: 64, index: 9, scale: 2, disp: target - 2 * INDEX },
  { size: 64, base: 13, disp: 0 },
  { size: 32, base: 8, index: 15, scale: 2, disp: 0x7f },
  { size: 64, disp: target },
  { size: 64, base: 15, index: RAX, scale: 1, disp: 0x12345678, dispBytes: 4 },
  { size: 32, rip: true, disp: target },
  { size: 64, base: RBP, index: 12, scale: 2, disp: 0, dispBytes: 1 },
  { size: 32, disp: target },
  { size: 64, base: RSI, disp: 1, dispBytes: 4 },
];

/** @type {readonly Address[]} */
export const addresses32 = [
  { size: 32, base: RSI, disp: 0 },
  { size: 16, base: RBX, index: RSI, disp: 0 },
  { size: 32, base: RSP, index: RCX, scale: 4, disp: 0 },
  { size: 32, disp: target },
  { size: 16, base: RBP, index: RDI, disp: 0x1234 },
  { size: 32, base: RDI, disp: 127 },
  { size: 32, base: RBP, index: RDI, scale: 8, disp: 4 },
  { size: 16, base: RSI, disp: 0 },
  { size: 32, base: RBX, disp: 0x12345678 },
  { size: 16, base: RBX, index: RDI, disp: -2 },
  { size: 32, base: RBP, disp: 0 },
  { size: 16, base: RBP, disp: 0 },
  { size: 32, index: RSI, scale: 2, disp: target - 2 * INDEX },
  { size: 16, base: RDI, disp: -2 },
  { size: 32, base: RSP, disp: -8 },
  { size: 16, base: RBX, disp: 0x7fff },
  { size: 16, disp: ALIAS + NOMINAL },
  { size: 16, base: RBP, index: RSI, disp: 4 },
];

const target16 = Number(offsetOf(16, target));

/** @type {readonly Address[]} */
export const addresses16 = [
  { size: 16, base: RBX, index: RSI, disp: 0 },
  { size: 32, base: RSI, disp: 0 },
  { size: 16, base: RBP, index: RDI, disp: 0x1234 },
  { size: 16, disp: target16 },
  { size: 16, base: RSI, disp: 0 },
  { size: 32, base: RSP, index: RCX, scale: 4, disp: 0 },
  { size: 16, base: RBX, index: RDI, disp: -2 },
  { size: 16, base: RBP, disp: 0 },
  { size: 32, base: RBP, index: RDI, scale: 8, disp: 4 },
  { size: 16, base: RDI, disp: -2 },
  { size: 16, base: RBX, disp: 0x7fff },
  { size: 32, disp: target16 },
  { size: 16, base: RBP, index: RSI, disp: 4 },
  { size: 16, base: RBX, disp: 0 },
  { size: 32, base: RBX, disp: -0x1234 },
];

const lists = { 64: addresses64, 32: addresses32, 16: addresses16 };

/** @param {Mode} mode */
export const addressesOf = (mode) => lists[mode];

/** Registers that an address uses. @param {Address} a */
export function registersOf(a) {
  return [a.base, a.index].filter((n) => n !== undefined);
}

/** An address whose target cannot be chosen by register values. @param {Address} a */
export function isFixed(a) {
  return a.base === undefined;
}

/** Sets the registers of `a` so that it reaches `at` (16-bit addresses of 32-bit code: in the alias page). @param {State} state @param {Address} a @param {bigint} at @param {Mode} mode */
export function pointAt(state, a, at, mode) {
  if (a.index !== undefined) state.set(a.index, bytesOf(BigInt(INDEX) | upper(a, mode, 0xdeadbeefn), 8));
  if (a.base === undefined) return;
  const wanted = a.size === 16 && mode === 32 ? at - BigInt(MEMORY - ALIAS) : offsetOf(mode, at);
  const scale = a.index === undefined ? 0 : INDEX * (a.scale ?? 1);
  const value = wanted - BigInt(a.disp) - BigInt(scale) - BigInt(a.gs ? GS_BASE : 0);
  state.set(a.base, bytesOf(BigInt.asUintN(a.size, value) | upper(a, mode, 0xcafef00dn), 8));
}

/** What an address does not look at in its registers. @param {Address} a @param {Mode} mode @param {bigint} garbage */
function upper(a, mode, garbage) {
  if (a.size === 16) return (garbage & 0xffffn) << 16n;
  return mode === 64 && a.size === 32 ? garbage << 32n : 0n;
}

// What to record of the x87 instructions: forms of every row, with states for them.
import { bytesOf, defaultState, FCW, FSW, FTW, OPERAND, RFLAGS, ST } from "./format.mjs";
import { random, vector } from "./operands.mjs";
import { controlWord, integer, register, related } from "./x87_operands.mjs";

/** @typedef {import("../isa/rows.mjs").Parsed} Parsed */
/** @typedef {import("./format.mjs").State} State */
/** @typedef {import("./operands.mjs").Random} Random */
/** @typedef {{ name: string, code: Uint8Array, inputs: State[], flags: number }} Job */

const ALL_FLAGS = 0xffff;
const RSI = 6;

/** Their results are approximations that differ between processors: x87_functions.mjs records those. */
const functions = ["F2XM1", "FYL2X", "FPTAN", "FPATAN", "FYL2XP1", "FSINCOS", "FSIN", "FCOS"];

/** Instructions that push. @param {Parsed} row */
const pushes = ({ mnemonic }) => /^(FLD|FLD1|FLDL2T|FLDL2E|FLDPI|FLDLG2|FLDLN2|FLDZ|FILD|FBLD|FXTRACT)$/.test(mnemonic);

/** @param {Parsed} row */
const isControl = ({ handler }) => /^x87_control\./.test(handler);

/** @param {Parsed} row */
const usesPrecision = ({ handler }) => /^x87_(arith)\./.test(handler);

/** @param {Parsed} row @param {{ rm: number, memory: boolean, narrow?: boolean, displacement?: number }} choice */
function encode(row, { rm, memory, narrow = false, displacement = 0 }) {
  const bytes = narrow ? [0x66] : [];
  bytes.push(row.opcodes[0] ?? 0);
  if (!row.modrm) return Uint8Array.from(bytes);
  const mod = !memory ? 0xc0 : displacement ? 0x40 : 0;
  bytes.push(mod | (row.regExt << 3) | rm);
  if (memory && displacement) bytes.push(displacement & 255);
  return Uint8Array.from(bytes);
}

/** @param {Random} r */
function decimal(r) {
  const bytes = Uint8Array.from({ length: 10 }, () => r.below(10) * 16 + r.below(10));
  bytes[9] = r.pick([0, 0x80]);
  if (r.below(3) === 0) bytes.fill(0, r.below(9), 9);
  return bytes;
}

/** The memory operand of a row. @param {Parsed} row @param {Random} r @param {Uint8Array} top */
function operand(row, r, top) {
  if (row.mnemonic === "FBLD") return decimal(r);
  if (row.mnemonic === "FLDCW") return bytesOf(BigInt(r.pick([0, 0xffff, 0x37f, 0x27f, r.below(65536)])), 2);
  if (row.mnemonic === "FLDENV") return Uint8Array.from({ length: 28 }, () => r.below(256));
  const letter = row.operands[0]?.at(-1);
  if (letter === "t") return related(r, top);
  const width = letter === "w" ? 2 : letter === "d" ? 4 : 8;
  return /^FI/.test(row.mnemonic) || width === 2
    ? integer(r, width)
    : vector(r, width === 4 ? "f32" : "f64").slice(0, width);
}

/** @param {Parsed} row @param {Random} r @param {number} i ST(i) @param {boolean} memory @returns {State} */
function inputOf(row, r, i, memory) {
  /** @type {State} */
  const state = new Map();
  const top = r.below(8);
  const fcw = controlWord(r, !usesPrecision(row));
  state.set(FCW, bytesOf(BigInt(fcw), 2));
  let fsw = (top << 11) | (r.pick([0, 0x4700, 0x4500, 0x200]) & 0x4700);
  if (r.below(30) === 0) fsw |= r.below(128);
  if (fsw & ~fcw & 0x3f) fsw |= 0x8080;
  state.set(FSW, bytesOf(BigInt(fsw), 2));
  // ST(7) is free for those that push.
  let ftw = pushes(row) ? 0xff & ~(1 << ((top + 7) & 7)) : 0xff;
  if (r.below(12) === 0) ftw = r.below(256);
  if (isControl(row)) ftw = r.below(256);
  state.set(FTW, bytesOf(BigInt(ftw), 1));
  const st0 = register(r);
  state.set(ST, st0);
  const other = row.operands.length === 0 || memory ? 1 : i;
  if (other !== 0) state.set(ST + other, related(r, st0));
  if (isControl(row)) for (let n = 1; n < 8; n++) state.set(ST + n, register(r));
  if (/^FCMOV/.test(row.mnemonic))
    state.set(RFLAGS, bytesOf(BigInt(r.pick([0x202, 0x203, 0x242, 0x243, 0x206, 0x207])), 4));
  if (memory) {
    const bytes = Uint8Array.from(defaultState().get(OPERAND) ?? []);
    bytes.set(operand(row, r, st0));
    state.set(OPERAND, bytes);
  }
  return state;
}

/** Cases of a form. @param {Parsed} row @param {boolean} memory */
function countOf(row, memory) {
  if (/^x87_(arith)\./.test(row.handler)) return memory ? 60 : 150;
  if (/^x87_remainder\./.test(row.handler)) return 400;
  if (/^FL?D?(1|L2T|L2E|PI|LG2|LN2|Z)$/.test(row.mnemonic) || isControl(row)) return 24;
  if (/^FI?STT?P?$/.test(row.mnemonic) && memory) return 150;
  if (row.mnemonic === "FBSTP" || row.mnemonic === "FSQRT") return 200;
  return 60;
}

/** All jobs of a row. @param {Parsed} row @returns {Job[]} */
export function jobsOf(row) {
  if (functions.includes(row.mnemonic) || row.mnemonic === "FRSTOR") return [];
  const r = random(`x87 ${row.row[0]} ${row.row[1]}`);
  const text = row.row[1];
  const inputs = (/** @type {number} */ count, /** @type {number} */ i, /** @type {boolean} */ memory) =>
    Array.from({ length: count }, () => inputOf(row, r, i, memory));
  if (row.mod === 1) return memoryJobs(row, text, inputs);
  if (row.rmExt !== 255 || !row.modrm) {
    const code = encode(row, { rm: row.rmExt, memory: false });
    return [{ name: text, code, inputs: inputs(countOf(row, false), 1, false), flags: ALL_FLAGS }];
  }
  return [1, 0, 7].map((i) => ({
    name: `${text} ${i}`,
    code: encode(row, { rm: i, memory: false }),
    inputs: inputs(i === 1 ? countOf(row, false) : 12, i, false),
    flags: ALL_FLAGS,
  }));
}

/** @param {Parsed} row @param {string} text @param {(count: number, i: number, memory: boolean) => State[]} inputs @returns {Job[]} */
function memoryJobs(row, text, inputs) {
  const sizes = row.options.sized ? [false, true] : [false];
  return sizes.flatMap((narrow) => {
    // The saved registers end with the page, the environment in front of them lies outside the recorded area.
    const displacement = row.mnemonic === "FNSAVE" ? (narrow ? -30 : -44) : 0;
    const name = `${text}${row.options.sized ? (narrow ? " 16" : " 32") : ""}`;
    const job = { name, code: encode(row, { rm: RSI, memory: true, narrow, displacement }), flags: ALL_FLAGS };
    const fault = {
      name: `${name} fault`,
      code: encode(row, { rm: RSI, memory: true, narrow, displacement: 63 }),
      flags: ALL_FLAGS,
    };
    return [
      { ...job, inputs: inputs(countOf(row, true), 1, true) },
      { ...fault, inputs: inputs(4, 1, true) },
    ];
  });
}

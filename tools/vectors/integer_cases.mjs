// Which operands each integer instruction is recorded with. Everything follows from the rows of the instruction table: a
// new row gets all its operand sizes, register and memory forms, immediates and faulting accesses without a change here.
import { immediateOf, immediates } from "../isa/rows.mjs";
import { NOMINAL, addressesOf, isFixed, pointAt, registersOf } from "./addresses.mjs";
import { sizesOf } from "./encode.mjs";
import { MEMORY, RFLAGS, bytesOf } from "./format.mjs";
import { branchCases } from "./integer_branches.mjs";
import { edgeTargets, fieldsOf, jobsFor, nameOf, widthOf } from "./integer_jobs.mjs";
import { specialCases } from "./integer_special.mjs";
import { putMemory, registerOf, setByteRegister, setRegister, value } from "./integer_values.mjs";
import { random } from "./operands.mjs";
import { ARITHMETIC } from "./undefined_flags.mjs";

/** @typedef {import("../isa/rows.mjs").Parsed} Parsed */
/** @typedef {import("./format.mjs").State} State */
/** @typedef {import("./format.mjs").Mode} Mode */
/** @typedef {import("./operands.mjs").Random} Random */
/** @typedef {import("./encode.mjs").Choice} Choice */
/** @typedef {import("./encode.mjs").Address} Address */
/** @typedef {import("./integer_jobs.mjs").Form} Form */
/** @typedef {import("./integer_jobs.mjs").Job} Job */

const LOCK = 0xf0;

/** Registers that an instruction uses without naming them. @param {Parsed} row @returns {number[]} */
function implied({ handler, mnemonic, operands }) {
  const found = [];
  if (/^muldiv\.(i?mul(Byte)?|i?div(Byte)?)$/.test(handler) || /^C(BW|WD)$/.test(mnemonic)) found.push(0, 2);
  if (/^(bcd|exchange\.cmpxchg)/.test(handler) || /^(SAHF|LAHF|XLAT)$/.test(mnemonic)) found.push(0);
  if (/^exchange\.cmpxchg\d/.test(handler)) found.push(1, 2, 3);
  if (operands.some((o) => o === "AL" || o === "rAX")) found.push(0);
  if (operands.includes("CL")) found.push(1);
  return found;
}

/** @param {Parsed} row @param {number} width @param {Random} r @returns {bigint[]} */
function immediatesOf(row, width, r) {
  const count = BigInt(width);
  switch (immediateOf(row)) {
    case immediates.none:
      return [0n];
    case immediates.ib:
      if (row.handler.startsWith("shift."))
        return [0n, 1n, 2n, 7n, 8n, 9n, 15n, 16n, 17n, 31n, 32n, 33n, 63n, 64n, 255n];
      if (row.handler.startsWith("bits.")) return [0n, 1n, count - 1n, count, 255n, 37n];
      if (row.handler.startsWith("bcd.")) return [10n, 0n, 1n, 16n, 255n];
      return [0x7fn, 0x80n, 1n, 0n, 0xffn, BigInt(r.below(256))];
    case immediates.iw:
      return [0n, 8n, 0xffffn];
    default:
      return [0x7fffffffn, 0x80000000n, 0xffffffffffffffffn, 1n, 0x80007fffn, value(r, 64)];
  }
}

/** @param {boolean} byte @param {Mode} mode @returns {{ reg: number, rm: number, rex?: boolean }[]} */
function registerPlaces(byte, mode) {
  const pairs = byte
    ? [
        [1, 2],
        [4, 1],
        [3, 7],
        [5, 5],
        [0, 4],
      ]
    : [
        [1, 2],
        [0, 3],
        [3, 3],
        [4, 5],
        [2, 0],
      ];
  const places = pairs.map(([reg = 0, rm = 0]) => ({ reg, rm }));
  if (mode !== 64) return places;
  const wide = (
    byte
      ? [
          [6, 4],
          [9, 14],
        ]
      : [
          [9, 14],
          [15, 8],
        ]
  ).map(([reg = 0, rm = 0]) => ({ reg, rm, rex: true }));
  return [...places.slice(0, 2), ...wide, ...places.slice(2)];
}

/** The next address of the list; starts anew with each row, so that families can be recorded one by one. */
let turn = 0;

/** The next few addresses of the mode's list that leave the given registers alone. @param {Mode} mode @param {number} count @param {number[]} taken */
function nextAddresses(mode, count, taken) {
  const all = addressesOf(mode);
  const found = [];
  for (let i = 0; found.length < count && i < all.length; i++) {
    const address = all[turn++ % all.length];
    if (address && !registersOf(address).some((n) => taken.includes(n))) found.push(address);
  }
  return found;
}

/** @param {Form} form @param {bigint} target @returns {State} */
function inputOf({ row, r, choice }, target) {
  /** @type {State} */
  const state = new Map();
  const { mode, bits, memory, reg, rm, rex } = choice;
  const named = choice.rex === true || reg > 7 || rm > 7;
  for (const n of implied(row)) setRegister(state, n, value(r, bits || 16), bits || 16, r, mode);
  fieldsOf(row).forEach((operand, i) => {
    if (operand === undefined || (i === 1 && memory)) return;
    const width = widthOf(operand, bits);
    const n = i === 0 ? reg : rm;
    if (width === 8) setByteRegister(state, n, value(r, 8), rex === true || named);
    else setRegister(state, n, value(r, width), width, r, mode);
  });
  const operand = fieldsOf(row)[1];
  if (memory && operand) {
    const width = widthOf(operand, bits);
    const bytes =
      width === 128 ? [...bytesOf(value(r, 64), 8), ...bytesOf(value(r, 64), 8)] : bytesOf(value(r, width), width / 8);
    putMemory(state, target, Uint8Array.from(bytes));
    pointAt(state, memory, target, mode);
  }
  state.set(RFLAGS, bytesOf(BigInt(0x202 | (r.u32() & ARITHMETIC)), 4));
  adjust({ row, r, choice, name: "" }, state, target);
  return state;
}

/** Relations between operands that random values would seldom have. @param {Form} form @param {State} state @param {bigint} target */
function adjust({ row, r, choice }, state, target) {
  const { mode, bits, memory, rm, reg } = choice;
  const { mnemonic } = row;
  const width = widthOf(fieldsOf(row)[1] ?? "", bits);
  if (/^I?DIV$/.test(mnemonic)) dividend(state, r, mode, width);
  if (mnemonic === "CMPXCHG" && r.below(2) === 0 && memory) {
    putMemory(state, target, bytesOf(registerOf(state, 0), width / 8));
  } else if (mnemonic === "CMPXCHG" && r.below(2) === 0)
    state.set(rm & (width === 8 ? 3 : 15), bytesOf(registerOf(state, 0), 8));
  if (/^CMPXCHG\d/.test(mnemonic) && r.below(2) === 0) {
    const half = row.w === 1 ? 8 : 4;
    const pair = [...bytesOf(registerOf(state, 0), half), ...bytesOf(registerOf(state, 2), half)];
    putMemory(state, target, Uint8Array.from(pair));
  }
  if (row.operands.includes("CL"))
    setByteRegister(
      state,
      1,
      BigInt(r.pick([0, 1, 1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 255])),
      true,
    );
  // The bit offset of BT selects a word of memory: keep it in reach, but for the sign.
  if (/^BT/.test(mnemonic) && row.operands.includes("Gv") && memory) {
    setRegister(state, reg, BigInt(r.below(128) - 64), bits, r, mode);
    if (registersOf(memory).includes(reg)) pointAt(state, memory, target, mode);
  }
}

/** A dividend that gives a quotient in most cases. @param {State} state @param {Random} r @param {Mode} mode @param {number} width */
function dividend(state, r, mode, width) {
  const choice = r.below(4);
  if (width === 8) {
    setRegister(
      state,
      0,
      choice === 0 ? value(r, 16) : BigInt.asUintN(16, BigInt(r.below(0x1000) - 0x800)),
      16,
      r,
      mode,
    );
    return;
  }
  const low = registerOf(state, 0);
  const sign = BigInt.asUintN(width, low) >> BigInt(width - 1) ? -1n : 0n;
  const high = [0n, sign, BigInt(r.below(200) - 100), value(r, width) >> BigInt(r.below(width))][choice] ?? 0n;
  setRegister(state, 2, high, width, r, mode);
}

/** Forms of a row whose operands are registers, memory and immediates. @param {Parsed} row @param {Mode} mode @returns {Job[]} */
function ordinaryCases(row, mode) {
  const r = random(`${row.row[0]} ${row.row[1]} ${mode}`);
  /** @type {Job[]} */
  const jobs = [];
  for (const bits of sizesOf(row, mode)) {
    if (row.mnemonic === "BSWAP" && bits === 16) continue;
    const [, inRm] = fieldsOf(row);
    const width = widthOf(inRm ?? row.operands[0] ?? "", bits);
    const byte = row.operands.some((o) => /^[EGZ]b$/.test(o));
    const constants = immediatesOf(row, width, r);
    const registers = row.mod === 1 ? [] : row.modrm || row.inOpcode ? registerPlaces(byte, mode) : [{ reg: 0, rm: 0 }];
    const all = /^(MOV|ADD|LEA)$/.test(row.mnemonic) && inRm !== undefined;
    const memories = row.mod === 2 || !row.modrm ? [] : nextAddresses(mode, all ? 20 : 3, implied(row));
    const places = [...registers, ...memories.map((memory) => ({ reg: 2, rm: 0, memory }))];
    const count = Math.max(places.length, constants.length);
    for (let i = 0; i < count; i++) {
      const place = places[i % places.length] ?? { reg: 0, rm: 0 };
      const memory = "memory" in place ? place.memory : undefined;
      const choice = { mode, bits, ...place, immediate: constants[i % constants.length] ?? 0n };
      const form = { row, r, choice, name: nameOf(row, choice) };
      const cases = constants.length > 6 ? 3 : memory ? 4 : i === 0 ? 12 : 4;
      const inputs = Array.from({ length: cases }, () => inputOf(form, BigInt(MEMORY + NOMINAL)));
      if (memory && memory === memories.find((m) => !isFixed(m) && m.size === mode)) {
        inputs.push(...edgeTargets(width / 8, mode).map((target) => inputOf(form, target)));
      }
      jobs.push(...jobsFor(form, inputs));
    }
    jobs.push(...lockCases(row, r, { mode, bits, reg: 2, rm: 0, immediate: 1n }, memories[0]));
  }
  return jobs;
}

/** LOCK where it is allowed, and once where it is not. @param {Parsed} row @param {Random} r @param {Choice} choice @param {Address | undefined} memory @returns {Job[]} */
function lockCases(row, r, choice, memory) {
  const one = (/** @type {Choice} */ c, /** @type {number} */ count) => {
    const form = { row, r, choice: { ...c, prefixes: [LOCK] }, name: nameOf(row, { ...c, prefixes: [LOCK] }) };
    return jobsFor(
      form,
      Array.from({ length: count }, () => inputOf(form, BigInt(MEMORY + NOMINAL))),
    );
  };
  const jobs = memory ? one({ ...choice, memory }, row.options.lock ? 3 : 1) : [];
  return row.mod === 1 ? jobs : [...jobs, ...one(choice, 1)];
}

/** All jobs of a row. @param {Parsed} row @returns {Job[]} */
export function integerJobs(row) {
  turn = random(`${row.row[0]} ${row.row[1]}`).below(1000);
  return /** @type {const} */ ([64, 32, 16]).flatMap((mode) => {
    if (mode === 64 ? row.options.no64 : row.options.only64) return [];
    return specialCases(row, mode) ?? branchCases(row, mode) ?? ordinaryCases(row, mode);
  });
}

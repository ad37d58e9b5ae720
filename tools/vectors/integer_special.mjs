// Instructions whose operands are not all in the encoding: strings, the stack, absolute addresses, tables.
import { ALIAS, LOW, MEMORY, MEMORY_SIZE, OPERAND, READ_ONLY, RFLAGS } from "./format.mjs";
import { bytesOf, defaultState, offsetOf } from "./format.mjs";
import { NOMINAL, addressesOf, pointAt, registersOf } from "./addresses.mjs";
import { sizesOf } from "./encode.mjs";
import { stackPointers } from "./integer_branches.mjs";
import { edgeTargets, jobsFor, nameOf, widthOf } from "./integer_jobs.mjs";
import { putMemory, setRegister, value } from "./integer_values.mjs";
import { random } from "./operands.mjs";
import { ARITHMETIC, DF } from "./undefined_flags.mjs";

/** @typedef {import("../isa/rows.mjs").Parsed} Parsed */
/** @typedef {import("./format.mjs").State} State */
/** @typedef {import("./format.mjs").Mode} Mode */
/** @typedef {import("./operands.mjs").Random} Random */
/** @typedef {import("./integer_jobs.mjs").Job} Job */

const RAX = 0;
const RCX = 1;
const RBX = 3;
const RSP = 4;
const RBP = 5;
const RSI = 6;
const RDI = 7;

/** @param {Random} r @returns {State} */
function startOf(r) {
  return new Map([[RFLAGS, bytesOf(BigInt(0x202 | (r.u32() & ARITHMETIC)), 4)]]);
}

/** Source and destination of string instructions, by element width: apart, overlapping both ways, at the ends of pages. @param {number} w @returns {[source: number, destination: number][]} */
function stringPlaces(w) {
  const end = MEMORY + MEMORY_SIZE;
  return [
    [MEMORY + 16, MEMORY + 40],
    [MEMORY + 16, MEMORY + 16 + w],
    [MEMORY + 24, MEMORY + 23],
    [MEMORY + 24, MEMORY + 25],
    [end - 3 * w, MEMORY + 8],
    [MEMORY + 8, end - 3 * w],
    [MEMORY + 8, end - 2 * w + 1],
    [LOW + 62, MEMORY + 40],
    [MEMORY + 40, LOW + 62 - w],
    [READ_ONLY + w, MEMORY + 40],
    [MEMORY + 40, READ_ONLY + 8],
    [end, end],
  ];
}

/** Memory in which comparisons find equal and different elements. @param {Random} r */
function stringMemory(r) {
  const text = r.below(2) ? 0x5a : 0x80;
  return Uint8Array.from({ length: MEMORY_SIZE }, () => (r.below(12) ? text : r.below(256)));
}

/** @param {Parsed} row @param {Mode} mode @returns {Job[]} */
function strings(row, mode) {
  const r = random(`${row.row[0]} ${row.row[1]} ${mode}`);
  const addressSizes = addressSizesOf(mode);
  /** @type {Job[]} */
  const jobs = [];
  for (const bits of sizesOf(row, mode)) {
    for (const prefix of [0, 0xf3, 0xf2]) {
      for (const size of addressSizes) {
        const choice = { mode, bits, reg: 0, rm: 0, memory: { size, disp: 0 }, prefixes: prefix ? [prefix] : [] };
        const counts = prefix === 0 ? [3n] : size === mode ? [0n, 1n, 6n] : [0n, 4n];
        const places = size === mode ? stringPlaces(bits / 8) : stringPlaces(bits / 8).slice(0, 6);
        const inputs = counts.flatMap((count) =>
          (count === 0n ? places.slice(0, 1) : places).flatMap((place) =>
            [0, DF].map((df) => stringInput(r, { mode, bits, size, count, place, df })),
          ),
        );
        jobs.push(...jobsFor({ row, r, choice, name: nameOf(row, choice) }, inputs));
      }
    }
  }
  return jobs;
}

/** @param {Mode} mode */
function addressSizesOf(mode) {
  return mode === 64 ? [64, 32] : mode === 32 ? [32, 16] : [16, 32];
}

/** What an address of `size` bits does not look at in its registers. @param {number} size @param {Mode} mode */
function unusedBits(size, mode) {
  if (size === 16) return 0x43210000n;
  return size === 32 && mode === 64 ? 0x1234567800000000n : 0n;
}

/** @param {Random} r @param {{ mode: Mode, bits: number, size: number, count: bigint, place: [number, number], df: number }} c @returns {State} */
function stringInput(r, { mode, bits, size, count, place, df }) {
  const state = startOf(r);
  state.set(RFLAGS, bytesOf(BigInt(Buffer.from(state.get(RFLAGS) ?? []).readUInt32LE(0) | df), 4));
  state.set(OPERAND, stringMemory(r));
  // With a count of 0 processors differ in whether they clear the upper halves.
  const garbage = count === 0n ? 0n : unusedBits(size, mode);
  const move = size === 16 && mode === 32 ? MEMORY - ALIAS : 0;
  state.set(RSI, bytesOf(offsetOf(mode, place[0] - move) | garbage, 8));
  state.set(RDI, bytesOf(offsetOf(mode, place[1] - move) | garbage, 8));
  state.set(RCX, bytesOf(count | garbage, 8));
  const element = state.get(OPERAND)?.[r.below(2) ? 16 : 40] ?? 0;
  const repeated = BigInt(element) * 0x0101010101010101n;
  setRegister(state, RAX, r.below(3) ? BigInt.asUintN(bits, repeated) : value(r, bits), bits, r, mode);
  return state;
}

/** PUSH, POP and relatives. @param {Parsed} row @param {Mode} mode @returns {Job[]} */
function stack(row, mode) {
  const r = random(`${row.row[0]} ${row.row[1]} ${mode}`);
  const popsFlags = row.mnemonic === "POPF";
  const constants = row.operands.includes("Ib")
    ? [0x7fn, 0x80n]
    : row.operands.includes("Iz")
      ? [0x7fff7fffn, 0x80008000n]
      : [0n];
  const list = addressesOf(mode);
  const registers =
    row.modrm || row.inOpcode ? [0, 3, RSP, RBP, ...(mode === 64 ? [8, 12] : [])].map((rm) => ({ rm })) : [{ rm: 0 }];
  const memories = row.modrm ? [0, 1, 2, 3, 4, 5, 9, 10, 14].map((i) => ({ rm: 0, memory: list[i] })) : [];
  return sizesOf(row, mode).flatMap((bits) =>
    constants.flatMap((immediate) =>
      [...registers, ...memories].flatMap((place, i) => {
        /** @type {import("./encode.mjs").Choice} */
        const choice = { mode, bits, reg: 0, immediate, ...place };
        const all = i === 0 ? stackPointers(stackBytes(row, bits), mode) : stackPointers(bits / 8, mode).slice(0, 3);
        // A word of anything else could set TF.
        const pointers = popsFlags ? all.filter((rsp) => rsp >= BigInt(MEMORY) && rsp % 8n === 0n) : all;
        const inputs = pointers.map((rsp) => stackInput(row, r, choice, rsp, BigInt(MEMORY + NOMINAL)));
        if (
          choice.memory &&
          !registersOf(choice.memory).includes(RSP) &&
          choice.memory.base !== undefined &&
          choice.memory.size === mode
        ) {
          for (const at of edgeTargets(bits / 8, mode))
            inputs.push(stackInput(row, r, choice, BigInt(MEMORY + 40), at));
        }
        if (popsFlags) inputs.forEach((state) => putFlags(state, r));
        return jobsFor({ row, r, choice, name: nameOf(row, choice) }, inputs);
      }),
    ),
  );
}

/** @param {Parsed} row @param {number} bits */
function stackBytes({ mnemonic }, bits) {
  return (bits / 8) * (/^(PUSHA|POPA)$/.test(mnemonic) ? 8 : 1);
}

/** @returns {State} */
function stackInput(
  /** @type {Parsed} */ row,
  /** @type {Random} */ r,
  /** @type {import("./encode.mjs").Choice} */ choice,
  /** @type {bigint} */ rsp,
  /** @type {bigint} */ target,
) {
  const state = startOf(r);
  const { mode, bits, memory, rm } = choice;
  if (row.modrm || row.inOpcode) setRegister(state, rm, value(r, bits), bits, r, mode);
  state.set(RSP, bytesOf(offsetOf(mode, rsp), 8));
  if (/^PUSH/.test(row.mnemonic) && memory) putMemory(state, target, bytesOf(value(r, bits), bits / 8));
  if (memory) pointAt(state, memory, target, mode);
  return state;
}

/** Fills the operand memory with flag words that only change what user code may. @param {State} state @param {Random} r */
function putFlags(state, r) {
  const words = Uint8Array.from(defaultState().get(OPERAND) ?? []);
  for (let i = 0; i < words.length; i += 8) words.set(bytesOf(BigInt(0x202 | (r.u32() & (ARITHMETIC | DF))), 8), i);
  state.set(OPERAND, words);
}

/** ENTER and LEAVE. @param {Parsed} row @param {Mode} mode @returns {Job[]} */
function frames(row, mode) {
  const r = random(`${row.row[0]} ${mode}`);
  const enter = row.mnemonic === "ENTER";
  const constants = enter ? [0n, 0x10n, 0x10008n, 0x20000n, 0x30004n, 0x40000n, 0x1f0000n, 0x210000n, 0xfff0n] : [0n];
  return sizesOf(row, mode).flatMap((bits) =>
    constants.flatMap((immediate) => {
      const choice = { mode, bits, reg: 0, rm: 0, immediate };
      const bytes = bits / 8;
      const end = MEMORY + MEMORY_SIZE;
      const pairs = [
        [40, 64],
        [64, 32],
        [40, 32 + bytes],
        [64 + bytes, 40],
        [64 + bytes / 2, 40],
        [40, 64 + bytes],
        [40, 64 - bytes / 2],
        [32, 64 - bytes],
        [60, 8],
      ];
      const inputs = pairs.map(([sp = 0, bp = 0]) => {
        const state = startOf(r);
        state.set(RSP, bytesOf(offsetOf(mode, MEMORY + sp), 8));
        state.set(RBP, bytesOf(offsetOf(mode, MEMORY + bp), 8));
        return state;
      });
      for (const at of edgeTargets(bytes, mode)) {
        const state = startOf(r);
        state.set(RSP, bytesOf(offsetOf(mode, enter ? at + BigInt(bytes) : end), 8));
        state.set(RBP, bytesOf(offsetOf(mode, enter ? MEMORY + 40 : at), 8));
        inputs.push(state);
      }
      return jobsFor({ row, r, choice, name: nameOf(row, choice) }, inputs);
    }),
  );
}

/** MOV with an absolute address. @param {Parsed} row @param {Mode} mode @returns {Job[]} */
function absolute(row, mode) {
  const r = random(`${row.row[0]} ${mode}`);
  const moffs = row.operands.find((o) => o[0] === "O") ?? "";
  return sizesOf(row, mode).flatMap((bits) => {
    const width = widthOf(moffs, bits);
    const wide = edgeTargets(width / 8, mode).map((at) => ({ size: mode, disp: offsetOf(mode, at) }));
    const nominal = mode === 32 ? BigInt(ALIAS + NOMINAL) : offsetOf(mode, MEMORY + NOMINAL);
    return [...wide, { size: mode === 32 ? 16 : 32, disp: nominal }].flatMap(({ size, disp }) => {
      const choice = { mode, bits, reg: 0, rm: 0, memory: { size, disp: 0 }, immediate: disp };
      const inputs = Array.from({ length: 3 }, () => {
        const state = startOf(r);
        setRegister(state, RAX, value(r, width), width, r, mode);
        return state;
      });
      return jobsFor({ row, r, choice, name: nameOf(row, choice) }, inputs);
    });
  });
}

/** XLAT. @param {Parsed} row @param {Mode} mode @returns {Job[]} */
function table(row, mode) {
  const r = random(`${row.row[0]} ${mode}`);
  return addressSizesOf(mode).flatMap((size) => {
    const choice = { mode, bits: 0, reg: 0, rm: 0, memory: { size, disp: 0 } };
    const garbage = unusedBits(size, mode);
    const move = size === 16 && mode === 32 ? MEMORY - ALIAS : 0;
    const inputs = [0, 8, 32, 63, 64].map((offset) => {
      const state = startOf(r);
      const al = r.below(256);
      setRegister(state, RAX, BigInt(al), 8, r, mode);
      state.set(RBX, bytesOf((offsetOf(mode, MEMORY - move + offset) - BigInt(al)) | garbage, 8));
      return state;
    });
    return jobsFor({ row, r, choice, name: nameOf(row, choice) }, inputs);
  });
}

/** BOUND: two limits in memory. @param {Parsed} row @param {Mode} mode @returns {Job[]} */
function bounds(row, mode) {
  const r = random(`${row.row[0]} ${mode}`);
  return sizesOf(row, mode).flatMap((bits) =>
    [0, 1, 3].flatMap((i) => {
      const memory = addressesOf(mode)[i];
      const choice = { mode, bits, reg: 2, rm: 0, memory };
      const inputOf = (/** @type {bigint} */ target) => {
        const state = startOf(r);
        const low = BigInt(r.below(100) - 50);
        putMemory(state, target, bytesOf(low, bits / 8));
        putMemory(state, target + BigInt(bits / 8), bytesOf(low + BigInt(r.below(40)), bits / 8));
        setRegister(state, 2, low + BigInt(r.below(60) - 10), bits, r, mode);
        if (memory) pointAt(state, memory, target, mode);
        return state;
      };
      const targets = memory?.size === mode && memory.base !== undefined ? edgeTargets(bits / 4, mode) : [];
      const nominal = Array.from({ length: 12 }, () => BigInt(MEMORY + NOMINAL));
      return jobsFor({ row, r, choice, name: nameOf(row, choice) }, [...nominal, ...targets].map(inputOf));
    }),
  );
}

/** Jobs of a row with operands of its own kind; undefined if it has none. @param {Parsed} row @param {Mode} mode @returns {Job[] | undefined} */
export function specialCases(row, mode) {
  const { handler } = row;
  if (handler.startsWith("string.")) return strings(row, mode);
  if (/^stack\.(enter|leave)$/.test(handler)) return frames(row, mode);
  if (/^stack\.|^privileged_flags\./.test(handler)) return stack(row, mode);
  if (/^move\.(load|store)Offset/.test(handler)) return absolute(row, mode);
  if (handler === "move.xlat") return table(row, mode);
  if (handler === "bcd.bound") return bounds(row, mode);
  return undefined;
}

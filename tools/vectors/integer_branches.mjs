// Near branches, calls and returns: where they go, what they push, which faults they raise.
import { NOMINAL, addresses64, addressesOf, pointAt } from "./addresses.mjs";
import { sizesOf } from "./encode.mjs";
import { CODE, MEMORY, RFLAGS, bytesOf, offsetOf } from "./format.mjs";
import { AT, edgeTargets, jobsFor, nameOf } from "./integer_jobs.mjs";
import { putMemory, setRegister } from "./integer_values.mjs";
import { random } from "./operands.mjs";
import { ARITHMETIC } from "./undefined_flags.mjs";

/** @typedef {import("../isa/rows.mjs").Parsed} Parsed */
/** @typedef {import("./format.mjs").State} State */
/** @typedef {import("./format.mjs").Mode} Mode */
/** @typedef {import("./operands.mjs").Random} Random */
/** @typedef {import("./encode.mjs").Choice} Choice */
/** @typedef {import("./integer_jobs.mjs").Job} Job */

/** Stack pointers: in the middle of the operand memory, and where pushes and pops of `bytes` cross pages or fault. @param {number} bytes @param {Mode} mode */
export function stackPointers(bytes, mode) {
  return [
    BigInt(MEMORY + 32),
    ...edgeTargets(bytes, mode),
    ...edgeTargets(bytes, mode).map((at) => at + BigInt(bytes)),
  ];
}

/** @param {Random} r @param {Mode} mode @returns {State} */
function startOf(r, mode) {
  return new Map([
    [RFLAGS, bytesOf(BigInt(0x202 | (r.u32() & ARITHMETIC)), 4)],
    [4, bytesOf(offsetOf(mode, MEMORY + 32), 8)],
  ]);
}

/** @param {Mode} mode */
function targets(mode) {
  // Offsets in the code segment, which ends behind the code, and one beyond.
  if (mode === 16) return [AT + 0x40, AT - 0x123, 0x1fff, 0x2000, 0xffff, 0x10840].map(BigInt);
  const reached = [CODE + AT + 0x40, CODE + AT - 0x123, 0x20001000, 0x20000800].map(BigInt);
  return mode === 64
    ? [...reached, 0x8000000000000000n, 0x800000000000n, 0xffff800000000000n]
    : [...reached, 0x5a5a0123n];
}

/** Direct branches. @param {Parsed} row @param {Mode} mode @param {Random} r @returns {Job[]} */
function direct(row, mode, r) {
  const distances =
    row.operands[0] === "Jb" ? [0x20n, -0x20n, 0n, 0x7fn, -0x80n] : [0x123n, -0x123n, 0n, 0x7fffn, -0x8000n];
  return sizesOf(row, mode).flatMap((bits) =>
    distances.flatMap((immediate, i) => {
      const choice = { mode, bits, reg: 0, rm: 0, immediate };
      const inputs = Array.from({ length: /^J/.test(row.mnemonic) && i < 2 ? 12 : 2 }, () => startOf(r, mode));
      if (row.mnemonic === "CALL" && i === 0) {
        for (const rsp of stackPointers(bits / 8, mode))
          inputs.push(new Map([...startOf(r, mode), [4, bytesOf(offsetOf(mode, rsp), 8)]]));
      }
      return jobsFor({ row, r, choice, name: nameOf(row, choice) }, inputs);
    }),
  );
}

/** LOOP and JCXZ with their three counters. @param {Parsed} row @param {Mode} mode @param {Random} r @returns {Job[]} */
function loops(row, mode, r) {
  const addressSizes = mode === 64 ? [64, 32] : [32, 16];
  const operandSizes = mode === 64 ? [64] : [32, 16];
  return addressSizes.flatMap((size) =>
    operandSizes.flatMap((bits) =>
      [0x30n, -0x20n].flatMap((immediate) => {
        const choice = { mode, bits, reg: 0, rm: 0, immediate, memory: { size, disp: 0 } };
        const counts = [0n, 1n, 2n, 0x10000n, 0x10001n, 0x100000000n, 0x100000001n, 0xffffffffffffffffn];
        const inputs = counts.flatMap((count) =>
          [0, 1].map(() => {
            const state = startOf(r, mode);
            setRegister(state, 1, count, 64, r, mode);
            return state;
          }),
        );
        return jobsFor({ row, r, choice, name: nameOf(row, choice) }, inputs);
      }),
    ),
  );
}

/** JMP and CALL through a register or memory. @param {Parsed} row @param {Mode} mode @param {Random} r @returns {Job[]} */
function indirect(row, mode, r) {
  const addresses =
    mode === 64 ? [addresses64[0], addresses64[3], addresses64[9]] : [0, 1, 3].map((i) => addressesOf(mode)[i]);
  const places = [{ rm: 0 }, { rm: mode === 64 ? 9 : 2 }, { rm: 4 }, ...addresses.map((memory) => ({ rm: 0, memory }))];
  return sizesOf(row, mode).flatMap((bits) =>
    places.flatMap((place) => {
      /** @type {Choice} */
      const choice = { mode, bits, reg: 0, ...place };
      const inputOf = (/** @type {bigint} */ target, /** @type {bigint} */ operand, /** @type {bigint} */ rsp) => {
        const state = startOf(r, mode);
        state.set(4, bytesOf(offsetOf(mode, rsp), 8));
        if (choice.memory) {
          putMemory(state, operand, bytesOf(target, bits / 8));
          pointAt(state, choice.memory, operand, mode);
        } else setRegister(state, choice.rm, target, 64, r, mode);
        return state;
      };
      const nominal = BigInt(MEMORY + NOMINAL);
      const stack = BigInt(MEMORY + 48);
      const inputs = targets(mode).map((target) => inputOf(target, nominal, stack));
      if (choice.memory?.base !== undefined && choice.memory.size === mode) {
        for (const at of edgeTargets(bits / 8, mode)) inputs.push(inputOf(targets(mode)[0] ?? 0n, at, stack));
      }
      if (row.mnemonic === "CALL") {
        for (const rsp of stackPointers(bits / 8, mode)) inputs.push(inputOf(targets(mode)[0] ?? 0n, nominal, rsp));
      }
      return jobsFor({ row, r, choice, name: nameOf(row, choice) }, inputs);
    }),
  );
}

/** RET with and without a count. @param {Parsed} row @param {Mode} mode @param {Random} r @returns {Job[]} */
function returns(row, mode, r) {
  return sizesOf(row, mode).flatMap((bits) =>
    (row.operands.includes("Iw") ? [0n, 8n, 0xfff8n] : [0n]).flatMap((immediate) => {
      const choice = { mode, bits, reg: 0, rm: 0, immediate };
      const inputOf = (/** @type {bigint} */ target, /** @type {bigint} */ rsp) => {
        const state = startOf(r, mode);
        state.set(4, bytesOf(offsetOf(mode, rsp), 8));
        putMemory(state, rsp, bytesOf(target, bits / 8));
        return state;
      };
      const inputs = targets(mode).map((target) => inputOf(target, BigInt(MEMORY + 32)));
      for (const rsp of edgeTargets(bits / 8, mode)) inputs.push(inputOf(targets(mode)[0] ?? 0n, rsp));
      return jobsFor({ row, r, choice, name: nameOf(row, choice) }, inputs);
    }),
  );
}

/** Jobs of a row that branches; undefined if it does not. @param {Parsed} row @param {Mode} mode @returns {Job[] | undefined} */
export function branchCases(row, mode) {
  const r = random(`${row.row[0]} ${row.row[1]} ${mode}`);
  if (row.handler === "branch.loop") return loops(row, mode, r);
  if (row.handler === "!RET" || row.handler === "branch.retImm") return returns(row, mode, r);
  if (/^!(CALL|JMP)_RM$/.test(row.handler)) return indirect(row, mode, r);
  return row.handler[0] === "!" ? direct(row, mode, r) : undefined;
}

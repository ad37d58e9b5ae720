// From a form of an instruction and its inputs to what is recorded: code, name, places of operands, defined flags.
import { NOMINAL } from "./addresses.mjs";
import { encode, immediateBytes } from "./encode.mjs";
import { CODE, LOW, MEMORY, MEMORY_SIZE, READ_ONLY } from "./format.mjs";
import { registerOf } from "./integer_values.mjs";
import { undefinedFlags } from "./undefined_flags.mjs";

/** @typedef {import("../isa/rows.mjs").Parsed} Parsed */
/** @typedef {import("./format.mjs").State} State */
/** @typedef {import("./format.mjs").Mode} Mode */
/** @typedef {import("./operands.mjs").Random} Random */
/** @typedef {import("./encode.mjs").Choice} Choice */
/** @typedef {import("./encode.mjs").Address} Address */
/** @typedef {{ name: string, mode: Mode, at: number, code: Uint8Array, inputs: State[], flags: number }} Job */
/** @typedef {{ row: Parsed, r: Random, choice: Choice, name: string }} Form */

/** Where the code lies in its area. */
export const AT = 0x800;
const ALL_FLAGS = 0xcd5;

/** Bits of an operand in a form of that operand size. @param {string} operand @param {number} bits */
export function widthOf(operand, bits) {
  const letter = operand.at(-1) ?? "";
  const widths = /** @type {Record<string, number>} */ ({ b: 8, w: 16, d: 32, q: 64, o: 128 });
  return operand === "AL" || operand === "CL" ? 8 : (widths[letter] ?? (bits || 32));
}

/** The operands that modrm.reg and modrm.rm (or the opcode) name. @param {Parsed} row */
export function fieldsOf({ operands }) {
  return [operands.find((o) => /^G/.test(o)), operands.find((o) => /^[EMRZ]/.test(o))];
}

/** Targets across and beyond pages. @param {number} bytes @param {Mode} mode @returns {bigint[]} */
export function edgeTargets(bytes, mode) {
  const targets = [MEMORY + MEMORY_SIZE - bytes, MEMORY + MEMORY_SIZE, READ_ONLY + 8, LOW + 63, MEMORY + NOMINAL + 1];
  if (bytes > 1) targets.push(MEMORY + MEMORY_SIZE - bytes + 1, READ_ONLY - 1);
  if (bytes > 2) targets.push(LOW + 64 - bytes + 1);
  return [...targets.map(BigInt), ...(mode === 64 ? [0x8000000000000000n, 0x800000000000n] : [])];
}

/** Splits the inputs by the flags that they leave defined. @param {Form} form @param {State[]} inputs @returns {Job[]} */
export function jobsFor({ row, choice, name }, inputs, at = AT) {
  const code = encode(row, choice, CODE + at);
  /** @type {Map<number, State[]>} */
  const groups = new Map();
  const width = widthOf(fieldsOf(row)[1] ?? "", choice.bits);
  for (const input of inputs) {
    const count = row.operands.includes("CL")
      ? Number(registerOf(input, 1) & 255n)
      : row.operands.includes("Ib")
        ? Number((choice.immediate ?? 0n) & 255n)
        : 1;
    if (/^SH[LR]D$/.test(row.mnemonic) && width === 16 && (count & 31) > 16) continue;
    const flags = ALL_FLAGS & ~undefinedFlags(row.mnemonic, width, count);
    groups.set(flags, [...(groups.get(flags) ?? []), input]);
  }
  return [...groups].map(([flags, list]) => ({
    name: `${name} (${choice.mode})`,
    mode: choice.mode,
    at,
    code,
    inputs: list,
    flags,
  }));
}

/** @param {Address} a */
function addressText(a) {
  const parts = [
    a.rip ? "rip" : "",
    a.base === undefined ? "" : `r${a.base}`,
    a.index === undefined ? "" : `r${a.index}*${a.scale ?? 1}`,
  ];
  return `[${a.size}${a.gs ? " gs" : ""}: ${parts.filter((p) => p).join("+")}${a.disp < 0 ? "" : "+"}${a.disp}]`;
}

/** @param {Parsed} row @param {Choice} c */
export function nameOf(row, c) {
  const operands = row.operands.length ? ` ${row.operands.join(",")}` : "";
  const immediate = immediateBytes(row, c.bits, c.mode) ? ` ${c.immediate}` : "";
  const prefixes = (c.prefixes ?? []).map((p) => `${p.toString(16)} `).join("");
  return `${prefixes}${row.mnemonic}${operands}${c.bits ? ` ${c.bits}` : ""}${c.memory ? ` ${addressText(c.memory)}` : ""}${immediate}`;
}

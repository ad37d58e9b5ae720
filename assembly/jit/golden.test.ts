// The WebAssembly that is written for a few instructions of each family, as text under version control, so that a change
// of the translator is seen in review. After one: `npx vitest run assembly/jit/golden.test.ts -u`.
import { expect, it } from "vitest";
import { FuzzCpu } from "../../tests/fuzz/cpu";
import { CODE } from "../../tests/fuzz/places";
import { translationText } from "../../src/machine/profile";
import { readTable } from "../../tools/isa/generate.mjs";
import { encode, type Address, type Choice } from "../../tools/vectors/encode.mjs";
import { OPERATION_NAMES } from "../cpu/generated/names";
import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";

const memory: Address = { size: 64, base: 13, disp: 16 };
const scaled: Address = { size: 64, base: 13, index: 12, scale: 4, disp: -8 };

type Wanted = readonly [row: string, choice: Partial<Choice>];

const families: Record<string, readonly Wanted[]> = {
  move: [
    ["MOV Ev,Gv", { bits: 32, reg: 1, rm: 2 }],
    ["MOV Gv,Ev", { bits: 64, reg: 1, memory: scaled }],
    ["MOV Ev,Gv", { bits: 16, reg: 3, memory }],
    ["MOV Eb,Gb", { bits: 8, reg: 5, rm: 0 }],
    ["MOVZX Gv,Eb", { bits: 32, reg: 1, memory }],
    ["MOVSXD Gv,Ed", { bits: 64, reg: 1, rm: 3 }],
    ["LEA Gv,M", { bits: 64, reg: 6, memory: scaled }],
    ["CMOVBE Gv,Ev", { bits: 64, reg: 6, rm: 7 }],
    ["SETL Eb", { bits: 8, rm: 3 }],
  ],
  alu: [
    ["ADD Ev,Gv", { bits: 64, reg: 1, rm: 2 }],
    ["SUB Gv,Ev", { bits: 32, reg: 1, memory }],
    ["ADC Ev,Gv", { bits: 32, reg: 3, rm: 1 }],
    ["XOR Ev,Gv", { bits: 32, reg: 0, rm: 0 }],
    ["AND Ev,Ib", { bits: 64, memory, immediate: 0x7fn }],
    ["CMP Ev,Gv", { bits: 8 * 2, reg: 1, rm: 2 }],
    ["INC Ev", { bits: 32, rm: 1 }],
    ["NEG Ev", { bits: 64, rm: 1 }],
  ],
  shift: [
    ["SHL Ev,Ib", { bits: 32, rm: 1, immediate: 5n }],
    ["SAR Ev,CL", { bits: 64, rm: 2 }],
    ["ROL Ev,Ib", { bits: 32, rm: 3, immediate: 7n }],
    ["SHR Ev,1", { bits: 16, rm: 5 }],
  ],
  muldiv: [
    ["IMUL Gv,Ev", { bits: 64, reg: 1, rm: 2 }],
    ["IMUL Gv,Ev,Ib", { bits: 32, reg: 1, rm: 2, immediate: 10n }],
    ["MUL Ev", { bits: 64, rm: 3 }],
  ],
  bits: [
    ["BT Ev,Gv", { bits: 64, reg: 1, rm: 2 }],
    ["BSF Gv,Ev", { bits: 32, reg: 1, rm: 2 }],
    ["BSWAP Zv", { bits: 64, rm: 3 }],
  ],
  stack: [
    ["PUSH Zv", { bits: 64, rm: 3 }],
    ["POP Zv", { bits: 64, rm: 1 }],
  ],
  sse: [
    ["MOVAPS Vx,Wx", { reg: 1, memory }],
    ["ADDPS Vx,Wx", { reg: 1, rm: 2 }],
    ["MULSD Vx,Wq", { reg: 3, memory }],
    ["PADDD Vx,Wx", { reg: 4, rm: 5 }],
    ["PXOR Vx,Wx", { reg: 6, rm: 6 }],
    ["COMISD Vx,Wq", { reg: 1, rm: 3 }],
  ],
  x87: [
    ["FLD Mq", { memory }],
    ["FADD ST,STi", { rm: 1 }],
    ["FSTP Mq", { memory }],
    ["FXCH STi", { rm: 1 }],
    ["FCOMI ST,STi", { rm: 1 }],
    ["FSIN", {}],
  ],
};

/** 32-bit code: the stack, addresses that are cut, and where it finds its thread's data. */
const narrow: Record<string, readonly Wanted[]> = {
  flat: [
    ["ADD Ev,Gv", { bits: 32, reg: 1, memory: { size: 32, base: 5, index: 3, scale: 4, disp: -8 } }],
    ["MOV rAX,Ov", { bits: 32, immediate: 0x20000800n }],
    ["MOV Gv,Ev", { bits: 32, reg: 1, memory: { size: 32, gs: true, disp: 0x14 } }],
    ["MOV Gv,Ev", { bits: 32, reg: 1, memory: { size: 32, gs: true, base: 3, disp: -4 } }],
    ["PUSH Ev", { bits: 32, memory: { size: 32, base: 5, disp: 8 } }],
    ["PUSH Ib", { bits: 32, immediate: 1n }],
    ["PUSH Zv", { bits: 32, rm: 3 }],
    ["LEAVE", { bits: 32 }],
    ["INC Zv", { bits: 32, rm: 2 }],
  ],
};

const table = await readTable();

function codeOf([text, choice]: Wanted, mode: 64 | 32, address: number): Uint8Array {
  const row = table.find((candidate) => candidate.row[1] === text);
  if (row === undefined) throw new Error(`there is no row ${text}`);
  return encode(row, { mode, bits: 0, reg: 0, rm: 0, ...choice }, address);
}

const start = {
  registers: Array.from({ length: 16 }, (_, n) => BigInt(n === 13 ? 0x20000800 : n)),
  flags: 2,
  mxcsr: 0x1f80,
  xmm: [],
  fpr: [],
  // ST(0) and ST(1) are there.
  ftw: 3,
  fsw: 0,
  gsLimit: 0xffffffff,
  data: new Uint8Array(16),
};

/**
 * Addresses of records depend on where everything else lies, and numbers of operations change with every new row of the
 * instruction table: a call of the interpreter's handler gets the name of the operation.
 */
function withNames(text: string): string {
  const records = text.replaceAll(/(i32\.const) \d{8,}/g, "$1 record");
  return records.replaceAll(
    /(i32\.const record\n\s*i32\.const) (\d+)(?=(?:\n\s*local\.get \d+)*\n\s*call )/g,
    (_all, before: string, word: string) => `${before} ${nameOf(Number(word))}`,
  );
}

/** Helpers for vectors get registers above the number of the operation. */
function nameOf(word: number): string {
  const name = OPERATION_NAMES[word & 0xffff] ?? "?";
  return word > 0xffff ? `${name}, registers ${(word >>> 16).toString(16)}` : name;
}

/** The text of the first translation that running the code makes. */
function translate(code: readonly number[], bits: 64 | 32): string {
  const cpu = new FuzzCpu(Cpu.JIT_FORCE, bits);
  cpu.run(code, start, []);
  const { guest, calls } = cpu.system;
  const text = translationText(guest.view, calls, cpu.system.cpu, Jit.FIRST_SLOT) ?? "not translated";
  return withNames(text);
}

const all = [
  ...Object.entries(families).map(([family, wanted]) => [family, wanted, 64] as const),
  ...Object.entries(narrow).map(([family, wanted]) => [family, wanted, 32] as const),
];

it.each(all)("%s", async (family, wanted, bits) => {
  const code: number[] = [];
  const lines = wanted.map((one) => {
    const bytes = codeOf(one, bits, CODE + code.length);
    code.push(...bytes);
    return `;; ${one[0]}  ${Buffer.from(bytes).toString("hex")}`;
  });
  // On in the other page, so that the region is left by a plain branch.
  code.push(0xe9, ...Buffer.from(Int32Array.of(0x1000 - code.length - 5).buffer));
  await expect([...lines, translate(code, bits), ""].join("\n")).toMatchFileSnapshot(`golden/${family}.txt`);
});

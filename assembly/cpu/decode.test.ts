// The decoder against GNU binutils: length and validity of every opcode with every kind of modrm and prefix, in the three
// code sizes (tools/vectors/record_decode.mjs says which encodings are left out).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { expect, it } from "vitest";
import { SystemCpu } from "../../tests/system_cpu";
import { forEachSequence } from "../../tools/vectors/decode_sequences.mjs";

const UNKNOWN = 255;
const expected = brotliDecompressSync(readFileSync(join(import.meta.dirname, "vectors/decode.bin")));
let first = 0;

it.each([
  [16, 0],
  [32, 1],
  [64, 2],
] as const)(
  "decodes %i-bit code as binutils do",
  (bits, mode) => {
    const { guest, calls, cpu } = new SystemCpu();
    const memory = new Uint8Array(guest.memory.buffer);
    const scratch = calls.testScratch(cpu);
    const wrong: string[] = [];
    let checked = 0;
    let at = first;
    forEachSequence(bits, (code) => {
      const length = expected[at++] ?? UNKNOWN;
      if (length === UNKNOWN) return;
      checked++;
      memory.set(code, scratch);
      const got = calls.testDecodeLength(cpu, mode);
      if (got !== length) wrong.push(`${Buffer.from(code).toString("hex")}: ${got}, not ${length}`);
    });
    first = at;
    console.log(`${bits}-bit code: ${checked} instructions, ${wrong.length} different`);
    expect(wrong.slice(0, 60)).toEqual([]);
  },
  60_000,
);

it.each([
  ["lock add [rax],ecx", [0xf0, 0x01, 0x08], 1],
  ["add [rax],ecx", [0x01, 0x08], 0],
  ["xchg [rax],ecx", [0x87, 0x08], 0],
  ["xchg eax,ecx", [0x87, 0xc8], 0],
  ["lock cmpxchg16b [rax]", [0xf0, 0x48, 0x0f, 0xc7, 0x08], 1],
] as const)("knows whether %s has a fence before it", (_name, code, locks) => {
  const { guest, calls, cpu } = new SystemCpu();
  new Uint8Array(guest.memory.buffer).set(code, calls.testScratch(cpu));
  expect(calls.testDecodeLocks(cpu, 2)).toBe(locks);
});

it.each([
  ["mov rax,db0", [0x0f, 0x21, 0x00]],
  ["mov rsp,cr0", [0x0f, 0x20, 0x44]],
  ["mov cr3,rbp", [0x0f, 0x22, 0x9d]],
] as const)("ignores modrm.mod in %s", (_name, code) => {
  const { guest, calls, cpu } = new SystemCpu();
  new Uint8Array(guest.memory.buffer).set([...code, ...Array<number>(12).fill(0x90)], calls.testScratch(cpu));
  expect(calls.testDecodeLength(cpu, 2)).toBe(3);
});

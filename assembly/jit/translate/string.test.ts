// MOVS and STOS, translated: what one call does at once, where that ends, and who goes on.
import { describe, expect, it } from "vitest";
import { le } from "../../../tests/bytes";
import { CODE, DATA, flatCpu, runToHalt, translatedCpu } from "../../../tests/translated_cpu";
import * as Cpu from "../../layout/cpu";
import * as Exception from "../../layout/exception";

const PAGE = 0x1000;
/** Of what is mapped. */
const END = 0x400000;
const REP = 0xf3;
const [MOVSB, MOVSD, STOSB, STOSD] = [0xa4, 0xa5, 0xaa, 0xab];
const STD = 0xfd;
/** Reads and writes a byte at both addresses, so that their pages are in the TLB, and begins another block. */
const touch = [0x8a, 0x06, 0x88, 0x06, 0x8a, 0x07, 0x88, 0x07, 0xeb, 0x00];

interface Run {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly code: readonly number[];
}

function run(mode: number, cpu: () => ReturnType<typeof flatCpu>, { from, to, count, code }: Run) {
  const t = cpu();
  t.calls.cpuSetTranslator(t.cpu, mode);
  t.write(
    DATA - PAGE,
    Array.from({ length: 4 * PAGE }, (_, i) => (i * 7 + (i >> 8)) & 255),
  );
  t.set64(Cpu.rsi, from);
  t.set64(Cpu.rdi, to);
  t.set64(Cpu.rcx, count);
  t.set64(Cpu.rax, 0x1122_3344);
  const vector = runToHalt(t, [...touch, ...code]);
  const registers = [Cpu.rsi, Cpu.rdi, Cpu.rcx, Cpu.rax, Cpu.cr2].map((offset) => t.get64(offset));
  const memory = Array.from({ length: (4 * PAGE) / 8 }, (_, i) => t.peek(DATA - PAGE + i * 8, 8));
  const tail = Array.from({ length: 32 }, (_, i) => t.peek(END - 256 + i * 8, 8));
  return { vector, registers, memory, tail };
}

const runs: Record<string, Run> = {
  "a byte": { from: DATA, to: DATA + 100, count: 5, code: [MOVSB] },
  nothing: { from: DATA, to: DATA + 100, count: 0, code: [REP, MOVSB] },
  "bytes of every kind of length": { from: DATA, to: DATA + 100, count: 47, code: [REP, MOVSB] },
  "a bulk": { from: DATA, to: DATA + 1000, count: 200, code: [REP, MOVSD] },
  "over the ends of pages": { from: DATA + PAGE - 30, to: DATA - 50, count: 30, code: [REP, MOVSD] },
  "an element that straddles pages": { from: DATA + PAGE - 10, to: DATA - 50, count: 5, code: [REP, MOVSD] },
  "to below what it overlaps": { from: DATA + 3, to: DATA, count: 60, code: [REP, MOVSB] },
  "to above what it overlaps": { from: DATA, to: DATA + 3, count: 60, code: [REP, MOVSB] },
  downwards: { from: DATA + 60, to: DATA + 200, count: 10, code: [STD, REP, MOVSD] },
  "up to a page that is absent": { from: DATA, to: END - 40, count: 100, code: [REP, MOVSB] },
  "from a page that is absent": { from: END - 12, to: DATA, count: 9, code: [REP, MOVSD] },
  "the low byte of EAX": { from: DATA, to: DATA + 8, count: 1, code: [STOSB] },
  "equal bytes": { from: DATA, to: DATA + 9, count: 300, code: [REP, STOSB] },
  EAX: { from: DATA, to: DATA + PAGE - 22, count: 33, code: [REP, STOSD] },
  "up to an absent page": { from: DATA, to: END - 10, count: 4, code: [REP, STOSD] },
  "several, with arithmetic between": {
    from: DATA,
    to: DATA + 64,
    count: 3,
    // add ecx,ecx; rep movsb; mov ecx,5; rep stosd; adc edi,eax
    code: [0x01, 0xc9, REP, MOVSB, 0xb9, ...le(5), REP, STOSD, 0x11, 0xc7],
  },
  "over its own code": { from: DATA, to: CODE, count: 8, code: [REP, MOVSB] },
};

describe.each([
  ["64-bit", () => translatedCpu(0)],
  ["flat 32-bit", flatCpu],
])("in %s code", (_mode, cpu) => {
  it.each(Object.entries(runs))("moves or sets %s as the interpreter does", (_name, what) => {
    expect(run(Cpu.JIT_FORCE, cpu, what)).toEqual(run(Cpu.JIT_OFF, cpu, what));
  });

  it("faults with what was done before in memory and in the registers", () => {
    const state = run(Cpu.JIT_FORCE, cpu, { from: DATA, to: END - 40, count: 100, code: [REP, MOVSB] });
    expect(state.vector).toBe(Exception.PF);
    expect(state.registers.slice(0, 3)).toEqual([BigInt(DATA + 40), BigInt(END), 60n]);
  });
});

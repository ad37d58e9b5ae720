// Calls inside a region, which are jumps in it (chain.ts).
import { expect, it } from "vitest";
import { le } from "../../tests/bytes";
import { CODE, runToHalt, translatedCpu } from "../../tests/translated_cpu";
import * as Counters from "../layout/counters";
import * as Cpu from "../layout/cpu";

const RET = 0xc3;
const CALL_RDX = [0xff, 0xd2];
/** setl cl; seto al */
const LOOK = [0x0f, 0x9c, 0xc1, 0x0f, 0x90, 0xc0];

it("leave the flags of a RET that leads out of the region as they are", () => {
  const t = translatedCpu(0);
  t.set64(Cpu.rsp, 0x1f0000);
  t.set64(Cpu.rdx, CODE + 0x1000);
  t.set64(Cpu.rdi, 0x80000000);
  t.set64(Cpu.rsi, 1);
  // call g; and eax,1; jmp g; g: cmp edi,esi; ret
  const call = [0xe8, ...le(5), 0x83, 0xe0, 1, 0xeb, 0];
  t.write(CODE + 0x1000, [...call, 0x39, 0xf7, RET]);
  for (let i = 0; i < 3; i++) {
    expect(runToHalt(t, [...CALL_RDX, ...LOOK])).toBeUndefined();
    // 0x80000000 - 1 overflows, and is less.
    expect([t.get64(Cpu.rax) & 0xffn, t.get64(Cpu.rcx) & 0xffn]).toEqual([1n, 1n]);
  }
});

it("are not made where the callee ends in another page, or all callers would be left with each return from there", () => {
  const t = translatedCpu(0);
  t.set64(Cpu.rsp, 0x1f0000);
  // f: test ecx,ecx; jz end; dec ecx; call f; inc eax; ret; and in the next page, end: ret
  const f = [0x85, 0xc9, 0x74, 10, 0xff, 0xc9, 0xe8, ...le(-11), 0xff, 0xc0, RET];
  const at = CODE + 0x2000 - f.length;
  t.write(at, [...f, RET]);
  t.set64(Cpu.rdx, at);
  t.set64(Cpu.rax, 0);
  // mov ebx,200; again: mov ecx,10; call rdx; dec ebx; jnz again
  expect(runToHalt(t, [0xbb, ...le(200), 0xb9, ...le(10), ...CALL_RDX, 0xff, 0xcb, 0x75, -11 & 255])).toBeUndefined();
  expect(t.get64(Cpu.rax)).toBe(2000n);
  expect(t.get64(Cpu.counters + Counters.translationsEntered)).toBeLessThan(100n);
});

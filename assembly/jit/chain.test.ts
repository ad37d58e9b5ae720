// Calls inside a region, which are jumps in it (chain.ts).
import { expect, it } from "vitest";
import { le } from "../../tests/bytes";
import { CODE, runToHalt, translatedCpu } from "../../tests/translated_cpu";
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

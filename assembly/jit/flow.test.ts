// Registers that live in locals: what is loaded and stored where (flow.ts).
import { describe, expect, it } from "vitest";
import { le } from "../../tests/bytes";
import { CODE, runToHalt, translatedCpu } from "../../tests/translated_cpu";
import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";

const STACK = 0x1f0000;
/** CR4.OSFXSR and OSXMMEXCPT. */
const FLOATS = 0x600n;
const ABSENT = 0x7fffff000000n;
const MOV_EBX = 0xbb;
const MOV_ECX = 0xb9;
const MOV_EDX = 0xba;
const CALL_RAX = [0xff, 0xd0];
const RET = 0xc3;

describe("a region", () => {
  it.each([
    ["wrote", 0n, 5n],
    ["did not write", 1n, 0x1111222233334444n],
  ])("that faults has a register as it is on the path that %s it", (_what, rdi, rcx) => {
    const t = translatedCpu(3);
    t.set64(Cpu.rcx, 0x1111222233334444n);
    t.set64(Cpu.rdi, rdi);
    t.set64(Cpu.rbx, ABSENT);
    // test edi,edi; jnz over; mov ecx,5; over: mov eax,[rbx]
    const code = [0x85, 0xff, 0x75, 0x05, MOV_ECX, ...le(5), 0x8b, 0x03];
    expect(runToHalt(t, code)).toBe(Exception.PF);
    expect(t.get64(Cpu.rcx)).toBe(rcx);
  });

  it("that calls another has what that one left, in registers that it wrote before as well", () => {
    const t = translatedCpu(0);
    const callee = CODE + 0x1800;
    t.set64(Cpu.rsp, STACK);
    t.set64(Cpu.rax, callee);
    // add ebx,5; mov edx,9; ret
    t.write(callee, [0x83, 0xc3, 0x05, MOV_EDX, ...le(9), RET]);
    // mov ebx,1; mov edx,3; call rax; add ebx,10
    const code = [MOV_EBX, ...le(1), MOV_EDX, ...le(3), ...CALL_RAX, 0x83, 0xc3, 0x0a];
    expect(runToHalt(t, code)).toBeUndefined();
    expect([t.get64(Cpu.rbx), t.get64(Cpu.rdx)]).toEqual([16n, 9n]);
  });

  it("has at a fault of a handler nothing of what the other way through the instruction writes", () => {
    const t = translatedCpu(3);
    t.set64(Cpu.cr4, t.get64(Cpu.cr4) | FLOATS);
    // Invalid operations are not masked.
    t.set32(Cpu.mxcsr, 0x1f00);
    t.set64(Cpu.xmm, 0x7e37e43c8800759cn);
    t.set64(Cpu.rax, 0x5555666677778888n);
    // mov ecx,7; cvttsd2si rax,xmm0 of 1e300
    expect(runToHalt(t, [MOV_ECX, ...le(7), 0xf2, 0x48, 0x0f, 0x2c, 0xc0])).toBe(Exception.XM);
    expect([t.get64(Cpu.rax), t.get64(Cpu.rcx)]).toEqual([0x5555666677778888n, 7n]);
  });
});

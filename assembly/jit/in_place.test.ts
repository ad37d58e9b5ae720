// Code without a translation is interpreted in the place of a region: callers that wait for its return, and what becomes of
// them when it does not come, or not to them.
import { describe, expect, it } from "vitest";
import { le } from "../../tests/bytes";
import { CODE, runToHalt, translatedCpu } from "../../tests/translated_cpu";
import * as Counters from "../layout/counters";
import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";

const STACK = 0x1f0000;
const MOV_ECX = 0xb9;
const XOR_EAX = [0x31, 0xc0];
const INC_EAX = [0xff, 0xc0];
const CALL_RDX = [0xff, 0xd2];
const RET = 0xc3;

/** dec ecx; jnz to the beginning of the loop, `size` bytes before. */
const again = (size: number): number[] => [0xff, 0xc9, 0x75, (-size - 4) & 255];

describe("code without a translation", () => {
  it("may be called by recursion that goes deeper than calls are nested", () => {
    const t = translatedCpu(0);
    t.set64(Cpu.rsp, STACK);
    t.set64(Cpu.rdx, CODE + 0x800);
    // test ecx,ecx; jz over; dec ecx; call rdx; inc eax; over: ret. By rdx, so that the region does not call itself.
    t.write(CODE + 0x800, [0x85, 0xc9, 0x74, 0x06, 0xff, 0xc9, ...CALL_RDX, ...INC_EAX, RET]);
    expect(runToHalt(t, [...XOR_EAX, MOV_ECX, ...le(5 * Jit.CALL_DEPTH), ...CALL_RDX])).toBeUndefined();
    expect(t.get64(Cpu.rax)).toBe(BigInt(5 * Jit.CALL_DEPTH));
    expect(t.get64(Cpu.rsp)).toBe(BigInt(STACK));
  });

  it("may take turns with translated code in a deep recursion", () => {
    const t = translatedCpu(0);
    t.set64(Cpu.rsp, STACK);
    const translated = CODE + 0x800;
    // Its first instruction straddles a page.
    const interpreted = CODE + 0x1000 - 1;
    t.set64(Cpu.rdx, translated);
    t.set64(Cpu.rbx, interpreted);
    // test ecx,ecx; jz over; dec ecx; call rbx; over: ret
    t.write(translated, [0x85, 0xc9, 0x74, 0x04, 0xff, 0xc9, 0xff, 0xd3, RET]);
    t.write(interpreted, [...INC_EAX, ...CALL_RDX, RET]);
    expect(runToHalt(t, [...XOR_EAX, MOV_ECX, ...le(5 * Jit.CALL_DEPTH), ...CALL_RDX])).toBeUndefined();
    expect(t.get64(Cpu.rax)).toBe(BigInt(5 * Jit.CALL_DEPTH));
  });

  it("straddles a page in a callee, whose caller goes on", () => {
    const t = translatedCpu(0);
    t.set64(Cpu.rsp, STACK);
    const callee = CODE + 0x1000 - 1;
    t.set64(Cpu.rdx, callee);
    t.write(callee, [...INC_EAX, RET]);
    const loop = CALL_RDX;
    expect(runToHalt(t, [...XOR_EAX, MOV_ECX, ...le(100), ...loop, ...again(loop.length)])).toBeUndefined();
    expect(t.get64(Cpu.rax)).toBe(100n);
    // The loop is entered again behind each call if it was left for the callee.
    const entered = t.get64(Cpu.counters + Counters.translationsEntered);
    expect(entered).toBeLessThan(150n);
  });

  it("may write over its caller, which then is not returned to", () => {
    const t = translatedCpu(0);
    t.set64(Cpu.rsp, STACK);
    t.set64(Cpu.rdx, CODE + 0x1800);
    // mov eax,1 behind the call, whose operand becomes 2 when ecx is 1.
    const before = [MOV_ECX, ...le(4)];
    const operand = CODE + before.length + CALL_RDX.length + 1;
    // cmp ecx,1; jne over; mov byte [operand],2; over: ret
    t.write(CODE + 0x1800, [0x83, 0xf9, 0x01, 0x75, 0x08, 0xc6, 0x04, 0x25, ...le(operand), 0x02, RET]);
    const loop = [...CALL_RDX, 0xb8, ...le(1)];
    expect(runToHalt(t, [...before, ...loop, ...again(loop.length)])).toBeUndefined();
    expect(t.get64(Cpu.rax)).toBe(2n);
  });

  it("may write over its caller by an instruction that translated code leaves to a handler", () => {
    const t = translatedCpu(0);
    t.set64(Cpu.rsp, STACK);
    t.set64(Cpu.rdx, CODE + 0x1800);
    // Behind the call: mov eax,1; nop; nop; nop; mov ebp,eax. The first is what CMPXCHG8B replaces by mov eax,2, when esi is 1.
    const before = [0xbe, ...le(4)];
    const loop = [...CALL_RDX, 0xb8, ...le(1), 0x90, 0x90, 0x90, 0x89, 0xc5];
    const patched = CODE + before.length + CALL_RDX.length;
    // cmp esi,1; jne over; edx:eax = what is there; ecx:ebx = what shall be; cmpxchg8b; mov edx,this; over: ret
    const load = (modrm: number, address: number): number[] => [0x8b, modrm, 0x25, ...le(address)];
    const patch = [
      ...load(0x04, patched),
      ...load(0x14, patched + 4),
      ...[0xbb, 0xb8, 0x02, 0x00, 0x00],
      ...[0xb9, 0x00, 0x90, 0x90, 0x90],
      ...[0x0f, 0xc7, 0x0c, 0x25, ...le(patched)],
      ...[0xba, ...le(CODE + 0x1800)],
    ];
    t.write(CODE + 0x1800, [0x83, 0xfe, 0x01, 0x75, patch.length, ...patch, RET]);
    // dec esi; jnz
    const tail = [0xff, 0xce, 0x75, (-loop.length - 4) & 255];
    expect(runToHalt(t, [...before, ...loop, ...tail])).toBeUndefined();
    expect(t.get64(Cpu.rbp)).toBe(2n);
  });

  it("may never return, again and again", () => {
    const t = translatedCpu(0);
    t.set64(Cpu.rdx, CODE + 0x1800);
    // The callee takes its return address off the stack and jumps there: add rsp,8; jmp [rsp-8]
    t.write(CODE + 0x1800, [0x48, 0x83, 0xc4, 0x08, 0xff, 0x64, 0x24, 0xf8]);
    t.set64(Cpu.rsp, STACK);
    const loop = [...CALL_RDX, ...INC_EAX];
    const count = 3 * Jit.CALL_DEPTH;
    expect(runToHalt(t, [...XOR_EAX, MOV_ECX, ...le(count), ...loop, ...again(loop.length)])).toBeUndefined();
    expect(t.get64(Cpu.rax)).toBe(BigInt(count));
  });

  it("may fault in a callee, whose handler does not return", () => {
    const t = translatedCpu(0);
    t.set64(Cpu.rsp, STACK);
    t.set64(Cpu.rdx, CODE + 0x1800);
    // mov [0x7fffffff0000],eax
    t.write(CODE + 0x1800, [0x48, 0xbb, 0x00, 0x00, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0x89, 0x03, RET]);
    expect(runToHalt(t, [...XOR_EAX, ...CALL_RDX])).toBe(14);
    expect(t.get64(Cpu.cr2)).toBe(0x7fffffff0000n);
  });
});

it("a loop that is entered in the middle is translated", () => {
  const t = translatedCpu(0);
  // ecx is even, so that it begins behind inc: test cl,1; jz over; top: inc eax; over: add eax,ecx; dec ecx; jnz top
  const loop = [...INC_EAX, 0x01, 0xc8];
  const code = [...XOR_EAX, MOV_ECX, ...le(10), 0xf6, 0xc1, 0x01, 0x74, 0x02, ...loop, ...again(loop.length)];
  expect(runToHalt(t, code)).toBeUndefined();
  expect(t.get64(Cpu.rax)).toBe(64n);
  expect(t.get64(Cpu.jit + Jit.refused)).toBe(0n);
});

// State that changes under translated code by instructions that it has no translation for, or by code that it calls: xmm
// registers and MXCSR, which it has in locals, the TLB that it may use, alignment checks, breakpoints.
import { describe, expect, it } from "vitest";
import { le } from "../../tests/bytes";
import { DATA, runToHalt, translatedCpu } from "../../tests/translated_cpu";
import { type SystemCpu } from "../../tests/system_cpu";
import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";
import * as Xsave from "../layout/xsave";

const AREA = 0x291000;
const AC = 0x40000;
const CR0_AM = 0x40000n;
const CR4_OSXSAVE = 0x40000n;
const CR4_SMAP = 0x200000n;

let t: SystemCpu;

function start(cpl: 0 | 3, flags = 2): void {
  t = translatedCpu(cpl, flags);
}

const run = (code: readonly number[]): number | undefined => runToHalt(t, code);

/** [address] as operand, with the register or opcode extension `reg`. */
function at(address: number, reg = 0): number[] {
  return [(reg << 3) | 4, 0x25, ...le(address)];
}

/**
 * Four times over: `before`, a call, `after`. In the last call the callee executes `change`; the calls before it have
 * made all of this translated code that calls and returns by itself.
 */
function aroundCall(before: number[], change: number[], after: number[]): number[] {
  // callee: cmp ecx,1; jne over; change; over: ret
  const callee = [0x83, 0xf9, 0x01, 0x75, change.length, ...change, 0xc3];
  // jmp over the callee; mov ecx,4; before; call; after; dec ecx; jnz
  const top = [0xb9, ...le(4)];
  const back = -(callee.length + top.length + before.length + 5);
  const loop = [...before, 0xe8, ...le(back), ...after, 0xff, 0xc9];
  return [0xeb, callee.length, ...callee, ...top, ...loop, 0x75, (-loop.length - 2) & 255];
}

describe("translated code", () => {
  it.each([
    ["FXSAVE, FXRSTOR", [0x0f, 0xae], 0, [0x0f, 0xae], 1],
    ["XSAVE, XRSTOR", [0x0f, 0xae], 4, [0x0f, 0xae], 5],
    ["XSAVEOPT, XRSTOR", [0x0f, 0xae], 6, [0x0f, 0xae], 5],
    ["XSAVEC, XRSTOR", [0x0f, 0xc7], 4, [0x0f, 0xae], 5],
    ["XSAVES, XRSTORS", [0x0f, 0xc7], 5, [0x0f, 0xc7], 3],
  ])("has its xmm registers saved and restored by %s", (_, save, saveReg, restore, restoreReg) => {
    start(0);
    t.set64(Cpu.cr4, t.get64(Cpu.cr4) | CR4_OSXSAVE);
    t.set64(Cpu.xcr0, 3);
    t.set64(Cpu.rax, 3);
    t.set64(Cpu.rdx, 0);
    t.set64(Cpu.xmm, 1);
    // paddd xmm0,xmm0; save; pxor xmm0,xmm0; restore; paddd xmm0,xmm0; movdqa [DATA],xmm0
    const twice = [0x66, 0x0f, 0xfe, 0xc0];
    const forget = [0x66, 0x0f, 0xef, 0xc0];
    const code = [...save, ...at(AREA, saveReg), ...forget, ...restore, ...at(AREA, restoreReg)];
    expect(run([...twice, ...code, ...twice, 0x66, 0x0f, 0x7f, ...at(DATA)])).toBeUndefined();
    expect(t.peek(AREA + Xsave.xmm, 8)).toBe(2n);
    expect(t.peek(DATA, 8)).toBe(4n);
  });

  it("rounds as the MXCSR says that XRSTOR brings", () => {
    start(0);
    t.set64(Cpu.cr4, t.get64(Cpu.cr4) | CR4_OSXSAVE);
    t.set64(Cpu.xcr0, 3);
    // With PE set already arithmetic is WebAssembly's own.
    t.set32(Cpu.mxcsr, 0x1fa0);
    t.poke(AREA + Xsave.mxcsr, 0x5fa0, 4);
    t.poke(AREA + Xsave.bitmap, 2, 8);
    // 1 + 2^-60: to nearest, then upwards.
    const one = 0x3ff0000000000000n;
    t.poke(AREA + Xsave.xmm, one, 8);
    t.poke(AREA + Xsave.xmm + 16, 0x3c30000000000000n, 8);
    t.set64(Cpu.xmm, one);
    t.set64(Cpu.xmm + Cpu.XMM_SIZE, 0x3c30000000000000n);
    t.set64(Cpu.rax, 2);
    t.set64(Cpu.rdx, 0);
    // addsd xmm0,xmm1; movq [DATA],xmm0
    const add = (to: number): number[] => [0xf2, 0x0f, 0x58, 0xc1, 0x66, 0x0f, 0xd6, ...at(to)];
    expect(run([...add(DATA), 0x0f, 0xae, ...at(AREA, 5), ...add(DATA + 8)])).toBeUndefined();
    expect(t.peek(DATA, 8)).toBe(one);
    expect(t.peek(DATA + 8, 8)).toBe(one + 1n);
  });

  it("may no longer reach user memory when a callee has cleared AC under SMAP", () => {
    start(0);
    t.set64(Cpu.cr4, t.get64(Cpu.cr4) | CR4_SMAP);
    // stac; mov eax,[DATA] | clac | mov ebx,[DATA]
    const code = aroundCall([0x0f, 0x01, 0xcb, 0x8b, ...at(DATA)], [0x0f, 0x01, 0xca], [0x8b, ...at(DATA, 3)]);
    expect(run(code)).toBe(Exception.PF);
    expect(t.get64(Cpu.rcx)).toBe(1n);
    expect(t.get64(Cpu.cr2)).toBe(BigInt(DATA));
  });

  it("checks alignment when a callee has set AC", () => {
    start(3);
    t.set64(Cpu.cr0, t.get64(Cpu.cr0) | CR0_AM);
    // mov eax,[DATA+1] | push AC; popfq | mov ebx,[DATA+1]
    const code = aroundCall([0x8b, ...at(DATA + 1)], [0x68, ...le(AC | 2), 0x9d], [0x8b, ...at(DATA + 1, 3)]);
    expect(run(code)).toBe(Exception.AC);
    expect(t.get64(Cpu.rcx)).toBe(1n);
  });

  it("checks the alignment of each POP of a run", () => {
    const pops = [0x58, 0x5a, 0x5b];
    const popAt = (rsp: number): number | undefined => {
      start(3, 2 | AC);
      t.set64(Cpu.cr0, t.get64(Cpu.cr0) | CR0_AM);
      t.set64(Cpu.rsp, rsp);
      return run(pops);
    };
    expect(popAt(DATA + 4)).toBe(Exception.AC);
    // HLT is not for users.
    expect(popAt(DATA + 8)).toBe(Exception.GP);
  });

  it("stops at a breakpoint on data that a callee has set", () => {
    start(0);
    t.set64(Cpu.dr, DATA);
    // L0, on writes of one byte.
    t.set64(Cpu.rax, 0x10401);
    // mov byte [DATA],1 | mov dr7,rax | mov byte [DATA],1
    const store = [0xc6, ...at(DATA), 1];
    expect(run(aroundCall(store, [0x0f, 0x23, 0xf8], [...store, 0x90]))).toBe(Exception.DB);
    expect(t.get64(Cpu.rcx)).toBe(1n);
    expect(t.get64(Cpu.dr + 48) & 15n).toBe(1n);
  });
});

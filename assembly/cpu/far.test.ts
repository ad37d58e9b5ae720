import { beforeEach, describe, expect, it } from "vitest";
import {
  access,
  CODE0,
  CODE3,
  CODE64,
  CODE64_USER,
  DATA0,
  DATA3,
  FREE,
  GDT,
  RING0_STACK,
  SystemCpu,
  TSS2,
  TSS_SELECTOR,
  USER_STACK,
} from "../../tests/system_cpu";
import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";
import * as Record from "../layout/record";

const { GP, NP, SS, TS, UD } = Exception;
const IF = 0x200;
const NT = 0x4000;

let t: SystemCpu;

beforeEach(() => {
  t = new SystemCpu();
});

function size(): number {
  return t.get32(Cpu.mode) & Record.MODE_SIZE;
}

describe("far jumps", () => {
  it("set CS and IP in real mode, within the limit", () => {
    t.realMode();
    expect(t.calls.testFarJump(t.cpu, 0xf000, 0xe05b)).toBe(1);
    expect(t.segment(Cpu.CS).base).toBe(0xf0000n);
    expect(t.rip).toBe(0xe05bn);
    expect(t.calls.testFarJump(t.cpu, 0, 0x10000)).toBe(0);
    expect(t.takeException()).toEqual([GP, 0]);
  });

  it("change the code size", () => {
    t.longMode();
    expect(size()).toBe(Record.MODE_64);
    expect(t.calls.testFarJump(t.cpu, CODE0, 0x1234)).toBe(1);
    expect(size()).toBe(Record.MODE_32);
    t.gdt(FREE, { access: access.code, flags: 0 });
    expect(t.calls.testFarJump(t.cpu, FREE, 0x1234)).toBe(1);
    expect(size()).toBe(Record.MODE_16);
    expect(t.calls.testFarJump(t.cpu, CODE64, 0x1234)).toBe(1);
    expect(size()).toBe(Record.MODE_64);
  });

  it("check the code segment", () => {
    t.protectedMode(0);
    const refused: [access_: number, dpl: number, selector: number, offset: number, e: [number, number]][] = [
      [access.data, 0, FREE, 0, [GP, FREE]],
      [access.code, 3, FREE, 0, [GP, FREE]],
      [access.code, 0, FREE | 3, 0, [GP, FREE]],
      [access.conforming, 3, FREE, 0, [GP, FREE]],
      [0x1b, 0, FREE, 0, [NP, FREE]],
      [access.code, 0, FREE, 0x1000, [GP, 0]],
      [access.code, 0, 0, 0, [GP, 0]],
      [access.code, 0, 0xff8, 0, [GP, 0xff8]],
    ];
    for (const [access_, dpl, selector, offset, exception] of refused) {
      t.gdt(FREE, { access: access_, dpl, limit: 0xfff, flags: 4 });
      expect(t.calls.testFarJump(t.cpu, selector, offset)).toBe(0);
      expect(t.takeException()).toEqual(exception);
    }
    expect(t.segment(Cpu.CS).selector).toBe(CODE0);
    expect(t.rip).toBe(0x3000n);
  });

  it("enter conforming code at the privilege they have", () => {
    t.protectedMode(3);
    t.gdt(FREE, { access: access.conforming });
    expect(t.calls.testFarJump(t.cpu, FREE, 0x10)).toBe(1);
    expect(t.cpl).toBe(3);
    expect(t.segment(Cpu.CS).selector).toBe(FREE | 3);
  });

  it("refuse a segment that is both 64-bit and 32-bit", () => {
    t.longMode();
    t.gdt(FREE, { access: access.code, flags: 0xe });
    expect(t.calls.testFarJump(t.cpu, FREE, 0)).toBe(0);
    expect(t.takeException()).toEqual([GP, FREE]);
  });
});

describe("far calls and returns", () => {
  it("push CS and the return address, and come back", () => {
    t.protectedMode(0);
    expect(t.calls.testFarCall(t.cpu, CODE0, 0x1234, 4)).toBe(1);
    expect(t.stack(2, 4)).toEqual([0x3000n, BigInt(CODE0)]);
    t.set64(Cpu.rsp, t.rsp);
    expect(t.calls.testFarReturn(t.cpu, 4, 8)).toBe(1);
    expect(t.rip).toBe(0x3000n);
    expect(t.rsp).toBe(BigInt(RING0_STACK + 8));
  });

  it("copy the parameters of a call gate to the inner stack", () => {
    t.protectedMode(3);
    t.gate(GDT + FREE, access.callGate, CODE0, 0x4444, 3, 2);
    t.set64(Cpu.rsp, USER_STACK - 8);
    t.poke(USER_STACK - 8, 0x11, 4);
    t.poke(USER_STACK - 4, 0x22, 4);
    expect(t.calls.testFarCall(t.cpu, FREE | 3, 0, 4)).toBe(1);
    expect(t.cpl).toBe(0);
    expect(t.rip).toBe(0x4444n);
    expect(t.stack(6, 4)).toEqual([0x3000, CODE3, 0x11, 0x22, USER_STACK - 8, DATA3].map(BigInt));
    // RETF 8 releases them on both stacks, and takes DS of privilege 0 away.
    expect(t.calls.testLoadSegment(t.cpu, Cpu.DS, DATA0)).toBe(1);
    expect(t.calls.testFarReturn(t.cpu, 4, 8)).toBe(1);
    expect(t.cpl).toBe(3);
    expect(t.rsp).toBe(BigInt(USER_STACK));
    expect(t.segment(Cpu.SS).selector).toBe(DATA3);
    expect(t.segment(Cpu.DS)).toMatchObject({ selector: 0, attr: 0 });
    expect(t.segment(Cpu.ES).selector).toBe(DATA3);
  });

  it("refuse a gate by its privilege and jumps through one to an inner privilege", () => {
    t.protectedMode(3);
    t.gate(GDT + FREE, access.callGate, CODE0, 0x4444, 0);
    expect(t.calls.testFarCall(t.cpu, FREE, 0, 4)).toBe(0);
    expect(t.takeException()).toEqual([GP, FREE]);
    t.gate(GDT + FREE, access.callGate, CODE0, 0x4444, 3);
    expect(t.calls.testFarJump(t.cpu, FREE, 0)).toBe(0);
    expect(t.takeException()).toEqual([GP, CODE0]);
    t.gate(GDT + FREE, 0x0c, CODE0, 0x4444, 3);
    expect(t.calls.testFarCall(t.cpu, FREE, 0, 4)).toBe(0);
    expect(t.takeException()).toEqual([NP, FREE]);
  });

  it("go through 64-bit call gates", () => {
    t.longMode(3);
    t.gate64(GDT + FREE, access.callGate, CODE64, 0xffff800000004444n, 3);
    expect(t.calls.testFarCall(t.cpu, FREE | 3, 0, 4)).toBe(1);
    expect(t.rip).toBe(0xffff800000004444n);
    expect(t.stack(4, 8)).toEqual([0x3000, CODE64_USER, USER_STACK, DATA3].map(BigInt));
    expect(t.segment(Cpu.SS)).toMatchObject({ selector: 0, attr: 0 });
    expect(t.calls.testFarReturn(t.cpu, 8, 0)).toBe(1);
    expect(t.cpl).toBe(3);
    expect(t.rsp).toBe(BigInt(USER_STACK));
  });

  it("respect the stack's limit, expand-down too", () => {
    t.protectedMode(0);
    t.gdt(FREE, { access: access.expandDown, limit: 0x1fff, flags: 4 });
    expect(t.calls.testLoadSegment(t.cpu, Cpu.SS, FREE)).toBe(1);
    t.set64(Cpu.rsp, 0x2007);
    expect(t.calls.testFarCall(t.cpu, CODE0, 0x1234, 4)).toBe(0);
    expect(t.takeException()).toEqual([SS, 0]);
    expect(t.rsp).toBe(0x2007n);
    t.set64(Cpu.rsp, 0x2008);
    expect(t.calls.testFarCall(t.cpu, CODE0, 0x1234, 4)).toBe(1);
  });
});

describe("IRET", () => {
  function iret(values: (number | bigint)[], operand: 2 | 4 | 8): number {
    values.forEach((value, i) => t.poke(Number(t.rsp) + i * operand, value, operand));
    return t.calls.testInterruptReturn(t.cpu, operand);
  }

  it("changes IOPL only at privilege 0 and IF only within IOPL", () => {
    t.protectedMode(3);
    expect(iret([0x1000, CODE3, 0x3202], 4)).toBe(1);
    expect(t.flags).toBe(2);
    t.protectedMode(0);
    expect(iret([0x1000, CODE0, 0x3202], 4)).toBe(1);
    expect(t.flags).toBe(0x3202);
  });

  it("returns to an outer privilege, with its stack", () => {
    t.protectedMode(0);
    expect(iret([0x1000, CODE3, IF, USER_STACK, DATA3], 4)).toBe(1);
    expect(t.cpl).toBe(3);
    expect(t.rsp).toBe(BigInt(USER_STACK));
    expect(t.segment(Cpu.DS).attr).toBe(0);
  });

  it("from 64-bit code to compatibility mode", () => {
    t.longMode(0);
    expect(iret([0x1000, CODE3, IF, 0xffffffff00021000n, DATA3], 8)).toBe(1);
    expect(size()).toBe(Record.MODE_32);
    expect(t.rsp).toBe(0x21000n);
  });

  it("refuses what would raise the privilege, and addresses that are not canonical", () => {
    t.longMode(3);
    expect(iret([0x1000, CODE64, 2, USER_STACK, DATA3], 8)).toBe(0);
    expect(t.takeException()).toEqual([GP, CODE64]);
    expect(iret([1n << 47n, CODE64_USER, 2, USER_STACK, DATA3], 8)).toBe(0);
    expect(t.takeException()).toEqual([GP, 0]);
    expect(iret([0x1000, CODE64_USER, 2, USER_STACK, 0], 8)).toBe(0);
    expect(t.takeException()).toEqual([GP, 0]);
    expect(t.rsp).toBe(BigInt(USER_STACK));
    t.longMode(0);
    t.flags = NT | 2;
    expect(iret([0x1000, CODE64, 2, RING0_STACK, DATA0], 8)).toBe(0);
    expect(t.takeException()).toEqual([GP, 0]);
  });

  it("in real mode takes 16 or 32 bits", () => {
    t.realMode();
    expect(iret([0x1234, 0x5000, 0xffff], 2)).toBe(1);
    expect(t.flags).toBe(0x7fd7);
    expect(t.segment(Cpu.CS).base).toBe(0x50000n);
    expect(t.rsp).toBe(0x8006n);
    expect(t.get32(Cpu.mode) & Record.MODE_STEP).toBe(Record.MODE_STEP);
  });
});

describe("task switches", () => {
  function task(base: number, rip: number, sp: number, flags = 2): void {
    t.poke(base + 32, rip, 4);
    t.poke(base + 36, flags, 4);
    t.poke(base + 56, sp, 4);
    for (const [i, s] of [DATA0, CODE0, DATA0, DATA0, 0, 0].entries()) t.poke(base + 72 + i * 4, s, 4);
  }

  it("jump to a TSS and back, busy bits moving along", () => {
    t.protectedMode(0);
    t.gdt(FREE, { access: access.tss, base: TSS2, limit: 0x67, flags: 0 });
    task(TSS2, 0x4000, 0x12000);
    t.set64(Cpu.rbx, 0x77);
    expect(t.calls.testFarJump(t.cpu, FREE, 0)).toBe(1);
    expect(t.rip).toBe(0x4000n);
    expect(t.rsp).toBe(0x12000n);
    expect(t.get64(Cpu.rbx)).toBe(0n);
    expect(t.flags & NT).toBe(0);
    expect(t.peek(GDT + FREE + 5, 1)).toBe(0x8bn);
    expect(t.peek(GDT + TSS_SELECTOR + 5, 1)).toBe(0x89n);
    expect(t.calls.testFarJump(t.cpu, TSS_SELECTOR, 0)).toBe(1);
    expect(t.rip).toBe(0x3000n);
    expect(t.get64(Cpu.rbx)).toBe(0x77n);
  });

  it("load RF, which lasts for one instruction, and is gone at once without breakpoints", () => {
    for (const [dr7, rf] of [
      [0x400n, 0],
      [0x402n, 0x10000],
    ] as const) {
      t.protectedMode(0);
      t.set64(Cpu.dr + 56, dr7);
      t.gdt(FREE, { access: access.tss, base: TSS2, limit: 0x67, flags: 0 });
      task(TSS2, 0x4000, 0x12000, 0x10002);
      expect(t.calls.testFarJump(t.cpu, FREE, 0)).toBe(1);
      expect(t.flags & 0x10000).toBe(rf);
      t.set64(Cpu.dr + 56, 0x400n);
    }
  });

  it("refuse a TSS that is busy or too short, before anything changes", () => {
    t.protectedMode(0);
    t.gdt(FREE, { access: access.tss, base: TSS2, limit: 0x66, flags: 0 });
    expect(t.calls.testFarJump(t.cpu, FREE, 0)).toBe(0);
    expect(t.takeException()).toEqual([TS, FREE]);
    t.gdt(FREE, { access: access.tssBusy, base: TSS2, limit: 0x67, flags: 0 });
    expect(t.calls.testFarCall(t.cpu, FREE, 0, 4)).toBe(0);
    expect(t.takeException()).toEqual([GP, FREE]);
    expect(t.segment(Cpu.TR).selector).toBe(TSS_SELECTOR);
  });

  it("raise #TS in the new task for a bad stack segment there", () => {
    t.protectedMode(0);
    t.gdt(FREE, { access: access.tss, base: TSS2, limit: 0x67, flags: 0 });
    task(TSS2, 0x4000, 0x12000);
    t.poke(TSS2 + 80, DATA3, 2);
    expect(t.calls.testFarJump(t.cpu, FREE, 0)).toBe(0);
    expect(t.takeException()).toEqual([TS, DATA3 & 0xfffc]);
    expect(t.rip).toBe(0x4000n);
    expect(t.segment(Cpu.TR).selector).toBe(FREE);
  });
});

describe("SYSCALL and SYSRET", () => {
  beforeEach(() => {
    t.longMode(3);
    t.set64(Cpu.star, 0x0023001000000000n);
    t.set64(Cpu.lstar, 0xffffffff81000000n);
    t.set64(Cpu.cstar, 0xffffffff82000000n);
    t.set64(Cpu.sfmask, 0x47700);
  });

  it("go to LSTAR with flat segments and come back", () => {
    t.flags = 0x202 | 1;
    expect(t.calls.testSyscall(t.cpu)).toBe(1);
    expect(t.rip).toBe(0xffffffff81000000n);
    expect(t.cpl).toBe(0);
    expect(t.get64(Cpu.rcx)).toBe(0x3000n);
    expect(t.get64(Cpu.gpr + 88)).toBe(0x203n);
    expect(t.flags).toBe(3);
    expect(t.segment(Cpu.CS)).toEqual({ selector: 0x10, attr: 0xa09b, base: 0n, limit: 0xffffffff });
    expect(t.segment(Cpu.SS)).toEqual({ selector: 0x18, attr: 0xc093, base: 0n, limit: 0xffffffff });
    expect(t.calls.testSysret(t.cpu, 1)).toBe(1);
    expect(t.rip).toBe(0x3000n);
    expect(t.cpl).toBe(3);
    expect(t.flags).toBe(0x203);
    expect(t.segment(Cpu.CS)).toMatchObject({ selector: 0x33, attr: 0xa0fb });
    expect(t.segment(Cpu.SS)).toMatchObject({ selector: 0x2b, attr: 0xc0f3 });
    expect(size()).toBe(Record.MODE_64);
  });

  it("serve compatibility mode through CSTAR, and return to it", () => {
    expect(t.calls.testFarJump(t.cpu, CODE3, 0x5000)).toBe(1);
    expect(t.calls.testSyscall(t.cpu)).toBe(1);
    expect(t.rip).toBe(0xffffffff82000000n);
    expect(size()).toBe(Record.MODE_64);
    expect(t.calls.testSysret(t.cpu, 0)).toBe(1);
    expect(t.rip).toBe(0x5000n);
    expect(t.segment(Cpu.CS)).toMatchObject({ selector: 0x23, attr: 0xc0fb });
    expect(size()).toBe(Record.MODE_32);
  });

  it("are undefined without EFER.SCE; SYSRET needs privilege 0", () => {
    expect(t.calls.testSysret(t.cpu, 1)).toBe(0);
    expect(t.takeException()).toEqual([GP, 0]);
    t.set64(Cpu.efer, 0xd00);
    expect(t.calls.testSyscall(t.cpu)).toBe(0);
    expect(t.takeException()).toEqual([UD, 0]);
  });
});

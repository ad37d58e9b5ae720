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
  IDT,
  IST_STACK,
  PML4,
  RING0_STACK,
  SystemCpu,
  TSS,
  TSS2,
  TSS_SELECTOR,
  USER_STACK,
} from "../../tests/system_cpu";
import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";

const IF = 0x200;
const TF = 0x100;
const RF = 0x10000;
const INT_N = 0;
const INT_TRAP = 1;

let t: SystemCpu;

beforeEach(() => {
  t = new SystemCpu();
});

function deliver(vector: number, error = 0): void {
  t.raise(vector, error);
  t.calls.testDeliverPending(t.cpu);
  expect(t.takeException()).toBeUndefined();
}

describe("real mode", () => {
  beforeEach(() => {
    t.realMode();
  });

  it("pushes FLAGS, CS, IP and goes where the vector table says, without an error code", () => {
    t.poke(13 * 4, 0x1234, 2);
    t.poke(13 * 4 + 2, 0x2000, 2);
    t.flags = IF | TF | 1;
    deliver(Exception.GP, 0x18);
    expect(t.rip).toBe(0x1234n);
    expect(t.segment(Cpu.CS)).toMatchObject({ selector: 0x2000, base: 0x20000n });
    expect(t.rsp).toBe(0x7ffan);
    expect(t.stack(3, 2)).toEqual([0x3000n, 0n, BigInt(IF | TF | 3)]);
    expect(t.flags & (IF | TF)).toBe(0);
  });

  it("wraps the stack pointer at 64 KiB", () => {
    t.poke(0x20 * 4, 0x10, 4);
    t.set64(Cpu.rsp, 0xabcd0002);
    t.calls.testDeliverInterrupt(t.cpu, 0x20);
    expect(t.rsp).toBe(0xabcdfffcn);
    expect(t.peek(0xfffc, 2)).toBe(0x3000n);
    expect(t.peek(0, 2)).toBe(2n);
  });

  it("ends in shutdown when the table is too short for #GP and #DF too", () => {
    t.set32(Cpu.idtLimit, 3);
    t.raise(Exception.UD);
    t.calls.testDeliverPending(t.cpu);
    expect(t.get32(Cpu.runState)).toBe(Cpu.RUN_SHUTDOWN);
    expect(t.takeException()).toBeUndefined();
  });
});

describe("protected mode", () => {
  beforeEach(() => {
    t.protectedMode(3);
  });

  it("switches to the inner stack of the TSS and pushes the outer one", () => {
    t.gate(IDT + 13 * 8, access.interruptGate, CODE0, 0x1234);
    t.flags = IF | 1;
    deliver(Exception.GP, 0x1c);
    expect(t.cpl).toBe(0);
    expect(t.rip).toBe(0x1234n);
    expect(t.segment(Cpu.CS).selector).toBe(CODE0);
    expect(t.segment(Cpu.SS).selector).toBe(DATA0);
    expect(t.rsp).toBe(BigInt(RING0_STACK - 24));
    // A fault pushes RF set.
    const pushed = [0x1c, 0x3000, CODE3, IF | RF | 3, USER_STACK, DATA3];
    expect(t.stack(6, 4)).toEqual(pushed.map(BigInt));
    expect(t.flags & IF).toBe(0);
    expect(t.get32(Cpu.tlb)).toBe(t.cpu + Cpu.tlbTables);
  });

  it("keeps IF in a trap gate, and pushes words through a 16-bit gate", () => {
    t.gate(IDT + 3 * 8, 0x87, CODE0, 0x55551234, 3);
    t.flags = IF;
    expect(t.calls.testSoftInterrupt(t.cpu, 3, INT_TRAP)).toBe(1);
    expect(t.rip).toBe(0x1234n);
    expect(t.flags & IF).toBe(IF);
    expect(t.stack(5, 2)).toEqual([0x3000, CODE3, IF | 2, USER_STACK & 0xffff, DATA3].map(BigInt));
  });

  it("refuses INT n through a gate of higher privilege, but not an exception", () => {
    t.gate(IDT + 0x30 * 8, access.interruptGate, CODE0, 0x1000, 0);
    expect(t.calls.testSoftInterrupt(t.cpu, 0x30, INT_N)).toBe(0);
    expect(t.takeException()).toEqual([Exception.GP, 0x30 * 8 + 2]);
    expect(t.cpl).toBe(3);
    t.gate(IDT + 0x30 * 8, access.interruptGate, CODE0, 0x1000, 3);
    expect(t.calls.testSoftInterrupt(t.cpu, 0x30, INT_N)).toBe(1);
    expect(t.cpl).toBe(0);
  });

  it("reports a missing gate with the vector, the IDT bit and EXT for events that are not INT n", () => {
    t.gate(IDT + 0x40 * 8, 0x0e, CODE0, 0x1000, 3);
    expect(t.calls.testSoftInterrupt(t.cpu, 0x40, INT_N)).toBe(0);
    expect(t.takeException()).toEqual([Exception.NP, 0x40 * 8 + 2]);
    t.gate(IDT + 11 * 8, access.interruptGate, CODE0, 0x2000);
    t.calls.testDeliverInterrupt(t.cpu, 0x40);
    expect(t.rip).toBe(0x2000n);
    expect(t.stack(1, 4)).toEqual([BigInt(0x40 * 8 + 3)]);
  });

  it("turns a fault during a contributory exception into a double fault, a third into shutdown", () => {
    t.gate(IDT + 8 * 8, access.interruptGate, CODE0, 0x8000);
    t.raise(Exception.GP, 8);
    t.calls.testDeliverPending(t.cpu);
    expect(t.rip).toBe(0x8000n);
    expect(t.stack(1, 4)).toEqual([0n]);

    t.poke(IDT + 8 * 8, 0, 8);
    t.raise(Exception.GP, 8);
    t.calls.testDeliverPending(t.cpu);
    expect(t.get32(Cpu.runState)).toBe(Cpu.RUN_SHUTDOWN);
  });

  it("handles faults of benign events one after the other", () => {
    t.gate(IDT + 13 * 8, access.interruptGate, CODE0, 0x1300);
    t.raise(Exception.UD);
    t.calls.testDeliverPending(t.cpu);
    expect(t.rip).toBe(0x1300n);
    expect(t.stack(1, 4)).toEqual([BigInt(Exception.UD * 8 + 3)]);
  });

  it("checks the inner stack segment with #TS and its limit with #SS", () => {
    t.gate(IDT + 0x50 * 8, access.interruptGate, CODE0, 0x1000, 3);
    t.poke(TSS + 8, DATA3, 2);
    expect(t.calls.testSoftInterrupt(t.cpu, 0x50, INT_N)).toBe(0);
    expect(t.takeException()).toEqual([Exception.TS, DATA3 & 0xfffc]);
    t.gdt(FREE, { access: access.data, limit: 0xfff, flags: 4 });
    t.poke(TSS + 8, FREE, 2);
    expect(t.calls.testSoftInterrupt(t.cpu, 0x50, INT_N)).toBe(0);
    expect(t.takeException()).toEqual([Exception.SS, FREE]);
    expect(t.cpl).toBe(3);
    expect(t.rsp).toBe(BigInt(USER_STACK));
  });

  it("enters a conforming handler without a change of privilege", () => {
    t.gdt(FREE, { access: access.conforming });
    t.gate(IDT + 0x20 * 8, access.interruptGate, FREE, 0x1000);
    t.calls.testDeliverInterrupt(t.cpu, 0x20);
    expect(t.cpl).toBe(3);
    expect(t.segment(Cpu.CS).selector).toBe(FREE | 3);
    expect(t.stack(3, 4)).toEqual([0x3000n, BigInt(CODE3), 2n]);
  });

  it("puts the causes of #DB into DR6 and clears the general-detect bit", () => {
    t.gate(IDT + 8, access.interruptGate, CODE0, 0x1000);
    t.set64(Cpu.pendingDebug, 0x4002);
    t.set64(Cpu.dr + 56, 0x2400);
    t.flags = RF;
    deliver(Exception.DB);
    expect(t.get64(Cpu.dr + 48)).toBe(0xffff4ff2n);
    expect(t.get64(Cpu.dr + 56)).toBe(0x400n);
    expect(t.get64(Cpu.pendingDebug)).toBe(0n);
  });

  it("switches tasks through a task gate and pushes the error code on the new task's stack", () => {
    t.gdt(FREE, { access: access.tss, base: TSS2, limit: 0x67, flags: 0 });
    t.gate(IDT + 8 * 8, access.taskGate, FREE, 0);
    t.poke(TSS2 + 32, 0x9999, 4);
    t.poke(TSS2 + 36, 2, 4);
    t.poke(TSS2 + 56, RING0_STACK, 4);
    for (const [i, selector] of [DATA0, CODE0, DATA0, DATA0, 0, 0].entries()) t.poke(TSS2 + 72 + i * 4, selector, 4);
    t.raise(Exception.DF, 0);
    t.calls.testDeliverPending(t.cpu);
    expect(t.rip).toBe(0x9999n);
    expect(t.cpl).toBe(0);
    expect(t.segment(Cpu.TR)).toMatchObject({ selector: FREE, base: BigInt(TSS2) });
    expect(t.stack(1, 4)).toEqual([0n]);
    // The old task: its state saved, still busy, linked from the new one.
    expect(t.peek(TSS + 32, 4)).toBe(0x3000n);
    expect(t.peek(TSS + 56, 4)).toBe(BigInt(USER_STACK));
    expect(t.peek(TSS2, 2)).toBe(BigInt(TSS_SELECTOR));
    expect(t.flags & 0x4000).toBe(0x4000);
    expect(t.peek(GDT + FREE + 5, 1)).toBe(0x8bn);
    expect(t.peek(GDT + TSS_SELECTOR + 5, 1)).toBe(0x8bn);
    expect(t.get64(Cpu.cr0) & 8n).toBe(8n);

    expect(t.calls.testInterruptReturn(t.cpu, 4)).toBe(1);
    expect(t.rip).toBe(0x3000n);
    expect(t.cpl).toBe(3);
    expect(t.segment(Cpu.SS).selector).toBe(DATA3);
    expect(t.peek(GDT + FREE + 5, 1)).toBe(0x89n);
  });
});

describe("virtual-8086 mode", () => {
  it("hands the data segments to the handler of privilege 0", () => {
    t.v86Mode();
    t.gate(IDT + 13 * 8, access.interruptGate, CODE0, 0x1234);
    deliver(Exception.GP, 0);
    expect(t.cpl).toBe(0);
    expect(t.flags & 0x20000).toBe(0);
    const pushed = [0, 0x40, 0x100, 0x20000 | RF | 2, 0x200, 0x100, 0x100, 0x100, 0x100, 0x100];
    expect(t.stack(10, 4)).toEqual(pushed.map(BigInt));
    expect(t.segment(Cpu.DS)).toMatchObject({ selector: 0, attr: 0 });

    t.set64(Cpu.rsp, t.rsp + 4n);
    expect(t.calls.testInterruptReturn(t.cpu, 4)).toBe(1);
    expect(t.flags & 0x20000).toBe(0x20000);
    expect(t.cpl).toBe(3);
    expect(t.rip).toBe(0x40n);
    expect(t.rsp).toBe(0x200n);
    expect(t.segment(Cpu.DS)).toMatchObject({ selector: 0x100, base: 0x1000n, limit: 0xffff });
  });

  it("gives INT n to the monitor below IOPL 3, and delivers it with IOPL 3", () => {
    t.v86Mode(0);
    t.gate(IDT + 0x21 * 8, access.interruptGate, CODE0, 0x1234, 3);
    expect(t.calls.testSoftInterrupt(t.cpu, 0x21, INT_N)).toBe(0);
    expect(t.takeException()).toEqual([Exception.GP, 0]);
    t.v86Mode(3);
    expect(t.calls.testSoftInterrupt(t.cpu, 0x21, INT_N)).toBe(1);
    expect(t.rip).toBe(0x1234n);
  });

  it("with VME redirects INT n to the program's own vector table", () => {
    t.v86Mode(0);
    t.calls.testSetFeature(t.cpu, 1, 1);
    t.set64(Cpu.cr4, 1);
    t.set32(Cpu.seg + Cpu.TR * Cpu.SEG_SIZE + Cpu.segLimit, 0x200);
    t.poke(TSS + 102, 0x88, 2);
    t.poke(0x21 * 4, 0x05000010, 4);
    t.flags = 0xa0002;
    expect(t.calls.testSoftInterrupt(t.cpu, 0x21, INT_N)).toBe(1);
    expect(t.rip).toBe(0x10n);
    expect(t.segment(Cpu.CS).base).toBe(0x5000n);
    expect(t.flags & 0x80000).toBe(0);
    // IOPL shows as 3, IF as VIF.
    expect(t.stack(3, 2, 0x1000n)).toEqual([0x40n, 0x100n, 0x3202n]);
  });
});

describe("long mode", () => {
  const frame = (count: number): bigint[] => t.stack(count, 8);

  it("pushes SS:RSP always, aligned to 16 bytes, on the stack of privilege 0", () => {
    t.longMode(3);
    t.gate64(IDT + 14 * 16, access.interruptGate, CODE64, 0xffff800000001234n);
    t.set64(Cpu.rsp, USER_STACK - 8);
    t.flags = IF;
    deliver(Exception.PF, 7);
    expect(t.rip).toBe(0xffff800000001234n);
    expect(t.cpl).toBe(0);
    expect(t.rsp).toBe(BigInt(RING0_STACK - 48));
    expect(frame(6)).toEqual([7, 0x3000, CODE64_USER, IF | RF | 2, USER_STACK - 8, DATA3].map(BigInt));
    expect(t.segment(Cpu.SS)).toMatchObject({ selector: 0, attr: 0 });

    t.set64(Cpu.rsp, t.rsp + 8n);
    expect(t.calls.testInterruptReturn(t.cpu, 8)).toBe(1);
    expect(t.cpl).toBe(3);
    expect(t.rip).toBe(0x3000n);
    expect(t.rsp).toBe(BigInt(USER_STACK - 8));
    expect(t.segment(Cpu.SS).selector).toBe(DATA3);
    // RF is of no use without breakpoints, and would be pushed by the next interrupt.
    expect(t.flags).toBe(IF | 2);
  });

  it("aligns the current stack for a handler of the same privilege and keeps SS", () => {
    t.longMode(0);
    t.gate64(IDT + 6 * 16, access.trapGate, CODE64, 0x1234n);
    t.set64(Cpu.rsp, RING0_STACK - 4);
    t.flags = IF;
    deliver(Exception.UD);
    expect(t.rsp).toBe(BigInt(RING0_STACK - 16 - 40));
    expect(frame(5)).toEqual([0x3000, CODE64, IF | RF | 2, RING0_STACK - 4, DATA0].map(BigInt));
    expect(t.segment(Cpu.SS).selector).toBe(DATA0);
    expect(t.flags & IF).toBe(IF);
  });

  it("uses an IST stack at any privilege", () => {
    t.longMode(0);
    t.gate64(IDT + 2 * 16, access.interruptGate, CODE64, 0x1234n, 0, 1);
    t.calls.testDeliverNmi(t.cpu);
    expect(t.rsp).toBe(BigInt(IST_STACK - 40));
    expect(t.get32(Cpu.nmiBlocked)).toBe(1);
    expect(t.calls.testInterruptReturn(t.cpu, 8)).toBe(1);
    expect(t.get32(Cpu.nmiBlocked)).toBe(0);
    expect(t.rsp).toBe(BigInt(RING0_STACK));
  });

  it("keeps one of the NMIs that come while they are blocked", () => {
    t.longMode(0);
    t.gate64(IDT + 2 * 16, access.interruptGate, CODE64, 0x1234n);
    t.calls.testDeliverNmi(t.cpu);
    for (let i = 0; i < 3; i++) t.calls.raiseMsi(t.guest.plan.machine, 0xfee00000, 0x400);
    expect(t.get32(Cpu.nmiPending)).toBeGreaterThan(0);
    expect(t.calls.testInterruptReturn(t.cpu, 8)).toBe(1);
    expect(t.get32(Cpu.nmiPending)).toBe(1);
  });

  it("refuses gates that are no 64-bit gates, and handlers that are no 64-bit code", () => {
    t.longMode(0);
    t.gate64(IDT + 13 * 16, access.interruptGate, CODE64, 0x1300n);
    const cases: [type: number, selector: number, offset: bigint, error: number][] = [
      [access.taskGate, CODE64, 0x1000n, 0x20 * 8 + 3],
      [access.interruptGate16, CODE64, 0x1000n, 0x20 * 8 + 3],
      [access.interruptGate, CODE0, 0x1000n, CODE0 + 1],
      [access.interruptGate, DATA0, 0x1000n, DATA0 + 1],
      [access.interruptGate, 0, 0x1000n, 1],
      [access.interruptGate, CODE64, 0x800000000000n, 1],
    ];
    for (const [type, selector, offset, error] of cases) {
      t.set64(Cpu.rsp, RING0_STACK);
      t.gate64(IDT + 0x20 * 16, type, selector, offset);
      t.calls.testDeliverInterrupt(t.cpu, 0x20);
      expect(t.rip).toBe(0x1300n);
      expect(frame(1)).toEqual([BigInt(error)]);
      t.set64(Cpu.rip, 0x3000);
    }
  });

  it("makes a page fault on the handler's stack a double fault, with the handler's stack switched by IST", () => {
    t.longMode(3);
    t.gate64(IDT + 14 * 16, access.interruptGate, CODE64, 0x1400n);
    t.gate64(IDT + 8 * 16, access.interruptGate, CODE64, 0x800n, 0, 1);
    t.poke(TSS + 4, 0x40000000, 8);
    t.set64(Cpu.cr2, 0x1234);
    t.raise(Exception.PF, 4);
    t.calls.testDeliverPending(t.cpu);
    expect(t.rip).toBe(0x800n);
    expect(t.rsp).toBe(BigInt(IST_STACK - 48));
    expect(frame(2)).toEqual([0n, 0x3000n]);
    // CR2 is the address of the second fault, on the stack that is not there.
    expect(t.get64(Cpu.cr2)).toBe(0x3ffffff8n);
  });

  it("survives an IDT that is not mapped: shutdown, not a hang", () => {
    t.longMode(0);
    t.set64(Cpu.idtBase, 0x40000000);
    t.raise(Exception.DE);
    t.calls.testDeliverPending(t.cpu);
    expect(t.get32(Cpu.runState)).toBe(Cpu.RUN_SHUTDOWN);
  });

  it("reads the IDT as the supervisor, whatever the privilege", () => {
    t.longMode(3);
    // The page of the tables for the supervisor only.
    t.poke(PML4 + 0x2000, 0x83, 8);
    t.calls.testUpdateMode(t.cpu);
    t.gate64(IDT + 0x80 * 16, access.interruptGate, CODE64, 0x1234n, 3);
    expect(t.calls.testSoftInterrupt(t.cpu, 0x80, INT_N)).toBe(1);
    expect(t.cpl).toBe(0);
    expect(t.rip).toBe(0x1234n);
  });
});

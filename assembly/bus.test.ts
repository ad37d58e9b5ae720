import { describe, expect, it } from "vitest";
import * as Cpu from "./layout/cpu";
import * as DebugExit from "./layout/debug_exit";
import * as Machine from "./layout/machine";
import * as Mailbox from "./layout/mailbox";
import { TestPlatform } from "../tests/platform";

interface Window {
  start: number;
  length: number;
  isPort: boolean;
  slot: number;
  shift: number;
}

function addWindow(p: TestPlatform, window: Window): void {
  const index = p.get32(p.m + Machine.notifyWindows);
  const at = p.m + Machine.notifyWindow + index * Machine.NOTIFY_WINDOW_SIZE;
  p.put32(at + Machine.notifyStart, window.start);
  p.put32(at + Machine.notifyLength, window.length);
  p.put32(at + Machine.notifyIsPort, window.isPort ? 1 : 0);
  p.put32(at + Machine.notifySlot, window.slot);
  p.put32(at + Machine.notifyShift, window.shift);
  p.put32(p.m + Machine.notifyWindows, index + 1);
}

function doorbell(p: TestPlatform, slot: number, word = 0): number {
  return p.get32(p.m + Machine.doorbells + slot * Machine.DOORBELL_SLOT_SIZE + word * 4);
}

describe("exits", () => {
  it("carry port accesses of PCI configuration at their full size", () => {
    const p = new TestPlatform();
    p.model = () => 0x12378086;
    p.out(0xcf8, 0x80000000, 4);
    expect(p.in(0xcfc, 4)).toBe(0x12378086);
    expect(p.in(0xcfe, 2)).toBe(0x8086);
    expect(p.exits).toEqual([
      { kind: Mailbox.KIND_PORT, write: true, address: 0xcf8, size: 4, value: 0x80000000 },
      { kind: Mailbox.KIND_PORT, write: false, address: 0xcfc, size: 4, value: 0 },
      { kind: Mailbox.KIND_PORT, write: false, address: 0xcfe, size: 2, value: 0 },
    ]);
  });

  it("carry MMIO of 64-bit addresses and sizes", () => {
    const p = new TestPlatform();
    p.model = () => 0x1ff;
    expect(p.read(0x38_0000_1004, 1)).toBe(0xff);
    p.write(0xfe00_0000, 0xfff_ffff_ffff, 4);
    expect(p.exits).toEqual([
      { kind: Mailbox.KIND_MMIO, write: false, address: 0x38_0000_1004, size: 1, value: 0 },
      { kind: Mailbox.KIND_MMIO, write: true, address: 0xfe00_0000, size: 4, value: 0xffff_ffff },
    ]);
  });

  it("are not made for ports and addresses where nothing can be", () => {
    const p = new TestPlatform();
    for (const port of [0x80, 0xed, 0xe9, 0x2f8, 0x3e8, 0x1f7, 0x3c0, 0x3da, 0x402, 0x5658 & 0xfff]) {
      expect(p.in(port)).toBe(0xff);
      p.out(port, 0);
    }
    expect(p.in(0x3f6, 2)).toBe(0xffff);
    expect(p.in(0x170, 4)).toBe(0xffffffff);
    for (const gpa of [0xb8000, 0xfed40000, 0xfec01000, 0xffffffff]) {
      expect(p.read(gpa, 4)).toBe(0xffffffff);
      p.write(gpa, 0);
    }
    expect(p.exits).toEqual([]);
  });
});

describe("chips", () => {
  it("have accesses wider than their registers split into bytes", () => {
    const p = new TestPlatform();
    p.out(0x4d0, 0x0e20, 2);
    expect(p.in(0x4d0, 2)).toBe(0x0e20);
    // Beyond the last register of a chip the bus is empty.
    expect(p.in(0x3ff, 4)).toBe(0xffffff00);
    expect(p.in(0x71, 4) >>> 8).toBe(0xffffff);
  });

  it("the LAPIC page is where IA32_APIC_BASE says", () => {
    const p = new TestPlatform();
    expect(p.read(0xfee00030)).toBe(0x50014);
    p.wrmsr(0x1b, 0xfeb00900);
    expect(p.read(0xfee00030)).toBe(0xffffffff);
    expect(p.read(0xfeb00030)).toBe(0x50014);
    p.wrmsr(0x1b, 0xfeb00100);
    p.read(0xfeb00030);
    expect(p.exits).toHaveLength(1);
  });

  it("port F0 makes the x87 ignore its pending error", () => {
    const p = new TestPlatform();
    expect(p.in(0xf0)).toBe(0xff);
    expect(p.get32(p.cpu() + Cpu.ignne)).toBe(0);
    p.out(0xf0, 0);
    expect(p.get32(p.cpu() + Cpu.ignne)).toBe(1);
  });

  it("isa-debug-exit ends the machine with its code", () => {
    const p = new TestPlatform({
      before: (view) => {
        view.setUint32(0x1000000 + Machine.debugExit + DebugExit.port, 0xf4, true);
        view.setUint32(0x1000000 + Machine.debugExit + DebugExit.size, 4, true);
      },
    });
    p.out(0xf4, 0x10, 4);
    expect(p.events).toEqual([{ event: Mailbox.EVENT_SHUTDOWN, value: 0x22 }]);
    expect(p.get32(p.cpu() + Cpu.exitRequest)).toBe(Cpu.REQUESTED);
    expect(p.in(0xf4)).toBe(0);
  });
});

describe("doorbells", () => {
  it("ring by address or by value, and do not exit", () => {
    const p = new TestPlatform();
    addWindow(p, { start: 0xfe003000, length: 0x1000, isPort: false, slot: 3, shift: 2 });
    addWindow(p, { start: 0xc010, length: 2, isPort: true, slot: 4, shift: Machine.NOTIFY_BY_VALUE });
    p.write(0xfe003000, 7, 2);
    p.write(0xfe003000 + 4 * 33, 0, 4);
    expect([doorbell(p, 3), doorbell(p, 3, 1)]).toEqual([1, 2]);
    p.out(0xc010, 5, 2);
    expect(doorbell(p, 4)).toBe(32);
    expect(p.get32(p.m + Machine.doorbellSequence)).toBe(3);
    expect(p.exits).toEqual([]);
    p.in(0xc010, 2);
    p.out(0xc012, 5, 2);
    expect(p.exits).toHaveLength(2);
  });

  it("of queues and slots that do not exist ring nothing", () => {
    const p = new TestPlatform();
    addWindow(p, { start: 0xfe003000, length: 0x1000, isPort: false, slot: 3, shift: 0 });
    addWindow(p, { start: 0xfe005000, length: 0x1000, isPort: false, slot: 3, shift: Machine.NOTIFY_BY_VALUE });
    addWindow(p, { start: 0xfe006000, length: 0x1000, isPort: false, slot: 999, shift: 99 });
    p.write(0xfe003100, 0);
    p.write(0xfe005000, 0xffff, 2);
    p.write(0xfe005000, 256, 4);
    p.write(0xfe006000, 1);
    expect(p.get32(p.m + Machine.doorbellSequence)).toBe(0);
    p.put32(p.m + Machine.notifyWindows, -1);
    p.write(0xfe003000, 0);
    expect(doorbell(p, 3)).toBe(1);
  });
});

it("survives any access anywhere", () => {
  const p = new TestPlatform({ cpus: 2 });
  let seed = 11;
  const next = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 8;
  for (let i = 0; i < 50_000; i++) {
    const size = [1, 2, 4][next() % 3] ?? 1;
    const cpu = next() & 1;
    const port = next() & 1 ? next() & 0xffff : next() & 0xfff;
    if (next() & 1) p.out(port, next() << 8, size, cpu);
    else p.in(port, size, cpu);
    const gpa = [0xfec00000, 0xfee00000, 0xfe000000, 0xffffffff_f000][next() % 4] ?? 0;
    if (next() & 1) p.write(gpa + (next() & 0xfff), next(), 1 << (next() & 3), cpu);
    else p.read(gpa + (next() & 0xfff), 1 << (next() & 3), cpu);
    if (i % 10 === 0) p.advance(next() % 50);
    if (i % 4 === 0) p.take(cpu);
    if (i % 500 === 0) p.exits.length = 0;
  }
  expect(p.get32(p.m + 0x3200)).toBe(0);
});

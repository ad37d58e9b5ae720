import { describe, expect, it } from "vitest";
import * as Machine from "../layout/machine";
import { TestPlatform } from "../../tests/platform";

const IOAPIC = 0xfec00000;
const APIC = 0xfee00000;
const MASKED = 0x10000;
const LEVEL = 0x8000;

function readRegister(p: TestPlatform, index: number): number {
  p.write(IOAPIC, index);
  return p.read(IOAPIC + 0x10);
}

function route(p: TestPlatform, pin: number, low: number, dest = 0): void {
  p.write(IOAPIC, 0x11 + 2 * pin);
  p.write(IOAPIC + 0x10, dest << 24);
  p.write(IOAPIC, 0x10 + 2 * pin);
  p.write(IOAPIC + 0x10, low);
}

function start(cpus = 1): TestPlatform {
  const p = new TestPlatform({ cpus });
  for (let cpu = 0; cpu < cpus; cpu++) {
    p.write(APIC + 0xf0, 0x1ff, 4, cpu);
    p.write(APIC + 0x350, MASKED, 4, cpu);
  }
  return p;
}

describe("IOAPIC", () => {
  it("has 24 masked pins and version 20", () => {
    const p = start();
    expect(readRegister(p, 1)).toBe(0x170020);
    for (let pin = 0; pin < 24; pin++) expect(readRegister(p, 0x10 + 2 * pin)).toBe(MASKED);
    p.write(IOAPIC, 0);
    p.write(IOAPIC + 0x10, 0xffffffff);
    expect(readRegister(p, 0)).toBe(0x0f000000);
    expect(readRegister(p, 2)).toBe(0x0f000000);
    expect(readRegister(p, 0x40)).toBe(0);
    expect(readRegister(p, 0xff)).toBe(0);
  });

  it("keeps reserved and read-only bits of an entry", () => {
    const p = start();
    route(p, 5, 0xffffffff);
    expect(readRegister(p, 0x1a)).toBe(0x1afff);
    p.write(IOAPIC, 0x1b);
    p.write(IOAPIC + 0x10, 0x12345678);
    expect(readRegister(p, 0x1b)).toBe(0x12000000);
  });

  it("repeats a level until it falls, with an EOI in between", () => {
    const p = start();
    route(p, 16, LEVEL | 0x61);
    p.calls.testSetIrqLine(p.m, 16, 1);
    expect(p.take()).toBe(0x61);
    expect(readRegister(p, 0x30)).toBe(LEVEL | 0x4000 | 0x61);
    expect(p.take()).toBe(-1);
    p.write(APIC + 0xb0, 0);
    expect(p.take()).toBe(0x61);
    // The device lowers its line before the EOI, from another thread: no second interrupt.
    p.calls.testSetIrqLine(p.m, 16, 0);
    p.write(APIC + 0xb0, 0);
    expect(p.take()).toBe(-1);
    expect(readRegister(p, 0x30)).toBe(LEVEL | 0x61);
  });

  it("delivers a level that is high when it is unmasked", () => {
    const p = start();
    p.calls.testSetIrqLine(p.m, 16, 1);
    expect(p.take()).toBe(-1);
    route(p, 16, LEVEL | 0x61);
    expect(p.take()).toBe(0x61);
  });

  it("sends an edge once and loses it while masked", () => {
    const p = start();
    p.calls.testSetIrqLine(p.m, 20, 1);
    p.poll();
    route(p, 20, 0x71);
    expect(p.take()).toBe(-1);
    p.calls.testSetIrqLine(p.m, 20, 0);
    p.poll();
    p.calls.testSetIrqLine(p.m, 20, 1);
    expect(p.take()).toBe(0x71);
    p.write(APIC + 0xb0, 0);
    expect(p.take()).toBe(-1);
  });

  it("clears Remote IRR by the EOI register and by switching to edge", () => {
    const p = start();
    route(p, 16, LEVEL | 0x61);
    p.calls.testSetIrqLine(p.m, 16, 1);
    p.poll();
    p.calls.testSetIrqLine(p.m, 16, 0);
    p.write(IOAPIC + 0x40, 0x61);
    expect(readRegister(p, 0x30)).toBe(LEVEL | 0x61);
    p.calls.testSetIrqLine(p.m, 16, 1);
    p.poll();
    expect(readRegister(p, 0x30) & 0x4000).toBe(0x4000);
    route(p, 16, MASKED | 0x61);
    route(p, 16, MASKED | LEVEL | 0x61);
    expect(readRegister(p, 0x30) & 0x4000).toBe(0);
  });

  it("sends to the CPU of the entry and wakes it", () => {
    const p = start(2);
    route(p, 16, LEVEL | 0x61, 1);
    p.calls.testSetIrqLine(p.m, 16, 1);
    p.poll(0);
    expect([p.take(0), p.take(1)]).toEqual([-1, 0x61]);
    // The EOI of CPU 1 sees a line that only CPU 0 would poll.
    p.calls.testSetIrqLine(p.m, 16, 0);
    p.write(APIC + 0xb0, 0, 4, 1);
    expect([p.take(0), p.take(1)]).toEqual([-1, -1]);
  });

  it("a level that nobody takes does not get stuck", () => {
    const p = start();
    route(p, 16, LEVEL | 0x61, 9);
    p.calls.testSetIrqLine(p.m, 16, 1);
    p.poll();
    expect(readRegister(p, 0x30) & 0x4000).toBe(0);
  });

  it("lines outside its pins do not exist", () => {
    const p = start();
    p.calls.testSetIrqLine(p.m, 24, 1);
    p.calls.testSetIrqLine(p.m, 0xffffffff, 1);
    expect(p.get32(p.m + Machine.irqLines)).toBe(0);
  });
});

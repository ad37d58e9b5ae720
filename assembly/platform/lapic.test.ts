import { describe, expect, it } from "vitest";
import * as Cpu from "../layout/cpu";
import { TestPlatform } from "../../tests/platform";

const APIC = 0xfee00000;

/** What Linux does in setup_local_APIC. */
function enable(p: TestPlatform, cpu = 0): void {
  p.write(APIC + 0xe0, 0xffffffff, 4, cpu);
  p.write(APIC + 0xd0, 0x01000000 << cpu, 4, cpu);
  p.write(APIC + 0x80, 0, 4, cpu);
  p.write(APIC + 0xf0, 0x1ff, 4, cpu);
}

function eoi(p: TestPlatform, cpu = 0): void {
  p.write(APIC + 0xb0, 0, 4, cpu);
}

describe("registers of the xAPIC", () => {
  it("have their power-on values", () => {
    const p = new TestPlatform({ cpus: 2 });
    expect(p.rdmsr(0x1b)).toBe(0xfee00900n);
    expect(p.rdmsr(0x1b, 1)).toBe(0xfee00800n);
    expect(p.read(APIC + 0x20, 4, 1)).toBe(0x01000000);
    expect(p.read(APIC + 0x30)).toBe(0x50014);
    expect(p.read(APIC + 0xe0)).toBe(0xffffffff);
    expect(p.read(APIC + 0xf0)).toBe(0xff);
    expect(p.read(APIC + 0x320)).toBe(0x10000);
    // The boot CPU is in virtual wire mode, the others are not.
    expect(p.read(APIC + 0x350)).toBe(0x700);
    expect(p.read(APIC + 0x350, 4, 1)).toBe(0x10000);
  });

  it("keep the local vector table masked while disabled", () => {
    const p = new TestPlatform();
    p.write(APIC + 0x320, 0x20);
    expect(p.read(APIC + 0x320)).toBe(0x10020);
    enable(p);
    p.write(APIC + 0x320, 0x20);
    expect(p.read(APIC + 0x320)).toBe(0x20);
    p.write(APIC + 0xf0, 0xff);
    expect(p.read(APIC + 0x320)).toBe(0x10020);
  });

  it("latch errors when ESR is written and raise the error interrupt", () => {
    const p = new TestPlatform();
    enable(p);
    p.write(APIC + 0x370, 0xfe);
    p.read(APIC + 0x40);
    expect(p.read(APIC + 0x280)).toBe(0);
    expect(p.take()).toBe(0xfe);
    p.write(APIC + 0x280, 0);
    expect(p.read(APIC + 0x280)).toBe(0x80);
    // A fixed IPI with a vector below 16 is a send error.
    p.write(APIC + 0x300, 0x40005);
    p.write(APIC + 0x280, 0);
    expect(p.read(APIC + 0x280)).toBe(0x20);
  });

  it("only the first dword of 16 bytes is a register; odd accesses do no harm", () => {
    const p = new TestPlatform();
    enable(p);
    expect(p.read(APIC + 0x32, 2)).toBe(0x5);
    expect(p.read(APIC + 0x34)).toBe(0);
    p.write(APIC + 0x84, 0xff);
    expect(p.read(APIC + 0x80)).toBe(0);
    for (let offset = 0; offset < 0x1000; offset++) {
      for (const size of [1, 2, 4, 8]) p.read(APIC + offset, size);
    }
    expect(p.exits).toEqual([]);
  });
});

describe("priorities", () => {
  it("deliver the highest vector, nest, and respect TPR", () => {
    const p = new TestPlatform();
    enable(p);
    for (const vector of [0x31, 0x55, 0x42]) p.write(APIC + 0x300, 0x40000 | vector);
    expect(p.take()).toBe(0x55);
    expect(p.take()).toBe(-1);
    expect(p.read(APIC + 0xa0)).toBe(0x50);
    eoi(p);
    p.calls.testWriteTpr(p.cpu(), 4);
    expect(p.read(APIC + 0x80)).toBe(0x40);
    expect(p.take()).toBe(-1);
    p.calls.testWriteTpr(p.cpu(), 3);
    expect(p.take()).toBe(0x42);
    p.write(APIC + 0x300, 0x40061);
    expect(p.take()).toBe(0x61);
    eoi(p);
    eoi(p);
    expect(p.take()).toBe(-1);
    p.write(APIC + 0x80, 0x2f);
    expect(p.take()).toBe(0x31);
    eoi(p);
    eoi(p);
    expect(p.read(APIC + 0xa0)).toBe(0x2f);
  });

  it("a register write that frees an interrupt makes the CPU poll", () => {
    const p = new TestPlatform();
    enable(p);
    p.write(APIC + 0x300, 0x40041);
    p.write(APIC + 0x300, 0x40042);
    expect(p.take()).toBe(0x42);
    p.poll();
    expect(p.get32(p.cpu() + Cpu.exitRequest)).toBe(0);
    eoi(p);
    expect(p.get32(p.cpu() + Cpu.intrPending)).toBe(1);
    expect(p.get32(p.cpu() + Cpu.exitRequest)).toBe(Cpu.REQUESTED);
  });
});

describe("IPIs and MSIs", () => {
  it("reach one CPU, the others, or all", () => {
    const p = new TestPlatform({ cpus: 2 });
    enable(p, 0);
    enable(p, 1);
    p.write(APIC + 0x310, 0x01000000);
    p.write(APIC + 0x300, 0xf1);
    expect([p.take(0), p.take(1)]).toEqual([-1, 0xf1]);
    eoi(p, 1);
    p.write(APIC + 0x300, 0xc0000 | 0xf2);
    expect([p.take(0), p.take(1)]).toEqual([-1, 0xf2]);
    eoi(p, 1);
    p.write(APIC + 0x300, 0x80000 | 0xf3);
    expect([p.take(0), p.take(1)]).toEqual([0xf3, 0xf3]);
    expect(p.get32(p.cpu(1) + Cpu.wake)).toBe(3);
  });

  it("use logical destinations, flat and cluster", () => {
    const p = new TestPlatform({ cpus: 2 });
    enable(p, 0);
    enable(p, 1);
    p.calls.testRaiseMsi(p.m, APIC | (2 << 12) | 4, 0x51);
    expect([p.take(0), p.take(1)]).toEqual([-1, 0x51]);
    p.calls.testRaiseMsi(p.m, APIC | (3 << 12) | 4, 0x61);
    expect([p.take(0), p.take(1)]).toEqual([0x61, 0x61]);
    for (const cpu of [0, 1]) {
      p.write(APIC + 0xe0, 0x0fffffff, 4, cpu);
      p.write(APIC + 0xd0, (cpu === 0 ? 0x11 : 0x21) << 24, 4, cpu);
    }
    p.calls.testRaiseMsi(p.m, APIC | (0x21 << 12) | 4, 0x71);
    expect([p.take(0), p.take(1)]).toEqual([-1, 0x71]);
    // Lowest priority goes to exactly one of those that match.
    for (const cpu of [0, 1]) p.write(APIC + 0xd0, 0x13000000, 4, cpu);
    p.calls.testRaiseMsi(p.m, APIC | (0x13 << 12) | 4, 0x181);
    expect([p.take(0), p.take(1)].filter((vector) => vector === 0x81)).toHaveLength(1);
  });

  it("INIT, SIPI and NMI are left in the target's crossing words", () => {
    const p = new TestPlatform({ cpus: 2 });
    p.write(APIC + 0x310, 0x01000000);
    p.write(APIC + 0x300, 0xc500);
    expect(p.get32(p.cpu(1) + Cpu.initRequest)).toBe(1);
    p.put32(p.cpu(1) + Cpu.initRequest, 0);
    p.write(APIC + 0x300, 0x8500);
    expect(p.get32(p.cpu(1) + Cpu.initRequest)).toBe(0);
    p.write(APIC + 0x300, 0x699);
    expect(p.get32(p.cpu(1) + Cpu.sipiRequest)).toBe(0x9a);
    p.write(APIC + 0x300, 0xc0400);
    p.write(APIC + 0x300, 0xc0400);
    p.write(APIC + 0x300, 0xc0400);
    expect(p.get32(p.cpu(1) + Cpu.nmiPending)).toBe(2);
    expect(p.get32(p.cpu(0) + Cpu.nmiPending)).toBe(0);
    expect(p.get32(p.cpu(1) + Cpu.exitRequest)).toBe(Cpu.REQUESTED);
  });

  it("MSIs outside the interrupt window, to nobody, or with vector 0 are harmless", () => {
    const p = new TestPlatform();
    enable(p);
    p.calls.testRaiseMsi(p.m, 0x1000, 0x51);
    p.calls.testRaiseMsi(p.m, APIC | (7 << 12), 0x51);
    expect(p.take()).toBe(-1);
    p.calls.testRaiseMsi(p.m, APIC, 0);
    expect(p.take()).toBe(-1);
    p.write(APIC + 0x280, 0);
    expect(p.read(APIC + 0x280)).toBe(0x40);
  });

  it("a disabled APIC drops fixed interrupts and INIT clears posted ones", () => {
    const p = new TestPlatform();
    p.calls.testRaiseMsi(p.m, APIC, 0x51);
    enable(p);
    expect(p.take()).toBe(-1);
    p.calls.testRaiseMsi(p.m, APIC, 0x51);
    p.calls.testLapicInit(p.cpu());
    enable(p);
    expect(p.take()).toBe(-1);
  });
});

describe("timer", () => {
  it("counts down once", () => {
    const p = new TestPlatform();
    enable(p);
    p.write(APIC + 0x3e0, 3);
    p.write(APIC + 0x320, 0xec);
    p.write(APIC + 0x380, 100_000);
    p.advance(0.8);
    expect(p.read(APIC + 0x390)).toBeGreaterThan(49_990);
    expect(p.read(APIC + 0x390)).toBeLessThanOrEqual(50_000);
    expect(p.take()).toBe(-1);
    p.advance(0.81);
    expect(p.take()).toBe(0xec);
    expect(p.read(APIC + 0x390)).toBe(0);
    eoi(p);
    p.advance(10);
    expect(p.take()).toBe(-1);
    expect(p.nextTimer()).toBeUndefined();
  });

  it("ticks periodically without drift and joins missed ticks", () => {
    const p = new TestPlatform();
    enable(p);
    p.write(APIC + 0x3e0, 11);
    p.write(APIC + 0x320, 0x200ec);
    p.write(APIC + 0x380, 1_000_000);
    const first = p.nextTimer() ?? 0n;
    p.advance(1.4);
    expect(p.take()).toBe(0xec);
    eoi(p);
    expect(p.nextTimer()).toBe(first + 1_000_000n);
    p.advance(7.1);
    expect(p.take()).toBe(0xec);
    eoi(p);
    expect(p.take()).toBe(-1);
    expect(p.nextTimer()).toBe(first + 8_000_000n);
    p.write(APIC + 0x380, 0);
    expect(p.nextTimer()).toBeUndefined();
  });

  it("fires at a TSC deadline, which reads 0 afterwards", () => {
    const p = new TestPlatform();
    enable(p);
    p.wrmsr(0x6e0, 12345);
    expect(p.rdmsr(0x6e0)).toBe(0n);
    p.write(APIC + 0x320, 0x400ec);
    p.wrmsr(0x6e0, p.tsc() + 500_000n);
    p.advance(0.4);
    expect(p.take()).toBe(-1);
    p.advance(0.2);
    expect(p.take()).toBe(0xec);
    expect(p.rdmsr(0x6e0)).toBe(0n);
    eoi(p);
    // One in the past fires at once, 0 disarms, the largest never comes.
    p.poll();
    p.wrmsr(0x6e0, 1);
    expect(p.get32(p.cpu() + Cpu.exitRequest)).toBe(Cpu.REQUESTED);
    expect(p.take()).toBe(0xec);
    eoi(p);
    p.wrmsr(0x6e0, p.tsc() + 1000n);
    p.wrmsr(0x6e0, 0);
    expect(p.nextTimer()).toBeUndefined();
    p.wrmsr(0x6e0, 2n ** 64n - 1n);
    p.advance(1e9);
    expect(p.take()).toBe(-1);
  });

  it("follows the TSC when it is written", () => {
    const p = new TestPlatform();
    enable(p);
    p.write(APIC + 0x320, 0x400ec);
    p.wrmsr(0x6e0, p.tsc() + 10_000_000n);
    p.wrmsr(0x10, p.tsc() + 9_000_000n);
    p.advance(1.1);
    expect(p.take()).toBe(0xec);
  });

  it("survives the shortest period", () => {
    const p = new TestPlatform();
    enable(p);
    p.write(APIC + 0x3e0, 11);
    p.write(APIC + 0x320, 0x200ec);
    p.write(APIC + 0x380, 1);
    p.advance(100_000);
    expect(p.take()).toBe(0xec);
    expect(p.take()).toBe(-1);
  });
});

describe("x2APIC", () => {
  function enterX2apic(p: TestPlatform, cpu = 0): void {
    p.wrmsr(0x1b, (p.rdmsr(0x1b, cpu) ?? 0n) | 0x400n, cpu);
    p.wrmsr(0x80f, 0x1ff, cpu);
  }

  it("is entered and left only as the SDM allows", () => {
    const p = new TestPlatform();
    expect(p.rdmsr(0x802)).toBeUndefined();
    expect(p.wrmsr(0x1b, 0xfee00400)).toBe(false);
    expect(p.wrmsr(0x1b, 0xfee00d00)).toBe(true);
    expect(p.wrmsr(0x1b, 0xfee00900)).toBe(false);
    expect(p.wrmsr(0x1b, 0xfee00100)).toBe(true);
    expect(p.wrmsr(0x1b, 0xfee00d00)).toBe(false);
    expect(p.wrmsr(0x1b, 0xfee00901)).toBe(false);
    expect(p.wrmsr(0x1b, 1n << 50n)).toBe(false);
    expect(p.wrmsr(0x1b, 0xfee00900)).toBe(true);
  });

  it("has its registers in MSRs, checked for reserved bits", () => {
    const p = new TestPlatform({ cpus: 2 });
    enterX2apic(p, 1);
    expect(p.rdmsr(0x802, 1)).toBe(1n);
    expect(p.rdmsr(0x80d, 1)).toBe(2n);
    expect(p.rdmsr(0x803, 1)).toBe(0x50014n);
    expect(p.read(APIC + 0x30, 4, 1)).toBe(0xffffffff);
    for (const index of [0x80e, 0x831, 0x80b, 0x83f, 0x840, 0x8ff]) expect(p.rdmsr(index, 1)).toBeUndefined();
    for (const index of [0x802, 0x803, 0x80a, 0x80d, 0x80e, 0x810, 0x831, 0x839]) {
      expect(p.wrmsr(index, 0, 1)).toBe(false);
    }
    expect(p.wrmsr(0x80b, 1, 1)).toBe(false);
    expect(p.wrmsr(0x808, 0x100, 1)).toBe(false);
    expect(p.wrmsr(0x828, 1, 1)).toBe(false);
    expect(p.wrmsr(0x838, 1n << 32n, 1)).toBe(false);
    expect(p.wrmsr(0x832, 0x80000, 1)).toBe(false);
    expect(p.wrmsr(0x832, 0x400ec, 1)).toBe(true);
    expect(p.rdmsr(0x832, 1)).toBe(0x400ecn);
  });

  it("sends IPIs with one write, to itself with another", () => {
    const p = new TestPlatform({ cpus: 2 });
    enterX2apic(p, 0);
    enterX2apic(p, 1);
    expect(p.wrmsr(0x830, (1n << 32n) | 0xf1n)).toBe(true);
    expect([p.take(0), p.take(1)]).toEqual([-1, 0xf1]);
    expect(p.wrmsr(0x80b, 0, 1)).toBe(true);
    expect(p.wrmsr(0x830, (2n << 32n) | 0x8f2n)).toBe(true);
    expect([p.take(0), p.take(1)]).toEqual([-1, 0xf2]);
    expect(p.wrmsr(0x80b, 0, 1)).toBe(true);
    expect(p.wrmsr(0x830, (0xffffffffn << 32n) | 0xf3n)).toBe(true);
    expect([p.take(0), p.take(1)]).toEqual([0xf3, 0xf3]);
    expect(p.wrmsr(0x80b, 0)).toBe(true);
    expect(p.wrmsr(0x83f, 0xf4)).toBe(true);
    expect(p.wrmsr(0x83f, 0x1f4)).toBe(false);
    expect(p.take(0)).toBe(0xf4);
    // In service: vector F4 is bit 20 of the last word.
    expect(p.rdmsr(0x817)).toBe(0x100000n);
  });
});

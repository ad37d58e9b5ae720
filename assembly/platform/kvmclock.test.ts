import { describe, expect, it } from "vitest";
import * as CpuFeatures from "../layout/cpu_features";
import * as CpuSystem from "../layout/cpu_system";
import { TestPlatform } from "../../tests/platform";

const SYSTEM_TIME = 0x4b564d01;
const WALL_CLOCK = 0x4b564d00;
const STEAL_TIME = 0x4b564d03;
const PAGE = 0x5000;

/** pvclock_clocksource_read of Linux, with the TSC of a CPU. */
function readClock(p: TestPlatform, gpa: number, tsc: bigint): bigint {
  const time = p.ram(gpa);
  const delta = BigInt.asUintN(64, tsc - time.getBigUint64(8, true));
  const shift = BigInt(time.getInt8(28));
  return time.getBigUint64(16, true) + (((delta << shift) * BigInt(time.getUint32(24, true))) >> 32n);
}

describe("system time", () => {
  it("is guest time, read with any TSC, and never goes back", () => {
    const p = new TestPlatform({ cpus: 2 });
    p.advance(1234.5);
    expect(p.wrmsr(SYSTEM_TIME, PAGE | 1, 0)).toBe(true);
    p.advance(17);
    expect(p.wrmsr(SYSTEM_TIME, (PAGE + 64) | 1, 1)).toBe(true);
    const time = [p.ram(PAGE), p.ram(PAGE + 64)] as const;
    for (const page of time) {
      expect(page.getUint32(0, true)).toBe(2);
      expect(page.getUint8(29)).toBe(1);
      expect(page.getUint32(24, true)).toBe(0x80000000);
    }
    // One tuple for all CPUs.
    for (let i = 8; i < 28; i++) expect(time[1].getUint8(i)).toBe(time[0].getUint8(i));
    const before = p.now();
    const read = readClock(p, PAGE, p.tsc(0));
    const other = readClock(p, PAGE + 64, p.tsc(1));
    expect(read).toBeGreaterThan(before);
    expect(other).toBeGreaterThan(read);
    expect(p.now()).toBeGreaterThan(other);
    expect(p.now() - before).toBeLessThan(10n);
    expect(p.rdmsr(SYSTEM_TIME, 1)).toBe(BigInt(PAGE + 64) | 1n);
    expect(p.rdmsr(0x12, 1)).toBe(BigInt(PAGE + 64) | 1n);
  });

  it("works through the old numbers and moves with every registration", () => {
    const p = new TestPlatform();
    p.wrmsr(0x12, 0x6001);
    expect(p.ram(0x6000).getUint32(0, true)).toBe(2);
    p.wrmsr(0x12, 0x7001);
    expect(p.ram(0x6000).getUint32(0, true)).toBe(2);
    expect(p.ram(0x7000).getUint32(0, true)).toBe(2);
    p.wrmsr(0x12, 0);
    p.calls.testClockPause(p.m);
    p.calls.testClockResume(p.m);
    expect(p.ram(0x7000).getUint32(0, true)).toBe(2);
  });

  it("is not called stable while the TSCs differ, and stays right", () => {
    const p = new TestPlatform({ cpus: 2 });
    p.wrmsr(SYSTEM_TIME, PAGE | 1, 0);
    p.wrmsr(SYSTEM_TIME, (PAGE + 64) | 1, 1);
    p.advance(5);
    p.wrmsr(0x10, 0, 1);
    expect(p.ram(PAGE).getUint8(29)).toBe(0);
    expect(p.ram(PAGE + 64).getUint8(29)).toBe(0);
    const first = readClock(p, PAGE, p.tsc(0));
    const second = readClock(p, PAGE + 64, p.tsc(1));
    expect(second - first).toBeLessThan(10n);
    expect(second).toBeGreaterThan(first);
  });

  it("goes on after a pause and tells the guest, until it has taken note", () => {
    const p = new TestPlatform({ cpus: 2 });
    p.wrmsr(SYSTEM_TIME, PAGE | 1, 0);
    p.wrmsr(SYSTEM_TIME, (PAGE + 64) | 1, 1);
    const before = readClock(p, PAGE, p.tsc());
    p.calls.testClockPause(p.m);
    p.advance(3_600_000);
    p.calls.testClockResume(p.m);
    expect(p.ram(PAGE).getUint8(29)).toBe(3);
    expect(p.ram(PAGE + 64).getUint8(29)).toBe(3);
    expect(readClock(p, PAGE, p.tsc()) - before).toBeLessThan(100n);
    p.wrmsr(0x10, 5_000_000n, 1);
    expect(p.ram(PAGE).getUint8(29)).toBe(2);
    p.ram(PAGE).setUint8(29, 0);
    p.wrmsr(0x10, 7_000_000n, 1);
    expect(p.ram(PAGE).getUint8(29)).toBe(0);
    expect(p.ram(PAGE).getUint32(0, true) & 1).toBe(0);
  });

  it("starts over after a reset", () => {
    const p = new TestPlatform();
    p.wrmsr(SYSTEM_TIME, PAGE | 1);
    const version = p.ram(PAGE).getUint32(0, true);
    p.advance(500);
    p.calls.testPlatformReset(p.m);
    expect(p.rdmsr(SYSTEM_TIME)).toBe(0n);
    p.calls.testClockPause(p.m);
    p.calls.testClockResume(p.m);
    expect(p.ram(PAGE).getUint32(0, true)).toBe(version);
    p.wrmsr(SYSTEM_TIME, PAGE | 1);
    expect(readClock(p, PAGE, p.tsc())).toBeGreaterThan(500_000_000n);
    expect(readClock(p, PAGE, p.tsc())).toBeLessThan(500_001_000n);
  });

  it("ignores addresses that are not memory, and crosses pages", () => {
    const p = new TestPlatform();
    for (const gpa of [0x7fffffff0000n, 0xfffffffffffff001n, 0xfee00001n, BigInt(PAGE + 3), 2n ** 64n - 1n]) {
      expect(p.wrmsr(SYSTEM_TIME, gpa)).toBe(true);
      p.wrmsr(0x10, 1);
      p.calls.testClockPause(p.m);
      p.calls.testClockResume(p.m);
    }
    expect(p.ram(PAGE).getUint32(0, true)).toBe(0);
    p.wrmsr(SYSTEM_TIME, 0x5ff0 | 1);
    expect(p.ram(0x5ff0).getUint32(0, true)).toBe(2);
    expect(p.ram(0x6000).getUint32(8, true)).toBe(0x80000000);
  });
});

describe("wall clock", () => {
  it("is the host's time at guest time 0", () => {
    const p = new TestPlatform();
    p.advance(2500);
    p.wrmsr(WALL_CLOCK, PAGE);
    const clock = p.ram(PAGE);
    expect(clock.getUint32(0, true)).toBe(2);
    const boot = clock.getUint32(4, true) * 1e9 + clock.getUint32(8, true);
    expect(Math.abs(boot / 1e6 + 2500 - p.realtime)).toBeLessThan(1);
    expect(p.rdmsr(0x11)).toBe(BigInt(PAGE));
  });

  it("is written again after a pause", () => {
    const p = new TestPlatform();
    p.wrmsr(0x11, PAGE);
    const before = p.ram(PAGE).getUint32(4, true);
    p.calls.testClockPause(p.m);
    p.advance(10_000);
    p.calls.testClockResume(p.m);
    expect(p.ram(PAGE).getUint32(4, true) - before).toBe(10);
  });
});

describe("other MSRs of KVM", () => {
  it("exist only where CPUID says so", () => {
    const p = new TestPlatform();
    for (const index of [0x4b564d02, STEAL_TIME, 0x4b564d04, 0x4b564d05, 0x4b564d06, 0x4b564d08]) {
      expect(p.rdmsr(index)).toBeUndefined();
      expect(p.wrmsr(index, 0)).toBe(false);
    }
  });

  it("steal time is published with a version", () => {
    const p = new TestPlatform();
    const word = p.cpu() + CpuSystem.features + CpuFeatures.WORD_KVM * 4;
    p.put32(word, 1 << (CpuFeatures.KVM_STEAL_TIME & 31));
    expect(p.wrmsr(STEAL_TIME, PAGE | 0x21)).toBe(false);
    expect(p.wrmsr(STEAL_TIME, PAGE | 1)).toBe(true);
    expect(p.ram(PAGE).getUint32(8, true)).toBe(2);
    expect(p.ram(PAGE).getBigUint64(0, true)).toBe(0n);
  });
});

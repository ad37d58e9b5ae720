import { describe, expect, it } from "vitest";
import { TestPlatform } from "../../tests/platform";

describe("guest time", () => {
  it("starts near 0 and follows the host's clock", () => {
    const p = new TestPlatform();
    expect(p.now()).toBeLessThan(1000n);
    p.advance(2.5);
    expect(p.now()).toBe(2_500_000n);
  });

  it("grows with every call although the host's clock is coarse or goes back", () => {
    const p = new TestPlatform({ cpus: 2 });
    p.advance(1);
    const first = p.tsc(0);
    const second = p.tsc(1);
    p.ms -= 50;
    const third = p.tsc(0);
    expect(second).toBeGreaterThan(first);
    expect(third).toBeGreaterThan(second);
    expect(third - first).toBeLessThan(10n);
  });

  it("stands still while paused and goes on where it stopped", () => {
    const p = new TestPlatform();
    p.advance(10);
    p.calls.testClockPause(p.m);
    const stopped = p.now();
    p.advance(60_000);
    expect(p.now()).toBe(stopped);
    p.calls.testClockPause(p.m);
    p.calls.testClockResume(p.m);
    p.advance(5);
    expect(p.now() - stopped).toBe(5_000_000n);
    p.calls.testClockResume(p.m);
    expect(p.now() - stopped).toBeLessThan(5_000_100n);
  });

  it("goes on over a reset, while the TSC starts at 0 again", () => {
    const p = new TestPlatform();
    p.advance(1000);
    p.calls.testPlatformReset(p.m);
    expect(p.now()).toBeGreaterThanOrEqual(1_000_000_000n);
    expect(p.tsc()).toBeLessThan(1000n);
  });
});

describe("TSC", () => {
  it("is moved by writes to IA32_TSC, and TSC_ADJUST with it", () => {
    const p = new TestPlatform();
    p.advance(1);
    expect(p.wrmsr(0x10, 5_000_000_000n)).toBe(true);
    expect(p.tsc() - 5_000_000_000n).toBeLessThan(100n);
    const adjust = p.rdmsr(0x3b) ?? 0n;
    expect(adjust).toBeGreaterThan(4_998_999_000n);
    expect(p.wrmsr(0x3b, adjust - 1_000_000n)).toBe(true);
    expect(p.tsc() - 4_999_000_000n).toBeLessThan(100n);
    expect(p.wrmsr(0x3b, 0)).toBe(true);
    expect(p.tsc() - p.now()).toBeLessThan(10n);
  });
});

describe("counters of other rates", () => {
  it("convert without overflow and agree in both directions", () => {
    const { testTicksAt, testTimeOfTick } = new TestPlatform().calls;
    expect(testTicksAt(1_000_000_000n, 1193182n)).toBe(1193182n);
    const years = 200n * 365n * 86400n * 1_000_000_000n;
    expect(testTicksAt(years, 3579545n)).toBe((years * 3579545n) / 1_000_000_000n);
    for (const tick of [0n, 1n, 2n, 1193181n, 1193182n, 1193183n, 123456789n]) {
      const at = testTimeOfTick(tick, 1193182n);
      expect(testTicksAt(at, 1193182n)).toBe(tick);
      if (tick > 0n) expect(testTicksAt(at - 1n, 1193182n)).toBe(tick - 1n);
    }
  });

  it("knows the calendar", () => {
    const { testDateInto, testDaysOf } = new TestPlatform().calls;
    for (const date of [
      "1970-01-01",
      "1999-12-31",
      "2000-02-29",
      "2024-02-29",
      "2024-03-01",
      "2100-02-28",
      "1900-03-01",
    ]) {
      const days = BigInt(Date.parse(`${date}T00:00:00Z`) / 86_400_000);
      const [year, month, day] = date.split("-").map(Number);
      expect(testDaysOf(year ?? 0, month ?? 0, day ?? 0)).toBe(days);
      const into = Number(testDateInto(days));
      expect([into >> 16, (into >> 8) & 255, into & 255]).toEqual([year, month, day]);
    }
  });
});

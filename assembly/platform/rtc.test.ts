import { describe, expect, it } from "vitest";
import * as Machine from "../layout/machine";
import { TestPlatform } from "../../tests/platform";

function get(p: TestPlatform, register: number): number {
  p.out(0x70, register);
  return p.in(0x71);
}

function set(p: TestPlatform, register: number, value: number): void {
  p.out(0x70, register);
  p.out(0x71, value);
}

function shown(p: TestPlatform): string {
  return [0x32, 9, 8, 7, 4, 2, 0].map((register) => get(p, register).toString(16).padStart(2, "0")).join(" ");
}

function openIrq8(p: TestPlatform): void {
  p.out(0x20, 0x11);
  for (const value of [0x30, 0x04, 0x01, 0xfb]) p.out(0x21, value);
  p.out(0xa0, 0x11);
  for (const value of [0x38, 0x02, 0x01, 0xfe]) p.out(0xa1, value);
}

function handle(p: TestPlatform): number {
  if (p.take() !== 0x38) return 0;
  const flags = get(p, 12);
  p.out(0xa0, 0x20);
  p.out(0x20, 0x20);
  return flags;
}

describe("RTC", () => {
  it("shows the host's time in BCD, over a leap day", () => {
    const p = new TestPlatform();
    expect(shown(p)).toBe("20 24 02 29 23 59 58");
    expect(get(p, 6)).toBe(5);
    p.advance(2000);
    expect(shown(p)).toBe("20 24 03 01 00 00 00");
    expect(get(p, 10)).toBe(0x26);
    expect(get(p, 11)).toBe(0x02);
    expect(get(p, 13)).toBe(0x80);
  });

  it("announces an update before the second changes", () => {
    const p = new TestPlatform();
    expect(get(p, 10) & 0x80).toBe(0);
    p.advance(998);
    expect(get(p, 10) & 0x80).toBe(0x80);
    p.advance(2);
    expect(get(p, 10) & 0x80).toBe(0);
  });

  it("shows binary and 12-hour forms", () => {
    const p = new TestPlatform();
    set(p, 11, 0x04);
    expect(get(p, 4)).toBe(0x80 | 11);
    expect(get(p, 0)).toBe(58);
    set(p, 11, 0x00);
    expect(get(p, 4)).toBe(0x91);
    p.advance(2000);
    expect(get(p, 4)).toBe(0x12);
  });

  it("is set as Linux does it, and runs on from there", () => {
    const p = new TestPlatform();
    set(p, 11, 0x82);
    p.advance(5000);
    for (const [register, value] of [
      [9, 0x31],
      [8, 0x12],
      [7, 0x31],
      [4, 0x23],
      [2, 0x59],
      [0, 0x30],
      [0x32, 0x20],
    ] as const) {
      set(p, register, value);
    }
    p.advance(5000);
    expect(shown(p)).toBe("20 31 12 31 23 59 30");
    set(p, 11, 0x02);
    p.advance(31_000);
    expect(shown(p)).toBe("20 32 01 01 00 00 01");
    p.calls.testPlatformReset(p.m);
  });

  it("interrupts at its periodic rate without drift", () => {
    const p = new TestPlatform();
    openIrq8(p);
    set(p, 10, 0x26);
    set(p, 11, 0x42);
    let ticks = 0;
    for (let i = 0; i < 20_000; i++) {
      p.advance(0.1);
      if (handle(p) & 0x40) ticks++;
    }
    expect(ticks).toBeGreaterThanOrEqual(2047);
    expect(ticks).toBeLessThanOrEqual(2049);
    set(p, 11, 0x02);
    p.advance(100);
    expect(p.take()).toBe(-1);
    p.poll();
    expect(p.nextTimer()).toBeUndefined();
  });

  it("interrupts when a second begins", () => {
    const p = new TestPlatform();
    openIrq8(p);
    p.advance(300);
    set(p, 11, 0x12);
    let seconds = 0;
    for (let i = 0; i < 500; i++) {
      p.advance(10);
      if (handle(p) & 0x10) seconds++;
    }
    expect(seconds).toBe(5);
  });

  it("rings its alarm, once", () => {
    const p = new TestPlatform();
    openIrq8(p);
    set(p, 1, 0x01);
    set(p, 3, 0x00);
    set(p, 5, 0xff);
    set(p, 11, 0x22);
    const at: string[] = [];
    for (let i = 0; i < 100; i++) {
      p.advance(100);
      if (handle(p) & 0x20) at.push(shown(p));
    }
    expect(at).toEqual(["20 24 03 01 00 00 01"]);
  });

  it("tells of its alarm where a guest that sleeps listens, if the alarm is on", () => {
    const p = new TestPlatform();
    for (const alarm of [1, 3, 5]) set(p, alarm, 0xff);
    p.advance(2000);
    get(p, 12);
    expect(p.in(0x600, 2) & 0x400).toBe(0);
    set(p, 11, 0x22);
    p.advance(2000);
    p.poll();
    expect(p.in(0x600, 2) & 0x400).toBe(0x400);
    p.out(0x600, 0x400, 2);
    expect(p.in(0x600, 2) & 0x400).toBe(0);
  });

  it("keeps flags for those who poll", () => {
    const p = new TestPlatform();
    get(p, 12);
    p.advance(1);
    expect(get(p, 12)).toBe(0x40);
    p.advance(2000);
    expect(get(p, 12) & 0x50).toBe(0x50);
    expect(get(p, 12)).toBe(0);
  });

  it("tells firmware the memory size and number of CPUs", () => {
    const p = new TestPlatform({
      cpus: 2,
      before: (view) => {
        view.setUint32(0x1000000 + Machine.lowRamEnd, 0x80000, true);
        view.setUint32(0x1000000 + Machine.highRamEnd, 0x180000, true);
      },
    });
    expect([get(p, 0x34), get(p, 0x35)]).toEqual([0x00, 0x7f]);
    expect([get(p, 0x5b), get(p, 0x5c), get(p, 0x5d)]).toEqual([0, 0x80, 0]);
    expect([get(p, 0x15), get(p, 0x16), get(p, 0x17), get(p, 0x18)]).toEqual([0x80, 0x02, 0xff, 0xff]);
    expect(get(p, 0x5f)).toBe(1);
  });

  it("survives any bytes", () => {
    const p = new TestPlatform();
    openIrq8(p);
    let seed = 3;
    for (let i = 0; i < 20_000; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      if (seed & 0x10000) set(p, (seed >>> 8) & 0xff, (seed >>> 20) & 0xff);
      else expect(get(p, (seed >>> 8) & 0xff)).toBeLessThan(256);
      if (i % 20 === 0) p.advance((seed >>> 12) % 3000);
      if (i % 5 === 0) p.take();
    }
  });
});

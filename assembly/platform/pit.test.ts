import { describe, expect, it } from "vitest";
import { TestPlatform } from "../../tests/platform";

const TICK_MS = 1000 / 1193182;

function program(p: TestPlatform, channel: number, mode: number, count: number, bcd = 0): void {
  p.out(0x43, (channel << 6) | 0x30 | (mode << 1) | bcd);
  p.out(0x40 + channel, count & 0xff);
  p.out(0x40 + channel, count >> 8);
}

function latched(p: TestPlatform, channel: number): number {
  p.out(0x43, channel << 6);
  return p.in(0x40 + channel) | (p.in(0x40 + channel) << 8);
}

/** 8259 at 30 with only IRQ 0 open. */
function openIrq0(p: TestPlatform): void {
  for (const value of [0x11]) p.out(0x20, value);
  for (const value of [0x30, 0x04, 0x01, 0xfe]) p.out(0x21, value);
}

/** Interrupts that a guest handles while `ms` pass in small steps. */
function countTicks(p: TestPlatform, ms: number, step: number): number {
  let ticks = 0;
  for (let gone = 0; gone < ms; gone += step) {
    p.advance(step);
    if (p.take() === 0x30) {
      ticks++;
      p.out(0x20, 0x20);
    }
  }
  return ticks;
}

describe("8254", () => {
  it("lets Linux calibrate against channel 2 (mode 0, gate and output at port 61)", () => {
    const p = new TestPlatform();
    p.out(0x61, (p.in(0x61) & ~2) | 1);
    program(p, 2, 0, 11932);
    expect(p.in(0x61) & 0x20).toBe(0);
    p.advance(9.99);
    expect(p.in(0x61) & 0x20).toBe(0);
    p.advance(0.02);
    expect(p.in(0x61) & 0x23).toBe(0x21);
  });

  it("holds channel 2 while its gate is low", () => {
    const p = new TestPlatform();
    p.out(0x61, 1);
    program(p, 2, 0, 1000);
    p.advance(400 * TICK_MS);
    p.out(0x61, 0);
    p.advance(50);
    expect(latched(p, 2)).toBeGreaterThanOrEqual(599);
    expect(latched(p, 2)).toBeLessThanOrEqual(601);
    p.out(0x61, 1);
    p.advance(605 * TICK_MS);
    expect(p.in(0x61) & 0x20).toBe(0x20);
  });

  it("toggles the refresh bit of port 61", () => {
    const p = new TestPlatform();
    const seen = new Set<number>();
    for (let i = 0; i < 10; i++) {
      p.advance(0.0151);
      seen.add(p.in(0x61) & 0x10);
    }
    expect(seen.size).toBe(2);
  });

  it("counts down periodically and reads back count and status", () => {
    const p = new TestPlatform();
    program(p, 0, 2, 10_000);
    p.advance(12_500 * TICK_MS);
    expect(latched(p, 0)).toBeGreaterThanOrEqual(7499);
    expect(latched(p, 0)).toBeLessThanOrEqual(7501);
    p.out(0x43, 0xc2);
    const status = p.in(0x40);
    const low = p.in(0x40);
    expect(status).toBe(0xb4);
    expect(Math.abs((low | (p.in(0x40) << 8)) - 7500)).toBeLessThan(3);
    // A second latch before the first is read changes nothing.
    p.out(0x43, 0);
    p.advance(1000 * TICK_MS);
    p.out(0x43, 0);
    expect(Math.abs((p.in(0x40) | (p.in(0x40) << 8)) - 7500)).toBeLessThan(4);
  });

  it("counts in BCD and single bytes", () => {
    const p = new TestPlatform();
    program(p, 0, 2, 0x1000, 1);
    p.advance(250.5 * TICK_MS);
    expect(latched(p, 0)).toBe(0x0750);
    p.out(0x43, 0x14);
    p.out(0x40, 100);
    p.advance(30.5 * TICK_MS);
    p.out(0x43, 0);
    expect(p.in(0x40)).toBe(70);
    p.out(0x43, 0x24);
    p.out(0x40, 0x10);
    p.advance(0x230 * TICK_MS);
    expect(p.in(0x40)).toBe(0x0d);
  });

  it("interrupts at its rate without drift", () => {
    const p = new TestPlatform();
    openIrq0(p);
    program(p, 0, 2, 11932);
    expect(p.take()).toBe(-1);
    expect(countTicks(p, 1000, 0.37)).toBe(100);
    expect(countTicks(p, 10_000, 1.3)).toBe(1000);
  });

  it("delivers late ticks one after the other, as long as they are not too late", () => {
    const p = new TestPlatform();
    openIrq0(p);
    program(p, 0, 2, 11932);
    p.advance(205);
    expect(countTicks(p, 9, 0.2)).toBeGreaterThanOrEqual(19);
    p.advance(600_000);
    expect(countTicks(p, 1000, 0.2)).toBeLessThanOrEqual(202);
  });

  it("waits for the guest that has not handled the last tick", () => {
    const p = new TestPlatform();
    openIrq0(p);
    program(p, 0, 2, 1193);
    p.advance(1.1);
    expect(p.take()).toBe(0x30);
    p.advance(5);
    expect(p.take()).toBe(-1);
    // It must not be asked about it all the time either.
    expect(Number((p.nextTimer() ?? 0n) - p.now())).toBeGreaterThan(50_000);
    p.out(0x20, 0x20);
    expect(countTicks(p, 1, 0.11)).toBeGreaterThanOrEqual(4);
  });

  it("interrupts once in mode 0", () => {
    const p = new TestPlatform();
    openIrq0(p);
    program(p, 0, 0, 1193);
    expect(countTicks(p, 20, 0.3)).toBe(1);
    expect(p.nextTimer()).toBeUndefined();
  });

  it("survives any sequence of commands", () => {
    const p = new TestPlatform();
    openIrq0(p);
    let seed = 7;
    for (let i = 0; i < 20_000; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      const port = [0x40, 0x41, 0x42, 0x43, 0x61][(seed >>> 8) % 5] ?? 0x43;
      if (seed & 0x10000) p.out(port, (seed >>> 20) & 0xff);
      else expect(p.in(port)).toBeLessThan(256);
      if (i % 50 === 0) p.advance((seed >>> 12) % 300);
      if (i % 5 === 0) p.take();
    }
  });
});

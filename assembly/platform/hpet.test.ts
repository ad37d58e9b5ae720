import { describe, expect, it } from "vitest";
import { TestPlatform } from "../../tests/platform";

const BASE = 0xfed00000;
const CONFIGURATION = BASE + 0x10;
const STATUS = BASE + 0x20;
const COUNTER = BASE + 0xf0;
const timer = (n: number) => BASE + 0x100 + n * 0x20;
const ENABLED = 4;
const LEVEL = 2;
const PERIODIC = 8;
const SET = 0x40;
const NARROW = 0x100;
const route = (pin: number) => pin << 9;
/** Ticks of a millisecond. */
const MS = 100_000;

/** IOAPIC entry of a pin to CPU 0, whose APIC is on. */
function openPin(p: TestPlatform, pin: number, vector: number, level = false): void {
  p.write(0xfee000f0, 0x1ff);
  p.write(0xfec00000, 0x10 + pin * 2);
  p.write(0xfec00010, vector | (level ? 0x8000 : 0));
}

const endOfInterrupt = (p: TestPlatform) => p.write(0xfee000b0, 0);

describe("HPET", () => {
  it("says what it is", () => {
    const p = new TestPlatform();
    expect(p.read(BASE)).toBe(0x8086a201);
    // Femtoseconds of a tick.
    expect(p.read(BASE + 4)).toBe(10_000_000);
    expect(p.read(timer(0))).toBe(0x30);
    expect(p.read(timer(0) + 4)).toBe(0xf00000);
    expect(p.read(timer(2) + 8, 8)).toBe(Number(2n ** 64n - 1n));
    expect(p.read(timer(3), 8)).toBe(0);
  });

  it("counts while it is enabled, and takes values while it is not", () => {
    const p = new TestPlatform();
    p.advance(5);
    expect(p.read(COUNTER, 8)).toBe(0);
    p.write(COUNTER + 4, 1);
    p.write(COUNTER, 0x1000);
    p.write(CONFIGURATION, 1);
    p.advance(2);
    const value = p.read(COUNTER, 8);
    expect(value - 0x1_0000_1000).toBeGreaterThanOrEqual(2 * MS);
    expect(value - 0x1_0000_1000).toBeLessThan(2 * MS + 10);
    p.write(COUNTER, 0, 8);
    expect(p.read(COUNTER, 8)).toBeGreaterThanOrEqual(value);
    p.write(CONFIGURATION, 0);
    const stopped = p.read(COUNTER, 8);
    p.advance(2);
    expect(p.read(COUNTER, 8)).toBe(stopped);
  });

  it("interrupts once, through the pin that a timer is routed to", () => {
    const p = new TestPlatform();
    openPin(p, 21, 0x51);
    p.write(timer(1), ENABLED | route(21));
    p.write(timer(1) + 8, 3 * MS, 8);
    p.write(CONFIGURATION, 1);
    p.advance(2.9);
    expect(p.take()).toBe(-1);
    p.advance(0.2);
    expect(p.take()).toBe(0x51);
    endOfInterrupt(p);
    p.advance(50);
    expect(p.take()).toBe(-1);
    expect(p.read(STATUS)).toBe(0);
  });

  it("repeats with a period, without what was missed", () => {
    const p = new TestPlatform();
    openPin(p, 20, 0x50);
    p.write(timer(0), ENABLED | PERIODIC | SET | route(20));
    p.write(timer(0) + 8, 5 * MS, 8);
    p.write(timer(0) + 8, MS, 8);
    p.write(CONFIGURATION, 1);
    const taken: number[] = [];
    for (let ms = 1; ms <= 10; ms++) {
      p.advance(1);
      if (p.take() === 0x50) taken.push(ms);
      endOfInterrupt(p);
    }
    expect(taken).toEqual([5, 6, 7, 8, 9, 10]);
    p.advance(100.5);
    expect(p.take()).toBe(0x50);
    endOfInterrupt(p);
    expect(p.take()).toBe(-1);
    expect(p.read(timer(0) + 8, 8)).toBe(111 * MS);
  });

  it("holds a level until its bit is written", () => {
    const p = new TestPlatform();
    openPin(p, 22, 0x52, true);
    p.write(timer(2), ENABLED | LEVEL | route(22));
    p.write(timer(2) + 8, MS, 8);
    p.write(CONFIGURATION, 1);
    p.advance(2);
    expect(p.take()).toBe(0x52);
    expect(p.read(STATUS)).toBe(4);
    endOfInterrupt(p);
    expect(p.take()).toBe(0x52);
    p.write(STATUS, 4);
    endOfInterrupt(p);
    expect(p.take()).toBe(-1);
  });

  it("takes the place of the 8254 on IRQ 0", () => {
    const p = new TestPlatform();
    for (const value of [0x11]) p.out(0x20, value);
    for (const value of [0x30, 0x04, 0x01, 0xfe]) p.out(0x21, value);
    for (const [port, value] of [
      [0x43, 0x34],
      [0x40, 0],
      [0x40, 16],
    ] as const)
      p.out(port, value);
    p.write(CONFIGURATION, 2);
    p.advance(20);
    expect(p.take()).toBe(-1);
    p.write(timer(0), ENABLED);
    p.write(timer(0) + 8, MS, 8);
    p.write(CONFIGURATION, 3);
    p.advance(2);
    expect(p.take()).toBe(0x30);
  });

  it("comes round after 32 bits in that mode, and never with 64", () => {
    const p = new TestPlatform();
    openPin(p, 20, 0x50);
    openPin(p, 21, 0x51);
    p.write(CONFIGURATION, 1);
    p.advance(10);
    p.write(timer(0), ENABLED | NARROW | route(20));
    p.write(timer(0) + 8, MS);
    p.write(timer(1), ENABLED | route(21));
    p.write(timer(1) + 8, MS, 8);
    p.advance(1000);
    expect(p.take()).toBe(-1);
    p.advance(43_000);
    expect(p.take()).toBe(0x50);
    endOfInterrupt(p);
    expect(p.take()).toBe(-1);
  });

  it("survives any sequence of writes", () => {
    const p = new TestPlatform();
    let state = 11;
    const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 8;
    for (let i = 0; i < 20_000; i++) {
      const size = [1, 2, 4, 8][next() & 3] ?? 4;
      const at = BASE + ((next() % 0x180) & ~(size - 1));
      if (next() & 1) p.write(at, next() % 2 === 0 ? 0xffffffff : next(), size);
      else p.read(at, size);
      p.advance((next() % 100) / 10);
      p.take();
      if (p.nextTimer() !== undefined) expect(p.nextTimer()).toBeGreaterThan(0n);
    }
  });
});

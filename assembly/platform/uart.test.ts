import { describe, expect, it } from "vitest";
import * as Machine from "../layout/machine";
import { TestPlatform } from "../../tests/platform";

const COM1 = 0x3f8;

function openIrq4(p: TestPlatform): void {
  p.out(0x20, 0x11);
  for (const value of [0x30, 0x04, 0x01, 0xef]) p.out(0x21, value);
}

/** The vector taken, ended at once. */
function interrupt(p: TestPlatform): boolean {
  const taken = p.take() === 0x34;
  if (taken) p.out(0x20, 0x20);
  return taken;
}

function start(): TestPlatform {
  const p = new TestPlatform();
  openIrq4(p);
  return p;
}

describe("16550A", () => {
  it("is found as one by Linux's autoconfig", () => {
    const p = start();
    p.out(COM1 + 1, 0);
    expect(p.in(COM1 + 1)).toBe(0);
    p.out(COM1 + 1, 0xff);
    expect(p.in(COM1 + 1)).toBe(0x0f);
    p.out(COM1 + 1, 0);
    // Loopback: RTS and OUT2 come back as CTS and DCD.
    p.out(COM1 + 4, 0x1a);
    expect(p.in(COM1 + 6) & 0xf0).toBe(0x90);
    p.out(COM1 + 4, 0);
    p.out(COM1 + 2, 1);
    expect(p.in(COM1 + 2) >> 6).toBe(3);
    // No 16750: the 64-byte bit does not stick.
    p.out(COM1 + 3, 0x83);
    p.out(COM1 + 2, 0x21);
    expect(p.in(COM1 + 2) & 0x20).toBe(0);
    p.out(COM1, 0x34);
    p.out(COM1 + 1, 0x12);
    expect([p.in(COM1), p.in(COM1 + 1)]).toEqual([0x34, 0x12]);
    p.out(COM1 + 3, 3);
    expect(p.in(COM1 + 1)).toBe(0);
    p.out(COM1 + 7, 0x5a);
    expect(p.in(COM1 + 7)).toBe(0x5a);
    expect(p.takeOutput()).toEqual([]);
  });

  it("sends bytes and rings the devices worker", () => {
    const p = start();
    for (const byte of [0x68, 0x69]) {
      expect(p.in(COM1 + 5) & 0x60).toBe(0x60);
      p.out(COM1, byte);
    }
    expect(p.get32(p.m + Machine.doorbellSequence)).toBe(2);
    expect(p.takeOutput()).toEqual([0x68, 0x69]);
    expect(p.exits).toEqual([]);
  });

  it("interrupts when it can send: on enabling, and after every byte", () => {
    const p = start();
    p.out(COM1 + 4, 8);
    expect(interrupt(p)).toBe(false);
    p.out(COM1 + 1, 2);
    expect(interrupt(p)).toBe(true);
    expect(p.in(COM1 + 2) & 0xf).toBe(2);
    expect(p.in(COM1 + 2) & 0xf).toBe(1);
    expect(interrupt(p)).toBe(false);
    p.out(COM1, 0x41);
    expect(interrupt(p)).toBe(true);
    p.out(COM1, 0x42);
    expect(interrupt(p)).toBe(true);
    p.out(COM1 + 1, 0);
    p.out(COM1 + 1, 2);
    expect(interrupt(p)).toBe(true);
  });

  it("receives through its FIFO, highest cause first", () => {
    const p = start();
    p.out(COM1 + 4, 8);
    p.out(COM1 + 2, 0x81);
    p.out(COM1 + 1, 3);
    expect(interrupt(p)).toBe(true);
    p.feed(Machine.uartIn, [1, 2, 3]);
    expect(interrupt(p)).toBe(false);
    // Below the trigger level: the timeout interrupt.
    expect(p.in(COM1 + 2)).toBe(0xcc);
    p.feed(
      Machine.uartIn,
      Array.from({ length: 40 }, (_, i) => i + 4),
    );
    const seen: number[] = [];
    while (p.in(COM1 + 5) & 1) seen.push(p.in(COM1));
    expect(seen).toEqual(Array.from({ length: 43 }, (_, i) => i + 1));
    expect(p.in(COM1 + 2)).toBe(0xc2);
    expect(p.in(COM1 + 2)).toBe(0xc1);
    p.feed(Machine.uartIn, [9]);
    p.poll();
    expect(interrupt(p)).toBe(true);
  });

  it("OUT2 gates the interrupt", () => {
    const p = start();
    p.out(COM1 + 4, 0);
    p.out(COM1 + 1, 2);
    expect(interrupt(p)).toBe(false);
    p.out(COM1 + 4, 8);
    expect(interrupt(p)).toBe(true);
  });

  it("stays busy while the host does not take its bytes, and says so when it does", () => {
    const p = start();
    p.out(COM1 + 4, 8);
    p.out(COM1 + 1, 2);
    expect(interrupt(p)).toBe(true);
    for (let i = 0; i < 256; i++) p.out(COM1, i);
    expect(p.in(COM1 + 5) & 0x60).toBe(0);
    interrupt(p);
    expect(p.in(COM1 + 2) & 0xf).toBe(1);
    p.out(COM1, 0xee);
    p.advance(5);
    expect(interrupt(p)).toBe(false);
    expect(p.takeOutput()).toHaveLength(256);
    expect(p.in(COM1 + 5) & 0x60).toBe(0x60);
    p.advance(2);
    expect(interrupt(p)).toBe(true);
    expect(p.in(COM1 + 2) & 0xf).toBe(2);
    p.poll();
    expect(p.nextTimer()).toBeUndefined();
  });

  it("loops back, overrun included, without a byte to the host", () => {
    const p = start();
    p.out(COM1 + 2, 1);
    p.out(COM1 + 4, 0x10);
    for (let i = 0; i < 17; i++) p.out(COM1, i);
    expect(p.in(COM1 + 5)).toBe(0x63);
    expect(p.in(COM1 + 5)).toBe(0x61);
    for (let i = 0; i < 16; i++) expect(p.in(COM1)).toBe(i);
    expect(p.takeOutput()).toEqual([]);
  });

  it("bounds what a wild ring says", () => {
    const p = start();
    p.put32(p.m + Machine.uartIn + 4, 0x7fffffff);
    p.poll();
    for (let i = 0; i < 1000; i++) p.in(COM1);
    p.put32(p.m + Machine.uartOut + 4, 0x12345678);
    for (let i = 0; i < 1000; i++) p.out(COM1, i);
    expect(p.in(COM1 + 5) & 0x60).toBe(0);
  });
});

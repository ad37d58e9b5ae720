import { describe, expect, it } from "vitest";
import * as Machine from "../layout/machine";
import * as Mailbox from "../layout/mailbox";
import * as Platform from "../layout/platform";
import { TestPlatform } from "../../tests/platform";

const SCI = 0x39;

function start(): TestPlatform {
  const p = new TestPlatform();
  p.out(0x20, 0x11);
  for (const value of [0x30, 0x04, 0x01, 0xfb]) p.out(0x21, value);
  p.out(0xa0, 0x11);
  for (const value of [0x38, 0x02, 0x01, 0xfd]) p.out(0xa1, value);
  return p;
}

function eoi(p: TestPlatform): void {
  p.out(0xa0, 0x20);
  p.out(0x20, 0x20);
}

describe("ACPI registers", () => {
  it("are handed over by SMI_CMD", () => {
    const p = start();
    expect(p.in(0x604, 2)).toBe(0);
    p.out(0xb2, 0xf1);
    expect(p.in(0x604, 2)).toBe(1);
    expect(p.in(0xb2)).toBe(0xf1);
    p.out(0xb2, 0xf0);
    expect(p.in(0x604, 2)).toBe(0);
    p.out(0xb3, 0x77);
    expect(p.in(0xb3)).toBe(0x77);
  });

  it("signal the power button by SCI until its status is cleared", () => {
    const p = start();
    p.out(0xb2, 0xf1);
    p.out(0x602, 0x0120, 2);
    p.calls.testPressPowerButton(p.m);
    expect(p.take()).toBe(SCI);
    eoi(p);
    expect(p.take()).toBe(SCI);
    expect(p.in(0x600, 2)).toBe(0x100);
    p.out(0x600, 0x100, 2);
    eoi(p);
    expect(p.take()).toBe(-1);
    expect(p.in(0x600, 4)).toBe(0x01200000);
    // Bytes: enable bits keep their other half, status bits are only cleared where written.
    p.out(0x603, 0x04);
    expect(p.in(0x602, 2)).toBe(0x0420);
    expect(p.in(0x603)).toBe(4);
  });

  it("power off by SLP_EN", () => {
    const p = start();
    p.out(0x604, 0x1401, 2);
    expect(p.events).toEqual([]);
    p.out(0x604, 0x3401, 2);
    expect(p.events).toEqual([{ event: Mailbox.EVENT_SHUTDOWN, value: 0 }]);
    expect(p.in(0x604, 2)).toBe(0x1401);
  });

  it("have a timer of 3.579545 MHz and 24 bits", () => {
    const p = start();
    const first = p.in(0x608, 4);
    p.advance(100);
    expect((p.in(0x608, 4) - first) & 0xffffff).toBeGreaterThanOrEqual(357_954);
    expect((p.in(0x608, 4) - first) & 0xffffff).toBeLessThan(357_960);
    p.advance(10_000);
    expect(p.in(0x608, 4)).toBeLessThan(0x1000000);
    p.out(0x608, 0, 4);
  });

  it("signal the wrap of the timer", () => {
    const p = start();
    p.out(0xb2, 0xf1);
    p.out(0x602, 1, 2);
    p.out(0x600, 1, 2);
    p.advance(2300);
    expect(p.take()).toBe(-1);
    p.advance(50);
    expect(p.take()).toBe(SCI);
    p.out(0x600, 1, 2);
    eoi(p);
    expect(p.take()).toBe(-1);
    p.advance(2344);
    expect(p.take()).toBe(SCI);
  });

  it("wake a guest that listens to the power button only, having listened to more before", () => {
    const p = start();
    const asleep = (): boolean => p.calls.testWakeUp(p.m) !== 0;
    p.out(0xb2, 0xf1);
    p.out(0x602, 0x0100, 2);
    // As a guest without general-purpose events, which would power off.
    expect(asleep()).toBe(false);
    p.out(0xafe2, 2);
    expect(asleep()).toBe(false);
    p.out(0xafe2, 0);
    p.out(0x602, 0, 2);
    expect(asleep()).toBe(false);
    expect(p.in(0x600, 2)).toBe(0);
    p.out(0x602, 0x0100, 2);
    expect(asleep()).toBe(true);
    expect(p.take()).toBe(SCI);
    expect(p.in(0x600, 2)).toBe(0x100);
  });

  it("signal general-purpose events", () => {
    const p = start();
    p.out(0xb2, 0xf1);
    p.calls.testRaiseGpe(p.m, 1);
    p.calls.testRaiseGpe(p.m, 99);
    expect(p.take()).toBe(-1);
    expect(p.in(0xafe0)).toBe(2);
    p.out(0xafe2, 2);
    expect(p.take()).toBe(SCI);
    p.out(0xafe0, 2);
    eoi(p);
    expect(p.take()).toBe(-1);
    p.out(0xafe2, 0xabcd, 2);
    expect(p.in(0xafe0, 4) >>> 16).toBe(0xabcd);
  });
});

describe("reset", () => {
  it("by CF9, on the rising bit only", () => {
    const p = start();
    p.out(0xcf9, 2);
    expect(p.events).toEqual([]);
    p.out(0xcf9, 6);
    p.out(0xcf9, 6);
    expect(p.events).toEqual([{ event: Mailbox.EVENT_RESET, value: Platform.RESET_CF9 }]);
    expect(p.in(0xcf9)).toBe(6);
  });

  it("by port 92, whose other bit is A20", () => {
    const p = start();
    expect(p.in(0x92)).toBe(2);
    p.out(0x92, 0);
    expect(p.events).toEqual([]);
    expect(p.get32(p.m + Machine.a20Off)).toBe(1);
    p.out(0x92, 3);
    expect(p.events).toEqual([{ event: Mailbox.EVENT_RESET, value: Platform.RESET_PORT92 }]);
  });
});

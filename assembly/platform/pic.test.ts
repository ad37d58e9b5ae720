import { describe, expect, it } from "vitest";
import * as Cpu from "../layout/cpu";
import { TestPlatform } from "../../tests/platform";

/** As init_8259A of Linux, vectors 30 and 38, with the given ICW4. */
function initialise(p: TestPlatform, icw4 = 1): void {
  p.out(0x21, 0xff);
  p.out(0xa1, 0xff);
  p.out(0x20, 0x11);
  p.out(0x21, 0x30);
  p.out(0x21, 0x04);
  p.out(0x21, icw4);
  p.out(0xa0, 0x11);
  p.out(0xa1, 0x38);
  p.out(0xa1, 0x02);
  p.out(0xa1, icw4 & ~0x10);
  p.out(0x21, 0);
  p.out(0xa1, 0);
  p.out(0x4d0, 0);
  p.out(0x4d1, 0);
}

function start(icw4 = 1): TestPlatform {
  const p = new TestPlatform();
  initialise(p, icw4);
  return p;
}

function pulse(p: TestPlatform, ...lines: number[]): void {
  for (const line of lines) p.calls.testSetIrqLine(p.m, line, 1);
  p.poll();
  for (const line of lines) p.calls.testSetIrqLine(p.m, line, 0);
  p.poll();
}

describe("8259 pair", () => {
  it("passes Linux's probe: the mask reads back", () => {
    const p = start();
    p.out(0xa1, 0xff);
    p.out(0x21, 0xfb);
    expect(p.in(0x21)).toBe(0xfb);
    expect(p.in(0xa1)).toBe(0xff);
  });

  it("delivers by priority, fully nested, ended by EOI", () => {
    const p = start();
    pulse(p, 3, 6, 5);
    expect(p.take()).toBe(0x33);
    expect(p.take()).toBe(-1);
    p.out(0x20, 0x0b);
    expect(p.in(0x20)).toBe(0x08);
    p.out(0x20, 0x0a);
    expect(p.in(0x20)).toBe(0x60);
    p.out(0x20, 0x20);
    expect(p.take()).toBe(0x35);
    pulse(p, 1);
    expect(p.take()).toBe(0x31);
    p.out(0x20, 0x61);
    p.out(0x20, 0x65);
    expect(p.take()).toBe(0x36);
  });

  it("cascades; both chips want an EOI", () => {
    const p = start();
    pulse(p, 12, 9);
    expect(p.take()).toBe(0x39);
    p.out(0xa0, 0x20);
    expect(p.take()).toBe(-1);
    p.out(0x20, 0x20);
    expect(p.take()).toBe(0x3c);
    p.out(0xa0, 0x64);
    p.out(0x20, 0x62);
    expect(p.take()).toBe(-1);
  });

  it("masks and unmasks", () => {
    const p = start();
    p.out(0x21, 0x08);
    pulse(p, 3);
    expect(p.take()).toBe(-1);
    p.out(0x21, 0);
    expect(p.take()).toBe(0x33);
  });

  it("follows levels where ELCR says so", () => {
    const p = start();
    p.out(0x4d0, 0xff);
    p.out(0x4d1, 0xff);
    expect([p.in(0x4d0), p.in(0x4d1)]).toEqual([0xf8, 0xde]);
    p.calls.testSetIrqLine(p.m, 11, 1);
    expect(p.take()).toBe(0x3b);
    p.out(0xa0, 0x20);
    p.out(0x20, 0x20);
    expect(p.take()).toBe(0x3b);
    p.calls.testSetIrqLine(p.m, 11, 0);
    p.out(0xa0, 0x20);
    p.out(0x20, 0x20);
    expect(p.take()).toBe(-1);
  });

  it("a request that goes away before the acknowledge leaves no interrupt", () => {
    const p = start();
    p.out(0x4d0, 0xf8);
    p.calls.testSetIrqLine(p.m, 5, 1);
    p.poll();
    expect(p.get32(p.cpu() + Cpu.intrPending)).toBe(1);
    p.calls.testSetIrqLine(p.m, 5, 0);
    expect(p.take()).toBe(-1);
  });

  it("ends interrupts by itself in AEOI mode", () => {
    const p = start(3);
    pulse(p, 4, 7);
    expect([p.take(), p.take(), p.take()]).toEqual([0x34, 0x37, -1]);
  });

  it("rotates priorities", () => {
    const p = start();
    pulse(p, 3);
    expect(p.take()).toBe(0x33);
    p.out(0x20, 0xa0);
    pulse(p, 3, 4);
    expect(p.take()).toBe(0x34);
    p.out(0x20, 0x20);
    p.out(0x20, 0xc7);
    pulse(p, 0x1);
    expect(p.take()).toBe(0x31);
  });

  it("special mask mode lets lower priorities through", () => {
    const p = start();
    pulse(p, 2 + 1);
    expect(p.take()).toBe(0x33);
    pulse(p, 6);
    expect(p.take()).toBe(-1);
    p.out(0x20, 0x68);
    p.out(0x21, 0x08);
    expect(p.take()).toBe(0x36);
  });

  it("answers a poll with the input and takes it in service", () => {
    const p = start();
    p.out(0x20, 0x0c);
    expect(p.in(0x20)).toBe(0);
    pulse(p, 6);
    p.out(0x20, 0x0c);
    expect(p.in(0x20)).toBe(0x86);
    expect(p.take()).toBe(-1);
    p.out(0x20, 0x0b);
    expect(p.in(0x20)).toBe(0x40);
  });

  it("reaches the CPU only through an open LINT0 or with the APIC off", () => {
    const p = start();
    p.write(0xfee000f0, 0x1ff);
    p.write(0xfee00350, 0x10700);
    pulse(p, 3);
    expect(p.take()).toBe(-1);
    p.write(0xfee00350, 0x700);
    expect(p.get32(p.cpu() + Cpu.intrPending)).toBe(1);
    p.write(0xfee00350, 0x10700);
    p.wrmsr(0x1b, 0xfee00100);
    expect(p.take()).toBe(0x33);
  });

  it("survives any sequence of commands", () => {
    const p = start();
    let seed = 1;
    for (let i = 0; i < 20_000; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      const port = [0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1][(seed >>> 8) % 6] ?? 0x20;
      if (seed & 0x10000) p.out(port, (seed >>> 20) & 0xff);
      else expect(p.in(port)).toBeLessThan(256);
      if (i % 7 === 0) pulse(p, (seed >>> 24) & 15);
      if (i % 5 === 0) expect(p.take()).toBeLessThan(256);
    }
  });
});

import { describe, expect, it } from "vitest";
import * as Machine from "../layout/machine";
import * as Mailbox from "../layout/mailbox";
import * as Platform from "../layout/platform";
import { TestPlatform } from "../../tests/platform";

/** Everything in the output buffer, with 0x100 for bytes of the auxiliary port. */
function drain(p: TestPlatform): number[] {
  const seen: number[] = [];
  for (let status = p.in(0x64); status & 1; status = p.in(0x64)) {
    seen.push(p.in(0x60) | (status & 0x20 ? 0x100 : 0));
    if (seen.length > 500) throw new Error("the buffer never ends");
  }
  return seen;
}

function command(p: TestPlatform, value: number, parameter?: number): number[] {
  p.out(0x64, value);
  if (parameter !== undefined) p.out(0x60, parameter);
  return drain(p);
}

function keyboard(p: TestPlatform, ...values: number[]): number[] {
  return values.flatMap((value) => {
    p.out(0x60, value);
    return drain(p);
  });
}

function mouse(p: TestPlatform, ...values: number[]): number[] {
  return values.flatMap((value) => command(p, 0xd4, value).map((byte) => byte & 0xff));
}

function open(p: TestPlatform): void {
  p.out(0x20, 0x11);
  for (const value of [0x30, 0x04, 0x01, 0xf9]) p.out(0x21, value);
  p.out(0xa0, 0x11);
  for (const value of [0x38, 0x02, 0x01, 0xef]) p.out(0xa1, value);
}

describe("controller", () => {
  it("passes the probe of Linux's i8042 driver", () => {
    const p = new TestPlatform();
    expect(drain(p)).toEqual([]);
    expect(command(p, 0x20)).toEqual([0x47]);
    expect(command(p, 0xaa)).toEqual([0x55]);
    expect(command(p, 0x60, 0x74)).toEqual([]);
    expect(command(p, 0x20)).toEqual([0x74]);
    // The auxiliary loop, the multiplexer probe (there is none: bytes come back), and the port test.
    for (const byte of [0x5a, 0xf0, 0x56, 0xa4]) expect(command(p, 0xd3, byte)).toEqual([0x100 | byte]);
    expect(command(p, 0xa9)).toEqual([0]);
    expect(command(p, 0xab)).toEqual([0]);
    command(p, 0xa7);
    expect((command(p, 0x20)[0] ?? 0) & 0x20).toBe(0x20);
    command(p, 0xa8);
    expect((command(p, 0x20)[0] ?? 0) & 0x20).toBe(0);
    expect(command(p, 0xd2, 0x12)).toEqual([0x12]);
    expect(p.in(0x64) & 0x08).toBe(0);
    p.out(0x64, 0xff);
    expect(p.in(0x64) & 0x08).toBe(8);
  });

  it("raises IRQ 1 and 12 once per byte, as the configuration says", () => {
    const p = new TestPlatform();
    open(p);
    p.out(0x64, 0xd3);
    p.out(0x60, 0xa5);
    expect(p.take()).toBe(0x3c);
    p.out(0xa0, 0x20);
    p.out(0x20, 0x20);
    expect(p.in(0x60)).toBe(0xa5);
    p.feed(Machine.i8042In, [0x1c, 0xf0, 0x1c], 2);
    const seen: number[] = [];
    while (p.take() === 0x31) {
      seen.push(p.in(0x60));
      p.out(0x20, 0x20);
    }
    // Translated: make and break of A.
    expect(seen).toEqual([0x1e, 0x9e]);
    command(p, 0x60, 0x44);
    p.feed(Machine.i8042In, [0x1c], 2);
    expect(p.take()).toBe(-1);
    expect(drain(p)).toEqual([0x1e]);
  });

  it("resets the machine by pulse and by output port, once", () => {
    for (const write of [(p: TestPlatform) => p.out(0x64, 0xfe), (p: TestPlatform) => command(p, 0xd1, 0xce)]) {
      const p = new TestPlatform();
      command(p, 0xd1, 0xdd);
      expect(command(p, 0xd0)).toEqual([0xdd]);
      expect(p.events).toEqual([]);
      write(p);
      expect(p.events).toEqual([{ event: Mailbox.EVENT_RESET, value: Platform.RESET_KEYBOARD }]);
    }
  });
});

describe("keyboard", () => {
  it("resets, identifies itself and takes parameters", () => {
    const p = new TestPlatform();
    command(p, 0x60, 0x07);
    expect(keyboard(p, 0xff)).toEqual([0xfa, 0xaa]);
    expect(keyboard(p, 0xf2)).toEqual([0xfa, 0xab, 0x83]);
    expect(keyboard(p, 0xee)).toEqual([0xee]);
    expect(keyboard(p, 0xed, 2, 0xf3, 0, 0xf4)).toEqual([0xfa, 0xfa, 0xfa, 0xfa, 0xfa]);
    expect(keyboard(p, 0xf0, 0)).toEqual([0xfa, 0xfa, 2]);
    expect(keyboard(p, 0xf0, 1, 0xf0, 0)).toEqual([0xfa, 0xfa, 0xfa, 0xfa, 1]);
    expect(keyboard(p, 0xf0, 9)).toEqual([0xfa, 0xfe]);
    expect(keyboard(p, 0xf1)).toEqual([0xfe]);
    expect(keyboard(p, 0xf2)[2]).toBe(0x83);
    expect(keyboard(p, 0xfe)).toEqual([0x83]);
    command(p, 0x60, 0x47);
    expect(keyboard(p, 0xf2)).toEqual([0xfa, 0xab, 0x41]);
  });

  it("sends set 2, set 1, or nothing while disabled", () => {
    const p = new TestPlatform();
    const keys = [0x1c, 0xe0, 0xf0, 0x75];
    command(p, 0x60, 0x07);
    p.feed(Machine.i8042In, keys, 2);
    expect(drain(p)).toEqual(keys);
    keyboard(p, 0xf0, 1);
    p.feed(Machine.i8042In, keys, 2);
    expect(drain(p)).toEqual([0x1e, 0xe0, 0xc8]);
    keyboard(p, 0xf5);
    p.feed(Machine.i8042In, keys, 2);
    expect(drain(p)).toEqual([]);
    keyboard(p, 0xf4);
    p.out(0x64, 0xad);
    p.feed(Machine.i8042In, keys, 2);
    expect(drain(p)).toEqual([]);
    p.out(0x64, 0xae);
    expect(drain(p)).toEqual(keys);
  });
});

describe("mouse", () => {
  /** As psmouse of Linux detects a wheel mouse. */
  function intellimouse(p: TestPlatform): number[] {
    return mouse(p, 0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf2);
  }

  const packet = [0x109, 0x105, 0x1fd, 0x10f];

  it("resets and reports status", () => {
    const p = new TestPlatform();
    expect(mouse(p, 0xff)).toEqual([0xfa, 0xaa, 0]);
    expect(mouse(p, 0xf2)).toEqual([0xfa, 0]);
    expect(mouse(p, 0xe9)).toEqual([0xfa, 0, 2, 100]);
    expect(mouse(p, 0xe8, 3, 0xf3, 40, 0xe7, 0xf4, 0xe9)).toEqual([
      0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0x30, 3, 40,
    ]);
    expect(mouse(p, 0xe8, 9)).toEqual([0xfa, 0xfc]);
    expect(mouse(p, 0x12)).toEqual([0xfe]);
    expect(mouse(p, 0xeb)).toEqual([0xfa, 8, 0, 0]);
    expect(mouse(p, 0xee, 0x42, 0xec)).toEqual([0xfa, 0x42, 0xfa]);
  });

  it("sends packets of three bytes, or four once it is an IntelliMouse", () => {
    const p = new TestPlatform();
    p.feed(Machine.i8042In, packet, 2);
    expect(drain(p)).toEqual([]);
    mouse(p, 0xf4);
    p.feed(Machine.i8042In, packet, 2);
    expect(drain(p)).toEqual([0x109, 0x105, 0x1fd]);
    expect(intellimouse(p).slice(-2)).toEqual([0xfa, 3]);
    p.feed(Machine.i8042In, packet, 2);
    expect(drain(p)).toEqual([0x109, 0x105, 0x1fd, 0x1ff]);
    expect(mouse(p, 0xf3, 200, 0xf3, 200, 0xf3, 80, 0xf2).slice(-2)).toEqual([0xfa, 4]);
    p.feed(Machine.i8042In, [0x108, 0x100, 0x100, 0x11f], 2);
    expect(drain(p)).toEqual([0x108, 0x100, 0x100, 0x11f]);
    mouse(p, 0xff);
    expect(mouse(p, 0xf2)).toEqual([0xfa, 0]);
  });

  it("waits while its port is off", () => {
    const p = new TestPlatform();
    mouse(p, 0xf4);
    p.out(0x64, 0xa7);
    p.feed(Machine.i8042In, packet, 2);
    expect(drain(p)).toEqual([]);
    p.out(0x64, 0xa8);
    expect(drain(p)).toHaveLength(3);
  });
});

describe("hostile use", () => {
  it("survives any sequence of bytes from guest and host", () => {
    const p = new TestPlatform();
    open(p);
    let seed = 5;
    for (let i = 0; i < 30_000; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      const value = (seed >>> 20) & 0xff;
      if (seed & 0x10000) p.out(seed & 0x100 ? 0x60 : 0x64, value);
      else expect(p.in(seed & 0x100 ? 0x60 : 0x64)).toBeLessThan(256);
      if (i % 3 === 0 && i % 100 < 50) p.feed(Machine.i8042In, [value | (seed & 0x100)], 2);
      if (i % 5 === 0) p.take();
      // The host respects the ring's capacity; the guest may never read.
      if (i % 100 === 0) p.put32(p.m + Machine.i8042In + 4, p.get32(p.m + Machine.i8042In));
    }
  });
});

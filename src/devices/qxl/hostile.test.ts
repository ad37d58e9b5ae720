// A driver that does everything wrong, and one that writes at random: nothing outside of the device's memory changes,
// nothing throws, nothing hangs, and a reset brings the device back.
import { describe, expect, it } from "vitest";
import { Bytes, copy, fill, testQxl, type TestQxl } from "../../../tests/qxl";
import { CURSOR_COMMAND_BYTES, parseCursorCommand } from "./cursor";
import { parseCompatDrawable, parseDrawable, parseSurfaceCommand } from "./parse";
import * as Q from "./protocol";

const ALL = [0, 0, 64, 32] as const;
const GUARD = 4096;

/** A device in use, with a pattern in the guest's RAM and around the device's memory that must not change. */
function guarded(): TestQxl & { intact(): boolean } {
  const t = testQxl();
  const bytes = new Uint8Array(t.memory.buffer);
  const pool = t.plan.poolStart * 4096;
  const before = bytes.subarray(t.plan.deviceMemory - GUARD, t.plan.deviceMemory);
  const behind = bytes.subarray(pool, pool + 0x100000);
  before.fill(0xa5);
  behind.fill(0x5a);
  t.driver.start();
  return { ...t, intact: () => before.every((byte) => byte === 0xa5) && behind.every((byte) => byte === 0x5a) };
}

function worksAfterReset(t: TestQxl): boolean {
  t.driver.port(Q.IO_RESET);
  t.driver.start();
  t.driver.draw(1, [0, 0, 1, 1], fill(0x777777));
  return t.driver.pixels(0, 0, 1, 1)[0] === 0x777777;
}

/** Draws, and expects that the command was dropped and nothing else happened. */
function expectDropped(t: TestQxl & { intact(): boolean }, ...drawable: Parameters<TestQxl["driver"]["draw"]>): void {
  const { dropped, guestBugs } = t.pci.device.counters;
  t.driver.draw(...drawable);
  expect(t.pci.device.counters.dropped).toBe(dropped + 1);
  expect(t.pci.device.counters.guestBugs).toBe(guestBugs);
  expect(t.intact()).toBe(true);
}

describe("commands that make no sense", () => {
  it("drops boxes, types and surfaces that are not there", () => {
    const t = guarded();
    expectDropped(t, 1, [0, 0, 65, 1], fill(1));
    expectDropped(t, 1, [-1, 0, 3, 1], fill(1));
    expectDropped(t, 1, [5, 0, 3, 1], fill(1));
    expectDropped(t, 1, [0, 0, 0x7fffffff, 0x7fffffff], fill(1));
    expectDropped(t, 15, ALL, fill(1));
    expectDropped(t, 255, ALL, fill(1));
    expectDropped(t, 1, ALL, fill(1), { surface: 9 });
    expectDropped(t, 1, ALL, new Bytes(39).u32(0, 3).bytes);
  });

  it("drops images that leave the slot, are too large or have no end", () => {
    const t = guarded();
    const image = (change: (bytes: Bytes) => Bytes): Uint8Array => {
      const bytes = new Bytes(48).u8(18, 8).u8(19, 4).u32(20, 4, 4, 16).physical(40, 0x900000);
      return copy(t.driver.place(change(bytes).bytes), [0, 0, 4, 4]);
    };
    t.driver.write(0x900000, new Bytes(20).u32(0, 64).bytes);
    expectDropped(t, 3, ALL, copy(0xffffff0, [0, 0, 4, 4]));
    expectDropped(
      t,
      3,
      ALL,
      image((bytes) => bytes.u8(8, 101)),
    );
    expectDropped(
      t,
      3,
      ALL,
      image((bytes) => bytes.u8(18, 99)),
    );
    expectDropped(
      t,
      3,
      ALL,
      image((bytes) => bytes.u32(20, 0)),
    );
    expectDropped(
      t,
      3,
      ALL,
      image((bytes) => bytes.u32(20, 0xffffffff, 0xffffffff, 0xffffffff)),
    );
    expectDropped(
      t,
      3,
      ALL,
      image((bytes) => bytes.u32(28, 15)),
    );
    // Direct, at the end of the RAM.
    expectDropped(
      t,
      3,
      ALL,
      image((bytes) => bytes.u8(19, 5).physical(40, 0xffdff0)),
    );
    // A palette that is not there.
    expectDropped(
      t,
      3,
      ALL,
      image((bytes) => bytes.u8(18, 5)),
    );
    // A chunk that leads to itself, without a byte.
    t.driver.write(0x900000, new Bytes(20).physical(12, 0x900000).bytes);
    expectDropped(
      t,
      3,
      ALL,
      image((bytes) => bytes),
    );
  });

  it("drops clips, paths and strings that lie about their size", () => {
    const t = guarded();
    const clip = t.driver.place(new Bytes(24).u32(0, 0xffffffff, 16).bytes);
    expectDropped(t, 1, ALL, fill(1), { clip });
    const few = t.driver.place(new Bytes(24).u32(0, 9, 16).bytes);
    expectDropped(t, 1, ALL, fill(1), { clip: few });
    const path = t.driver.place(new Bytes(40).u32(0, 16, 16).u32(24, 3, 0x10000000).bytes);
    expectDropped(t, 10, ALL, new Bytes(52).physical(0, path).u32(28, 1).bytes);
    const far = new Bytes(40).u32(0, 16, 16).u32(24, 3, 1).u32(32, 0x7fffffff, 0x7fffffff);
    expectDropped(t, 10, ALL, new Bytes(52).physical(0, t.driver.place(far.bytes)).u32(28, 1).bytes);
    const text = t.driver.place(new Bytes(60).u32(0, 20).u16(4, 9).u16(6, 4).u32(8, 20).u16(44, 65535).bytes);
    expectDropped(t, 11, ALL, new Bytes(68).physical(0, text).u32(24, 1).bytes);
  });

  it("does not make surfaces that leave the slot", () => {
    const t = guarded();
    for (const [format, width, height, stride] of [
      [32, 0xffffffff, 0xffffffff, 4],
      [32, 64, 64, 255],
      [32, 30000, 30000, 120000],
      [33, 4, 4, 16],
      [32, 4, 4, 0x80000000],
    ] as const) {
      const { dropped } = t.pci.device.counters;
      const create = new Bytes(Q.SURFACE_CMD_BYTES).u32(8, 3).u32(17, format, width, height, stride);
      t.driver.submit(Q.CMD_SURFACE, t.driver.place(create.physical(33, 0xf00000).bytes));
      expect(t.pci.device.counters.dropped).toBe(dropped + 1);
    }
    expect(t.intact()).toBe(true);
  });
});

describe("mistakes that stop the device", () => {
  const mistakes: [string, (t: TestQxl) => void][] = [
    ["a ring with too many commands", (t) => t.driver.setWord(Q.RAM_COMMAND_RING + Q.RING_PROD, 1000)],
    ["a command outside of all slots", (t) => t.driver.push(Q.CMD_DRAW, 0xfffffff0)],
    ["a cursor command outside", (t) => t.driver.push(Q.CMD_CURSOR, 0xfffffff0, Q.RAM_CURSOR_RING)],
    ["a slot twice", (t) => t.driver.addSlot()],
    ["a slot that does not exist", (t) => t.driver.port(Q.IO_MEMSLOT_DEL, 200)],
    ["a port without meaning", (t) => t.driver.port(31)],
    ["a mode that is not in the table", (t) => t.driver.port(Q.IO_SET_MODE, 255)],
    ["a primary surface larger than its memory", (t) => t.driver.createPrimary(4096, 4096)],
  ];
  it.each(mistakes)("%s", (_name, make) => {
    const t = guarded();
    make(t);
    t.pci.device.kick();
    expect(t.pci.device.counters.guestBugs).toBe(1);
    t.driver.draw(1, [0, 0, 1, 1], fill(5));
    expect(t.driver.pixels(0, 0, 1, 1)).toEqual([0]);
    expect(t.intact()).toBe(true);
    expect(worksAfterReset(t)).toBe(true);
  });
});

/** xorshift32: the same numbers in every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

describe("random bytes", () => {
  it("parse to a command or an error", () => {
    const next = random(1);
    const bytes = new Uint8Array(Q.DRAWABLE_BYTES);
    let parsed = 0;
    for (let i = 0; i < 5_000; i++) {
      for (let at = 0; at < bytes.length; at++) bytes[at] = next(256);
      // Otherwise nearly none has a box, a known clip and a known type.
      bytes.set([0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 255], 31);
      bytes.fill(0, 44, 51);
      bytes[13] = next(16);
      if (parseDrawable(bytes).ok) parsed++;
      parseCompatDrawable(bytes.subarray(0, Q.COMPAT_DRAWABLE_BYTES));
      parseSurfaceCommand(bytes.subarray(0, Q.SURFACE_CMD_BYTES));
      parseCursorCommand(bytes.subarray(0, CURSOR_COMMAND_BYTES));
    }
    expect(parsed).toBeGreaterThan(100);
  }, 60_000);

  it("drive the device without harm", () => {
    const t = guarded();
    const next = random(7);
    for (let i = 0; i < 300; i++) {
      hostileTurn(t, next);
      if (i % 50 === 0) expect(t.intact()).toBe(true);
    }
    expect(t.intact()).toBe(true);
    expect(worksAfterReset(t)).toBe(true);
  }, 60_000);
});

const PLACE = 0x900000;

/** Something random that is nearly right: each field has a chance to be sensible. */
function hostileTurn(t: TestQxl, next: (below: number) => number): void {
  const some = (...values: number[]): number => (next(8) === 0 ? next(2 ** 32) : (values[next(values.length)] ?? 0));
  const near = new Bytes(4096);
  for (let i = 0; i < 4096; i += 4) near.u32(i, some(0, 1, 2, 3, 4, 16, 64, 0x01000000, PLACE, PLACE + 1024, 256));
  t.driver.write(PLACE, near.bytes);
  const drawable = new Bytes(Q.DRAWABLE_BYTES).copy(0, near.bytes.subarray(0, Q.DRAWABLE_BYTES));
  drawable
    .u32(8, some(0, 0, 3))
    .u8(13, next(15))
    .rect(31, [next(32), next(16), 32 + next(33), 16 + next(17)])
    .u32(47, next(2));
  for (let at = 51; at < Q.DRAWABLE_BYTES - 8; at += 1 + next(12)) {
    if (next(3) === 0) drawable.physical(at, PLACE + next(64) * 32);
  }
  t.driver.write(PLACE + 8192, drawable.bytes);
  const surface = new Bytes(Q.SURFACE_CMD_BYTES)
    .u32(8, some(1, 3))
    .u8(12, next(2))
    .u32(17, some(1, 8, 16, 32, 96, 80));
  t.driver.write(
    PLACE + 12288,
    surface.u32(21, some(1, 40), some(1, 40), some(4, 160, -160)).physical(33, 0x700000).bytes,
  );
  for (let i = next(4); i >= 0; i--) {
    const type = some(Q.CMD_DRAW, Q.CMD_DRAW, Q.CMD_SURFACE, Q.CMD_CURSOR);
    t.driver.push(type, type === Q.CMD_SURFACE ? PLACE + 12288 : some(PLACE + 8192));
    if (next(4) === 0) t.driver.push(Q.CMD_CURSOR, PLACE + next(512), Q.RAM_CURSOR_RING);
  }
  if (next(10) === 0) t.driver.setWord(next(1337) * 4, next(2 ** 32));
  t.pci.device.kick();
  t.driver.port(some(0, 1, 2, 3, 4, 7, 16, 20, 22, 23, 24) & 255, next(256));
  if (t.pci.device.counters.guestBugs > 0 && next(3) === 0) {
    t.driver.port(Q.IO_RESET);
    t.driver.start();
  }
}

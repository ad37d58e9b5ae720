import { beforeEach, describe, expect, it } from "vitest";
import { MockRing } from "../../src/devices/virtio/testing/mock_ring";
import { gpa } from "../../src/shared/units";
import { type TestGuest, testGuest } from "../../tests/guest";
import * as Vring from "../layout/vring";
import * as Format from "../layout/vring_format";

const SIZE = 8;
const RING = 0x10000;
const DATA = 0x20000;
const RAM = 4 * 1024 * 1024;

let t: TestGuest;
let ring: MockRing;
let q: number;

function field(offset: number): number {
  return t.view.getUint32(q + offset, true);
}

function start(flags = 0, base: { desc: number; avail: number; used: number } = ring): number {
  t.view.setUint32(q + Vring.machine, t.plan.machine, true);
  t.view.setUint32(q + Vring.size, SIZE, true);
  t.view.setUint32(q + Vring.flags, flags, true);
  t.view.setBigUint64(q + Vring.desc, BigInt(base.desc), true);
  t.view.setBigUint64(q + Vring.avail, BigInt(base.avail), true);
  t.view.setBigUint64(q + Vring.used, BigInt(base.used), true);
  return t.exports.vringStart(q);
}

function raw(index: number, addr: number | bigint, len: number, flags: number, next = 0): void {
  ring.writeDescriptor(index, { addr, len, flags, next });
}

beforeEach(() => {
  t = testGuest({ ramBytes: RAM });
  ring = new MockRing(t.guest, RING, SIZE);
  q = t.vrings.take(1)?.[0] ?? 0;
});

describe("pop", () => {
  it("finds nothing in an empty ring and in a queue that is not running", () => {
    expect(t.exports.vringPop(q)).toBe(Vring.EMPTY);
    expect(start()).toBe(0);
    expect(t.exports.vringPop(q)).toBe(Vring.EMPTY);
  });

  it("copies descriptors and translates them", () => {
    start();
    const head = ring.chain([
      { gpa: DATA, len: 16, writable: false },
      { gpa: DATA + 0x1ff0, len: 0x20, writable: true },
      { gpa: DATA + 0x5000, len: 1, writable: true },
    ]);
    ring.offer(head);
    expect(t.exports.vringPop(q)).toBe(Vring.CHAIN);
    expect(field(Vring.head)).toBe(head);
    expect(field(Vring.descriptorCount)).toBe(3);
    expect(field(Vring.readableDescriptors)).toBe(1);
    expect(field(Vring.readableBytes)).toBe(16);
    expect(field(Vring.writableBytes)).toBe(0x21);
    expect(field(Vring.readableSegments)).toBe(1);
    // Pages touched one after the other lie one after the other: the crossing of the page is one segment or two.
    expect(field(Vring.writableSegments)).toBeGreaterThanOrEqual(2);
    const host = field(Vring.segments);
    t.guest.write(gpa(DATA), Uint8Array.of(1, 2, 3));
    expect([...t.guest.hostView(host, 3)]).toEqual([1, 2, 3]);
    expect(t.exports.vringPop(q)).toBe(Vring.EMPTY);
  });

  it("follows an indirect table after direct descriptors, only with the feature", () => {
    for (const flags of [Vring.FLAG_INDIRECT, 0]) {
      ring = new MockRing(t.guest, RING, SIZE);
      start(flags);
      ring.indirectChain(DATA + 0x3001, [
        { gpa: DATA, len: 4, writable: false },
        { gpa: DATA + 64, len: 8, writable: true },
      ]);
      raw(1, DATA + 128, 2, Format.DESC_NEXT, 0);
      ring.offer(1);
      expect(t.exports.vringPop(q)).toBe(flags === 0 ? Vring.ERR_INDIRECT : Vring.CHAIN);
      if (flags === 0) continue;
      expect(field(Vring.descriptorCount)).toBe(3);
      expect(field(Vring.readableBytes)).toBe(6);
      expect(field(Vring.writableBytes)).toBe(8);
    }
  });

  it("gives a chain back that was put back", () => {
    start();
    ring.offer(ring.chain([{ gpa: DATA, len: 1, writable: false }]));
    expect(t.exports.vringPop(q)).toBe(Vring.CHAIN);
    t.exports.vringUndoPop(q);
    expect(t.exports.vringPop(q)).toBe(Vring.CHAIN);
    expect(t.exports.vringPop(q)).toBe(Vring.EMPTY);
  });

  it("goes on when the 16-bit indices wrap", () => {
    start();
    for (let i = 0; i < 70_000; i++) {
      ring.offer(ring.chain([{ gpa: DATA, len: 1, writable: false }]));
      if (t.exports.vringPop(q) !== Vring.CHAIN) throw new Error(`lost at ${i}`);
      t.exports.vringPush(q, field(Vring.head), i);
      t.exports.vringPublish(q);
    }
    expect(ring.usedIdx).toBe(70_000 & 0xffff);
    expect(ring.takeUsed().at(-1)?.len).toBe(69_999);
  });
});

describe("a malformed ring", () => {
  const cases: [string, number, () => void][] = [
    ["a jump of avail.idx", Vring.ERR_AVAIL_INDEX, () => ring.setAvailIdx(SIZE + 1)],
    ["avail.idx going back", Vring.ERR_AVAIL_INDEX, () => ring.setAvailIdx(0xffff)],
    ["a head beyond the table", Vring.ERR_DESCRIPTOR_INDEX, () => ring.offer(SIZE)],
    ["next beyond the table", Vring.ERR_DESCRIPTOR_INDEX, () => (raw(0, DATA, 1, 1, SIZE), ring.offer(0))],
    ["a descriptor that follows itself", Vring.ERR_LOOP, () => (raw(0, DATA, 1, 1, 0), ring.offer(0))],
    ["a length of zero", Vring.ERR_ZERO_LENGTH, () => (raw(0, DATA, 0, 0), ring.offer(0))],
    ["an address outside RAM", Vring.ERR_BUFFER, () => (raw(0, RAM, 1, 0), ring.offer(0))],
    ["a buffer that leaves RAM", Vring.ERR_BUFFER, () => (raw(0, RAM - 1, 2, 0), ring.offer(0))],
    ["a huge length", Vring.ERR_BUFFER, () => (raw(0, DATA, 0xffffffff, 2), ring.offer(0))],
    ["an address that wraps", Vring.ERR_BUFFER, () => (raw(0, 0xffffffffffffffffn, 2, 0), ring.offer(0))],
    ["an upper half", Vring.ERR_BUFFER, () => (raw(0, 0x100000000n + BigInt(DATA), 1, 0), ring.offer(0))],
    [
      "more than 4 GiB",
      Vring.ERR_TOO_LONG,
      () => (raw(0, DATA, 0x80000000, 1, 1), raw(1, DATA, 0x80000000, 0), ring.offer(0)),
    ],
    ["readable after writable", Vring.ERR_ORDER, () => (raw(0, DATA, 1, 3, 1), raw(1, DATA, 1, 0), ring.offer(0))],
    ["an indirect table with NEXT", Vring.ERR_INDIRECT, () => (raw(0, DATA, 16, 5, 1), ring.offer(0))],
    ["an empty indirect table", Vring.ERR_INDIRECT_LENGTH, () => (raw(0, DATA, 0, 4), ring.offer(0))],
    ["half an indirect descriptor", Vring.ERR_INDIRECT_LENGTH, () => (raw(0, DATA, 24, 4), ring.offer(0))],
    ["a huge indirect table", Vring.ERR_INDIRECT_LENGTH, () => (raw(0, DATA, 0xfffffff0, 4), ring.offer(0))],
    ["an indirect table outside RAM", Vring.ERR_BUFFER, () => (raw(0, RAM, 16, 4), ring.offer(0))],
    [
      "an indirect table in itself",
      Vring.ERR_INDIRECT,
      () => {
        ring.indirectChain(DATA, [{ gpa: DATA, len: 16, writable: false }]);
        t.guest.write(gpa(DATA + Format.descFlags), Uint8Array.of(Format.DESC_INDIRECT));
        ring.offer(0);
      },
    ],
    [
      "a loop inside an indirect table",
      Vring.ERR_LOOP,
      () => {
        ring.indirectChain(DATA, [{ gpa: DATA, len: 1, writable: false }]);
        t.guest.write(gpa(DATA + Format.descFlags), Uint8Array.of(Format.DESC_NEXT));
        ring.offer(0);
      },
    ],
  ];

  it.each(cases)("%s stops the queue for good", (_name, code, spoil) => {
    start(Vring.FLAG_INDIRECT);
    spoil();
    expect(t.exports.vringPop(q)).toBe(code);
    ring.setAvailIdx(1);
    expect(t.exports.vringPop(q)).toBe(code);
    expect(t.exports.vringPush(q, 0, 0)).toBe(0);
    expect(start()).toBe(0);
  });

  it("is refused at the start if it is misaligned or of a bad size", () => {
    expect(start(0, { desc: RING + 8, avail: ring.avail, used: ring.used })).toBe(Vring.ERR_ALIGNMENT);
    expect(start(0, { desc: RING, avail: ring.avail + 1, used: ring.used })).toBe(Vring.ERR_ALIGNMENT);
    expect(start(0, { desc: RING, avail: ring.avail, used: ring.used + 2 })).toBe(Vring.ERR_ALIGNMENT);
    expect(t.exports.vringPop(q)).toBe(Vring.ERR_ALIGNMENT);
    t.view.setUint32(q + Vring.size, 6, true);
    expect(t.exports.vringStart(q)).toBe(Vring.ERR_SIZE);
  });

  it("outside RAM is noticed by every function, and nothing is written", () => {
    start(0, { desc: RAM, avail: ring.avail, used: ring.used });
    ring.setAvailIdx(1);
    expect(t.exports.vringPop(q)).toBe(Vring.ERR_RING_ADDRESS);
    start(0, { desc: RING, avail: RAM + 0x1000, used: ring.used });
    expect(t.exports.vringPop(q)).toBe(Vring.ERR_RING_ADDRESS);
    start(0, { desc: RING, avail: ring.avail, used: RAM - 4 });
    expect(t.exports.vringPush(q, 0, 0)).toBe(0);
    expect(t.exports.vringPop(q)).toBe(Vring.ERR_RING_ADDRESS);
  });
});

describe("notifications", () => {
  it("without EVENT_IDX follow the flags", () => {
    start();
    t.exports.vringPush(q, 3, 77);
    expect(ring.usedIdx).toBe(0);
    expect(t.exports.vringPublish(q)).toBe(1);
    expect(ring.takeUsed()).toEqual([{ id: 3, len: 77 }]);
    expect(t.exports.vringPublish(q)).toBe(0);
    ring.setAvailFlags(Format.AVAIL_NO_INTERRUPT);
    t.exports.vringPush(q, 3, 77);
    expect(t.exports.vringPublish(q)).toBe(0);
    t.exports.vringDisableNotifications(q);
    expect(ring.usedFlags).toBe(Format.USED_NO_NOTIFY);
    expect(t.exports.vringEnableNotifications(q)).toBe(0);
    expect(ring.usedFlags).toBe(0);
  });

  it("with EVENT_IDX interrupt only when used_event is crossed", () => {
    start(Vring.FLAG_EVENT_IDX);
    ring.setUsedEvent(2);
    const push = (): number => {
      t.exports.vringPush(q, 0, 0);
      return t.exports.vringPublish(q);
    };
    expect([push(), push(), push(), push()]).toEqual([0, 0, 1, 0]);
    ring.setUsedEvent(5);
    t.exports.vringPush(q, 0, 0);
    t.exports.vringPush(q, 0, 0);
    t.exports.vringPush(q, 0, 0);
    expect(t.exports.vringPublish(q)).toBe(1);
  });

  it("ask for the next kick and see a chain that slipped in", () => {
    start(Vring.FLAG_EVENT_IDX);
    ring.offer(ring.chain([{ gpa: DATA, len: 1, writable: false }]));
    t.exports.vringPop(q);
    expect(t.exports.vringEnableNotifications(q)).toBe(0);
    expect(ring.availEvent).toBe(1);
    ring.offer(ring.chain([{ gpa: DATA, len: 1, writable: false }]));
    expect(t.exports.vringEnableNotifications(q)).toBe(1);
  });
});

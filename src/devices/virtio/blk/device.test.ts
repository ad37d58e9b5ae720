import { beforeEach, describe, expect, it } from "vitest";
import { type TestBus, testBus } from "../../../../tests/virtio";
import { OverlayDisk } from "../../../backends/disk/overlay";
import { RamDisk } from "../../../backends/disk/ram";
import type { DiskBackend, DiskOutcome } from "../../../backends/disk/types";
import { gpa } from "../../../shared/units";
import type { Buffer as RingBuffer } from "../testing/mock_ring";
import type { MockDriver } from "../testing/mock_driver";
import { F_FLUSH, F_MQ, F_RO } from "./config";
import { type BlkOptions, VirtioBlk } from "./device";

const HEADER = 0x200000;
const STATUS = 0x201000;
const DATA = 0x202000;
const SECTORS = 4096;

let t: TestBus;
let driver: MockDriver;
let disk: Uint8Array;
let blk: VirtioBlk;
let offered = 0;

function plug(backend: DiskBackend, options?: BlkOptions): void {
  blk = new VirtioBlk(backend, options);
  driver = t.driver(t.plug(blk));
}

beforeEach(() => {
  t = testBus();
  disk = new Uint8Array(SECTORS * 512);
  for (let i = 0; i < disk.length; i++) disk[i] = i * 3 + (i >> 9);
  plug(new RamDisk(disk), { serial: "TABVISOR-1" });
});

function bytesAt(address: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  t.guest.read(gpa(address), bytes);
  return bytes;
}

/** Offers a request; `data` are its data buffers. Returns the head. */
function offer(type: number, sector: number, data: RingBuffer[] = [], queue = 0): number {
  const header = new Uint8Array(16);
  const view = new DataView(header.buffer);
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  const at = HEADER + (offered++ % 128) * 16;
  t.guest.write(gpa(at), header);
  t.guest.write(gpa(STATUS), Uint8Array.of(0xff));
  const head = driver
    .ring(queue)
    .chain([{ gpa: at, len: 16, writable: false }, ...data, { gpa: STATUS, len: 1, writable: true }]);
  driver.ring(queue).offer(head);
  return head;
}

/** Does a request and returns its status and used length. */
function request(type: number, sector: number, data: RingBuffer[] = []): { status: number; len: number } {
  const head = offer(type, sector, data);
  driver.kick(0);
  const used = driver.ring(0).takeUsed();
  expect(used.map((entry) => entry.id)).toEqual([head]);
  return { status: bytesAt(STATUS, 1)[0] ?? -1, len: used[0]?.len ?? -1 };
}

const scattered: RingBuffer[] = [
  { gpa: DATA, len: 700, writable: true },
  { gpa: DATA + 0x10ff0, len: 836, writable: true },
];

describe("virtio-blk", () => {
  it("describes the disk", () => {
    expect(driver.deviceConfig(0, 4)).toBe(SECTORS);
    expect(driver.deviceConfig(12, 4)).toBe(254);
    expect(driver.deviceConfig(20, 4)).toBe(512);
    expect(driver.deviceConfig(34, 2)).toBe(1);
    expect(driver.offered & (F_RO | F_MQ)).toBe(0n);
    expect(driver.configRead(0)).toBe(0x10011af4);
    expect(driver.configRead(8) >>> 8).toBe(0x010000);
  });

  it("reads into scattered buffers", () => {
    driver.start();
    expect(request(0, 7, scattered)).toEqual({ status: 0, len: 1537 });
    expect(bytesAt(DATA, 700)).toEqual(disk.slice(7 * 512, 7 * 512 + 700));
    expect(bytesAt(DATA + 0x10ff0, 836)).toEqual(disk.slice(7 * 512 + 700, 7 * 512 + 1536));
  });

  it("writes, flushes, discards, zeroes", () => {
    driver.start();
    t.guest.write(gpa(DATA), new Uint8Array(1024).fill(0x5a));
    expect(request(1, 100, [{ gpa: DATA, len: 1024, writable: false }])).toEqual({ status: 0, len: 1 });
    expect(disk.slice(100 * 512, 102 * 512).every((byte) => byte === 0x5a)).toBe(true);
    expect(request(4, 0)).toEqual({ status: 0, len: 1 });
    const range = new Uint8Array(16);
    const view = new DataView(range.buffer);
    view.setUint32(0, 101, true);
    view.setUint32(8, 1, true);
    t.guest.write(gpa(DATA), range);
    expect(request(11, 0, [{ gpa: DATA, len: 16, writable: false }]).status).toBe(0);
    expect(disk[101 * 512]).toBe(0);
    expect(disk[100 * 512]).toBe(0x5a);
    view.setUint32(0, 100, true);
    view.setUint32(12, 1, true);
    t.guest.write(gpa(DATA), range);
    expect(request(13, 0, [{ gpa: DATA, len: 16, writable: false }]).status).toBe(0);
    expect(disk[100 * 512]).toBe(0);
    expect(blk.counters).toMatchObject({ writes: 1, flushes: 1, discards: 2, writtenBytes: 1024 });
  });

  it("gives its id, cut or filled up", () => {
    driver.start();
    expect(request(8, 0, [{ gpa: DATA, len: 20, writable: true }])).toEqual({ status: 0, len: 21 });
    expect(new TextDecoder().decode(bytesAt(DATA, 12))).toBe("TABVISOR-1\0\0");
  });

  it("ends bad requests with a status and goes on", () => {
    driver.start();
    expect(request(0, SECTORS, [{ gpa: DATA, len: 512, writable: true }])).toEqual({ status: 1, len: 1 });
    expect(request(1, 0, [{ gpa: DATA, len: 100, writable: false }]).status).toBe(1);
    expect(request(99, 0).status).toBe(2);
    expect(request(0, 0, [{ gpa: DATA, len: 512, writable: true }]).status).toBe(0);
    expect(blk.counters).toMatchObject({ errors: 2, unsupported: 1 });
  });

  it("stops at a request without header or status", () => {
    driver.start();
    driver.ring(0).offer(driver.ring(0).chain([{ gpa: HEADER, len: 16, writable: false }]));
    driver.kick(0);
    expect(driver.status & 64).toBe(64);
  });

  it("keeps a read-only disk as it is", () => {
    plug(new RamDisk(disk, { readOnly: true }));
    const before = disk.slice();
    expect(driver.offered & F_RO).toBe(F_RO);
    driver.start();
    expect(request(1, 0, [{ gpa: DATA, len: 512, writable: false }]).status).toBe(1);
    expect(Buffer.compare(disk, before)).toBe(0);
  });

  it("serves legacy drivers", () => {
    driver.startLegacy(0);
    const head = offer(0, 3, [{ gpa: DATA, len: 512, writable: true }]);
    driver.legacyKick(0);
    expect(driver.ring(0).takeUsed()).toEqual([{ id: head, len: 513 }]);
    expect(bytesAt(DATA, 512)).toEqual(disk.slice(3 * 512, 4 * 512));
  });

  it("has several queues", () => {
    plug(new OverlayDisk(new RamDisk(disk)), { queues: 3 });
    driver.start();
    expect(driver.deviceConfig(34, 2)).toBe(3);
    const head = offer(0, 9, [{ gpa: DATA, len: 512, writable: true }], 2);
    driver.kick(2);
    expect(driver.ring(2).takeUsed()).toEqual([{ id: head, len: 513 }]);
  });

  it("returns many requests in one turn", () => {
    driver.start();
    const heads = Array.from({ length: 60 }, (_, i) =>
      offer(0, i, [{ gpa: DATA + i * 512, len: 512, writable: true }]),
    );
    driver.kick(0);
    expect(
      driver
        .ring(0)
        .takeUsed()
        .map((entry) => entry.id),
    ).toEqual(heads);
    expect(Buffer.compare(bytesAt(DATA, 60 * 512), disk.subarray(0, 60 * 512))).toBe(0);
  });
});

describe("with a slow disk", () => {
  let waiting: { views: readonly Uint8Array[]; token: { cancelled: boolean }; end: (outcome: DiskOutcome) => void }[];
  let flushes: number;

  beforeEach(() => {
    waiting = [];
    flushes = 0;
    const later = (views: readonly Uint8Array[], token: { cancelled: boolean }) =>
      new Promise<DiskOutcome>((end) => waiting.push({ views, token, end }));
    plug({
      sectors: SECTORS,
      readOnly: false,
      read: (_sector, views, token) => later(views, token),
      write: (_sector, views, token) => later(views, token),
      flush: () => (flushes++, "ok"),
      discard: () => "ok",
      writeZeroes: () => "ok",
      close: () => undefined,
    });
  });

  it("finishes requests in the order of the disk", async () => {
    driver.start();
    const first = offer(0, 1, [{ gpa: DATA, len: 512, writable: true }]);
    driver.kick(0);
    const second = offer(0, 2, [{ gpa: DATA + 512, len: 512, writable: true }]);
    driver.kick(0);
    waiting[1]?.views[0]?.fill(2);
    waiting[1]?.end("ok");
    await Promise.resolve();
    expect(driver.ring(0).takeUsed()).toEqual([{ id: second, len: 513 }]);
    waiting[0]?.end("io-error");
    await Promise.resolve();
    expect(driver.ring(0).takeUsed()).toEqual([{ id: first, len: 1 }]);
    expect(bytesAt(STATUS, 1)[0]).toBe(1);
    expect(bytesAt(DATA + 512, 1)[0]).toBe(2);
  });

  it("forgets what was under way at a reset", async () => {
    driver.start();
    offer(0, 1, [{ gpa: DATA, len: 512, writable: true }]);
    driver.kick(0);
    driver.start();
    expect(waiting[0]?.token.cancelled).toBe(true);
    waiting[0]?.end("ok");
    await Promise.resolve();
    expect(driver.ring(0).usedIdx).toBe(0);
    expect(bytesAt(STATUS, 1)[0]).toBe(0xff);
  });

  it("holds a driver back that offers more than the ring has", async () => {
    driver.start(driver.offered, 8);
    const head = offer(0, 1, [{ gpa: DATA, len: 512, writable: true }]);
    for (let i = 1; i < 8; i++) driver.ring(0).offer(head);
    driver.kick(0);
    t.crossing.poll();
    for (let i = 0; i < 8; i++) driver.ring(0).offer(head);
    driver.kick(0);
    t.crossing.poll();
    expect(waiting).toHaveLength(8);
    waiting[0]?.end("ok");
    await Promise.resolve();
    t.crossing.poll();
    expect(waiting).toHaveLength(9);
  });

  it("flushes for a driver that does not", async () => {
    for (const [features, writeback, expected] of [
      [driver.offered, 1, 0],
      [driver.offered, 0, 1],
      [driver.offered & ~F_FLUSH, 1, 1],
    ] as const) {
      waiting = [];
      flushes = 0;
      driver.start(features);
      driver.writeDeviceConfig(32, 1, writeback);
      expect(driver.deviceConfig(32, 1)).toBe(writeback);
      offer(1, 1, [{ gpa: DATA, len: 512, writable: false }]);
      driver.kick(0);
      waiting[0]?.end("ok");
      await new Promise((resolve) => setTimeout(resolve, 0));
      expect(flushes).toBe(expected);
      expect(driver.ring(0).takeUsed()).toHaveLength(1);
    }
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { type TestBus, testBus } from "../../../../tests/virtio";
import * as Cpu from "../../../../assembly/layout/cpu";
import * as Machine from "../../../../assembly/layout/machine";
import { PageDiscard } from "../../../core/page_discard";
import { gpa } from "../../../shared/units";
import type { MockDriver } from "../testing/mock_driver";
import { ACTUAL, F_PAGE_POISON, F_REPORTING, F_STATS_VQ, NUM_PAGES, POISON_VAL, queueRole } from "./config";
import { VirtioBalloon } from "./device";

const DATA = 0x280000;
const RAM = 4 * 1024 * 1024;

interface Discarded {
  readonly pages: number[];
  readonly done: () => void;
}

let t: TestBus;
let balloon: VirtioBalloon;
let driver: MockDriver;
let discarded: Discarded[];
let changes: number[];

beforeEach(() => {
  t = testBus();
  discarded = [];
  changes = [];
  balloon = new VirtioBalloon(
    {
      discard: (pages, done) => {
        discarded.push({ pages: [...pages], done });
        return 1;
      },
    },
    { ramBytes: RAM, changed: (actual) => changes.push(actual) },
  );
  driver = t.driver(t.plug(balloon));
});

function send(queue: number, words: readonly number[]): number {
  t.guest.write(gpa(DATA), new Uint8Array(Uint32Array.from(words).buffer));
  const head = driver.ring(queue).chain([{ gpa: DATA, len: words.length * 4, writable: false }]);
  driver.ring(queue).offer(head);
  driver.kick(queue);
  return head;
}

function sendStats(stats: readonly (readonly [number, bigint])[]): number {
  const bytes = new Uint8Array(stats.length * 10);
  const view = new DataView(bytes.buffer);
  for (const [i, [tag, value]] of stats.entries()) {
    view.setUint16(i * 10, tag, true);
    view.setBigUint64(i * 10 + 2, value, true);
  }
  t.guest.write(gpa(DATA), bytes);
  const head = driver.ring(2).chain([{ gpa: DATA, len: bytes.length, writable: false }]);
  driver.ring(2).offer(head);
  driver.kick(2);
  return head;
}

function report(queue: number, ranges: readonly (readonly [number, number])[]): void {
  driver.ring(queue).offer(driver.ring(queue).chain(ranges.map(([at, len]) => ({ gpa: at, len, writable: true }))));
  driver.kick(queue);
}

describe("virtio-balloon", () => {
  it("answers an inflation only when the pages are gone", () => {
    driver.start();
    const head = send(0, [5, 6, 700]);
    expect(discarded.map(({ pages }) => pages)).toEqual([[5, 6, 700]]);
    expect(driver.ring(0).takeUsed()).toEqual([]);
    discarded[0]?.done();
    expect(driver.ring(0).takeUsed()).toEqual([{ id: head, len: 0 }]);
    expect(balloon.counters).toMatchObject({ inflated: 3, discarded: 1 });
  });

  it("does not answer to a driver that was reset meanwhile", () => {
    driver.start();
    send(0, [5]);
    driver.start();
    discarded[0]?.done();
    expect(driver.ring(0).takeUsed()).toEqual([]);
    expect(driver.status).toBe(15);
  });

  it("lets deflated pages come back by themselves", () => {
    driver.start();
    send(1, [5, 6]);
    expect(driver.ring(1).takeUsed()).toHaveLength(1);
    expect(discarded).toEqual([]);
    expect(balloon.counters.deflated).toBe(2);
  });

  it("tells the driver its target and hears how far it has come", () => {
    driver.start();
    const generation = driver.commonRead(21, 1);
    balloon.setTarget(RAM / 2);
    expect(driver.deviceConfig(NUM_PAGES, 4)).toBe(512);
    expect(driver.commonRead(21, 1)).not.toBe(generation);
    balloon.setTarget(-5);
    expect(driver.deviceConfig(NUM_PAGES, 4)).toBe(1024);
    balloon.setTarget(1e15);
    expect(driver.deviceConfig(NUM_PAGES, 4)).toBe(0);
    driver.writeDeviceConfig(ACTUAL, 4, 256);
    expect([balloon.actual, changes]).toEqual([RAM - 256 * 4096, [RAM - 256 * 4096]]);
    driver.writeDeviceConfig(ACTUAL, 4, 0xffffffff);
    expect(balloon.actual).toBe(0);
    driver.writeDeviceConfig(NUM_PAGES, 4, 99);
    expect(driver.deviceConfig(NUM_PAGES, 4)).toBe(0);
  });

  it("asks for statistics by giving the buffer back", () => {
    driver.start();
    const first = sendStats([[0, 0n]]);
    expect(driver.ring(2).takeUsed()).toEqual([]);
    balloon.refreshStats();
    balloon.refreshStats();
    expect(driver.ring(2).takeUsed()).toEqual([{ id: first, len: 0 }]);
    sendStats([
      [4, 1000n],
      [5, 5000n],
      [99, 1n],
      [6, 3000n],
    ]);
    expect(balloon.stats).toEqual({ freeMemory: 1000, totalMemory: 5000, availableMemory: 3000 });
    driver.start();
    expect(balloon.stats).toEqual({});
    balloon.refreshStats();
    expect(driver.ring(2).takeUsed()).toEqual([]);
  });

  it("drops the whole pages of a report, and maps none for it", () => {
    driver.start(driver.offered & ~F_REPORTING);
    report(3, [[0x300000, 8192]]);
    expect(discarded).toEqual([]);
    driver.start();
    const mapped = t.view.getUint32(t.plan.machine + 32, true);
    report(4, [
      [0x300000, 8192],
      [0x310800, 0x1800],
      [0x320001, 4096],
    ]);
    expect(discarded.map(({ pages }) => pages)).toEqual([[0x300, 0x301, 0x311]]);
    expect(t.view.getUint32(t.plan.machine + 32, true)).toBe(mapped);
    expect(driver.ring(4).takeUsed()).toEqual([]);
    discarded[0]?.done();
    expect(driver.ring(4).takeUsed()).toHaveLength(1);
  });

  it("keeps reported pages that the driver has poisoned", () => {
    driver.start();
    driver.writeDeviceConfig(POISON_VAL, 4, 0xaaaaaaaa);
    report(4, [[0x300000, 8192]]);
    expect(discarded.map(({ pages }) => pages)).toEqual([[]]);
    driver.start(driver.offered & ~F_PAGE_POISON);
    report(4, [[0x300000, 8192]]);
    expect(discarded.at(-1)?.pages).toHaveLength(2);
  });

  it("finds the reports by Linux's numbering of queues and by the specification's", () => {
    const all = F_STATS_VQ | F_REPORTING;
    const only = (...queues: number[]) => queues.includes.bind(queues);
    expect(queueRole(3, all, only(0, 1, 2, 3))).toBe("reporting");
    expect(queueRole(3, all, only(0, 1, 2, 4))).toBe("none");
    expect(queueRole(4, all, only(0, 1, 2, 4))).toBe("reporting");
    expect(queueRole(2, all, only(0, 1, 2, 3))).toBe("stats");
    expect(queueRole(2, F_REPORTING, only(0, 1, 2))).toBe("reporting");
    expect(queueRole(2, 0n, only(0, 1, 2))).toBe("none");
  });

  it("bounds what a driver can have under way", () => {
    driver.start();
    const ring = driver.ring(0);
    for (let i = 0; i < 200; i++) send(0, [i]);
    expect(discarded).toHaveLength(ring.size);
    for (const { done } of discarded) done();
    expect(discarded).toHaveLength(200);
    expect(driver.status).toBe(15);
  });

  it("ignores what is too much in one request", () => {
    driver.start();
    const ring = driver.ring(0);
    ring.offer(ring.chain([{ gpa: 0x100000, len: 0x40100, writable: false }]));
    driver.kick(0);
    expect(discarded[0]?.pages).toHaveLength(0x10000);
    expect(balloon.counters.ignored).toBe(0x40);
  });
});

describe("virtio-balloon against a driver that lies", () => {
  it("loses nothing but what the guest itself has thrown away", () => {
    t = testBus();
    const pages = new PageDiscard(t.plan.machine, t.exports, t.crossing);
    balloon = new VirtioBalloon(pages, { ramBytes: RAM });
    driver = t.driver(t.plug(balloon));
    const settle = (): void => {
      for (let i = 0; i < 4; i++) {
        const ticket = t.view.getUint32(t.plan.machine + Machine.tlbFlush, true);
        t.view.setUint32(t.plan.cpus + Cpu.tlbFlushSeen, ticket, true);
        t.crossing.poll();
      }
    };
    driver.start();
    // Every page of the guest, its own rings and this request too; twice; and what is no page.
    const all = Array.from({ length: RAM / 4096 }, (_, page) => page);
    send(0, [...all, ...all, 0xa0, 0x100000, 0x1fffff, 0xffffffff]);
    settle();
    // A page of the used ring, in which the request was answered.
    expect(t.view.getUint32(t.plan.machine + Machine.mappedPages, true)).toBeLessThanOrEqual(2);
    driver.start();
    send(0, [3]);
    settle();
    expect(driver.ring(0).takeUsed()).toHaveLength(1);
    expect(driver.status).toBe(15);
  });
});

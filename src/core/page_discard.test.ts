import { beforeEach, describe, expect, it } from "vitest";
import * as ByteRing from "../../assembly/layout/byte_ring";
import * as Cpu from "../../assembly/layout/cpu";
import * as Machine from "../../assembly/layout/machine";
import { CODE_LINES, POOL } from "../../assembly/layout/memory_map";
import * as Pool from "../../assembly/layout/pool";
import { type TestGuest, testGuest } from "../../tests/guest";
import { Router } from "../devices/pci/router";
import { gpa } from "../shared/units";
import { Crossing } from "./crossing";
import { PageDiscard } from "./page_discard";

let t: TestGuest;
let crossing: Crossing;
let discard: PageDiscard;
let told: string[];

beforeEach(() => {
  t = testGuest({ cpus: 2 });
  crossing = new Crossing(t.guest, t.plan, { ports: new Router(), mmio: new Router(), event: () => undefined });
  discard = new PageDiscard(t.plan.machine, t.exports, crossing);
  told = [];
});

const mapped = (): number => t.view.getUint32(t.plan.machine + Machine.mappedPages, true);
const free = (): number => t.view.getUint32(POOL + Pool.freeCount, true);

/** What a CPU does when it polls. */
function answer(cpu: number): void {
  const ticket = t.view.getUint32(t.plan.machine + Machine.tlbFlush, true);
  t.view.setUint32(t.plan.cpus + cpu * Cpu.SIZE + Cpu.tlbFlushSeen, ticket, true);
}

describe("discarding pages", () => {
  it("frees them when every CPU has dropped its translations", () => {
    t.guest.fill(gpa(0x5000), 8192, 7);
    expect(mapped()).toBe(2);
    expect(discard.discard([5, 6, 5, 7, 0xa0, 0x100000, 0xffffffff], () => told.push("gone"))).toBe(2);
    expect([mapped(), free()]).toEqual([0, 0]);
    crossing.poll();
    answer(0);
    crossing.poll();
    expect([told, free()]).toEqual([[], 0]);
    answer(1);
    crossing.poll();
    expect([told, free()]).toEqual([["gone"], 2]);
    const bytes = new Uint8Array(8192).fill(1);
    t.guest.read(gpa(0x5000), bytes);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    expect(mapped()).toBe(2);
  });

  it("asks CPUs to look: exit request and wake", () => {
    t.guest.fill(gpa(0x5000), 1, 7);
    discard.discard([5], () => undefined);
    for (const cpu of [t.plan.cpus, t.plan.cpus + Cpu.SIZE]) {
      expect(t.view.getInt32(cpu + Cpu.exitRequest, true)).toBe(Cpu.REQUESTED);
      expect(t.view.getInt32(cpu + Cpu.wake, true)).toBe(1);
    }
  });

  it("answers at once when there was nothing", () => {
    expect(discard.discard([1, 2, 3], () => told.push("nothing"))).toBe(0);
    expect(told).toEqual(["nothing"]);
  });

  it("keeps the order of requests", () => {
    t.guest.fill(gpa(0x5000), 1, 7);
    discard.discard([5], () => told.push("first"));
    discard.discard([6], () => told.push("second"));
    expect(told).toEqual([]);
    answer(0);
    answer(1);
    crossing.poll();
    expect(told).toEqual(["first", "second"]);
  });

  it("drops code of the pages before they are used again", () => {
    t.guest.fill(gpa(0x5000), 64, 0x90);
    const host = t.exports.physForRead(t.plan.machine, 0x5000, 0);
    t.view.setBigUint64(CODE_LINES + (host >>> 12) * 8, 1n, true);
    discard.discard([5], () => told.push("gone"));
    answer(0);
    answer(1);
    crossing.poll();
    expect([told, free()]).toEqual([[], 0]);
    const ring = t.plan.machine + Machine.codeRing;
    expect(t.view.getUint32(ring + ByteRing.tail, true)).toBe(4);
    answer(0);
    answer(1);
    crossing.poll();
    expect([told, free()]).toEqual([["gone"], 1]);
  });
});

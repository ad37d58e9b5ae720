import { beforeEach, describe, expect, it } from "vitest";
import * as Cpu from "../../assembly/layout/cpu";
import * as Machine from "../../assembly/layout/machine";
import * as Mailbox from "../../assembly/layout/mailbox";
import { type TestGuest, testGuest } from "../../tests/guest";
import { Crossing, type RegisterSpace, ringSequence, serveExitHere } from "./crossing";

let t: TestGuest;
let crossing: Crossing;
let log: string[];

function space(name: string): RegisterSpace {
  return {
    read: (address, size) => {
      log.push(`${name} read ${address.toString(16)}/${size}`);
      return address % 0x1000;
    },
    write: (address, size, value) => void log.push(`${name} write ${address.toString(16)}/${size}=${value}`),
  };
}

interface Exit {
  kind: number;
  write?: number;
  size?: number;
  address: number;
  value?: bigint;
}

function exit(request: Exit): bigint {
  const at = t.plan.cpus + Cpu.mailbox;
  t.view.setUint32(at + Mailbox.kind, request.kind, true);
  t.view.setUint32(at + Mailbox.write, request.write ?? 0, true);
  t.view.setUint32(at + Mailbox.size, request.size ?? 4, true);
  t.view.setBigUint64(at + Mailbox.address, BigInt(request.address), true);
  t.view.setBigUint64(at + Mailbox.value, request.value ?? 0n, true);
  serveExitHere(t.guest.words, crossing, t.plan.cpus);
  expect(t.view.getUint32(at + Mailbox.state, true)).toBe(Mailbox.STATE_IDLE);
  return t.view.getBigUint64(at + Mailbox.value, true);
}

beforeEach(() => {
  t = testGuest();
  log = [];
  crossing = new Crossing(t.guest, t.plan, {
    ports: space("port"),
    mmio: space("mmio"),
    event: (event, value, cpu) => void log.push(`event ${event} ${value} ${cpu === t.plan.cpus}`),
  });
});

describe("mailboxes", () => {
  it("answer ports, MMIO and events", () => {
    expect(exit({ kind: Mailbox.KIND_PORT, address: 0xcfc, size: 2 })).toBe(0xcfcn);
    exit({ kind: Mailbox.KIND_PORT, write: 1, address: 0xcf8, size: 4, value: 0x80000000n });
    expect(exit({ kind: Mailbox.KIND_MMIO, address: 0x1_fe00_0010, size: 8 })).toBe(0x14_0000_0010n);
    exit({ kind: Mailbox.KIND_MMIO, write: 1, address: 0xfe000020, size: 8, value: 0x0000000200000001n });
    exit({ kind: Mailbox.KIND_EVENT, address: Mailbox.EVENT_SHUTDOWN, value: 3n });
    expect(log).toEqual([
      "port read cfc/2",
      "port write cf8/4=2147483648",
      "mmio read 1fe000010/4",
      "mmio read 1fe000014/4",
      "mmio write fe000020/4=1",
      "mmio write fe000024/4=2",
      "event 2 3 true",
    ]);
  });

  it("that are idle are left alone", () => {
    expect(crossing.poll()).toBe(false);
  });
});

describe("doorbells", () => {
  const kicked: number[] = [];

  beforeEach(() => {
    kicked.length = 0;
  });

  it("reach their device once, and unknown queues nobody", () => {
    const slot = crossing.attachSlot(40, (queue) => kicked.push(queue)) ?? -1;
    for (const queue of [0, 31, 39, 39, 41, 255]) crossing.ring(slot, queue);
    expect(crossing.poll()).toBe(true);
    expect(kicked).toEqual([0, 31, 39]);
    crossing.poll();
    expect(kicked).toHaveLength(3);
  });

  it("of a device that is gone are dropped", () => {
    const slot = crossing.attachSlot(1, (queue) => kicked.push(queue)) ?? -1;
    crossing.ring(slot, 0);
    crossing.detachSlot(slot);
    expect(crossing.poll()).toBe(false);
    expect(crossing.attachSlot(1, (queue) => kicked.push(queue))).toBe(slot);
    expect(crossing.poll()).toBe(false);
  });

  it("have a limited number of slots", () => {
    for (let i = 0; i < Machine.DOORBELL_SLOTS; i++) expect(crossing.attachSlot(1, () => undefined)).toBe(i);
    expect(crossing.attachSlot(1, () => undefined)).toBeUndefined();
  });
});

describe("the loop", () => {
  it("sleeps, wakes for every ring, and stops", async () => {
    const asleep = (t.plan.machine + Machine.devicesAsleep) / 4;
    let wanted: (() => void) | undefined;
    const slot = crossing.attachSlot(1, () => wanted?.()) ?? -1;
    const done = crossing.run();
    for (let i = 0; i < 50; i++) {
      const kicked = new Promise<void>((resolve) => (wanted = resolve));
      if (i % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      crossing.ring(slot, 0);
      await kicked;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(Atomics.load(t.guest.words, asleep)).toBe(1);
    crossing.stop();
    await done;
    expect(Atomics.load(t.guest.words, asleep)).toBe(0);
  });

  it("lets other tasks run while there is always work", async () => {
    crossing.addSource(() => true);
    const done = crossing.run();
    await new Promise((resolve) => setTimeout(resolve, 10));
    crossing.stop();
    await done;
  });

  it("polls its sources after a wake from elsewhere", async () => {
    let rounds = 0;
    crossing.addSource(() => (rounds++, false));
    const done = crossing.run();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const before = rounds;
    ringSequence(t.guest.words, t.plan.machine);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(rounds).toBeGreaterThan(before);
    crossing.stop();
    await done;
  });
});

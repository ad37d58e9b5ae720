import { beforeEach, describe, expect, it } from "vitest";
import { type TestBus, testBus } from "../../../../tests/virtio";
import { RamDisk } from "../../../backends/disk/ram";
import type { CancelToken, DiskBackend, DiskOutcome } from "../../../backends/disk/types";
import { gpa } from "../../../shared/units";
import { be } from "../../scsi/testing/initiator";
import { scsiDisk } from "../../scsi/disk";
import { bit } from "../features";
import type { VirtioPciDevice } from "../pci";
import type { Buffer as RingBuffer } from "../testing/mock_ring";
import type { MockDriver } from "../testing/mock_driver";
import { F_CHANGE, F_HOTPLUG } from "./config";
import { VirtioScsi } from "./device";

const REQUESTS = 0x200000;
const RESPONSES = 0x210000;
const DATA = 0x220000;
const EVENTS = 0x240000;
const SECTORS = 4096;

let t: TestBus;
let pci: VirtioPciDevice;
let driver: MockDriver;
let scsi: VirtioScsi;
let bytes: Uint8Array;
let offered = 0;

function plug(options?: { queues?: number }): void {
  scsi = new VirtioScsi(options);
  pci = t.plug(scsi);
  driver = t.driver(pci);
}

beforeEach(() => {
  t = testBus();
  bytes = new Uint8Array(SECTORS * 512);
  for (let i = 0; i < bytes.length; i++) bytes[i] = i * 3 + (i >> 9);
  plug();
  scsi.bus.add({ target: 0, lun: 0 }, scsiDisk(new RamDisk(bytes), { serial: "ONE" }));
  scsi.bus.add({ target: 3, lun: 300 }, scsiDisk(new RamDisk(new Uint8Array(1024 * 1024))));
});

function bytesAt(address: number, length: number): Uint8Array {
  const read = new Uint8Array(length);
  t.guest.read(gpa(address), read);
  return read;
}

interface Command {
  readonly cdb: readonly number[];
  /** The eight bytes of the LUN field. */
  readonly lun?: readonly number[];
  readonly id?: number;
  readonly data?: readonly RingBuffer[];
  readonly queue?: number;
  readonly sizes?: { readonly cdb: number; readonly sense: number };
}

interface Offered {
  readonly head: number;
  readonly response: number;
  readonly sense: number;
}

const unit = (target: number, lun: number): number[] => [1, target, 0x40 | (lun >> 8), lun & 0xff, 0, 0, 0, 0];

function offer({
  cdb,
  lun = unit(0, 0),
  id = 1,
  data = [],
  queue = 2,
  sizes = { cdb: 32, sense: 96 },
}: Command): Offered {
  const request = new Uint8Array(19 + sizes.cdb);
  request.set(lun);
  new DataView(request.buffer).setUint32(8, id, true);
  request.set(cdb.slice(0, sizes.cdb), 19);
  const slot = offered++ % 64;
  const response = RESPONSES + slot * 0x200;
  t.guest.write(gpa(REQUESTS + slot * 0x200), request);
  t.guest.fill(gpa(response), 12 + sizes.sense, 0xee);
  const head = driver
    .ring(queue)
    .chain([
      { gpa: REQUESTS + slot * 0x200, len: request.length, writable: false },
      ...data.filter(({ writable }) => !writable),
      { gpa: response, len: 12 + sizes.sense, writable: true },
      ...data.filter(({ writable }) => writable),
    ]);
  driver.ring(queue).offer(head);
  return { head, response, sense: sizes.sense };
}

interface Answer {
  readonly response: number;
  readonly status: number;
  readonly residual: number;
  /** "key/asc/ascq". */
  readonly sense: string;
}

function answerOf({ response, sense }: Offered): Answer {
  const view = new DataView(bytesAt(response, 12 + sense).buffer);
  const length = view.getUint32(0, true);
  const at = (offset: number): string => view.getUint8(12 + offset).toString(16);
  return {
    response: view.getUint8(11),
    status: view.getUint8(10),
    residual: view.getUint32(4, true),
    sense: length < 14 ? "" : `${at(2)}/${at(12)}/${at(13)}`,
  };
}

function run(command: Command): Answer & { len: number } {
  const queue = command.queue ?? 2;
  const made = offer(command);
  driver.kick(queue);
  const used = driver.ring(queue).takeUsed();
  expect(used.map(({ id }) => id)).toEqual([made.head]);
  return { ...answerOf(made), len: used[0]?.len ?? 0 };
}

const testReady: Command = { cdb: [0, 0, 0, 0, 0, 0] };
const read = (lba: number, blocks: number): number[] => [0x28, 0, ...be(lba, 4), 0, ...be(blocks, 2), 0];
const write = (lba: number, blocks: number): number[] => [0x2a, ...read(lba, blocks).slice(1)];

function start(features?: bigint): void {
  driver.start(features);
  run(testReady);
}

describe("virtio-scsi", () => {
  it("describes itself", () => {
    expect(driver.configRead(0)).toBe(0x10041af4);
    expect([0, 4, 8, 12, 16, 20, 24, 32].map((at) => driver.deviceConfig(at, 4))).toEqual([
      1, 254, 0xffff, 128, 16, 96, 32, 16383,
    ]);
    expect([28, 30].map((at) => driver.deviceConfig(at, 2))).toEqual([0, 255]);
    expect(driver.offered & 0xffffffn & ~bit(28)).toBe(F_HOTPLUG | F_CHANGE);
  });

  it("reads into scattered buffers after the response, and tells what is left", () => {
    start();
    const data = [
      { gpa: DATA, len: 700, writable: true },
      { gpa: DATA + 0x10ff0, len: 1000, writable: true },
    ];
    expect(run({ cdb: read(7, 3), data })).toEqual({
      response: 0,
      status: 0,
      residual: 164,
      sense: "",
      len: 108 + 1536,
    });
    expect(bytesAt(DATA, 700)).toEqual(bytes.slice(7 * 512, 7 * 512 + 700));
    expect(bytesAt(DATA + 0x10ff0, 836)).toEqual(bytes.slice(7 * 512 + 700, 10 * 512));
    expect(bytesAt(DATA + 0x10ff0 + 836, 1)[0]).toBe(0);
  });

  it("writes", () => {
    start();
    t.guest.fill(gpa(DATA), 1024, 0x5a);
    const data = [{ gpa: DATA, len: 1024, writable: false }];
    expect(run({ cdb: write(100, 2), data })).toEqual({ response: 0, status: 0, residual: 0, sense: "", len: 108 });
    expect(bytes.slice(100 * 512, 102 * 512).every((byte) => byte === 0x5a)).toBe(true);
  });

  it("begins with a unit attention and tells sense data with the status", () => {
    driver.start();
    expect(run(testReady)).toMatchObject({ response: 0, status: 2, sense: "6/29/0" });
    expect(run(testReady)).toMatchObject({ response: 0, status: 0, sense: "" });
    expect(run({ cdb: [0x85] })).toMatchObject({ status: 2, sense: "5/20/0" });
    expect(run({ cdb: read(SECTORS, 1), data: [{ gpa: DATA, len: 512, writable: true }] })).toMatchObject({
      sense: "5/21/0",
      residual: 512,
    });
  });

  it("knows which addresses there are", () => {
    start();
    expect(run({ ...testReady, lun: unit(3, 300) }).sense).toBe("6/29/0");
    expect(run({ ...testReady, lun: unit(3, 299) }).sense).toBe("5/25/0");
    expect(run({ ...testReady, lun: unit(1, 0) })).toMatchObject({ response: 3, len: 108 });
    expect(run({ ...testReady, lun: [1, 0, 0, 0, 0, 0, 0, 0] })).toMatchObject({ response: 0, status: 0 });
    for (const lun of [
      [0, 0, 0, 0, 0, 0, 0, 0],
      [2, 0, 0x40, 0, 0, 0, 0, 0],
      [1, 0, 0x80, 0, 0, 0, 0, 0],
      [1, 0, 0x40, 0, 0, 1, 0, 0],
    ]) {
      expect(run({ ...testReady, lun }).response).toBe(3);
    }
    const wellKnown = [0xc1, 1, 0, 0, 0, 0, 0, 0];
    const data = [{ gpa: DATA, len: 64, writable: true }];
    expect(run({ cdb: [0xa0, 0, 0, 0, 0, 0, ...be(64, 4), 0, 0], lun: wellKnown, data }).residual).toBe(40);
    expect([...bytesAt(DATA, 24)]).toEqual([
      0, 0, 0, 16, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 3, 0x41, 44, 0, 0, 0, 0,
    ]);
    expect(run({ ...testReady, lun: wellKnown })).toMatchObject({ response: 0, status: 0 });
  });

  it("says so when the data does not fit, and when there are both directions", () => {
    start();
    expect(run({ cdb: read(0, 2), data: [{ gpa: DATA, len: 1023, writable: true }] })).toMatchObject({
      response: 1,
      len: 108,
    });
    expect(run({ cdb: read(0, 1), data: [{ gpa: DATA, len: 512, writable: false }] }).response).toBe(1);
    const both = [
      { gpa: DATA, len: 512, writable: true },
      { gpa: DATA, len: 512, writable: false },
    ];
    expect(run({ cdb: read(0, 1), data: both }).response).toBe(9);
    expect(scsi.counters.overruns).toBe(2);
  });

  it("follows the sizes that the driver writes, until the next reset", () => {
    driver.start();
    driver.writeDeviceConfig(20, 4, 18);
    driver.writeDeviceConfig(24, 4, 16);
    driver.writeDeviceConfig(0, 4, 77);
    expect(driver.deviceConfig(0, 4)).toBe(1);
    const sizes = { cdb: 16, sense: 18 };
    expect(run({ ...testReady, sizes })).toMatchObject({ sense: "6/29/0", len: 30 });
    driver.writeDeviceConfig(20, 4, 8);
    expect(run({ cdb: [0xff], sizes: { cdb: 16, sense: 8 } })).toMatchObject({ status: 2, sense: "", len: 20 });
    driver.start();
    expect([20, 24].map((at) => driver.deviceConfig(at, 4))).toEqual([96, 32]);
  });

  it("stops at impossible sizes", () => {
    driver.start();
    driver.writeDeviceConfig(24, 4, 257);
    expect(driver.status & 64).toBe(64);
    driver.start();
    driver.writeDeviceConfig(20, 4, 0x10001);
    expect(driver.status & 64).toBe(64);
    driver.start();
    expect(run(testReady).sense).toBe("6/29/0");
  });

  it("stops at chains without room for request or response", () => {
    for (const [queue, buffers] of [
      [
        2,
        [
          { gpa: REQUESTS, len: 50, writable: false },
          { gpa: RESPONSES, len: 108, writable: true },
        ],
      ],
      [
        2,
        [
          { gpa: REQUESTS, len: 51, writable: false },
          { gpa: RESPONSES, len: 107, writable: true },
        ],
      ],
      [
        0,
        [
          { gpa: REQUESTS, len: 3, writable: false },
          { gpa: RESPONSES, len: 1, writable: true },
        ],
      ],
      [0, [{ gpa: REQUESTS, len: 24, writable: false }]],
    ] as const) {
      driver.start();
      driver.ring(queue).offer(driver.ring(queue).chain(buffers));
      driver.kick(queue);
      expect(driver.status & 64).toBe(64);
    }
  });

  it("has several request queues", () => {
    plug({ queues: 4 });
    scsi.bus.add({ target: 0, lun: 0 }, scsiDisk(new RamDisk(bytes)));
    driver.start();
    expect(driver.deviceConfig(0, 4)).toBe(4);
    expect(run({ ...testReady, queue: 5 }).sense).toBe("6/29/0");
    expect(run({ ...testReady, queue: 3 }).status).toBe(0);
  });

  it("works with every subset of its features, and through the legacy interface", () => {
    const all = [bit(1), bit(2), bit(28), bit(29), bit(40)];
    for (let subset = 0; subset < 1 << all.length; subset++) {
      const features = all.reduce((sum, feature, i) => ((subset >> i) & 1 ? sum | feature : sum), bit(32));
      driver.start(features);
      expect(run(testReady).sense).toBe("6/29/0");
      expect(run({ cdb: read(3, 1), data: [{ gpa: DATA, len: 512, writable: true }] }).status).toBe(0);
      const usable = Number((features >> 1n) & 1n);
      expect(eventsAfter(() => scsi.bus.add({ target: 9, lun: 0 }, scsiDisk(new RamDisk(bytes))))).toHaveLength(usable);
      scsi.bus.remove({ target: 9, lun: 0 });
    }
    driver.startLegacy(0x30000006);
    const made = offer(testReady);
    driver.legacyKick(2);
    expect(driver.ring(2).takeUsed()).toEqual([{ id: made.head, len: 108 }]);
    expect(answerOf(made).sense).toBe("6/29/0");
  });

  it("finds 256 disks at once", () => {
    for (let i = 0; i < 256; i++)
      scsi.bus.add({ target: i, lun: 1 }, scsiDisk(new RamDisk(new Uint8Array(512).fill(i))));
    start();
    for (let i = 0; i < 256; i++) {
      run({ ...testReady, lun: unit(i, 1) });
      run({ cdb: read(0, 1), lun: unit(i, 1), data: [{ gpa: DATA, len: 512, writable: true }] });
      expect(bytesAt(DATA + 511, 1)[0]).toBe(i);
    }
  });
});

/** Gives the device buffers for events, does something, and returns the events that came of it. */
function eventsAfter(action: () => void, buffers = 4): number[][] {
  const ring = driver.ring(1);
  const places = new Map<number, number>();
  for (let i = 0; i < buffers; i++) {
    const head = ring.chain([{ gpa: EVENTS + i * 16, len: 16, writable: true }]);
    places.set(head, EVENTS + i * 16);
    ring.offer(head);
  }
  driver.kick(1);
  action();
  return ring.takeUsed().map(({ id, len }) => [...bytesAt(places.get(id) ?? 0, len)]);
}

describe("events", () => {
  it("tell of units that come, go and change", () => {
    start();
    const events = eventsAfter(() => {
      scsi.bus.add({ target: 5, lun: 2 }, scsiDisk(new RamDisk(bytes)));
      scsi.bus.remove({ target: 3, lun: 300 });
      scsi.bus.unitAt({ target: 0, lun: 0 })?.capacityChanged();
    });
    expect(events).toEqual([
      [1, 0, 0, 0, 1, 5, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0],
      [1, 0, 0, 0, 1, 3, 0x41, 44, 0, 0, 0, 0, 2, 0, 0, 0],
      [3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x2a, 9, 0, 0],
    ]);
    expect(run({ ...testReady, lun: unit(3, 300) }).response).toBe(3);
  });

  it("wait for buffers, and say when some were lost", () => {
    start();
    const disk = scsiDisk(new RamDisk(bytes));
    for (let i = 0; i < 40; i++) {
      scsi.bus.add({ target: 5, lun: 2 }, disk);
      scsi.bus.remove({ target: 5, lun: 2 });
    }
    expect(scsi.counters.droppedEvents).toBe(16);
    const events = eventsAfter(() => undefined, 100);
    expect(events).toHaveLength(64);
    expect(events.map((event) => event[3])).toEqual([...Array<number>(63).fill(0), 0x80]);
    expect(eventsAfter(() => undefined)).toEqual([]);
  });

  it("are not for drivers that are not there yet", () => {
    scsi.bus.remove({ target: 3, lun: 300 });
    start();
    expect(eventsAfter(() => undefined)).toEqual([]);
  });

  it("need buffers of sixteen bytes", () => {
    start();
    driver.ring(1).offer(driver.ring(1).chain([{ gpa: EVENTS, len: 15, writable: true }]));
    driver.kick(1);
    scsi.bus.remove({ target: 3, lun: 300 });
    expect(driver.status & 64).toBe(64);
  });
});

/** A control request: the response code when it is there already. */
function control(name: number, lun: readonly number[], id = 1, type = 0): number | undefined {
  const request = new Uint8Array(24);
  const view = new DataView(request.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, name, true);
  request.set(lun, 8);
  view.setUint32(16, id, true);
  t.guest.write(gpa(REQUESTS + 0x9000), request);
  t.guest.write(gpa(RESPONSES + 0x9000), Uint8Array.of(0xee));
  const head = driver.ring(0).chain([
    { gpa: REQUESTS + 0x9000, len: 24, writable: false },
    { gpa: RESPONSES + 0x9000, len: 1, writable: true },
  ]);
  driver.ring(0).offer(head);
  driver.kick(0);
  return driver.ring(0).takeUsed().length === 0 ? undefined : controlAnswer();
}

const controlAnswer = (): number => bytesAt(RESPONSES + 0x9000, 1)[0] ?? -1;

const [ABORT, ABORT_SET, CLEAR_ACA, CLEAR_SET, NEXUS_RESET, UNIT_RESET, QUERY, QUERY_SET] = [0, 1, 2, 3, 4, 5, 6, 7];

describe("task management", () => {
  let waiting: { token: CancelToken; end: (outcome: DiskOutcome) => void }[];

  beforeEach(() => {
    waiting = [];
    const later = (token: CancelToken): Promise<DiskOutcome> => new Promise((end) => waiting.push({ token, end }));
    const slow: DiskBackend = {
      sectors: SECTORS,
      readOnly: false,
      read: (_sector, _views, token) => later(token),
      write: (_sector, _views, token) => later(token),
      flush: () => "ok",
      discard: () => "ok",
      writeZeroes: () => "ok",
      close: () => undefined,
    };
    scsi.bus.add({ target: 7, lun: 0 }, scsiDisk(slow));
    scsi.bus.add({ target: 7, lun: 1 }, scsiDisk(slow));
    driver.start();
    run({ ...testReady, lun: unit(7, 0) });
    run({ ...testReady, lun: unit(7, 1) });
  });

  const slowRead = (id: number, lun = 0): Offered => {
    const made = offer({ cdb: read(0, 1), lun: unit(7, lun), id, data: [{ gpa: DATA, len: 512, writable: true }] });
    driver.kick(2);
    return made;
  };
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

  it("finds a task by its id and unit, and ends it when its buffers are at rest", async () => {
    const [first, second] = [slowRead(11), slowRead(12)];
    expect(control(QUERY, unit(7, 0), 11)).toBe(10);
    expect(control(QUERY, unit(7, 1), 11)).toBe(0);
    expect(control(QUERY_SET, unit(7, 0))).toBe(10);
    expect(control(QUERY_SET, unit(7, 1))).toBe(0);
    expect(control(ABORT, unit(7, 0), 99)).toBe(0);
    expect(control(ABORT, unit(7, 0), 11)).toBeUndefined();
    expect(waiting[0]?.token.cancelled).toBe(true);
    waiting[0]?.end("ok");
    await settle();
    expect(driver.ring(2).takeUsed()).toEqual([{ id: first.head, len: 108 }]);
    expect(answerOf(first).response).toBe(2);
    expect(driver.ring(0).takeUsed()).toHaveLength(1);
    expect(controlAnswer()).toBe(0);
    waiting[1]?.end("ok");
    await settle();
    expect(driver.ring(2).takeUsed()).toEqual([{ id: second.head, len: 620 }]);
    expect(answerOf(second)).toMatchObject({ response: 0, status: 0 });
  });

  it.each([
    ["abort task set", ABORT_SET, 2, ""],
    ["clear task set", CLEAR_SET, 2, ""],
    ["logical unit reset", UNIT_RESET, 4, "6/29/3"],
  ])("%s ends the tasks of one unit", async (_name, code, response, attention) => {
    const [mine, other] = [slowRead(1), slowRead(2, 1)];
    expect(control(code, unit(7, 0))).toBeUndefined();
    for (const task of waiting) task.end("ok");
    await settle();
    expect([answerOf(mine).response, answerOf(other).response]).toEqual([response, 0]);
    expect(controlAnswer()).toBe(0);
    driver.ring(2).takeUsed();
    expect(run({ ...testReady, lun: unit(7, 0) }).sense).toBe(attention);
    expect(run({ ...testReady, lun: unit(7, 1) }).sense).toBe("");
  });

  it("resets all units of a target", async () => {
    const tasks = [slowRead(1), slowRead(2, 1)];
    expect(control(NEXUS_RESET, unit(7, 99))).toBeUndefined();
    for (const task of waiting) task.end("ok");
    await settle();
    expect(tasks.map((task) => answerOf(task).response)).toEqual([4, 4]);
    driver.ring(2).takeUsed();
    for (const lun of [0, 1]) expect(run({ ...testReady, lun: unit(7, lun) }).sense).toBe("6/29/7");
  });

  it("refuses what is not there", () => {
    expect(control(CLEAR_ACA, unit(7, 0))).toBe(11);
    expect(control(77, unit(7, 0))).toBe(11);
    expect(control(ABORT, unit(7, 9))).toBe(12);
    expect(control(UNIT_RESET, unit(8, 0))).toBe(3);
    expect(control(UNIT_RESET, [0, 0, 0, 0, 0, 0, 0, 0])).toBe(3);
    expect(control(0, unit(7, 0), 1, 9)).toBe(11);
    expect(driver.status & 64).toBe(0);
  });

  it("has no asynchronous notifications", () => {
    const request = new Uint8Array(16);
    request[0] = 1;
    request.set(unit(7, 0), 4);
    t.guest.write(gpa(REQUESTS + 0x9000), request);
    t.guest.fill(gpa(RESPONSES + 0x9000), 5, 0xee);
    driver.ring(0).offer(
      driver.ring(0).chain([
        { gpa: REQUESTS + 0x9000, len: 16, writable: false },
        { gpa: RESPONSES + 0x9000, len: 5, writable: true },
      ]),
    );
    driver.kick(0);
    expect([...bytesAt(RESPONSES + 0x9000, 5)]).toEqual([0, 0, 0, 0, 0]);
  });

  it("ends the tasks of a unit that is taken away", async () => {
    const task = slowRead(1);
    scsi.bus.remove({ target: 7, lun: 0 });
    waiting[0]?.end("ok");
    await settle();
    expect(answerOf(task).response).toBe(2);
  });

  it("forgets everything at a reset of the device", async () => {
    slowRead(1);
    expect(control(ABORT, unit(7, 0), 1)).toBeUndefined();
    driver.start();
    expect(waiting[0]?.token.cancelled).toBe(true);
    waiting[0]?.end("ok");
    await settle();
    expect([0, 2].map((queue) => driver.ring(queue).usedIdx)).toEqual([0, 0]);
    expect(run({ ...testReady, lun: unit(7, 0) }).sense).toBe("6/29/0");
  });

  it("holds a driver back that offers more than the ring has", async () => {
    driver.start(driver.offered, 8);
    run({ ...testReady, lun: unit(7, 0) });
    const { head } = offer({ cdb: read(0, 1), lun: unit(7, 0), data: [{ gpa: DATA, len: 512, writable: true }] });
    for (let i = 1; i < 8; i++) driver.ring(2).offer(head);
    driver.kick(2);
    t.crossing.poll();
    for (let i = 0; i < 8; i++) driver.ring(2).offer(head);
    driver.kick(2);
    t.crossing.poll();
    expect(waiting).toHaveLength(8);
    waiting[0]?.end("ok");
    await settle();
    t.crossing.poll();
    expect(waiting).toHaveLength(9);
  });
});

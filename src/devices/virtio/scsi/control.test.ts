import { beforeEach, describe, expect, it } from "vitest";
import { type TestBus, testBus } from "../../../../tests/virtio";
import { RamDisk } from "../../../backends/disk/ram";
import type { CancelToken, DiskBackend, DiskOutcome } from "../../../backends/disk/types";
import { scsiDisk } from "../../scsi/disk";
import type { VirtioPciDevice } from "../pci";
import type { MockDriver } from "../testing/mock_driver";
import { VirtioScsi } from "./device";
import { DATA, EVENTS, type Offered, read, ScsiDriver, testReady, unit } from "./testing/scsi_driver";

const SECTORS = 4096;

let t: TestBus;
let driver: MockDriver;
let host: ScsiDriver;
let scsi: VirtioScsi;
let pci: VirtioPciDevice;
let bytes: Uint8Array;

beforeEach(() => {
  t = testBus();
  bytes = new Uint8Array(SECTORS * 512);
  scsi = new VirtioScsi();
  pci = t.plug(scsi);
  driver = t.driver(pci);
  host = new ScsiDriver(driver);
  scsi.bus.add({ target: 0, lun: 0 }, scsiDisk(new RamDisk(bytes), { serial: "ONE" }));
  scsi.bus.add({ target: 3, lun: 300 }, scsiDisk(new RamDisk(new Uint8Array(1024 * 1024))));
});

describe("events", () => {
  it("tell of units that come, go and change", () => {
    host.start();
    const events = host.eventsAfter(() => {
      scsi.bus.add({ target: 5, lun: 2 }, scsiDisk(new RamDisk(bytes)));
      scsi.bus.remove({ target: 3, lun: 300 });
      scsi.bus.unitAt({ target: 0, lun: 0 })?.capacityChanged();
    });
    expect(events).toEqual([
      [1, 0, 0, 0, 1, 5, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0],
      [1, 0, 0, 0, 1, 3, 0x41, 44, 0, 0, 0, 0, 2, 0, 0, 0],
      [3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x2a, 9, 0, 0],
    ]);
    expect(host.run({ ...testReady, lun: unit(3, 300) }).response).toBe(3);
  });

  it("wait for buffers, and say when some were lost", () => {
    host.start();
    const disk = scsiDisk(new RamDisk(bytes));
    for (let i = 0; i < 40; i++) {
      scsi.bus.add({ target: 5, lun: 2 }, disk);
      scsi.bus.remove({ target: 5, lun: 2 });
    }
    expect(scsi.counters.droppedEvents).toBe(16);
    const events = host.eventsAfter(() => undefined, 100);
    expect(events).toHaveLength(64);
    expect(events.map((event) => event[3])).toEqual([...Array<number>(63).fill(0), 0x80]);
    expect(host.eventsAfter(() => undefined)).toEqual([]);
  });

  it("are not for drivers that are not there yet", () => {
    scsi.bus.remove({ target: 3, lun: 300 });
    host.start();
    expect(host.eventsAfter(() => undefined)).toEqual([]);
  });

  it("need buffers of sixteen bytes", () => {
    host.start();
    driver.ring(1).offer(driver.ring(1).chain([{ gpa: EVENTS, len: 15, writable: true }]));
    driver.kick(1);
    scsi.bus.remove({ target: 3, lun: 300 });
    expect(driver.status & 64).toBe(64);
    expect(pci.transport.queues.map(({ errors }) => errors)).toEqual([0, 1, 0]);
  });
});

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
    host.run({ ...testReady, lun: unit(7, 0) });
    host.run({ ...testReady, lun: unit(7, 1) });
  });

  const slowRead = (id: number, lun = 0): Offered => {
    const made = host.offer({
      cdb: read(0, 1),
      lun: unit(7, lun),
      id,
      data: [{ gpa: DATA, len: 512, writable: true }],
    });
    driver.kick(2);
    return made;
  };
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

  it("finds a task by its id and unit, and ends it when its buffers are at rest", async () => {
    const [first, second] = [slowRead(11), slowRead(12)];
    expect(host.control(QUERY, unit(7, 0), 11)).toBe(10);
    expect(host.control(QUERY, unit(7, 1), 11)).toBe(0);
    expect(host.control(QUERY_SET, unit(7, 0))).toBe(10);
    expect(host.control(QUERY_SET, unit(7, 1))).toBe(0);
    expect(host.control(ABORT, unit(7, 0), 99)).toBe(0);
    expect(host.control(ABORT, unit(7, 0), 11)).toBeUndefined();
    expect(waiting[0]?.token.cancelled).toBe(true);
    waiting[0]?.end("ok");
    await settle();
    expect(driver.ring(2).takeUsed()).toEqual([{ id: first.head, len: 108 }]);
    expect(host.answerOf(first).response).toBe(2);
    expect(driver.ring(0).takeUsed()).toHaveLength(1);
    expect(host.controlAnswer).toBe(0);
    waiting[1]?.end("ok");
    await settle();
    expect(driver.ring(2).takeUsed()).toEqual([{ id: second.head, len: 620 }]);
    expect(host.answerOf(second)).toMatchObject({ response: 0, status: 0 });
  });

  it.each([
    ["abort task set", ABORT_SET, 2, ""],
    ["clear task set", CLEAR_SET, 2, ""],
    ["logical unit reset", UNIT_RESET, 4, "6/29/3"],
  ])("%s ends the tasks of one unit", async (_name, code, response, attention) => {
    const [mine, other] = [slowRead(1), slowRead(2, 1)];
    expect(host.control(code, unit(7, 0))).toBeUndefined();
    for (const task of waiting) task.end("ok");
    await settle();
    expect([host.answerOf(mine).response, host.answerOf(other).response]).toEqual([response, 0]);
    expect(host.controlAnswer).toBe(0);
    driver.ring(2).takeUsed();
    expect(host.run({ ...testReady, lun: unit(7, 0) }).sense).toBe(attention);
    expect(host.run({ ...testReady, lun: unit(7, 1) }).sense).toBe("");
  });

  it("resets all units of a target", async () => {
    const tasks = [slowRead(1), slowRead(2, 1)];
    expect(host.control(NEXUS_RESET, unit(7, 99))).toBeUndefined();
    for (const task of waiting) task.end("ok");
    await settle();
    expect(tasks.map((task) => host.answerOf(task).response)).toEqual([4, 4]);
    driver.ring(2).takeUsed();
    for (const lun of [0, 1]) expect(host.run({ ...testReady, lun: unit(7, lun) }).sense).toBe("6/29/7");
  });

  it("refuses what is not there", () => {
    expect(host.control(CLEAR_ACA, unit(7, 0))).toBe(11);
    expect(host.control(77, unit(7, 0))).toBe(11);
    expect(host.control(ABORT, unit(7, 9))).toBe(12);
    expect(host.control(UNIT_RESET, unit(8, 0))).toBe(3);
    expect(host.control(UNIT_RESET, [0, 0, 0, 0, 0, 0, 0, 0])).toBe(3);
    expect(host.control(0, unit(7, 0), 1, 9)).toBe(11);
    expect(driver.status & 64).toBe(0);
  });

  it("has no asynchronous notifications", () => {
    const request = new Uint8Array(16);
    request[0] = 1;
    request.set(unit(7, 0), 4);
    expect([...(host.controlBytes(request, 5) ?? [])]).toEqual([0, 0, 0, 0, 0]);
  });

  it("ends the tasks of a unit that is taken away", async () => {
    const task = slowRead(1);
    scsi.bus.remove({ target: 7, lun: 0 });
    waiting[0]?.end("ok");
    await settle();
    expect(host.answerOf(task).response).toBe(2);
  });

  it("forgets everything at a reset of the device", async () => {
    slowRead(1);
    expect(host.control(ABORT, unit(7, 0), 1)).toBeUndefined();
    driver.start();
    expect(waiting[0]?.token.cancelled).toBe(true);
    waiting[0]?.end("ok");
    await settle();
    expect([0, 2].map((queue) => driver.ring(queue).usedIdx)).toEqual([0, 0]);
    expect(host.run({ ...testReady, lun: unit(7, 0) }).sense).toBe("6/29/0");
  });

  it("holds a driver back that offers more than the ring has", async () => {
    driver.start(driver.offered, 8);
    host.run({ ...testReady, lun: unit(7, 0) });
    const { head } = host.offer({ cdb: read(0, 1), lun: unit(7, 0), data: [{ gpa: DATA, len: 512, writable: true }] });
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

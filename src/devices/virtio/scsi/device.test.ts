import { beforeEach, describe, expect, it } from "vitest";
import { type TestBus, testBus } from "../../../../tests/virtio";
import { RamDisk } from "../../../backends/disk/ram";
import { gpa } from "../../../shared/units";
import { scsiDisk } from "../../scsi/disk";
import { be } from "../../scsi/testing/initiator";
import { bit } from "../features";
import type { MockDriver } from "../testing/mock_driver";
import { F_CHANGE, F_HOTPLUG } from "./config";
import { VirtioScsi } from "./device";
import { DATA, read, REQUESTS, RESPONSES, ScsiDriver, testReady, unit, write } from "./testing/scsi_driver";

const SECTORS = 4096;

let t: TestBus;
let driver: MockDriver;
let host: ScsiDriver;
let scsi: VirtioScsi;
let bytes: Uint8Array;

function plug(options?: { queues?: number }): void {
  scsi = new VirtioScsi(options);
  driver = t.driver(t.plug(scsi));
  host = new ScsiDriver(driver);
}

beforeEach(() => {
  t = testBus();
  bytes = new Uint8Array(SECTORS * 512);
  for (let i = 0; i < bytes.length; i++) bytes[i] = i * 3 + (i >> 9);
  plug();
  scsi.bus.add({ target: 0, lun: 0 }, scsiDisk(new RamDisk(bytes), { serial: "ONE" }));
  scsi.bus.add({ target: 3, lun: 300 }, scsiDisk(new RamDisk(new Uint8Array(1024 * 1024))));
});

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
    host.start();
    const data = [
      { gpa: DATA, len: 700, writable: true },
      { gpa: DATA + 0x10ff0, len: 1000, writable: true },
    ];
    expect(host.run({ cdb: read(7, 3), data })).toEqual({
      response: 0,
      status: 0,
      residual: 164,
      sense: "",
      len: 108 + 1536,
    });
    expect(host.bytesAt(DATA, 700)).toEqual(bytes.slice(7 * 512, 7 * 512 + 700));
    expect(host.bytesAt(DATA + 0x10ff0, 836)).toEqual(bytes.slice(7 * 512 + 700, 10 * 512));
    expect(host.bytesAt(DATA + 0x10ff0 + 836, 1)[0]).toBe(0);
  });

  it("writes", () => {
    host.start();
    t.guest.fill(gpa(DATA), 1024, 0x5a);
    const data = [{ gpa: DATA, len: 1024, writable: false }];
    expect(host.run({ cdb: write(100, 2), data })).toEqual({
      response: 0,
      status: 0,
      residual: 0,
      sense: "",
      len: 108,
    });
    expect(bytes.slice(100 * 512, 102 * 512).every((byte) => byte === 0x5a)).toBe(true);
  });

  it("begins with a unit attention and tells sense data with the status", () => {
    driver.start();
    expect(host.run(testReady)).toMatchObject({ response: 0, status: 2, sense: "6/29/0" });
    expect(host.run(testReady)).toMatchObject({ response: 0, status: 0, sense: "" });
    expect(host.run({ cdb: [0x85] })).toMatchObject({ status: 2, sense: "5/20/0" });
    expect(host.run({ cdb: read(SECTORS, 1), data: [{ gpa: DATA, len: 512, writable: true }] })).toMatchObject({
      sense: "5/21/0",
      residual: 512,
    });
  });

  it("knows which addresses there are", () => {
    host.start();
    expect(host.run({ ...testReady, lun: unit(3, 300) }).sense).toBe("6/29/0");
    expect(host.run({ ...testReady, lun: unit(3, 299) }).sense).toBe("5/25/0");
    expect(host.run({ ...testReady, lun: unit(1, 0) })).toMatchObject({ response: 3, len: 108 });
    expect(host.run({ ...testReady, lun: [1, 0, 0, 0, 0, 0, 0, 0] })).toMatchObject({ response: 0, status: 0 });
    for (const lun of [
      [0, 0, 0, 0, 0, 0, 0, 0],
      [2, 0, 0x40, 0, 0, 0, 0, 0],
      [1, 0, 0x80, 0, 0, 0, 0, 0],
      [1, 0, 0x40, 0, 0, 1, 0, 0],
    ]) {
      expect(host.run({ ...testReady, lun }).response).toBe(3);
    }
    const wellKnown = [0xc1, 1, 0, 0, 0, 0, 0, 0];
    const data = [{ gpa: DATA, len: 64, writable: true }];
    expect(host.run({ cdb: [0xa0, 0, 0, 0, 0, 0, ...be(64, 4), 0, 0], lun: wellKnown, data }).residual).toBe(40);
    expect([...host.bytesAt(DATA, 24)]).toEqual([
      0, 0, 0, 16, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 3, 0x41, 44, 0, 0, 0, 0,
    ]);
    expect(host.run({ ...testReady, lun: wellKnown })).toMatchObject({ response: 0, status: 0 });
  });

  it("says so when the data does not fit, and when there are both directions", () => {
    host.start();
    expect(host.run({ cdb: read(0, 2), data: [{ gpa: DATA, len: 1023, writable: true }] })).toMatchObject({
      response: 1,
      len: 108,
    });
    expect(host.run({ cdb: read(0, 1), data: [{ gpa: DATA, len: 512, writable: false }] }).response).toBe(1);
    const both = [
      { gpa: DATA, len: 512, writable: true },
      { gpa: DATA, len: 512, writable: false },
    ];
    expect(host.run({ cdb: read(0, 1), data: both }).response).toBe(9);
    expect(scsi.counters.overruns).toBe(2);
  });

  it("follows the sizes that the driver writes, until the next reset", () => {
    driver.start();
    driver.writeDeviceConfig(20, 4, 18);
    driver.writeDeviceConfig(24, 4, 16);
    driver.writeDeviceConfig(0, 4, 77);
    expect(driver.deviceConfig(0, 4)).toBe(1);
    const sizes = { cdb: 16, sense: 18 };
    expect(host.run({ ...testReady, sizes })).toMatchObject({ sense: "6/29/0", len: 30 });
    driver.writeDeviceConfig(20, 4, 8);
    expect(host.run({ cdb: [0xff], sizes: { cdb: 16, sense: 8 } })).toMatchObject({ status: 2, sense: "", len: 20 });
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
    expect(host.run(testReady).sense).toBe("6/29/0");
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
    expect(host.run({ ...testReady, queue: 5 }).sense).toBe("6/29/0");
    expect(host.run({ ...testReady, queue: 3 }).status).toBe(0);
  });

  it("works with every subset of its features, and through the legacy interface", () => {
    const all = [bit(1), bit(2), bit(28), bit(29), bit(40)];
    for (let subset = 0; subset < 1 << all.length; subset++) {
      const features = all.reduce((sum, feature, i) => ((subset >> i) & 1 ? sum | feature : sum), bit(32));
      driver.start(features);
      expect(host.run(testReady).sense).toBe("6/29/0");
      expect(host.run({ cdb: read(3, 1), data: [{ gpa: DATA, len: 512, writable: true }] }).status).toBe(0);
      const usable = Number((features >> 1n) & 1n);
      expect(host.eventsAfter(() => scsi.bus.add({ target: 9, lun: 0 }, scsiDisk(new RamDisk(bytes))))).toHaveLength(
        usable,
      );
      scsi.bus.remove({ target: 9, lun: 0 });
    }
    driver.startLegacy(0x30000006);
    const made = host.offer(testReady);
    driver.legacyKick(2);
    expect(driver.ring(2).takeUsed()).toEqual([{ id: made.head, len: 108 }]);
    expect(host.answerOf(made).sense).toBe("6/29/0");
  });

  it("finds 256 disks at once", () => {
    for (let i = 0; i < 256; i++)
      scsi.bus.add({ target: i, lun: 1 }, scsiDisk(new RamDisk(new Uint8Array(512).fill(i))));
    host.start();
    for (let i = 0; i < 256; i++) {
      host.run({ ...testReady, lun: unit(i, 1) });
      host.run({ cdb: read(0, 1), lun: unit(i, 1), data: [{ gpa: DATA, len: 512, writable: true }] });
      expect(host.bytesAt(DATA + 511, 1)[0]).toBe(i);
    }
  });
});

// Every device against every hostile driver: nothing outside the guest's memory is touched, nothing throws, nothing
// hangs, and the device works again after a reset.
import { describe, expect, it } from "vitest";
import { bench, settle } from "../../../../tests/hostile_bench";
import { ConsoleInput } from "../../../backends/console/console_input";
import { OverlayDisk } from "../../../backends/disk/overlay";
import { RamDisk } from "../../../backends/disk/ram";
import type { DiskBackend } from "../../../backends/disk/types";
import { scsiCdrom } from "../../scsi/cdrom";
import { scsiDisk } from "../../scsi/disk";
import { VirtioBalloon } from "../balloon/device";
import { VirtioBlk } from "../blk/device";
import type { VirtioDevice } from "../device";
import { VirtioInput } from "../input/device";
import type { Frame, NetBackend, NicPort } from "../../../backends/net/types";
import { VirtioNet } from "../net/device";
import { VirtioRng } from "../rng/device";
import { VirtioScsi } from "../scsi/device";
import { VirtioSerial } from "../serial/device";
import { HOSTILE_RAM, hostileCases, randomFrom, randomRing } from "./hostile";
import type { MockDriver } from "./mock_driver";

function serial(): VirtioSerial {
  const device = new VirtioSerial(2);
  for (const console of [true, false]) {
    const input = new ConsoleInput();
    void input.write(new Uint8Array(5000).fill(0x41));
    const flow = { accepts: (length: number) => length < 1000, onRoom: () => undefined };
    const id = device.addPort(
      { input, output: () => undefined, ...(console ? {} : { flow }) },
      { console, name: "port" },
    );
    device.setHostOpen(id ?? 0, true);
  }
  return device;
}

function laterDisk(): DiskBackend {
  const disk = new RamDisk(new Uint8Array(1 << 20));
  const later = async <T>(answer: T): Promise<Awaited<T>> => {
    await Promise.resolve();
    return await answer;
  };
  return {
    sectors: disk.sectors,
    readOnly: false,
    read: (sector, views) => later(disk.read(sector, views)),
    write: (sector, views) => later(disk.write(sector, views)),
    flush: () => later("ok" as const),
    discard: (sector, count) => later(disk.discard(sector, count)),
    writeZeroes: (sector, count) => later(disk.writeZeroes(sector, count)),
    close: () => undefined,
  };
}

/** Disks that answer at once and later, and a CD-ROM. */
function scsi(): VirtioScsi {
  const device = new VirtioScsi({ queues: 2 });
  device.bus.add({ target: 0, lun: 0 }, scsiDisk(new OverlayDisk(new RamDisk(new Uint8Array(1 << 20)))));
  device.bus.add({ target: 0, lun: 1 }, scsiDisk(laterDisk()));
  device.bus.add({ target: 1, lun: 0 }, scsiCdrom(new RamDisk(new Uint8Array(1 << 20), { readOnly: true })).unit);
  return device;
}

/** With something to say whenever the driver gives a buffer. */
function tablet(): VirtioInput {
  const device = new VirtioInput("tablet");
  const speak = (): void => {
    for (let i = 0; i < 200; i++) device.report([{ type: "position", x: i, y: i }]);
  };
  device.listener = { active: (active) => active && speak(), leds: () => undefined };
  return device;
}
/** Sends every frame back, so that both rings are busy. */
class Mirror implements NetBackend {
  #nic: NicPort | undefined;
  plug(nic: NicPort): void {
    this.#nic = nic;
  }
  send(frame: Frame): void {
    this.#nic?.receive(frame);
  }
  sent(): void {
    // A driver that kicks finds a frame of each kind.
    const bytes = new Uint8Array(3000).fill(0x45);
    const segmentation = { protocol: "tcp4", size: 536, ecn: false } as const;
    this.#nic?.receive({ bytes: bytes.subarray(0, 60) });
    this.#nic?.receive({ bytes, offload: { checksumStart: 34, checksumOffset: 16, segmentation } });
  }
  setPaused(): void {
    // Nothing runs.
  }
  unplug(): void {
    // Nothing is open.
  }
  close(): void {
    // Nothing is open.
  }
}

function net(): VirtioNet {
  return new VirtioNet(new Mirror(), { mac: Uint8Array.of(2, 0, 0, 0, 0, 1) });
}

/** How much of what is random is tried. */
const times = process.env["TABVISOR_FULL"] === "1" ? 20 : 1;

/** Those that look at a queue only when they have something to say. */
const lazy: readonly (() => VirtioDevice)[] = [serial, net];

const devices: readonly [string, () => VirtioDevice][] = [
  ["virtio-blk", () => new VirtioBlk(new OverlayDisk(new RamDisk(new Uint8Array(1 << 20))), { queues: 2 })],
  ["virtio-blk with a slow disk", () => new VirtioBlk(laterDisk())],
  ["virtio-scsi", scsi],
  ["virtio-serial", serial],
  ["virtio-input", tablet],
  [
    "virtio-balloon",
    () => {
      const pages = {
        discard: (all: Iterable<number>, done: () => void) => {
          queueMicrotask(done);
          return [...all].length;
        },
      };
      return new VirtioBalloon(pages, { ramBytes: HOSTILE_RAM });
    },
  ],
  ["virtio-net", net],
  ["virtio-rng", () => new VirtioRng({ fill: (target) => void target.fill(7) })],
];

function expectUsable(driver: MockDriver): void {
  driver.start();
  expect(driver.status).toBe(15);
}

describe.each(devices)("%s", (_name, make) => {
  it("survives every lie on every queue", async () => {
    const { t, driver, outside } = bench(make);
    const before = outside();
    driver.start(driver.offered, 16);
    for (const queue of driver.rings.keys()) {
      for (const hostile of hostileCases) {
        driver.start(driver.offered, 16);
        hostile.write(driver.ring(queue), driver);
        driver.kick(queue);
        await settle(t);
        const stopped = (driver.status & 64) !== 0;
        // A queue that the device looks at only when it has something to say may not have been read.
        const reads = make === scsi ? queue !== 1 : queue === 0 && !lazy.includes(make);
        if (hostile.malformed && reads) {
          expect({ name: hostile.name, stopped }).toEqual({ name: hostile.name, stopped: true });
        }
      }
    }
    expect(outside()).toBe(before);
    expectUsable(driver);
  });

  it("survives random rings", async () => {
    const { t, driver, outside } = bench(make);
    const before = outside();
    for (let seed = 1; seed <= 150 * times; seed++) {
      const random = randomFrom(seed);
      if (driver.transitional && random(4) === 0) driver.startLegacy(random(2) === 0 ? 0 : 0x30000000);
      else driver.start(driver.offered, 1 << (1 + random(7)));
      for (let round = 0; round < 3; round++) {
        const queue = random(driver.rings.length);
        randomRing(driver.ring(queue), driver, random);
        driver.kick(queue);
        await settle(t);
      }
    }
    expect(outside()).toBe(before);
    expectUsable(driver);
  });

  it("survives random register accesses", async () => {
    const { t, driver, outside } = bench(make);
    const before = outside();
    const sizes = [1, 2, 4] as const;
    for (let seed = 1; seed <= 40 * times; seed++) {
      const random = randomFrom(seed * 7919);
      const [modern, legacy, msix] = [driver.barAddress(4), driver.barAddress(0), driver.barAddress(1)];
      for (let i = 0; i < 300; i++) {
        const size = sizes[random(3)] ?? 4;
        const value = random(3) === 0 ? random(4) : random(0xffffffff);
        const area = random(5);
        const register = area === 0 ? random(0x4000) : random(64);
        if (area === 4) t.bus.ports.write(legacy + random(64), size, value);
        else if (area === 3) t.bus.mmio.write(msix + random(0x1000), size, value);
        else t.bus.mmio.write(modern + register, size, value);
        t.bus.mmio.read(modern + random(0x4000), size);
        t.bus.ports.read(legacy + random(64), size);
        if (random(40) === 0) driver.configWrite(random(256), size, value);
        if (random(30) === 0) t.bus.assignResources();
      }
      await settle(t);
      t.bus.assignResources();
    }
    expect(outside()).toBe(before);
    expectUsable(driver);
  });
});

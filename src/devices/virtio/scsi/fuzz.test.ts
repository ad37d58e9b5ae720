// Commands and task management in good order with contents from a seed: every operation code, any bits, any buffers.
// Every one is answered, once, and nothing but the guest's memory is written.
import { describe, expect, it } from "vitest";
import { bench, settle } from "../../../../tests/hostile_bench";
import { OverlayDisk } from "../../../backends/disk/overlay";
import { RamDisk } from "../../../backends/disk/ram";
import type { DiskBackend } from "../../../backends/disk/types";
import { gpa } from "../../../shared/units";
import { cdMedium, scsiCdrom } from "../../scsi/cdrom";
import { scsiDisk } from "../../scsi/disk";
import type { LogicalUnit } from "../../scsi/unit";
import { randomFrom } from "../testing/hostile";
import type { MockDriver } from "../testing/mock_driver";
import type { Buffer } from "../testing/mock_ring";
import { VirtioScsi } from "./device";

const REQUEST = 0x300000;
const RESPONSE = 0x301000;
const DATA = 0x302000;
const SIZE = 1 << 18;

const times = process.env["TABVISOR_FULL"] === "1" ? 20 : 1;

type Random = ReturnType<typeof randomFrom>;

/** Answers after one, two or three turns. */
function slowDisk(random: Random): DiskBackend {
  const disk = new RamDisk(new Uint8Array(SIZE));
  const later = async <T>(answer: T): Promise<T> => {
    for (let turns = random(3); turns >= 0; turns--) await Promise.resolve();
    return answer;
  };
  return {
    sectors: disk.sectors,
    readOnly: false,
    read: (sector, views) => later(disk.read(sector, views)),
    write: (sector, views) => later(disk.write(sector, views)),
    flush: () => later("ok"),
    discard: (sector, count) => later(disk.discard(sector, count)),
    writeZeroes: (sector, count) => later(disk.writeZeroes(sector, count)),
    close: () => undefined,
  };
}

function lunField(random: Random): number[] {
  if (random(20) === 0) return Array.from({ length: 8 }, () => random(256));
  if (random(20) === 0) return [0xc1, 1, 0, 0, 0, 0, 0, 0];
  return [1, random(3), 0x40, random(3), 0, 0, 0, 0];
}

/** Small numbers in most bytes, so that ranges are often inside. */
function cdb(random: Random, opcodes: readonly number[]): number[] {
  const byte = (): number => (random(3) === 0 ? random(256) : random(6) === 0 ? 0xff : random(2) * random(16));
  const bytes = Array.from({ length: 32 }, byte);
  bytes[0] = random(15) === 0 ? random(256) : (opcodes[random(opcodes.length)] ?? 0);
  return bytes;
}

function chainOf(random: Random): Buffer[] {
  const lengths = [1, 8, 24, 36, 255, 512, 4096, 65536];
  const data = (writable: boolean): Buffer[] =>
    Array.from({ length: random(3) }, () => ({
      gpa: DATA + random(0x180),
      len: lengths[random(lengths.length)] ?? 1,
      writable,
    }));
  // One direction, both now and then.
  const reads = random(2) === 0;
  return [
    { gpa: REQUEST, len: 51, writable: false },
    ...(reads && random(8) !== 0 ? [] : data(false)),
    { gpa: RESPONSE, len: 108, writable: true },
    ...(reads ? data(true) : []),
  ];
}

function sendCommand(driver: MockDriver, random: Random, opcodes: readonly number[]): void {
  const request = Uint8Array.from([
    ...lunField(random),
    random(4),
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    random(4),
    0,
    0,
    ...cdb(random, opcodes),
  ]);
  driver.guest.write(gpa(REQUEST), request);
  // Parameter lists of which some make sense.
  driver.guest.write(
    gpa(DATA),
    Uint8Array.from({ length: 0x200 }, () => (random(6) === 0 ? random(32) : 0)),
  );
  const queue = 2 + random(2);
  driver.ring(queue).offer(driver.ring(queue).chain(chainOf(random)));
  driver.kick(queue);
}

function sendControl(driver: MockDriver, random: Random): void {
  const request = new Uint8Array(24);
  request.set([random(4), 0, 0, 0, random(9), 0, 0, 0, ...lunField(random), random(4)]);
  if (request[0] === 1) request.set(lunField(random), 4);
  driver.guest.write(gpa(REQUEST + 0x800), request);
  const ring = driver.ring(0);
  ring.offer(
    ring.chain([
      { gpa: REQUEST + 0x800, len: 24, writable: false },
      { gpa: RESPONSE + 0x800, len: 5, writable: true },
    ]),
  );
  driver.kick(0);
}

describe("virtio-scsi under fuzz", () => {
  it("answers everything and stays inside", async () => {
    const seeds = randomFrom(4711);
    const units: LogicalUnit[] = [
      scsiDisk(new OverlayDisk(new RamDisk(new Uint8Array(SIZE))), { serial: "1" }),
      scsiDisk(slowDisk(seeds), { logicalBlockSize: 4096 }),
      scsiDisk(new RamDisk(new Uint8Array(SIZE), { readOnly: true })),
    ];
    const cd = scsiCdrom(new RamDisk(new Uint8Array(SIZE), { readOnly: true }));
    const another = cdMedium(new RamDisk(new Uint8Array(SIZE), { readOnly: true }));
    const opcodes = [...new Set([...units, cd.unit].flatMap((unit) => unit.commands.map(({ opcode }) => opcode)))];
    const device = new VirtioScsi({ queues: 2 });
    const { t, driver, outside } = bench(() => device);
    for (const [lun, unit] of units.entries()) device.bus.add({ target: 0, lun }, unit);
    device.bus.add({ target: 1, lun: 0 }, cd.unit);
    const before = outside();
    for (let seed = 1; seed <= 40 * times; seed++) {
      const random = randomFrom(seed * 104729);
      driver.start(driver.offered, 64);
      driver.ring(1).offer(driver.ring(1).chain([{ gpa: DATA + 0x10000, len: 16, writable: true }]));
      driver.kick(1);
      let controls = 0;
      for (let i = 0; i < 25; i++) {
        if (random(6) === 0) {
          sendControl(driver, random);
          controls++;
        } else {
          sendCommand(driver, random, opcodes);
        }
        if (random(12) === 0) {
          cd.tray.move(random(2) === 0);
          cd.tray.replace(random(2) === 0 ? undefined : another);
        }
        if (random(12) === 0) {
          const unit = device.bus.remove({ target: 0, lun: 1 });
          if (unit !== undefined) device.bus.add({ target: 0, lun: 1 }, unit);
        }
        await settle(t);
      }
      expect(driver.status & 64).toBe(0);
      expect(driver.ring(0).takeUsed()).toHaveLength(controls);
      const commands = driver.ring(2).takeUsed().length + driver.ring(3).takeUsed().length;
      expect(commands).toBe(25 - controls);
    }
    expect(outside()).toBe(before);
  });
});

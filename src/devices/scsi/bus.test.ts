import { beforeEach, describe, expect, it } from "vitest";
import { RamDisk } from "../../backends/disk/ram";
import { ScsiBus, type UnitAddress } from "./bus";
import { scsiDisk } from "./disk";
import { be, Initiator } from "./testing/initiator";
import type { LogicalUnit } from "./unit";

let bus: ScsiBus;
let told: string[];

const disk = (): LogicalUnit => scsiDisk(new RamDisk(new Uint8Array(4096)));
const at = (target: number, lun: number): Initiator => new Initiator((task) => bus.execute({ target, lun }, task));
const reportLuns = (target: number, lun: number, select = 0): number[] => [
  ...at(target, lun).now([0xa0, 0, select, 0, 0, 0, ...be(4096, 4), 0, 0], { in: 4096 }).data,
];

beforeEach(() => {
  bus = new ScsiBus();
  told = [];
  const place = ({ target, lun }: UnitAddress): string => `${target}:${lun}`;
  bus.listen({
    added: (address) => told.push(`added ${place(address)}`),
    removed: (address) => told.push(`removed ${place(address)}`),
    changed: (address, { asc, ascq }) => told.push(`changed ${place(address)} ${asc.toString(16)}/${ascq}`),
  });
});

describe("ScsiBus", () => {
  it("has units at any target and LUN, each once", () => {
    expect(bus.add({ target: 255, lun: 16383 }, disk())).toBe(true);
    expect(bus.add({ target: 255, lun: 16383 }, disk())).toBe(false);
    expect(bus.add({ target: 256, lun: 0 }, disk())).toBe(false);
    expect(bus.add({ target: 0, lun: 16384 }, disk())).toBe(false);
    expect(bus.freeTarget()).toBe(0);
    for (let target = 0; target < 255; target++) bus.add({ target, lun: 0 }, disk());
    expect(bus.freeTarget()).toBeUndefined();
    expect(bus.addresses()).toHaveLength(256);
  });

  it("lists a target's units, near and far, through any of its addresses", () => {
    for (const lun of [300, 0, 7]) bus.add({ target: 2, lun }, disk());
    const luns = [0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0x41, 44, 0, 0, 0, 0, 0, 0];
    expect(reportLuns(2, 0)).toEqual(luns);
    expect(reportLuns(2, 300)).toEqual(luns);
    expect(reportLuns(2, 99)).toEqual(luns);
    expect(reportLuns(2, 0, 1)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(at(2, 0).now([0xa0, 0, 3, 0, 0, 0, ...be(16, 4), 0, 0], { in: 16 }).sense).toBe("5/24/0");
  });

  it("answers for units that a target does not have", () => {
    bus.add({ target: 2, lun: 5 }, disk());
    const nobody = at(2, 0);
    expect(nobody.now([0x12, 0, 0, 0, 36, 0], { in: 36 }).data[0]).toBe(0x7f);
    expect(nobody.now([0, 0, 0, 0, 0, 0]).sense).toBe("5/25/0");
    expect(nobody.now([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], { in: 512 }).sense).toBe("5/25/0");
    expect(nobody.now([3, 0, 0, 0, 18, 0], { in: 18 }).data[12]).toBe(0x25);
    expect(nobody.now([0x12, 1, 0, 0, 36, 0], { in: 36 }).sense).toBe("5/24/0");
    expect(nobody.now([0x12, 0, 0, 0, 36, 0], { in: 35 }).overrun).toBe(true);
    expect(bus.execute({ target: 3, lun: 0 }, undefined as never)).toBeUndefined();
  });

  it("tells its port, and the target's other units their initiator, of what comes and goes", () => {
    bus.add({ target: 1, lun: 0 }, disk());
    bus.add({ target: 4, lun: 0 }, disk());
    at(1, 0).clear();
    at(4, 0).clear();
    const second = disk();
    bus.add({ target: 1, lun: 1 }, second);
    expect(at(1, 0).now([0, 0, 0, 0, 0, 0]).sense).toBe("6/3f/e");
    expect(at(4, 0).now([0, 0, 0, 0, 0, 0]).sense).toBe("");
    bus.remove({ target: 1, lun: 1 });
    // Whoever asks for the list knows.
    reportLuns(1, 0);
    expect(at(1, 0).now([0, 0, 0, 0, 0, 0]).sense).toBe("");
    bus.unitAt({ target: 4, lun: 0 })?.capacityChanged();
    second.capacityChanged();
    expect(bus.remove({ target: 1, lun: 1 })).toBeUndefined();
    expect(told).toEqual(["added 1:0", "added 4:0", "added 1:1", "removed 1:1", "changed 4:0 2a/9"]);
    bus.remove({ target: 1, lun: 0 });
    expect(bus.hasTarget(1)).toBe(false);
  });
});

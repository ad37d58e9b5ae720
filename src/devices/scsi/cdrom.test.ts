import { beforeEach, describe, expect, it } from "vitest";
import { RamDisk } from "../../backends/disk/ram";
import { ZeroDisk } from "../../backends/disk/zero";
import { cdMedium, type ScsiCdrom, scsiCdrom } from "./cdrom";
import { be, Initiator } from "./testing/initiator";

const BLOCKS = 700;
const content = new Uint8Array(BLOCKS * 2048);
for (let i = 0; i < content.length; i++) content[i] = i * 5 + (i >> 11);

let cd: ScsiCdrom;
let host: Initiator;
let moves: boolean[];

function make(bytes: Uint8Array | undefined): void {
  moves = [];
  const disk = bytes && new RamDisk(bytes, { readOnly: true });
  cd = scsiCdrom(disk, { serial: "CD-1", trayMoved: (open) => moves.push(open) });
  host = new Initiator((task) => cd.unit.execute(task));
  host.clear();
}

beforeEach(() => make(content));

const ready = (): string => host.now([0, 0, 0, 0, 0, 0]).sense;
const event = (): number[] => [...host.now([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0], { in: 8 }).data.subarray(4, 6)];
const eject = (): string => host.now([0x1b, 0, 0, 0, 2, 0]).sense;
const load = (): string => host.now([0x1b, 0, 0, 0, 3, 0]).sense;
const lock = (on: number): void => void host.now([0x1e, 0, 0, 0, on, 0]);

describe("a CD-ROM", () => {
  it("is a removable device with blocks of 2048 bytes", () => {
    const { data } = host.now([0x12, 0, 0, 0, 36, 0], { in: 36 });
    expect([data[0], data[1]]).toEqual([5, 0x80]);
    expect([...host.now([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], { in: 8 }).data]).toEqual([
      ...be(BLOCKS - 1, 4),
      ...be(2048, 4),
    ]);
    const read = host.now([0x28, 0, ...be(3, 4), 0, 0, 2, 0], { in: 4096 });
    expect(read.data).toEqual(content.slice(3 * 2048, 5 * 2048));
    expect(host.now([0x28, 0, ...be(BLOCKS, 4), 0, 0, 1, 0], { in: 2048 }).sense).toBe("5/21/0");
    expect(host.now([0x2a, 0, ...be(3, 4), 0, 0, 1, 0], { out: new Uint8Array(2048) }).sense).toBe("5/20/0");
    expect([...host.now([0x12, 1, 0, 0, 255, 0], { in: 255 }).data.subarray(4)]).toEqual([0, 0x80, 0x83]);
  });

  it("has a table of contents, in addresses and in minutes", () => {
    const toc = (flags: number, format: number, start = 0): ReturnType<Initiator["now"]> =>
      host.now([0x43, flags, format, 0, 0, 0, start, 0, 255, 0], { in: 255 });
    expect([...toc(0, 0).data]).toEqual([0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, ...be(BLOCKS, 4)]);
    // 700 blocks and 150 before them are 11 seconds and 25 frames.
    expect([...toc(2, 0, 0xaa).data]).toEqual([0, 10, 1, 1, 0, 0x14, 0xaa, 0, 0, 0, 11, 25]);
    expect([...toc(0, 1).data]).toEqual([0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0]);
    expect(toc(2, 2).data).toHaveLength(4 + 4 * 11);
    expect(toc(0, 0, 2).sense).toBe("5/24/0");
    expect(toc(0, 5).sense).toBe("5/24/0");
    // As old drivers ask for the session.
    expect(host.now([0x43, 0, 0, 0, 0, 0, 0, 0, 12, 0x40], { in: 12 }).data[1]).toBe(10);
  });

  it("describes drive and disc", () => {
    const profile = (): number[] => [...host.now([0x46, 0, 0, 0, 0, 0, 0, 0, 255, 0], { in: 255 }).data.subarray(6, 8)];
    expect(profile()).toEqual([0, 8]);
    const one = host.now([0x46, 2, 0, 3, 0, 0, 0, 0, 255, 0], { in: 255 }).data;
    expect([...one.subarray(8, 12)]).toEqual([0, 3, 0x0b, 4]);
    const info = host.now([0x51, 0, 0, 0, 0, 0, 0, 0, 255, 0], { in: 255 }).data;
    expect([info.length, info[2]]).toEqual([34, 0x0e]);
    const track = host.now([0x52, 1, 0, 0, 0, 1, 0, 0, 255, 0], { in: 255 }).data;
    expect([...track.subarray(24, 28)]).toEqual(be(BLOCKS, 4));
    expect(host.now([0x52, 1, 0, 0, 0, 2, 0, 0, 255, 0], { in: 255 }).sense).toBe("5/24/0");
    expect(host.now([0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0], { in: 8 }).data[1]).toBe(0);
    expect(host.now([0xad, 0, 0, 0, 0, 0, 0, 0, 8, 4, 0, 0], { in: 2052 }).sense).toBe("5/64/0");
    expect(host.now([0x1a, 8, 0x2a, 0, 255, 0], { in: 255 }).data[4]).toBe(0x2a);
    expect(host.now([0xbb, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]).status).toBe(0);
  });

  it("is a DVD when it is large", () => {
    const blocks = 360_001;
    cd.tray.replace(cdMedium(new ZeroDisk(blocks * 2048)));
    expect([...host.now([0x46, 0, 0, 0, 0, 0, 0, 0, 8, 0], { in: 8 }).data.subarray(6)]).toEqual([0, 0x10]);
    const layer = host.now([0xad, 0, 0, 0, 0, 0, 0, 0, 8, 4, 0, 0], { in: 2052 }).data;
    expect([...layer.subarray(13, 16)]).toEqual(be(0x30000 + blocks - 1, 3));
  });

  it("gives user data by READ CD, and nothing else of a sector", () => {
    const readCd = (flags: number, parts: number): ReturnType<Initiator["now"]> =>
      host.now([0xbe, flags, ...be(7, 4), ...be(1, 3), parts, 0, 0], { in: 2048 });
    expect(readCd(0, 0x10).data).toEqual(content.slice(7 * 2048, 8 * 2048));
    expect(readCd(8, 0x10).status).toBe(0);
    expect(readCd(4, 0x10).sense).toBe("5/64/0");
    expect(readCd(0, 0xf8).sense).toBe("5/24/0");
    expect(readCd(0, 0).transferred).toBe(0);
    expect(host.now([0xbe, 0, ...be(BLOCKS, 4), ...be(1, 3), 0x10, 0, 0], { in: 2048 }).sense).toBe("5/21/0");
  });
});

describe("the tray", () => {
  it("is opened and closed by the guest", () => {
    expect(event()).toEqual([0, 2]);
    expect(eject()).toBe("");
    expect(ready()).toBe("2/3a/2");
    expect(event()).toEqual([3, 3]);
    expect(event()).toEqual([0, 3]);
    expect(host.now([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], { in: 2048 }).sense).toBe("2/3a/2");
    expect(host.now([0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0], { in: 8 }).data[1]).toBe(0x10);
    expect(load()).toBe("");
    expect(event()).toEqual([2, 2]);
    expect(ready()).toBe("6/28/0");
    expect(ready()).toBe("");
    expect(moves).toEqual([true, false]);
  });

  it("is not opened while the guest has locked it, but the guest is asked", () => {
    lock(1);
    expect(eject()).toBe("5/53/2");
    expect(cd.tray.locked).toBe(true);
    cd.tray.requestEject();
    expect(event()).toEqual([1, 2]);
    lock(0);
    expect(eject()).toBe("");
  });

  it("takes another disc", () => {
    cd.tray.move(true);
    cd.tray.replace(cdMedium(new RamDisk(content.slice(0, 10 * 2048), { readOnly: true })));
    cd.tray.move(false);
    expect(ready()).toBe("6/28/0");
    expect([...host.now([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], { in: 8 }).data.subarray(0, 4)]).toEqual(be(9, 4));
  });

  it("may be empty", () => {
    make(undefined);
    expect(ready()).toBe("2/3a/1");
    expect(event()).toEqual([0, 0]);
    expect(host.now([0x43, 0, 0, 0, 0, 0, 0, 0, 12, 0], { in: 12 }).sense).toBe("2/3a/1");
    expect([...host.now([0x46, 0, 0, 0, 0, 0, 0, 0, 8, 0], { in: 8 }).data.subarray(6)]).toEqual([0, 0]);
  });

  it("knows events of media only, and only by polling", () => {
    expect([...host.now([0x4a, 1, 0, 0, 0x02, 0, 0, 0, 8, 0], { in: 8 }).data]).toEqual([0, 2, 0x80, 0x10]);
    expect(host.now([0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8, 0], { in: 8 }).sense).toBe("5/24/0");
    eject();
    // The header alone does not use the event up.
    host.now([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 4, 0], { in: 4 });
    expect(event()).toEqual([3, 3]);
  });

  it("is let go by a reset", () => {
    lock(1);
    cd.unit.reset();
    expect(cd.tray.locked).toBe(false);
    expect(ready()).toBe("6/29/0");
  });
});

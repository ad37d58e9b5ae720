import { beforeEach, describe, expect, it } from "vitest";
import type { DiskBackend, DiskOutcome, View } from "../../backends/disk/types";
import { type ScsiDiskOptions, scsiDisk } from "./disk";
import { be, Initiator, type Reply } from "./testing/initiator";
import type { LogicalUnit } from "./unit";

const SECTORS = 4096;
const content = new Uint8Array(SECTORS * 512);
for (let i = 0; i < content.length; i++) content[i] = i * 7 + (i >> 9);

/** A disk in memory that remembers what it was asked. */
class FakeDisk implements DiskBackend {
  sectors = SECTORS;
  readOnly = false;
  readonly bytes = content.slice();
  log: string[] = [];
  outcome: DiskOutcome = "ok";
  slow = false;

  read(sector: number, views: readonly View[]): DiskOutcome | Promise<DiskOutcome> {
    let at = sector * 512;
    for (const view of views) {
      view.set(this.bytes.subarray(at, at + view.length));
      at += view.length;
    }
    return this.#answer(`read ${sector}`);
  }

  write(sector: number, views: readonly View[]): DiskOutcome | Promise<DiskOutcome> {
    let at = sector * 512;
    for (const view of views) {
      this.bytes.set(view, at);
      at += view.length;
    }
    return this.#answer(`write ${sector} ${(at - sector * 512) / 512}`);
  }

  flush(): DiskOutcome | Promise<DiskOutcome> {
    return this.#answer("flush");
  }

  discard(sector: number, count: number): DiskOutcome | Promise<DiskOutcome> {
    return this.#answer(`discard ${sector} ${count}`);
  }

  writeZeroes(sector: number, count: number): DiskOutcome | Promise<DiskOutcome> {
    this.bytes.fill(0, sector * 512, (sector + count) * 512);
    return this.#answer(`zero ${sector} ${count}`);
  }

  close(): void {
    this.log.push("close");
  }

  #answer(what: string): DiskOutcome | Promise<DiskOutcome> {
    this.log.push(what);
    const { outcome } = this;
    return this.slow ? new Promise((resolve) => setTimeout(() => resolve(outcome), 0)) : outcome;
  }
}

let disk: FakeDisk;
let unit: LogicalUnit;
let host: Initiator;

function make(options?: ScsiDiskOptions): void {
  unit = scsiDisk(disk, options);
  host = new Initiator((task) => unit.execute(task));
  host.clear();
}

beforeEach(() => {
  disk = new FakeDisk();
  make({ serial: "DISK-1" });
});

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const sector = (number: number, count = 1): Uint8Array => disk.bytes.slice(number * 512, (number + count) * 512);
const vpd = (page: number): Reply => host.now([0x12, 1, page, 0, 255, 0], { in: 255 });
const u32 = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);

describe("INQUIRY", () => {
  it("tells type, names and queueing, cut off at the allocation length", () => {
    const { data, status } = host.now([0x12, 0, 0, 0, 36, 0], { in: 36 });
    expect(status).toBe(0);
    expect(data).toHaveLength(36);
    expect([data[0], data[1], data[2], data[4]]).toEqual([0, 0, 6, 69]);
    expect((data[7] ?? 0) & 2).toBe(2);
    expect(text(data.subarray(8))).toBe("TABVISORHARDDISK        1.0 ");
    expect(host.now([0x12, 0, 0, 0, 5, 0], { in: 5 }).data).toHaveLength(5);
  });

  it("lists its vital product data pages and has every one", () => {
    const { data } = vpd(0);
    const pages = [...data.subarray(4)];
    expect(pages).toEqual([0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2]);
    for (const page of pages) {
      const answer = vpd(page);
      expect(answer.status).toBe(0);
      expect(answer.data[1]).toBe(page);
      expect(answer.data).toHaveLength(4 + ((answer.data[2] ?? 0) << 8) + (answer.data[3] ?? 0));
    }
    expect(text(vpd(0x80).data.subarray(4))).toBe("DISK-1");
    expect(text(vpd(0x83).data.subarray(8))).toBe("TABVISORHARDDISK        DISK-1");
    expect(vpd(0x89).sense).toBe("5/24/0");
    expect(host.now([0x12, 0, 0x80, 0, 36, 0], { in: 36 }).sense).toBe("5/24/0");
  });

  it("has its world wide name and block sizes in the pages", () => {
    make({ wwn: 0x5000c50015ea71acn, logicalBlockSize: 512, physicalBlockSize: 4096, rotationRate: 7200 });
    const ids = vpd(0x83).data;
    expect([...ids.subarray(-12)]).toEqual([1, 3, 0, 8, 0x50, 0, 0xc5, 0, 0x15, 0xea, 0x71, 0xac]);
    const limits = vpd(0xb0).data;
    expect(limits).toHaveLength(64);
    expect([limits[4], limits[7]]).toEqual([1, 8]);
    expect(u32(limits, 8)).toBe(131072);
    expect(u32(limits, 24)).toBe(255);
    expect(u32(limits, 28)).toBe(8);
    expect([...vpd(0xb1).data.subarray(4, 6)]).toEqual([7200 >> 8, 7200 & 0xff]);
    expect([...vpd(0xb2).data.subarray(4)]).toEqual([0, 0xe0, 2, 0]);
    const capacity = host.now([0x9e, 0x10, ...be(0, 8), ...be(32, 4), 0, 0], { in: 32 }).data;
    expect([capacity[13], capacity[14]]).toEqual([3, 0x80]);
  });
});

describe("reading and writing", () => {
  it.each([
    ["READ(6)", [0x08, 0, 0, 9, 2, 0]],
    ["READ(10)", [0x28, 0, ...be(9, 4), 0, ...be(2, 2), 0]],
    ["READ(12)", [0xa8, 0, ...be(9, 4), ...be(2, 4), 0, 0]],
    ["READ(16)", [0x88, 0, ...be(9, 8), ...be(2, 4), 0, 0]],
  ])("%s", (_name, cdb) => {
    expect(host.now(cdb, { in: 1024 })).toMatchObject({ status: 0, data: sector(9, 2) });
    expect(host.now(cdb, { in: 1500 })).toMatchObject({ status: 0, transferred: 1024 });
    expect(host.now(cdb, { in: 1023 })).toMatchObject({ overrun: true, transferred: 0 });
  });

  it.each([
    ["WRITE(6)", [0x0a, 0, 0, 9, 2, 0], false],
    ["WRITE(10)", [0x2a, 0, ...be(9, 4), 0, ...be(2, 2), 0], false],
    ["WRITE(12)", [0xaa, 0, ...be(9, 4), ...be(2, 4), 0, 0], false],
    ["WRITE(16)", [0x8a, 0, ...be(9, 8), ...be(2, 4), 0, 0], false],
    ["WRITE(10) with FUA", [0x2a, 8, ...be(9, 4), 0, ...be(2, 2), 0], true],
    ["WRITE AND VERIFY(10)", [0x2e, 0, ...be(9, 4), 0, ...be(2, 2), 0], true],
    ["WRITE AND VERIFY(12)", [0xae, 0, ...be(9, 4), ...be(2, 4), 0, 0], true],
    ["WRITE AND VERIFY(16)", [0x8e, 0, ...be(9, 8), ...be(2, 4), 0, 0], true],
  ])("%s", (_name, cdb, flushed) => {
    const out = new Uint8Array(1024).fill(0x5a);
    expect(host.now(cdb, { out })).toMatchObject({ status: 0, transferred: 1024 });
    expect(sector(9, 2)).toEqual(out);
    expect(disk.log).toEqual(["write 9 2", ...(flushed ? ["flush"] : [])]);
    expect(host.now(cdb, { out: out.subarray(1) }).overrun).toBe(true);
  });

  it("means 256 blocks by a zero in six bytes, and nothing in ten", () => {
    expect(host.now([0x08, 0, 0, 0, 0, 0], { in: 256 * 512 }).transferred).toBe(256 * 512);
    expect(host.now([0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0])).toMatchObject({ status: 0, transferred: 0 });
  });

  it("refuses what lies outside, is too long, or asks for protection", () => {
    const beyond = host.now([0x28, 0, ...be(SECTORS - 1, 4), 0, 0, 2, 0], { in: 1024 });
    expect(beyond).toMatchObject({ sense: "5/21/0", information: SECTORS - 1 });
    expect(host.now([0x88, 0, ...be(2 ** 63, 8), ...be(1, 4), 0, 0], { in: 512 }).sense).toBe("5/21/0");
    expect(host.now([0x28, 0x20, 0, 0, 0, 0, 0, 0, 1, 0], { in: 512 }).sense).toBe("5/24/0");
    expect(host.now([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 4], { in: 512 }).sense).toBe("5/24/0");
    disk.sectors = 0x100000;
    const huge = 0x20001;
    expect(host.now([0xa8, 0, ...be(0, 4), ...be(huge, 4), 0, 0], { in: huge * 512 }).sense).toBe("5/24/0");
    expect(disk.log).toEqual([]);
  });

  it("has larger blocks where that is wanted", () => {
    make({ logicalBlockSize: 4096 });
    const capacity = host.now([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], { in: 8 }).data;
    expect([u32(capacity, 0), u32(capacity, 4)]).toEqual([SECTORS / 8 - 1, 4096]);
    expect(host.now([0x28, 0, ...be(3, 4), 0, 0, 1, 0], { in: 4096 }).data).toEqual(sector(24, 8));
    expect(host.now([0x28, 0, ...be(SECTORS / 8, 4), 0, 0, 1, 0], { in: 4096 }).sense).toBe("5/21/0");
  });

  it("tells host trouble as medium errors and counts it", () => {
    disk.outcome = "io-error";
    expect(host.now([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], { in: 512 }).sense).toBe("3/11/0");
    expect(host.now([0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0], { out: new Uint8Array(512) }).sense).toBe("3/c/0");
    disk.outcome = "no-space";
    expect(host.now([0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0], { out: new Uint8Array(512) }).sense).toBe("7/27/7");
    expect(unit.counters).toMatchObject({ errors: 3, checkConditions: expect.any(Number) as number });
  });

  it("waits for a slow back end", async () => {
    disk.slow = true;
    const answer = await host.later([0x28, 0, ...be(9, 4), 0, 0, 2, 0], { in: 1024 });
    expect(answer).toMatchObject({ status: 0, data: sector(9, 2) });
    const written = await host.later([0x2a, 8, ...be(9, 4), 0, 0, 2, 0], { out: new Uint8Array(1024) });
    expect(written.status).toBe(0);
    expect(disk.log.slice(1)).toEqual(["write 9 2", "flush"]);
  });

  it("keeps a read-only disk as it is and says so", () => {
    disk.readOnly = true;
    make();
    const write = { out: new Uint8Array(512) };
    expect(host.now([0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0], write).sense).toBe("7/27/0");
    expect(host.now([0x93, 0, ...be(0, 8), ...be(1, 4), 0, 0], write).sense).toBe("7/27/0");
    expect(host.now([0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0], { out: new Uint8Array(24) }).sense).toBe("7/27/0");
    expect(disk.log).toEqual([]);
    expect(host.now([0x1a, 0, 0x3f, 0, 255, 0], { in: 255 }).data[2]).toBe(0x90);
    expect([...vpd(0xb2).data.subarray(4)]).toEqual([0, 0, 0, 0]);
  });
});

describe("VERIFY", () => {
  it("looks at the range, or compares", () => {
    expect(host.now([0x2f, 0, ...be(5, 4), 0, 0, 3, 0]).status).toBe(0);
    expect(host.now([0x2f, 0, ...be(SECTORS, 4), 0, 0, 1, 0]).sense).toBe("5/21/0");
    const same = sector(5, 300);
    expect(host.now([0x8f, 2, ...be(5, 8), ...be(300, 4), 0, 0], { out: same }).status).toBe(0);
    same[200 * 512 + 17] = 1 ^ (same[200 * 512 + 17] ?? 0);
    const different = host.now([0x8f, 2, ...be(5, 8), ...be(300, 4), 0, 0], { out: same });
    expect(different).toMatchObject({ sense: "e/1d/0", information: 205 });
    expect(host.now([0x2f, 4, ...be(5, 4), 0, 0, 3, 0]).sense).toBe("5/24/0");
  });

  it("compares all blocks with one, also when the disk is slow", async () => {
    disk.bytes.fill(3, 0, 400 * 512);
    const one = { out: new Uint8Array(512).fill(3) };
    disk.slow = true;
    const verify = [0xaf, 6, ...be(0, 4), ...be(400, 4), 0, 0];
    expect((await host.later(verify, one)).status).toBe(0);
    disk.bytes[399 * 512] = 4;
    expect(await host.later(verify, one)).toMatchObject({ sense: "e/1d/0", information: 399 });
  });
});

describe("WRITE SAME, UNMAP and caches", () => {
  it("zeroes without data where the pattern is zero", () => {
    expect(host.now([0x41, 0, ...be(8, 4), 0, 0, 4, 0], { out: new Uint8Array(512) }).status).toBe(0);
    expect(host.now([0x93, 8, ...be(16, 8), ...be(4, 4), 0, 0], { out: new Uint8Array(512) }).status).toBe(0);
    expect(host.now([0x93, 1, ...be(24, 8), ...be(4, 4), 0, 0]).status).toBe(0);
    expect(disk.log).toEqual(["zero 8 4", "zero 16 4", "zero 24 4"]);
  });

  it("repeats any other pattern", async () => {
    const pattern = Uint8Array.from({ length: 512 }, (_, i) => i & 0xff);
    disk.slow = true;
    const answer = await host.later([0x93, 0, ...be(100, 8), ...be(300, 4), 0, 0], { out: pattern });
    expect(answer.status).toBe(0);
    for (const at of [100, 227, 228, 399]) expect(sector(at)).toEqual(pattern);
    expect(sector(400)).not.toEqual(pattern);
  });

  it("refuses a WRITE SAME without bound and bits that mean nothing here", () => {
    const block = { out: new Uint8Array(512) };
    expect(host.now([0x41, 0, ...be(8, 4), 0, 0, 0, 0], block).sense).toBe("5/24/0");
    expect(host.now([0x41, 0x10, ...be(8, 4), 0, 0, 1, 0], block).sense).toBe("5/24/0");
    expect(host.now([0x93, 0, ...be(8, 8), ...be(0x20001, 4), 0, 0], block).sense).toBe("5/21/0");
    expect(disk.log).toEqual([]);
  });

  it("unmaps the ranges of a list, all or none", () => {
    const list = (...ranges: [number, number][]): Uint8Array => {
      const length = ranges.length * 16;
      const body = ranges.flatMap(([lba, blocks]) => [...be(lba, 8), ...be(blocks, 4), 0, 0, 0, 0]);
      return Uint8Array.from([...be(length + 6, 2), ...be(length, 2), 0, 0, 0, 0, ...body]);
    };
    const unmap = (out: Uint8Array, length = out.length): string =>
      host.now([0x42, 0, 0, 0, 0, 0, 0, ...be(length, 2), 0], { out }).sense;
    expect(unmap(list([8, 16], [100, 0], [64, 8]))).toBe("");
    expect(disk.log).toEqual(["discard 8 16", "discard 64 8"]);
    disk.log = [];
    expect(unmap(list([8, 16], [SECTORS, 1]))).toBe("5/21/0");
    expect(unmap(list([8, 0xffffffff]))).toBe("5/26/0");
    expect(unmap(new Uint8Array(7))).toBe("5/1a/0");
    expect(unmap(new Uint8Array(0))).toBe("");
    const many = list(...Array.from({ length: 256 }, (): [number, number] => [0, 1]));
    expect(unmap(many)).toBe("5/26/0");
    expect(host.now([0x42, 1, 0, 0, 0, 0, 0, 0, 24, 0], { out: list([0, 1]) }).sense).toBe("5/24/0");
    expect(disk.log).toEqual([]);
    // Cut off in the middle of a descriptor: only the whole ones count.
    expect(unmap(list([8, 16], [64, 8]), 30)).toBe("");
    expect(disk.log).toEqual(["discard 8 16"]);
  });

  it("flushes, and is through with the cache when told so", () => {
    expect(host.now([0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0]).status).toBe(0);
    expect(host.now([0x91, 0, ...be(8, 8), ...be(8, 4), 0, 0]).status).toBe(0);
    expect(host.now([0x35, 0, ...be(SECTORS, 4), 0, 0, 1, 0]).sense).toBe("5/21/0");
    expect(disk.log).toEqual(["flush", "flush"]);
    disk.log = [];
    const page = host.now([0x1a, 8, 8, 0, 255, 0], { in: 255 }).data.slice();
    expect((page[6] ?? 0) & 4).toBe(4);
    page[6] = 0;
    page[0] = 0;
    expect(host.now([0x15, 0x10, 0, 0, page.length, 0], { out: page }).status).toBe(0);
    host.now([0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0], { out: new Uint8Array(512) });
    expect(disk.log).toEqual(["write 0 1", "flush"]);
  });
});

describe("the rest", () => {
  it("tells capacity, also of what is too large for ten bytes", () => {
    expect([...host.now([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], { in: 8 }).data]).toEqual([
      ...be(SECTORS - 1, 4),
      ...be(512, 4),
    ]);
    disk.sectors = 2 ** 33;
    expect(u32(host.now([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], { in: 8 }).data, 0)).toBe(0xffffffff);
    const { data } = host.now([0x9e, 0x10, ...be(0, 8), ...be(32, 4), 0, 0], { in: 32 });
    expect([...data.subarray(0, 8)]).toEqual(be(2 ** 33 - 1, 8));
    expect(host.now([0x25, 0, 0, 0, 0, 1, 0, 0, 0, 0], { in: 8 }).sense).toBe("5/24/0");
    const status = host.now([0x9e, 0x12, ...be(10, 8), ...be(24, 4), 0, 0], { in: 24 }).data;
    expect([...status.subarray(8, 20)]).toEqual([...be(10, 8), ...be(0xffffffff, 4)]);
    expect(host.now([0x9e, 0x11, ...be(0, 12), 0, 0], { in: 32 }).sense).toBe("5/24/0");
  });

  it("reports a change of capacity once, by an attention and to its port", () => {
    const told: number[] = [];
    unit.changed = ({ asc, ascq }) => told.push((asc << 8) | ascq);
    disk.sectors = 8192;
    unit.capacityChanged();
    unit.capacityChanged();
    expect(told).toEqual([0x2a09, 0x2a09]);
    expect(host.now([0, 0, 0, 0, 0, 0]).sense).toBe("6/2a/9");
    expect(host.now([0, 0, 0, 0, 0, 0]).status).toBe(0);
  });

  it("has a unit attention after power-on that some commands pass by", () => {
    unit.reset();
    expect(host.now([0x12, 0, 0, 0, 36, 0], { in: 36 }).status).toBe(0);
    expect(host.now([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], { in: 512 }).sense).toBe("6/29/0");
    expect(host.now([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], { in: 512 }).status).toBe(0);
    unit.reset();
    const sense = host.now([0x03, 0, 0, 0, 18, 0], { in: 18 }).data;
    expect([sense[0], sense[2], sense[12]]).toEqual([0x70, 6, 0x29]);
    const none = host.now([0x03, 1, 0, 0, 18, 0], { in: 18 }).data;
    expect([none[0], none[1], none.length]).toEqual([0x72, 0, 8]);
  });

  it("refuses what it does not know, as ATA PASS-THROUGH", () => {
    expect(host.now([0x85, 8, 0x0e, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xec, 0], { in: 512 }).sense).toBe("5/20/0");
    expect(host.now([0xff]).sense).toBe("5/20/0");
  });

  it("stops and starts", () => {
    host.now([0x1b, 0, 0, 0, 0, 0]);
    expect(host.now([0, 0, 0, 0, 0, 0]).sense).toBe("2/4/2");
    expect(host.now([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], { in: 512 }).sense).toBe("2/4/2");
    expect(host.now([0x12, 0, 0, 0, 36, 0], { in: 36 }).status).toBe(0);
    host.now([0x1b, 0, 0, 0, 1, 0]);
    expect(host.now([0, 0, 0, 0, 0, 0]).status).toBe(0);
    expect(host.now([0x1b, 0, 0, 0, 2, 0]).sense).toBe("5/24/0");
  });

  it("lists its commands, each of which it has", () => {
    const all = host.now([0xa3, 0x0c, 0, 0, 0, 0, ...be(4096, 4), 0, 0], { in: 4096 }).data;
    const rows = Array.from({ length: u32(all, 0) / 8 }, (_, i) => all.subarray(4 + i * 8, 12 + i * 8));
    expect(rows.length).toBeGreaterThan(35);
    for (const row of rows) {
      const one = host.now([0xa3, 0x0c, 3, row[0] ?? 0, row[2] ?? 0, row[3] ?? 0, ...be(64, 4), 0, 0], { in: 64 }).data;
      expect(one[1]).toBe(3);
      expect(one[3]).toBe(row[7]);
      expect(one[4]).toBe(row[0]);
      expect(one).toHaveLength(4 + (row[7] ?? 0));
      expect(host.now([row[0] ?? 0, row[3] ?? 0]).sense).not.toBe("5/20/0");
    }
    const options = (option: number, opcode: number): Reply =>
      host.now([0xa3, 0x0c, option, opcode, 0, 0, ...be(64, 4), 0, 0], { in: 64 });
    expect(options(1, 0x85).data[1]).toBe(1);
    expect(options(1, 0x9e).sense).toBe("5/24/0");
    expect(options(2, 0x28).sense).toBe("5/24/0");
    expect(options(1, 0x93).data[1]).toBe(3);
  });
});

describe("mode pages", () => {
  it("are current, changeable and default", () => {
    const all = host.now([0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 255, 0], { in: 255 }).data;
    expect([all[0], all[1], all[3], all[7]]).toEqual([0, all.length - 2, 0x10, 8]);
    expect([all[16], all[28], all[48]]).toEqual([0x01, 0x08, 0x0a]);
    const changeable = host.now([0x1a, 8, 0x48, 0, 255, 0], { in: 255 }).data;
    expect([changeable[6], changeable[7]]).toEqual([4, 0]);
    expect(host.now([0x1a, 8, 0xc8, 0, 255, 0], { in: 255 }).sense).toBe("5/39/0");
    expect(host.now([0x1a, 8, 0x3e, 0, 255, 0], { in: 255 }).sense).toBe("5/24/0");
    expect(host.now([0x1a, 8, 0x08, 7, 255, 0], { in: 255 }).sense).toBe("5/24/0");
  });

  it("switch sense data to descriptors, until the next reset", () => {
    const select = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0x0a, 4, 0x10, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(host.now([0x55, 0x10, 0, 0, 0, 0, 0, 0, select.length, 0], { out: select }).status).toBe(0);
    expect(unit.senseFormat).toBe("descriptor");
    unit.reset();
    expect(unit.senseFormat).toBe("fixed");
  });

  it("are not changed by a list that is wrong anywhere", () => {
    const wce = [8, 0x12, 0, ...Array<number>(17).fill(0)];
    const select = (bytes: readonly number[], flags = 0x10): string =>
      host.now([0x15, flags, 0, 0, bytes.length, 0], { out: Uint8Array.from(bytes) }).sense;
    expect(select([0, 0, 0, 0, ...wce, 0x0a, 0x0a, 0xff, ...Array<number>(9).fill(0)])).toBe("5/26/0");
    expect(select([0, 0, 0, 0, ...wce.slice(0, 9)])).toBe("5/1a/0");
    expect(select([0, 0, 0, 0, 0x3e, 2, 0, 0])).toBe("5/26/0");
    expect(select([0, 0, 0])).toBe("5/1a/0");
    expect(select([0, 0, 0, 200])).toBe("5/1a/0");
    expect(select([0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 4, 0, ...wce])).toBe("5/26/0");
    expect(select([0, 0, 0, 0, ...wce], 0x11)).toBe("5/24/0");
    expect(select([0, 0, 0, 0, ...wce], 0)).toBe("5/24/0");
    const page = host.now([0x1a, 8, 8, 0, 255, 0], { in: 255 }).data;
    expect((page[6] ?? 0) & 4).toBe(4);
    expect(select([0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 2, 0, ...wce])).toBe("");
    expect((host.now([0x1a, 8, 8, 0, 255, 0], { in: 255 }).data[6] ?? 0) & 4).toBe(0);
  });
});

import { describe, expect, it } from "vitest";
import { OverlayDisk } from "./overlay";
import { RamDisk } from "./ram";
import { type DiskBackend, neverCancelled, SECTOR_SIZE } from "./types";

const SECTORS = 6000;

function pattern(sectors: number): Uint8Array {
  const bytes = new Uint8Array(sectors * SECTOR_SIZE);
  for (let i = 0; i < bytes.length; i++) bytes[i] = i * 7 + (i >> 9);
  return bytes;
}

function read(disk: DiskBackend, sector: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count * SECTOR_SIZE).fill(0xee);
  // Two views with a crooked boundary, as a scatter list has.
  const cut = Math.floor(bytes.length / 3);
  expect(disk.read(sector, [bytes.subarray(0, cut), bytes.subarray(cut)], neverCancelled)).toBe("ok");
  return bytes;
}

describe("OverlayDisk", () => {
  it("reads through and never writes the base", () => {
    const bytes = pattern(SECTORS);
    const disk = new OverlayDisk(new RamDisk(bytes, { readOnly: true }));
    expect(read(disk, 5, 10)).toEqual(bytes.slice(5 * SECTOR_SIZE, 15 * SECTOR_SIZE));
    const written = new Uint8Array(3 * SECTOR_SIZE).fill(1);
    expect(disk.write(6, [written.subarray(0, 100), written.subarray(100)])).toBe("ok");
    expect(Buffer.compare(bytes, pattern(SECTORS))).toBe(0);
    expect(read(disk, 6, 3)).toEqual(written);
    expect(read(disk, 5, 1)).toEqual(bytes.slice(5 * SECTOR_SIZE, 6 * SECTOR_SIZE));
    expect(disk.bytesUsed).toBe(2 * 4096);
  });

  it("gives memory back on discard, by the block too", () => {
    const disk = new OverlayDisk(new RamDisk(pattern(SECTORS)));
    disk.write(0, [new Uint8Array(SECTORS * SECTOR_SIZE).fill(9)]);
    disk.discard(0, SECTORS - 3);
    expect(disk.bytesUsed).toBe(4096);
    expect(Buffer.compare(read(disk, 0, SECTORS - 3), new Uint8Array((SECTORS - 3) * SECTOR_SIZE))).toBe(0);
    expect(read(disk, SECTORS - 3, 3).every((byte) => byte === 9)).toBe(true);
    disk.write(100, [new Uint8Array(SECTOR_SIZE).fill(5)]);
    expect(read(disk, 99, 3)[SECTOR_SIZE]).toBe(5);
    expect(read(disk, 99, 1).every((byte) => byte === 0)).toBe(true);
  });

  it("agrees with a plain disk over random operations", () => {
    const disk = new OverlayDisk(new RamDisk(pattern(SECTORS), { readOnly: true }));
    const model = new RamDisk(pattern(SECTORS));
    let seed = 12345;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let i = 0; i < 400; i++) {
      const sector = random(SECTORS);
      const count = 1 + random(Math.min(SECTORS - sector, i % 10 === 0 ? 5000 : 40));
      const kind = random(3);
      if (kind === 0) {
        const bytes = new Uint8Array(count * SECTOR_SIZE).fill(random(256));
        disk.write(sector, [bytes]);
        model.write(sector, [bytes]);
      } else if (kind === 1) {
        disk.writeZeroes(sector, count);
        model.writeZeroes(sector, count);
      } else if (Buffer.compare(read(disk, sector, count), read(model, sector, count)) !== 0) {
        throw new Error(`operation ${i}: sectors ${sector}+${count} differ`);
      }
    }
    expect(Buffer.compare(read(disk, 0, SECTORS), read(model, 0, SECTORS))).toBe(0);
  });

  it("waits for a base that is not there yet, and passes its trouble on", async () => {
    const base = new RamDisk(pattern(SECTORS));
    const slow: DiskBackend = {
      sectors: SECTORS,
      readOnly: true,
      read: async (sector, views) => {
        await Promise.resolve();
        return sector >= 64 ? "io-error" : base.read(sector, views);
      },
      write: () => "read-only",
      flush: () => "ok",
      discard: () => "ok",
      writeZeroes: () => "ok",
      close: () => undefined,
    };
    const disk = new OverlayDisk(slow);
    disk.write(8, [new Uint8Array(8 * SECTOR_SIZE).fill(3)]);
    const bytes = new Uint8Array(24 * SECTOR_SIZE);
    const answer = disk.read(0, [bytes], neverCancelled);
    expect(typeof answer).not.toBe("string");
    expect(await answer).toBe("ok");
    expect(bytes[8 * SECTOR_SIZE]).toBe(3);
    const rest = pattern(SECTORS).subarray(16 * SECTOR_SIZE, 24 * SECTOR_SIZE);
    expect(Buffer.compare(bytes.subarray(16 * SECTOR_SIZE), rest)).toBe(0);
    expect(await disk.read(64, [bytes], neverCancelled)).toBe("io-error");
    expect(disk.read(8, [bytes.subarray(0, 4096)], neverCancelled)).toBe("ok");
  });
});

describe("RamDisk", () => {
  it("fills the last sector up and keeps a read-only disk as it is", () => {
    const disk = new RamDisk(Uint8Array.of(1, 2, 3), { readOnly: true });
    expect(disk.sectors).toBe(1);
    expect([...read(disk, 0, 1).subarray(0, 5)]).toEqual([1, 2, 3, 0, 0]);
    expect(disk.write(0, [new Uint8Array(512)])).toBe("read-only");
    expect(disk.writeZeroes(0, 1)).toBe("read-only");
  });
});

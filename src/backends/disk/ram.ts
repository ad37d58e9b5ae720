// A disk in memory. A length that is no whole number of sectors is filled up with zeroes.

import { type DiskBackend, type DiskOutcome, SECTOR_SIZE, type View } from "./types";
import { copyFromViews, copyToViews, viewsLength } from "./views";

export class RamDisk implements DiskBackend {
  readonly sectors: number;
  readonly readOnly: boolean;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, options: { readOnly?: boolean } = {}) {
    this.sectors = Math.ceil(bytes.length / SECTOR_SIZE);
    this.readOnly = options.readOnly ?? false;
    if (bytes.length === this.sectors * SECTOR_SIZE) {
      this.#bytes = bytes;
    } else {
      this.#bytes = new Uint8Array(this.sectors * SECTOR_SIZE);
      this.#bytes.set(bytes);
    }
  }

  read(sector: number, views: readonly View[]): DiskOutcome {
    const start = sector * SECTOR_SIZE;
    copyToViews(views, 0, this.#bytes.subarray(start, start + viewsLength(views)));
    return "ok";
  }

  write(sector: number, views: readonly View[]): DiskOutcome {
    if (this.readOnly) return "read-only";
    const start = sector * SECTOR_SIZE;
    copyFromViews(views, 0, this.#bytes.subarray(start, start + viewsLength(views)));
    return "ok";
  }

  flush(): DiskOutcome {
    return "ok";
  }

  discard(sector: number, count: number): DiskOutcome {
    return this.writeZeroes(sector, count);
  }

  writeZeroes(sector: number, count: number): DiskOutcome {
    if (this.readOnly) return "read-only";
    this.#bytes.fill(0, sector * SECTOR_SIZE, (sector + count) * SECTOR_SIZE);
    return "ok";
  }

  close(): void {
    // Memory goes with the object.
  }
}

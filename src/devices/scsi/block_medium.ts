// A disk back end in logical blocks: ranges are checked here, once, before anything is done.

import type { CancelToken, DiskAnswer, DiskBackend, View } from "../../backends/disk/types";
import type { BlockRange } from "./block_range";

const SECTOR_SIZE = 512;

/** Longest transfer, unmap and write same: bounds the work of one command. */
export const MAX_TRANSFER_BYTES = 64 * 1024 * 1024;

export class BlockMedium {
  readonly disk: DiskBackend;
  readonly blockSize: number;
  readonly #sectors: number;

  /** `blockSize`: a multiple of a sector. */
  constructor(disk: DiskBackend, blockSize: number) {
    this.disk = disk;
    this.blockSize = blockSize;
    this.#sectors = blockSize / SECTOR_SIZE;
  }

  /** Whole blocks; what is left over at the end cannot be reached. */
  get blocks(): number {
    return Math.floor(this.disk.sectors / this.#sectors);
  }

  get readOnly(): boolean {
    return this.disk.readOnly;
  }

  get maxBlocks(): number {
    return MAX_TRANSFER_BYTES / this.blockSize;
  }

  contains({ lba, blocks }: BlockRange): boolean {
    return lba <= this.blocks && blocks <= this.blocks - lba;
  }

  read(lba: number, views: readonly View[], token: CancelToken): DiskAnswer {
    return this.disk.read(lba * this.#sectors, views, token);
  }

  write(lba: number, views: readonly View[], token: CancelToken): DiskAnswer {
    if (this.readOnly) return "read-only";
    return this.disk.write(lba * this.#sectors, views, token);
  }

  flush(): DiskAnswer {
    return this.disk.flush();
  }

  discard({ lba, blocks }: BlockRange): DiskAnswer {
    if (this.readOnly) return "read-only";
    return this.disk.discard(lba * this.#sectors, blocks * this.#sectors);
  }

  writeZeroes({ lba, blocks }: BlockRange): DiskAnswer {
    if (this.readOnly) return "read-only";
    return this.disk.writeZeroes(lba * this.#sectors, blocks * this.#sectors);
  }
}

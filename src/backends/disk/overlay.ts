// Copy-on-write in memory over a disk that stays as it is. Each sector is in the base, in memory, or zero; a write
// never has to read the base, since grains of 4 KiB know which of their eight sectors they hold.
//
//   block (1 MiB) ──► absent: all in the base
//                     "zero": all zero
//                     256 grains: mask of the sectors that are not in the base, place in memory (0 = they are zero)

import { type CancelToken, type DiskAnswer, type DiskBackend, type DiskOutcome, SECTOR_SIZE, type View } from "./types";
import { copyFromViews, copyToViews, fillViews, sliceViews, viewsLength } from "./views";

const GRAIN_SECTORS = 8;
const GRAIN_SIZE = GRAIN_SECTORS * SECTOR_SIZE;
const GRAINS = 256;
const BLOCK_SECTORS = GRAINS * GRAIN_SECTORS;
const SLAB_GRAINS = 256;
const WHOLE_GRAIN = 0xff;

interface Block {
  /** Bit n: sector n of the grain is ours. */
  readonly masks: Uint8Array;
  /** Place of the grain's data + 1; 0 = no data, our sectors are zero. */
  readonly places: Uint32Array;
}

/** Memory for grains, in slabs; freed grains are used again. */
class GrainStore {
  readonly #slabs: Uint8Array[] = [];
  readonly #free: number[] = [];
  #next = 0;

  get used(): number {
    return this.#next - this.#free.length;
  }

  take(): number {
    const place = this.#free.pop() ?? this.#next++;
    if (place >= this.#slabs.length * SLAB_GRAINS) this.#slabs.push(new Uint8Array(SLAB_GRAINS * GRAIN_SIZE));
    return place;
  }

  giveBack(place: number): void {
    this.#free.push(place);
  }

  at(place: number): Uint8Array {
    const start = (place % SLAB_GRAINS) * GRAIN_SIZE;
    return this.#slabs[Math.floor(place / SLAB_GRAINS)]?.subarray(start, start + GRAIN_SIZE) ?? new Uint8Array(0);
  }
}

type Holder = "base" | "zero" | "data";

export class OverlayDisk implements DiskBackend {
  readonly sectors: number;
  readonly readOnly = false;
  readonly #base: DiskBackend;
  readonly #blocks = new Map<number, Block | "zero">();
  readonly #store = new GrainStore();

  constructor(base: DiskBackend) {
    this.#base = base;
    this.sectors = base.sectors;
  }

  /** Bytes of memory that hold written data. */
  get bytesUsed(): number {
    return this.#store.used * GRAIN_SIZE;
  }

  read(sector: number, views: readonly View[], token: CancelToken): DiskAnswer {
    const count = viewsLength(views) / SECTOR_SIZE;
    const waiting: Promise<DiskOutcome>[] = [];
    for (let at = 0; at < count;) {
      const holder = this.#holder(sector + at);
      const run = this.#runLength(holder, sector + at, count - at);
      const answer = this.#readRun(holder, sector + at, at, run, views, token);
      if (typeof answer !== "string") waiting.push(answer);
      else if (answer !== "ok") return answer;
      at += run;
    }
    return waiting.length === 0 ? "ok" : allOf(waiting);
  }

  write(sector: number, views: readonly View[]): DiskOutcome {
    const count = viewsLength(views) / SECTOR_SIZE;
    this.#eachGrain(sector, count, (block, grain, first, sectors, at) => {
      let place = (block.places[grain] ?? 0) - 1;
      if (place < 0) {
        place = this.#store.take();
        block.places[grain] = place + 1;
        // Sectors of ours that were zero without data, and whatever the grain held before it was given back.
        this.#store.at(place).fill(0);
      }
      const data = this.#store.at(place).subarray(first * SECTOR_SIZE, (first + sectors) * SECTOR_SIZE);
      copyFromViews(views, at * SECTOR_SIZE, data);
      block.masks[grain] = (block.masks[grain] ?? 0) | maskOf(first, sectors);
    });
    return "ok";
  }

  flush(): DiskOutcome {
    return "ok";
  }

  discard(sector: number, count: number): DiskOutcome {
    return this.writeZeroes(sector, count);
  }

  writeZeroes(sector: number, count: number): DiskOutcome {
    const end = sector + count;
    for (let at = sector; at < end;) {
      const blockEnd = Math.min(end, (Math.floor(at / BLOCK_SECTORS) + 1) * BLOCK_SECTORS);
      if (blockEnd - at === BLOCK_SECTORS) this.#zeroBlock(at / BLOCK_SECTORS);
      else this.#zeroSectors(at, blockEnd - at);
      at = blockEnd;
    }
    return "ok";
  }

  close(): void {
    this.#base.close();
  }

  #zeroBlock(index: number): void {
    const block = this.#blocks.get(index);
    if (block !== undefined && block !== "zero") {
      for (const place of block.places) if (place !== 0) this.#store.giveBack(place - 1);
    }
    this.#blocks.set(index, "zero");
  }

  #zeroSectors(sector: number, count: number): void {
    if (this.#blocks.get(Math.floor(sector / BLOCK_SECTORS)) === "zero") return;
    this.#eachGrain(sector, count, (block, grain, first, sectors) => {
      const place = (block.places[grain] ?? 0) - 1;
      const mask = (block.masks[grain] ?? 0) | maskOf(first, sectors);
      block.masks[grain] = mask;
      if (place < 0) return;
      if (sectors === GRAIN_SECTORS) {
        this.#store.giveBack(place);
        block.places[grain] = 0;
      } else {
        this.#store.at(place).fill(0, first * SECTOR_SIZE, (first + sectors) * SECTOR_SIZE);
      }
    });
  }

  #holder(sector: number): Holder {
    const block = this.#blocks.get(Math.floor(sector / BLOCK_SECTORS));
    if (block === undefined) return "base";
    if (block === "zero") return "zero";
    const grain = Math.floor(sector / GRAIN_SECTORS) % GRAINS;
    if (((block.masks[grain] ?? 0) & (1 << (sector % GRAIN_SECTORS))) === 0) return "base";
    return block.places[grain] === 0 ? "zero" : "data";
  }

  /** Sectors from `sector` on that are held alike, at most `max`. */
  #runLength(holder: Holder, sector: number, max: number): number {
    let run = 1;
    while (run < max && this.#holder(sector + run) === holder) {
      // What was never written is skipped by the block.
      const here = sector + run;
      const untouched = this.#blocks.get(Math.floor(here / BLOCK_SECTORS)) === undefined;
      run += untouched ? BLOCK_SECTORS - (here % BLOCK_SECTORS) : 1;
    }
    return Math.min(run, max);
  }

  #readRun(
    holder: Holder,
    sector: number,
    at: number,
    count: number,
    views: readonly View[],
    token: CancelToken,
  ): DiskAnswer {
    const length = count * SECTOR_SIZE;
    if (holder === "base") return this.#base.read(sector, sliceViews(views, at * SECTOR_SIZE, length), token);
    if (holder === "zero") {
      fillViews(views, at * SECTOR_SIZE, length);
      return "ok";
    }
    this.#eachGrain(sector, count, (block, grain, first, sectors, from) => {
      const data = this.#store.at((block.places[grain] ?? 0) - 1);
      const part = data.subarray(first * SECTOR_SIZE, (first + sectors) * SECTOR_SIZE);
      copyToViews(views, (at + from) * SECTOR_SIZE, part);
    });
    return "ok";
  }

  /** Calls back for every part of a grain in the range; makes blocks as needed. */
  #eachGrain(
    sector: number,
    count: number,
    part: (block: Block, grain: number, first: number, sectors: number, at: number) => void,
  ): void {
    for (let at = 0; at < count;) {
      const here = sector + at;
      const first = here % GRAIN_SECTORS;
      const sectors = Math.min(GRAIN_SECTORS - first, count - at);
      part(
        this.#block(Math.floor(here / BLOCK_SECTORS)),
        Math.floor(here / GRAIN_SECTORS) % GRAINS,
        first,
        sectors,
        at,
      );
      at += sectors;
    }
  }

  #block(index: number): Block {
    const found = this.#blocks.get(index);
    if (found !== undefined && found !== "zero") return found;
    const block: Block = { masks: new Uint8Array(GRAINS), places: new Uint32Array(GRAINS) };
    if (found === "zero") block.masks.fill(WHOLE_GRAIN);
    this.#blocks.set(index, block);
    return block;
  }
}

function maskOf(first: number, sectors: number): number {
  return ((1 << sectors) - 1) << first;
}

async function allOf(waiting: readonly Promise<DiskOutcome>[]): Promise<DiskOutcome> {
  const outcomes = await Promise.all(waiting);
  return outcomes.find((outcome) => outcome !== "ok") ?? "ok";
}

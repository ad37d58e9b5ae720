// Which registers answer at an I/O port or a guest-physical address. One router per space; BARs come and go at run time.

import type { AccessSize, RegisterSpace } from "../../core/crossing";

/** Registers of a device. Offsets are from the start of the region; an access never leaves the region. */
export interface RegisterHandler {
  read(offset: number, size: AccessSize): number;
  write(offset: number, size: AccessSize, value: number): void;
}

export interface Region {
  readonly start: number;
  readonly length: number;
  readonly handler: RegisterHandler;
}

/** What reads where nothing answers. */
export function allOnes(size: AccessSize): number {
  return size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff;
}

export class Router implements RegisterSpace {
  /** Sorted by start; where regions overlap, the one that came first answers. */
  #regions: Region[] = [];
  /** Accesses that nobody answered. */
  unclaimed = 0;

  add(start: number, length: number, handler: RegisterHandler): Region {
    const region = { start, length, handler };
    this.#regions = [...this.#regions, region].sort((a, b) => a.start - b.start);
    return region;
  }

  remove(region: Region): void {
    this.#regions = this.#regions.filter((other) => other !== region);
  }

  read(address: number, size: AccessSize): number {
    const region = this.#find(address, size);
    if (region !== undefined) return (region.handler.read(address - region.start, size) & allOnes(size)) >>> 0;
    this.unclaimed++;
    return allOnes(size);
  }

  write(address: number, size: AccessSize, value: number): void {
    const region = this.#find(address, size);
    if (region === undefined) this.unclaimed++;
    else region.handler.write(address - region.start, size, (value & allOnes(size)) >>> 0);
  }

  #find(address: number, size: AccessSize): Region | undefined {
    for (const region of this.#regions) {
      if (region.start > address) return undefined;
      if (address + size <= region.start + region.length) return region;
    }
    return undefined;
  }
}

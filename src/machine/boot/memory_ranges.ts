// Where RAM is, what of it the guest may use, and the search for free places in it.

import { configIssue, type ConfigIssue } from "../../shared/config_issue";
import { err, ok, type Result } from "../../shared/result";
import { formatBytes, GiB, KiB, MiB } from "../../shared/units";

/** RAM as the machine has it: [0, low) and, if there is more, [4 GiB, high). */
export interface RamLayout {
  /** End of the RAM below 4 GiB. */
  readonly lowEnd: number;
  /** End of the RAM above 4 GiB; 4 GiB if there is none. */
  readonly highEnd: number;
}

/** RAM below 4 GiB ends here at the latest; the rest is the window of the PCI devices. */
export const LOW_RAM_MAX = 3 * GiB;
export const HIGH_RAM_START = 4 * GiB;

export const E820_USABLE = 1;
export const E820_RESERVED = 2;

export interface E820Entry {
  readonly start: number;
  readonly length: number;
  readonly type: number;
}

/** The EBDA's place and the BIOS area: firmware tables lie there. */
const EBDA = 639 * KiB;
export const BIOS_AREA = 896 * KiB;

export function ramLayout(bytes: number): RamLayout {
  const lowEnd = Math.min(bytes, LOW_RAM_MAX);
  return { lowEnd, highEnd: HIGH_RAM_START + (bytes - lowEnd) };
}

/** The memory map that the guest is told, in the types and the order of e820. */
export function memoryMap(ram: RamLayout): E820Entry[] {
  const map: E820Entry[] = [
    { start: 0, length: EBDA, type: E820_USABLE },
    { start: EBDA, length: 640 * KiB - EBDA, type: E820_RESERVED },
    { start: BIOS_AREA, length: MiB - BIOS_AREA, type: E820_RESERVED },
  ];
  if (ram.lowEnd > MiB) map.push({ start: MiB, length: ram.lowEnd - MiB, type: E820_USABLE });
  if (ram.highEnd > HIGH_RAM_START) {
    map.push({ start: HIGH_RAM_START, length: ram.highEnd - HIGH_RAM_START, type: E820_USABLE });
  }
  return map;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Finds places for what is loaded, so that nothing overlaps. Addresses below 4 GiB only. */
export class Placer {
  readonly #usable: readonly Range[];
  readonly #taken: Range[] = [{ start: 0, end: 4 * KiB }];

  constructor(map: readonly E820Entry[]) {
    this.#usable = map
      .filter((entry) => entry.type === E820_USABLE && entry.start < HIGH_RAM_START)
      .map((entry) => ({ start: entry.start, end: entry.start + entry.length }));
  }

  /** Takes a range that is given, such as a kernel's segment. */
  claim(start: number, length: number, what: string): ConfigIssue | undefined {
    const range = { start, end: start + length };
    if (length === 0) return undefined;
    if (!this.#usable.some((ram) => start >= ram.start && range.end <= ram.end)) {
      const place = `0x${start.toString(16)} to 0x${range.end.toString(16)}`;
      return configIssue(what, `needs memory at ${place}, which the machine does not have; try a larger m=`);
    }
    this.#taken.push(range);
    return undefined;
  }

  /** The lowest free place at or above `from`. */
  low(length: number, align: number, what: string, from = 0): Result<number, ConfigIssue> {
    for (const ram of this.#usable) {
      let start = roundUp(Math.max(ram.start, from), align);
      let hit = this.#overlap(start, length);
      // Every step leaves one taken range behind for good.
      while (hit !== undefined) {
        start = roundUp(hit.end, align);
        hit = this.#overlap(start, length);
      }
      if (start + length <= ram.end) return ok(this.#take(start, length));
    }
    return err(tooLarge(what, length));
  }

  /** The highest free place that ends at or below `limit`. */
  high(length: number, align: number, what: string, limit: number): Result<number, ConfigIssue> {
    for (const ram of this.#usable.toReversed()) {
      let start = roundDown(Math.min(ram.end, limit) - length, align);
      let hit = this.#overlap(start, length);
      while (hit !== undefined && start >= ram.start) {
        start = roundDown(hit.start - length, align);
        hit = this.#overlap(start, length);
      }
      if (start >= ram.start) return ok(this.#take(start, length));
    }
    return err(tooLarge(what, length));
  }

  #overlap(start: number, length: number): Range | undefined {
    return this.#taken.find((range) => start < range.end && start + length > range.start);
  }

  #take(start: number, length: number): number {
    this.#taken.push({ start, end: start + length });
    return start;
  }
}

function tooLarge(what: string, length: number): ConfigIssue {
  return configIssue(what, `there is no room for ${formatBytes(length)} in the guest's memory; try a larger m=`);
}

export function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}

function roundDown(value: number, align: number): number {
  return Math.floor(value / align) * align;
}

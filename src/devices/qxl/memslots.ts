// Memory slots: the windows into BAR memory through which the guest names everything, and the only way from a number of
// the guest to an address of the host. Address and length are checked together.

import type { Result } from "../../shared/result";
import { err, ok } from "../../shared/result";

/** A QXLPHYSICAL, taken apart. */
export interface Physical {
  readonly slot: number;
  readonly generation: number;
  readonly offset: number;
}

/** BAR memory, and where the guest sees it now. */
export interface BarMemory {
  readonly host: number;
  readonly bytes: number;
  /** Undefined while the BAR is not decoded. */
  readonly address: number | undefined;
}

interface Slot {
  readonly host: number;
  readonly bytes: number;
  /** What the guest's offsets begin with: 0, or the bus address in compatibility mode. */
  readonly base: number;
}

export type SlotError = "no-such-slot" | "slot-in-use" | "bad-range";

/** Slot 0 belongs to compatibility mode. */
export const FIRST_SLOT = 1;
export const SLOTS = 8;
export const ID_BITS = 8;
export const GENERATION_BITS = 8;
/** Slots are never given out again within one life of the driver, so that one generation is enough. */
const GENERATION = 0;

export class MemSlots {
  readonly #slots: (Slot | undefined)[] = Array.from({ length: SLOTS });

  /** The guest's bus addresses must lie inside one BAR. */
  add(id: number, start: number, end: number, bars: readonly BarMemory[], base = 0): Result<void, SlotError> {
    if (id >= SLOTS) return err("no-such-slot");
    if (this.#slots[id] !== undefined) return err("slot-in-use");
    if (!(start <= end)) return err("bad-range");
    for (const bar of bars) {
      if (bar.address === undefined || start < bar.address || end > bar.address + bar.bytes) continue;
      this.#slots[id] = { host: bar.host + (start - bar.address), bytes: end - start, base };
      return ok(undefined);
    }
    return err("bad-range");
  }

  remove(id: number): Result<void, SlotError> {
    if (id >= SLOTS || this.#slots[id] === undefined) return err("no-such-slot");
    this.#slots[id] = undefined;
    return ok(undefined);
  }

  reset(): void {
    this.#slots.fill(undefined);
  }

  /** Host address of `length` bytes, or undefined if they do not all lie in an active slot. */
  translate({ slot, generation, offset }: Physical, length: number): number | undefined {
    const found = this.#slots[slot];
    if (found === undefined || generation !== GENERATION || length < 0) return undefined;
    const at = offset - found.base;
    return at >= 0 && at + length <= found.bytes ? found.host + at : undefined;
  }
}

// The table of addresses at which a guest's write is a doorbell instead of an exit (layout/machine.ts). The CPUs read
// it at every MMIO and port write; the devices worker is its only writer.

import * as Machine from "../../assembly/layout/machine";
import type { GuestMemory } from "./guest_memory";

export interface NotifyWindow {
  /** Gpa or port. */
  readonly start: number;
  readonly length: number;
  readonly space: "mmio" | "port";
  /** Doorbell slot of the device. */
  readonly slot: number;
  /** The queue number is the value written, or (address - start) >> shift. */
  readonly queue: "value" | { readonly shift: number };
}

export class NotifyWindows {
  readonly #guest: GuestMemory;
  readonly #used: boolean[] = Array.from({ length: Machine.NOTIFY_WINDOWS }, () => false);

  constructor(guest: GuestMemory) {
    this.#guest = guest;
  }

  /** Registers a window; undefined when the table is full: then the writes arrive as exits, which works too. */
  add(window: NotifyWindow): number | undefined {
    const index = this.#used.indexOf(false);
    if (index < 0) return undefined;
    this.#used[index] = true;
    this.#write(index, window);
    this.#storeCount();
    return index;
  }

  remove(index: number): void {
    Atomics.store(this.#guest.words, (this.#at(index) + Machine.notifyLength) / 4, 0);
    this.#used[index] = false;
    this.#storeCount();
  }

  /** The length goes last: a CPU that looks meanwhile sees a window that is not in use. */
  #write(index: number, window: NotifyWindow): void {
    const at = this.#at(index);
    const { words, data } = this.#guest;
    data.setBigUint64(at + Machine.notifyStart, BigInt(window.start), true);
    data.setUint32(at + Machine.notifyIsPort, window.space === "port" ? 1 : 0, true);
    data.setUint32(at + Machine.notifySlot, window.slot, true);
    const shift = window.queue === "value" ? Machine.NOTIFY_BY_VALUE : window.queue.shift;
    data.setUint32(at + Machine.notifyShift, shift, true);
    Atomics.store(words, (at + Machine.notifyLength) / 4, window.length);
  }

  #storeCount(): void {
    const count = this.#used.lastIndexOf(true) + 1;
    Atomics.store(this.#guest.words, (this.#guest.machine + Machine.notifyWindows) / 4, count);
  }

  #at(index: number): number {
    return this.#guest.machine + Machine.notifyWindow + index * Machine.NOTIFY_WINDOW_SIZE;
  }
}

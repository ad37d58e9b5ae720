// Takes pages of RAM away from the guest and gives them back to the pool (QEMU's ram_block_discard_range). The guest
// must hear of it only when the pages are gone: a CPU that still had a translation would write to the old page.
//
//   unmap ──► every CPU drops its TLB ──► code decoded from the pages is dropped ──► free, `done`
//
// CPUs answer between blocks and ring the devices worker, so that nobody waits. A paused machine answers when it goes on.

import { PAGE_SIZE } from "../../assembly/layout/memory_map";
import type { Crossing } from "./crossing";
import type { WasmExports } from "./wasm";

type DiscardExports = Pick<WasmExports, "physUnmap" | "requestTlbFlush" | "tlbFlushed" | "dropCode" | "freePage">;

interface Batch {
  /** Host addresses. */
  readonly pages: number[];
  readonly done: () => void;
  ticket: number;
  /** Code of the pages has been dropped too. */
  clean: boolean;
}

const TWO_32 = 0x100000000;

export class PageDiscard {
  readonly #machine: number;
  readonly #exports: DiscardExports;
  readonly #crossing: Crossing;
  /** In the order of their tickets. */
  #batches: Batch[] = [];

  constructor(machine: number, exports: DiscardExports, crossing: Crossing) {
    this.#machine = machine;
    this.#exports = exports;
    this.#crossing = crossing;
  }

  /**
   * Discards guest pages, by number; those that are not RAM or were never touched are passed over. They read as zero
   * from now on. `done` is called later, when the guest may be told. Answers how many pages there were.
   */
  discard(pages: Iterable<number>, done: () => void): number {
    const taken: number[] = [];
    for (const page of pages) {
      const gpa = page * PAGE_SIZE;
      const host = this.#exports.physUnmap(this.#machine, gpa | 0, Math.floor(gpa / TWO_32)) >>> 0;
      if (host !== 0) taken.push(host);
    }
    if (taken.length === 0 && this.#batches.length === 0) {
      done();
      return 0;
    }
    if (this.#batches.length === 0) this.#crossing.addSource(this.#poll);
    this.#batches.push({ pages: taken, done, ticket: this.#request(), clean: false });
    return taken.length;
  }

  /** A source of the crossing while there is something to wait for. */
  readonly #poll = (): boolean => {
    let worked = false;
    for (let first = this.#batches[0]; first !== undefined; first = this.#batches[0]) {
      if (this.#exports.tlbFlushed(this.#machine, first.ticket) === 0) break;
      worked = true;
      if (!first.clean && this.#dropCode(first)) continue;
      this.#batches.shift();
      for (const page of first.pages) this.#exports.freePage(page);
      first.done();
    }
    if (this.#batches.length === 0) this.#crossing.removeSource(this.#poll);
    return worked;
  };

  /** No CPU can decode from the pages any more: what was decoded goes. True if that must be waited for. */
  #dropCode(batch: Batch): boolean {
    batch.clean = true;
    let found = false;
    for (const page of batch.pages) if (this.#exports.dropCode(this.#machine, page) !== 0) found = true;
    if (found) batch.ticket = this.#request();
    return found;
  }

  #request(): number {
    return this.#exports.requestTlbFlush(this.#machine);
  }
}

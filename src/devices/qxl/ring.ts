// The device's end of the rings in QXLRam. The headers are shared words that the guest can change at any time: each is
// read once, indices are masked, and a ring that does not add up is a bug of the guest.
// (spice-protocol: spice/ipc_ring.h)

import type { GuestMemory } from "../../core/guest_memory";
import type { Physical } from "./memslots";
import * as Q from "./protocol";

export interface RingCommand {
  readonly data: Physical;
  readonly type: number;
}

export type Popped = RingCommand | "empty" | "broken";

const TWO_32 = 0x100000000;

class RingHeader {
  readonly #words: Int32Array<ArrayBufferLike>;
  readonly base: number;

  constructor(guest: GuestMemory, base: number) {
    this.#words = guest.words;
    this.base = base;
  }

  load(offset: number): number {
    return Atomics.load(this.#words, (this.base + offset) / 4) >>> 0;
  }

  store(offset: number, value: number): void {
    Atomics.store(this.#words, (this.base + offset) / 4, value | 0);
  }

  init(items: number): void {
    this.store(Q.RING_NUM_ITEMS, items);
    this.store(Q.RING_PROD, 0);
    this.store(Q.RING_NOTIFY_ON_PROD, 1);
    this.store(Q.RING_CONS, 0);
    this.store(Q.RING_NOTIFY_ON_CONS, 0);
  }
}

/** Commands from the guest: the command ring or the cursor ring. */
export class CommandRing {
  readonly #ring: RingHeader;
  readonly #notify: () => void;

  /** `notify`: the guest waits for room. */
  constructor(guest: GuestMemory, base: number, notify: () => void) {
    this.#ring = new RingHeader(guest, base);
    this.#notify = notify;
  }

  init(): void {
    this.#ring.init(Q.COMMAND_RING_ITEMS);
  }

  /** Commands that wait now; -1 if the indices make no sense. */
  get pending(): number {
    const count = (this.#ring.load(Q.RING_PROD) - this.#ring.load(Q.RING_CONS)) >>> 0;
    return count > Q.COMMAND_RING_ITEMS ? -1 : count;
  }

  pop(): Popped {
    const ring = this.#ring;
    const cons = ring.load(Q.RING_CONS);
    const count = (ring.load(Q.RING_PROD) - cons) >>> 0;
    if (count > Q.COMMAND_RING_ITEMS) return "broken";
    if (count === 0) return "empty";
    const item = Q.RING_ITEMS + (cons & (Q.COMMAND_RING_ITEMS - 1)) * Q.COMMAND_BYTES;
    const low = ring.load(item);
    const high = ring.load(item + 4);
    const type = ring.load(item + 8);
    const next = (cons + 1) >>> 0;
    ring.store(Q.RING_CONS, next);
    if (next === ring.load(Q.RING_NOTIFY_ON_CONS)) this.#notify();
    const data = { slot: high >>> 24, generation: (high >>> 16) & 0xff, offset: (high & 0xffff) * TWO_32 + low };
    return { data, type };
  }

  /** Asks to be told of the next command. True if it is there already. */
  arm(): boolean {
    const ring = this.#ring;
    const prod = ring.load(Q.RING_PROD);
    ring.store(Q.RING_NOTIFY_ON_PROD, prod + 1);
    return ring.load(Q.RING_PROD) !== ring.load(Q.RING_CONS);
  }
}

/** Lists of resources that go back to the guest; each slot of the ring holds the first of a list. */
export class ReleaseRing {
  readonly #guest: GuestMemory;
  readonly #ring: RingHeader;
  readonly #notify: () => void;
  #count = 0;
  /** Host address of the release info of the last resource in the list. */
  #last = 0;

  constructor(guest: GuestMemory, base: number, notify: () => void) {
    this.#guest = guest;
    this.#ring = new RingHeader(guest, base);
    this.#notify = notify;
  }

  init(): void {
    this.#ring.init(Q.RELEASE_RING_ITEMS);
    this.#startList();
  }

  /** Lists that the guest has not taken yet. */
  get isEmpty(): boolean {
    return this.#ring.load(Q.RING_PROD) === this.#ring.load(Q.RING_CONS);
  }

  get waiting(): number {
    return this.#count;
  }

  /** Appends the resource whose QXLReleaseInfo { u64 id or next } lies at `host`. */
  add(host: number): void {
    const { data } = this.#guest;
    const low = data.getUint32(host, true);
    const high = data.getUint32(host + 4, true);
    // A resource without an id waits for nobody.
    if (low === 0 && high === 0) return;
    const link = this.#count === 0 ? this.#item() : this.#last;
    data.setUint32(link, low, true);
    data.setUint32(link + 4, high, true);
    data.setUint32(host, 0, true);
    data.setUint32(host + 4, 0, true);
    this.#last = host;
    this.#count++;
  }

  /** Gives the list to the guest, if there is one and there is room; answers whether it did. */
  push(): boolean {
    const ring = this.#ring;
    if (this.#count === 0) return false;
    const prod = ring.load(Q.RING_PROD);
    const used = (prod - ring.load(Q.RING_CONS)) >>> 0;
    // One slot more is always under construction.
    if (used + 1 >= Q.RELEASE_RING_ITEMS) return false;
    const next = (prod + 1) >>> 0;
    ring.store(Q.RING_PROD, next);
    if (next === ring.load(Q.RING_NOTIFY_ON_PROD)) this.#notify();
    this.#startList();
    return true;
  }

  #item(): number {
    return this.#ring.base + Q.RING_ITEMS + (this.#ring.load(Q.RING_PROD) & (Q.RELEASE_RING_ITEMS - 1)) * 8;
  }

  #startList(): void {
    this.#guest.data.setUint32(this.#item(), 0, true);
    this.#guest.data.setUint32(this.#item() + 4, 0, true);
    this.#count = 0;
    this.#last = 0;
  }
}

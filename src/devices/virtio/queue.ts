// A virtqueue as a device sees it: chains come, used entries go. The rings themselves are assembly/virtio's.

import * as Vring from "../../../assembly/layout/vring";
import * as Format from "../../../assembly/layout/vring_format";
import type { GuestMemory, GuestView } from "../../core/guest_memory";
import type { Gpa } from "../../shared/units";
import type { WasmExports } from "../../core/wasm";

export type VringExports = Pick<
  WasmExports,
  | "vringStart"
  | "vringStop"
  | "vringPop"
  | "vringPopDescriptors"
  | "vringUndoPop"
  | "vringPush"
  | "vringPublish"
  | "vringDisableNotifications"
  | "vringEnableNotifications"
>;

/** What a queue asks of the transport. */
export interface QueueOwner {
  /** The driver wants an interrupt. */
  interrupt(queue: number): void;
  /** The ring is malformed and was stopped. */
  malformed(queue: number, error: number): void;
  /** There is more to do than one turn allows. */
  again(queue: number): void;
}

export interface RingAddresses {
  readonly desc: bigint;
  readonly avail: bigint;
  readonly used: bigint;
}

/** Buffers that are handled in one turn, more or less. */
const TURN_BYTES = 32 * 1024 * 1024;

export type PopAnswer = "chain" | "empty" | "malformed";
/** "later": the device cannot take the chain now; it stays in the ring and the device drains again when it can. */
export type TakeAnswer = "taken" | "later";

/** The chain taken last. Its numbers and views are good until the next pop of the same queue. */
export class Chain {
  readonly #guest: GuestMemory;
  readonly #at: number;

  constructor(guest: GuestMemory, at: number) {
    this.#guest = guest;
    this.#at = at;
  }

  get head(): number {
    return this.#field(Vring.head);
  }

  get readableBytes(): number {
    return this.#field(Vring.readableBytes);
  }

  get writableBytes(): number {
    return this.#field(Vring.writableBytes);
  }

  /** Copies readable bytes from position `from` into a buffer of the device; returns how many there were. */
  read(from: number, target: Uint8Array): number {
    const views = this.readable(from, target.length);
    let at = 0;
    for (const view of views) {
      target.set(view, at);
      at += view.length;
    }
    return at;
  }

  /** Copies bytes to position `at` of the writable part; returns how many found room. */
  write(at: number, source: Uint8Array): number {
    let done = 0;
    for (const view of this.writable(at, source.length)) {
      view.set(source.subarray(done, done + view.length));
      done += view.length;
    }
    return done;
  }

  /** The ranges of guest memory as the driver gave them, in order, whether there is memory behind them or not. */
  descriptors(): { gpa: bigint; length: number }[] {
    const { data } = this.#guest;
    return Array.from({ length: this.#field(Vring.descriptorCount) }, (_, i) => {
      const entry = this.#at + Vring.descriptors + i * Vring.DESCRIPTOR_SIZE;
      const gpa = data.getBigUint64(entry + Vring.descriptorGpa, true);
      return { gpa, length: data.getUint32(entry + Vring.descriptorLen, true) };
    });
  }

  /** Views of [from, from + length) of the readable part, cut off where it ends. */
  readable(from: number, length: number): GuestView[] {
    return this.#views(0, this.#field(Vring.readableSegments), from, length);
  }

  writable(from: number, length: number): GuestView[] {
    const first = this.#field(Vring.readableSegments);
    return this.#views(first, this.#field(Vring.writableSegments), from, length);
  }

  #views(first: number, count: number, from: number, length: number): GuestView[] {
    const views: GuestView[] = [];
    const { data } = this.#guest;
    let skip = from;
    let left = length;
    for (let i = first; i < first + count && left > 0; i++) {
      const segment = this.#at + Vring.segments + i * Vring.SEGMENT_SIZE;
      const size = data.getUint32(segment + Vring.segmentLen, true);
      if (skip >= size) {
        skip -= size;
        continue;
      }
      const part = Math.min(size - skip, left);
      views.push(this.#guest.hostView(data.getUint32(segment + Vring.segmentHost, true) + skip, part));
      left -= part;
      skip = 0;
    }
    return views;
  }

  #field(offset: number): number {
    return this.#guest.data.getUint32(this.#at + offset, true);
  }
}

export class Virtqueue {
  readonly index: number;
  readonly maxSize: number;
  readonly chain: Chain;
  /** Raised by every reset: what was taken before may not be pushed after. */
  epoch = 0;
  #retired = false;
  readonly #guest: GuestMemory;
  readonly #at: number;
  readonly #vring: VringExports;
  readonly #owner: QueueOwner;

  constructor(
    place: { index: number; address: number; maxSize: number },
    guest: GuestMemory,
    vring: VringExports,
    owner: QueueOwner,
  ) {
    this.index = place.index;
    this.maxSize = place.maxSize;
    this.chain = new Chain(guest, place.address);
    this.#guest = guest;
    this.#at = place.address;
    this.#vring = vring;
    this.#owner = owner;
    this.stop();
  }

  get running(): boolean {
    return this.size !== 0;
  }

  get size(): number {
    if (this.#retired) return 0;
    return this.#guest.data.getUint32(this.#at + Vring.size, true);
  }

  /** Chains that the driver has made available and that have not gone back to it yet. */
  get depth(): number {
    if (!this.running) return 0;
    const { data } = this.#guest;
    const idx = new Uint8Array(2);
    const at = Number(data.getBigUint64(this.#at + Vring.avail, true)) + Number(Format.availIdx);
    if (!this.#guest.read(at as Gpa, idx)) return 0;
    const available = (idx[0] ?? 0) | ((idx[1] ?? 0) << 8);
    return Math.min((available - data.getUint32(this.#at + Vring.publishedUsed, true)) & 0xffff, this.size);
  }

  /** Starts the ring where the driver has put it; false if the driver's numbers are impossible. */
  start(size: number, addresses: RingAddresses, flags: number): boolean {
    const { data } = this.#guest;
    this.epoch++;
    if (size > this.maxSize || this.#retired) return false;
    data.setUint32(this.#at + Vring.machine, this.#guest.machine, true);
    data.setUint32(this.#at + Vring.size, size, true);
    data.setBigUint64(this.#at + Vring.desc, addresses.desc, true);
    data.setBigUint64(this.#at + Vring.avail, addresses.avail, true);
    data.setBigUint64(this.#at + Vring.used, addresses.used, true);
    this.setFlags(flags);
    const started = this.#vring.vringStart(this.#at) === 0;
    if (!started) this.stop();
    return started;
  }

  setFlags(flags: number): void {
    this.#guest.data.setUint32(this.#at + Vring.flags, flags, true);
  }

  stop(): void {
    this.epoch++;
    if (!this.#retired) this.#vring.vringStop(this.#at);
  }

  /** The device leaves the machine: its place in memory becomes another queue's. */
  retire(): void {
    this.stop();
    this.#retired = true;
  }

  pop(): PopAnswer {
    return this.#retired ? "empty" : this.#answer(this.#vring.vringPop(this.#at));
  }

  #answer(answer: number): PopAnswer {
    if (answer === Vring.CHAIN) return "chain";
    if (answer === Vring.EMPTY) return "empty";
    this.#owner.malformed(this.index, answer);
    return "malformed";
  }

  /** Puts the chains taken last back: the next pops give them again, in the same order. */
  undoPop(count: number): void {
    for (let i = 0; i < count; i++) this.#vring.vringUndoPop(this.#at);
  }

  /** Asks for a kick when there is more in the ring. True: there is already. */
  askForKicks(): boolean {
    return this.#vring.vringEnableNotifications(this.#at) !== 0;
  }

  /** Gives a chain back to the driver, who sees it after `publish`. */
  push(head: number, written: number): void {
    if (!this.#retired) this.#vring.vringPush(this.#at, head, written);
  }

  /** Shows the driver what was pushed and interrupts it if it asked for that. */
  publish(): void {
    if (this.#retired) return;
    if (this.#vring.vringPublish(this.#at) !== 0) this.#owner.interrupt(this.index);
    const error = this.#guest.data.getInt32(this.#at + Vring.broken, true);
    if (error !== 0) this.#owner.malformed(this.index, error);
  }

  /**
   * Takes chains until there are none, and shows the driver all that was pushed meanwhile. At most one ring's worth,
   * or TURN_BYTES, in a turn: a driver that never stops offering cannot keep the worker from other devices.
   */
  drain(take: (chain: Chain) => TakeAnswer): void {
    this.#drain(take, () => this.pop());
  }

  /** The same for chains of which only the addresses count: no memory is looked for, or mapped, behind them. */
  drainDescriptors(take: (chain: Chain) => TakeAnswer): void {
    this.#drain(take, () => this.#answer(this.#vring.vringPopDescriptors(this.#at)));
  }

  #drain(take: (chain: Chain) => TakeAnswer, pop: () => PopAnswer): void {
    if (!this.running) return;
    this.#vring.vringDisableNotifications(this.#at);
    let bytes = 0;
    for (let left = this.size; left > 0 && bytes < TURN_BYTES; left--) {
      const answer = pop();
      if (answer === "malformed") return;
      if (answer === "empty") {
        if (this.#vring.vringEnableNotifications(this.#at) === 0) {
          this.publish();
          return;
        }
        this.#vring.vringDisableNotifications(this.#at);
      } else if (take(this.chain) === "later") {
        this.undoPop(1);
        this.publish();
        return;
      } else {
        bytes += this.chain.readableBytes + this.chain.writableBytes;
      }
    }
    this.publish();
    this.#owner.again(this.index);
  }
}

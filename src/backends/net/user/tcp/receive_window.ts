// The receiving half of a connection: what has arrived, and how much more the guest may send.

import { Reassembly } from "./reassembly";
import { lengthOf, type Segment } from "./segment";
import { add, distance } from "./sequence";

/** Bytes that the guest may have sent and nobody has taken yet. */
const CAPACITY = 1024 * 1024;
/** Shift for the window that we offer; it must be able to express the capacity. */
export const WINDOW_SCALE = 5;
const MAX_FIELD = 0xffff;

export class ReceiveWindow {
  /** RCV.NXT: the number of the byte that is expected. */
  next = 0;
  /** Shift of the window field; 0 when the guest does not know scaling. */
  scale = WINDOW_SCALE;
  readonly #reassembly = new Reassembly();
  /** Delivered and not consumed. */
  #unconsumed = 0;
  /** Right edge of the window that was offered last. */
  #edge = 0;

  get unconsumed(): number {
    return this.#unconsumed;
  }

  /** Room for bytes of the guest. What was offered once is never taken back. */
  get size(): number {
    return Math.max(CAPACITY - this.#unconsumed, distance(this.next, this.#edge), 0);
  }

  /** The guest's SYN has come. */
  begin(sequence: number, knowsScaling: boolean): void {
    this.next = add(sequence, 1);
    this.#edge = this.next;
    if (!knowsScaling) this.scale = 0;
  }

  /** The field of a SYN, whose window is never scaled. */
  offerUnscaled(): number {
    const field = Math.min(this.size, MAX_FIELD);
    this.#edge = add(this.next, field);
    return field;
  }

  /** The field of any other segment. */
  offer(): number {
    const field = Math.min(this.size >>> this.scale, MAX_FIELD);
    const edge = add(this.next, field * 2 ** this.scale);
    if (distance(this.#edge, edge) > 0) this.#edge = edge;
    return field;
  }

  /** Section 3.4, table 6: whether a part of the segment lies inside the window. */
  accepts(segment: Segment): boolean {
    const from = distance(this.next, segment.sequence);
    const length = lengthOf(segment);
    if (length === 0) return from === 0 || (from > 0 && from < this.size);
    return from < this.size && from + length > 0;
  }

  /** Keeps what lies inside the window, and delivers what is in order now. */
  take({ sequence, payload }: Segment, deliver: (bytes: Uint8Array<ArrayBuffer>) => void): void {
    const before = Math.max(0, distance(sequence, this.next));
    const end = Math.min(payload.length, distance(sequence, add(this.next, this.size)));
    if (before >= end) return;
    const part = payload.subarray(before, end);
    const at = add(sequence, before);
    if (at !== this.next) {
      this.#reassembly.add(at, part);
      return;
    }
    for (let bytes: Uint8Array<ArrayBuffer> | undefined = part; bytes !== undefined;) {
      this.next = add(this.next, bytes.length);
      this.#unconsumed += bytes.length;
      deliver(bytes);
      bytes = this.#reassembly.take(this.next);
    }
  }

  /** The guest's FIN has been reached. */
  finish(): void {
    this.next = add(this.next, 1);
    this.#reassembly.clear();
  }

  /** So many bytes are done with. True: the guest should hear of the room (section 3.8.6.2.2: no small steps). */
  consumed(count: number, mss: number): boolean {
    this.#unconsumed = Math.max(0, this.#unconsumed - count);
    const gain = distance(this.#edge, add(this.next, this.size));
    return gain >= Math.min(CAPACITY / 2, 2 * mss) && this.#unconsumed < CAPACITY / 2;
  }

  clear(): void {
    this.#reassembly.clear();
  }
}

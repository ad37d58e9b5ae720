// Segments that came too early: kept until what is missing before them has arrived.

import { distance } from "./sequence";

/** Pieces that are kept; a sender that makes more of them has to send again. */
const MAX_PIECES = 256;

interface Piece {
  readonly sequence: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export class Reassembly {
  /** In order of their sequence numbers; they may overlap. */
  #pieces: Piece[] = [];

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** `bytes` lie inside the window. */
  add(sequence: number, bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#pieces.length >= MAX_PIECES) return;
    let at = this.#pieces.length;
    while (at > 0 && distance(this.#pieces[at - 1]?.sequence ?? 0, sequence) < 0) at--;
    const before = this.#pieces[at - 1];
    // The same again, or a part of it.
    if (before !== undefined && distance(before.sequence, sequence) + bytes.length <= before.bytes.length) return;
    this.#pieces.splice(at, 0, { sequence, bytes });
  }

  /** The bytes that continue at `next`, if they are there. */
  take(next: number): Uint8Array<ArrayBuffer> | undefined {
    for (let first = this.#pieces[0]; first !== undefined; first = this.#pieces[0]) {
      const old = distance(first.sequence, next);
      if (old < 0) return undefined;
      this.#pieces.shift();
      if (old < first.bytes.length) return first.bytes.subarray(old);
    }
    return undefined;
  }

  clear(): void {
    this.#pieces = [];
  }
}

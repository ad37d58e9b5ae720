// Bytes that were written and not acknowledged yet, in the pieces in which they came.

export class SendQueue {
  #pieces: Uint8Array[] = [];
  /** Bytes of the first piece that are acknowledged. */
  #skipped = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The bytes must not change any more. */
  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** Copies bytes from position `from` on into all of `target`; they must be there. */
  copy(from: number, target: Uint8Array): void {
    let skip = from + this.#skipped;
    let done = 0;
    for (const piece of this.#pieces) {
      if (done === target.length) return;
      if (skip >= piece.length) {
        skip -= piece.length;
        continue;
      }
      const part = piece.subarray(skip, skip + target.length - done);
      target.set(part, done);
      done += part.length;
      skip = 0;
    }
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    this.#length -= count;
    this.#skipped += count;
    let whole = 0;
    for (;;) {
      const first = this.#pieces[whole];
      if (first === undefined || this.#skipped < first.length) break;
      this.#skipped -= first.length;
      whole++;
    }
    this.#pieces.splice(0, whole);
  }

  clear(): void {
    this.#pieces = [];
    this.#skipped = 0;
    this.#length = 0;
  }
}

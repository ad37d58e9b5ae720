// Bytes on their way to a console of the guest. The queue is bounded and loses nothing: a writer waits for room.

export const DEFAULT_CAPACITY = 64 * 1024;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly done: () => void;
}

export class ConsoleInput {
  readonly #capacity: number;
  /** Accepted and not taken yet. */
  #queue: Uint8Array[] = [];
  #length = 0;
  /** Writers whose bytes do not fit yet, in order. */
  #waiting: Waiting[] = [];
  #closed = false;
  /** Called when bytes have become available. */
  onData: () => void = () => undefined;

  constructor(capacity = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  /** Resolves when the bytes are accepted: write the next ones only then. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#closed || bytes.length === 0) return Promise.resolve();
    const copy = bytes.slice();
    if (this.#waiting.length === 0 && this.#fits(copy)) {
      this.#accept(copy);
      this.onData();
      return Promise.resolve();
    }
    return new Promise((done) => this.#waiting.push({ bytes: copy, done }));
  }

  /** Moves up to `target.length` bytes to the guest's side; returns how many. */
  take(target: Uint8Array): number {
    let done = 0;
    for (let first = this.#queue[0]; first !== undefined && done < target.length; first = this.#queue[0]) {
      const part = first.subarray(0, target.length - done);
      target.set(part, done);
      done += part.length;
      if (part.length === first.length) this.#queue.shift();
      else this.#queue[0] = first.subarray(part.length);
    }
    this.#length -= done;
    this.#admit();
    return done;
  }

  /** The same as a web stream's sink. */
  stream(): WritableStream<Uint8Array> {
    return new WritableStream<Uint8Array>({ write: (bytes) => this.write(bytes) });
  }

  /** Drops what waits and lets all writers go. */
  close(): void {
    this.#closed = true;
    this.#queue = [];
    this.#length = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const writer of waiting) writer.done();
  }

  /** A piece larger than the queue is taken when nothing else is there. */
  #fits(bytes: Uint8Array): boolean {
    return this.#length === 0 || this.#length + bytes.length <= this.#capacity;
  }

  #accept(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#length += bytes.length;
  }

  #admit(): void {
    for (let first = this.#waiting[0]; first !== undefined && this.#fits(first.bytes); first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#accept(first.bytes);
      first.done();
    }
  }
}

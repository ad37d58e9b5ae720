// What a console has said, for any number of readers. Each starts with all that is kept and then follows; the oldest
// bytes go when there are too many, and who had not read them yet is told how many it lost.

const DEFAULT_KEPT = 4 * 1024 * 1024;
/** Bytes in one piece for a reader. */
const MAX_PIECE = 64 * 1024;

export class ConsoleLog {
  readonly #ring: Uint8Array<ArrayBuffer>;
  /** Bytes ever written. */
  #end = 0;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(kept = DEFAULT_KEPT) {
    this.#ring = new Uint8Array(kept);
  }

  /** Bytes ever written. */
  get written(): number {
    return this.#end;
  }

  /** Bytes that are not kept any more. */
  get dropped(): number {
    return Math.max(0, this.#end - this.#ring.length);
  }

  append(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return;
    const size = this.#ring.length;
    const kept = bytes.subarray(Math.max(0, bytes.length - size));
    const start = (this.#end + bytes.length - kept.length) % size;
    const first = Math.min(kept.length, size - start);
    this.#ring.set(kept.subarray(0, first), start);
    this.#ring.set(kept.subarray(first), 0);
    this.#end += bytes.length;
    this.#wake();
  }

  /** Ends all readers after what is kept. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  reader(): ConsoleReader {
    return new ConsoleReader({
      bounds: () => ({ start: this.dropped, end: this.#end, closed: this.#closed }),
      copy: (from, length) => this.#copy(from, length),
      grown: () => new Promise((done) => this.#waiting.push(done)),
      wake: () => this.#wake(),
    });
  }

  /** The same as a web stream; it takes from the log only what is asked for. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const reader = this.reader();
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          const bytes = await reader.read();
          if (bytes !== undefined) controller.enqueue(bytes);
          else if (!reader.cancelled) controller.close();
        },
        cancel: () => reader.cancel(),
      },
      { highWaterMark: 0 },
    );
  }

  /** All that is kept now. */
  snapshot(): Uint8Array<ArrayBuffer> {
    return this.#copy(this.dropped, this.#end - this.dropped);
  }

  #copy(from: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    const start = from % this.#ring.length;
    const first = Math.min(length, this.#ring.length - start);
    bytes.set(this.#ring.subarray(start, start + first));
    bytes.set(this.#ring.subarray(0, length - first), first);
    return bytes;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }
}

interface LogSide {
  bounds(): { start: number; end: number; closed: boolean };
  copy(from: number, length: number): Uint8Array<ArrayBuffer>;
  grown(): Promise<void>;
  /** Readers that wait look again. */
  wake(): void;
}

export class ConsoleReader {
  /** Bytes that were dropped before this reader came to them. */
  lost = 0;
  readonly #log: LogSide;
  #at = 0;
  #cancelled = false;

  constructor(log: LogSide) {
    this.#log = log;
    this.#at = log.bounds().start;
  }

  /** The next bytes, waiting for them if need be; undefined at the end. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (!this.#cancelled) {
      const { start, end, closed } = this.#log.bounds();
      if (this.#at < start) {
        this.lost += start - this.#at;
        this.#at = start;
      }
      if (this.#at < end) {
        const bytes = this.#log.copy(this.#at, Math.min(end - this.#at, MAX_PIECE));
        this.#at += bytes.length;
        return bytes;
      }
      if (closed) return undefined;
      await this.#log.grown();
    }
    return undefined;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#log.wake();
  }
}

// The output of one console as far as it is kept, and the streams that read it. Every reader has its own place in
// the one log, so that a reader that never reads costs nothing; one that lags by more than the limit loses the oldest.

const defaultLimit = 4 << 20;

export class KeptOutput {
  readonly #limit: number;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  readonly #waiting = new Set<() => void>();
  /** Number of the first byte that is still kept, and of the next one to come. */
  #start = 0;
  #end = 0;
  #closed = false;

  constructor(limit = defaultLimit) {
    this.#limit = limit;
  }

  /** Bytes that ever came out. */
  get length(): number {
    return this.#end;
  }

  append(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length === 0 || this.#closed) return;
    this.#chunks.push(bytes);
    this.#end += bytes.length;
    while (this.#end - this.#start > this.#limit && this.#chunks.length > 1) {
      this.#start += this.#chunks.shift()?.length ?? 0;
    }
    this.#wake();
  }

  /** No more output: readers end after what is kept. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** A stream from the oldest kept byte on. */
  readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let position = this.#start;
    let cancelled = false;
    let wake: (() => void) | undefined;
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          while (position >= this.#end && !this.#closed && !cancelled) {
            await new Promise<void>((resolve) => {
              wake = resolve;
              this.#waiting.add(resolve);
            });
          }
          if (cancelled) return;
          const chunk = this.#chunkAt(position);
          if (chunk === undefined) {
            controller.close();
            return;
          }
          position = chunk.end;
          controller.enqueue(chunk.bytes);
        },
        cancel: () => {
          cancelled = true;
          if (wake === undefined) return;
          this.#waiting.delete(wake);
          wake();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** A copy of the rest of the chunk that holds byte `position`, or of the oldest one if that byte is gone. */
  #chunkAt(position: number): { bytes: Uint8Array<ArrayBuffer>; end: number } | undefined {
    let start = this.#start;
    for (const chunk of this.#chunks) {
      const end = start + chunk.length;
      if (position < end) return { bytes: chunk.slice(Math.max(0, position - start)), end };
      start = end;
    }
    return undefined;
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

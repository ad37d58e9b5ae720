// Chunks of a remote file: the least recently used go when the cache is full; a chunk that is under way is asked for
// once, however many wait for it.

export type Chunk = Uint8Array<ArrayBuffer>;
/** Loads chunks first..first+count-1; undefined = failed. */
export type LoadRun = (first: number, count: number) => Promise<readonly Chunk[] | undefined>;

const nothing = Promise.resolve(undefined);

/** Chunks in one request. */
const MAX_RUN = 8;

export class ChunkCache {
  readonly #limit: number;
  readonly #load: LoadRun;
  /** In order of use. */
  readonly #chunks = new Map<number, Chunk>();
  readonly #loading = new Map<number, Promise<Chunk | undefined>>();

  constructor(limit: number, load: LoadRun) {
    this.#limit = Math.max(limit, 2 * MAX_RUN);
    this.#load = load;
  }

  has(index: number): boolean {
    return this.#chunks.has(index);
  }

  /** A chunk that is there, which becomes the last to go. */
  take(index: number): Chunk | undefined {
    const chunk = this.#chunks.get(index);
    if (chunk !== undefined) {
      this.#chunks.delete(index);
      this.#chunks.set(index, chunk);
    }
    return chunk;
  }

  put(index: number, chunk: Chunk): void {
    this.#chunks.delete(index);
    this.#chunks.set(index, chunk);
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size <= this.#limit) break;
      this.#chunks.delete(oldest);
    }
  }

  /** Starts to load what is neither there nor under way. */
  prefetch(first: number, count: number): void {
    for (let at = first; at < first + count;) {
      if (this.#chunks.has(at) || this.#loading.has(at)) {
        at++;
        continue;
      }
      let run = 1;
      while (run < MAX_RUN && at + run < first + count && !this.#chunks.has(at + run) && !this.#loading.has(at + run)) {
        run++;
      }
      this.#start(at, run);
      at += run;
    }
  }

  /** All chunks of a range; undefined if one of them could not be loaded. */
  async get(first: number, count: number): Promise<readonly Chunk[] | undefined> {
    this.prefetch(first, count);
    // Taken before the wait: what comes meanwhile may push them out of the cache.
    const waiting = Array.from({ length: count }, (_, i) => {
      const chunk = this.take(first + i);
      return chunk === undefined ? (this.#loading.get(first + i) ?? nothing) : Promise.resolve(chunk);
    });
    const chunks = await Promise.all(waiting);
    return chunks.every((chunk) => chunk !== undefined) ? chunks : undefined;
  }

  #start(first: number, count: number): void {
    const run = this.#load(first, count);
    for (let i = 0; i < count; i++) {
      const index = first + i;
      const one = run.then((chunks) => {
        this.#loading.delete(index);
        const chunk = chunks?.[i];
        if (chunk !== undefined) this.put(index, chunk);
        return chunk;
      });
      this.#loading.set(index, one);
    }
  }
}

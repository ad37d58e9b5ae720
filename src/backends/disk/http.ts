// A read-only disk behind a URL. Only what the guest reads is loaded, in chunks that are kept, with read-ahead while it
// reads in order. A server that ignores byte ranges gets the whole file downloaded before the machine starts.

import { err, ok, type Result } from "../../shared/result";
import { type Chunk, ChunkCache } from "./chunk_cache";
import { browserHost, fetchRange, fetchWhole, type HttpHost, isEncoded, provenLength, readBody } from "./http_fetch";
import { RamDisk } from "./ram";
import {
  type CancelToken,
  type DiskAnswer,
  type DiskBackend,
  type DiskOutcome,
  type Notice,
  type Progress,
  SECTOR_SIZE,
  type View,
} from "./types";
import { copyToViews, fillViews, viewsLength } from "./views";

export interface HttpDiskOptions {
  /** Told of failures after all retries. */
  readonly notice?: Notice;
  /** Told while a whole file is downloaded. */
  readonly progress?: Progress;
  readonly chunkBytes?: number;
  readonly cacheBytes?: number;
  readonly host?: HttpHost;
}

export const DEFAULT_CHUNK = 256 * 1024;
export const DEFAULT_CACHE = 128 * 1024 * 1024;
const MAX_READ_AHEAD = 8;
/** Chunks that one read may hold at a time, so that a huge read cannot ask for a huge cache. */
const WINDOW = 16;

/** Opens a disk; the error is a sentence for the user. */
export async function openHttpDisk(url: string, options: HttpDiskOptions = {}): Promise<Result<DiskBackend, string>> {
  const host = options.host ?? browserHost;
  const chunkBytes = options.chunkBytes ?? DEFAULT_CHUNK;
  const closing = new AbortController();
  const first = await fetchRange(host, url, 0, chunkBytes, closing.signal);
  if (first.ok) {
    const total = first.value.total ?? (await provenLength(host, url, closing.signal));
    if (total === undefined) return download(host, url, options, closing.signal);
    const disk = new HttpDisk(url, total, { ...options, host, chunkBytes }, closing);
    disk.seed(first.value.bytes, first.value.version);
    return ok(disk);
  }
  if (first.error.kind === "failed") return err(`${url}: ${first.error.message}`);
  const { response } = first.error;
  if (response.status === 206 || isEncoded(response)) {
    await response.body?.cancel();
    return download(host, url, options, closing.signal);
  }
  const body = await readBody(response, options.progress);
  return body.ok ? whole(url, body.value) : download(host, url, options, closing.signal);
}

async function download(
  host: HttpHost,
  url: string,
  options: HttpDiskOptions,
  closed: AbortSignal,
): Promise<Result<DiskBackend, string>> {
  const body = await fetchWhole(host, url, options.progress, closed);
  return body.ok ? whole(url, body.value) : err(`${url}: ${body.error}`);
}

function whole(url: string, bytes: Uint8Array): Result<DiskBackend, string> {
  return bytes.length === 0 ? err(`${url}: the file is empty`) : ok(new RamDisk(bytes, { readOnly: true }));
}

export class HttpDisk implements DiskBackend {
  readonly sectors: number;
  readonly readOnly = true;
  readonly counters = { requests: 0, bytesLoaded: 0, failures: 0 };
  readonly #url: string;
  readonly #bytes: number;
  readonly #chunkBytes: number;
  readonly #host: HttpHost;
  readonly #notice: Notice | undefined;
  readonly #closing: AbortController;
  readonly #cache: ChunkCache;
  #version = "";
  /** Chunk at which a sequential reader would go on, and how far to read ahead of it. */
  #expected = 0;
  #readAhead = 1;
  /** Chunk up to which it was read ahead. */
  #aheadEnd = 0;

  constructor(
    url: string,
    bytes: number,
    options: HttpDiskOptions & { host: HttpHost; chunkBytes: number },
    closing: AbortController,
  ) {
    this.#url = url;
    this.#bytes = bytes;
    this.sectors = Math.ceil(bytes / SECTOR_SIZE);
    this.#chunkBytes = options.chunkBytes;
    this.#host = options.host;
    this.#notice = options.notice;
    this.#closing = closing;
    const limit = Math.floor((options.cacheBytes ?? DEFAULT_CACHE) / options.chunkBytes);
    this.#cache = new ChunkCache(limit, (first, count) => this.#load(first, count));
  }

  /** Keeps the chunk that the first request brought. */
  seed(chunk: Chunk, version: string): void {
    this.#version = version;
    this.#cache.put(0, chunk);
  }

  read(sector: number, views: readonly View[], token: CancelToken): DiskAnswer {
    const start = sector * SECTOR_SIZE;
    const end = start + viewsLength(views);
    const first = Math.floor(start / this.#chunkBytes);
    const last = Math.floor((end - 1) / this.#chunkBytes);
    this.#noteOrder(first, last);
    if (last - first < WINDOW && this.#allThere(first, last)) {
      const chunks = Array.from({ length: last - first + 1 }, (_, i) => this.#cache.take(first + i));
      this.#copy(chunks, first, start, end, views);
      return "ok";
    }
    return this.#readLater(start, end, views, token);
  }

  write(): DiskAnswer {
    return "read-only";
  }

  flush(): DiskAnswer {
    return "ok";
  }

  discard(): DiskAnswer {
    return "read-only";
  }

  writeZeroes(): DiskAnswer {
    return "read-only";
  }

  close(): void {
    this.#closing.abort();
  }

  async #readLater(start: number, end: number, views: readonly View[], token: CancelToken): Promise<DiskOutcome> {
    const last = Math.floor((end - 1) / this.#chunkBytes);
    for (let first = Math.floor(start / this.#chunkBytes); first <= last; first += WINDOW) {
      const count = Math.min(WINDOW, last - first + 1);
      const chunks = await this.#cache.get(first, count);
      // Who asked is gone; its buffers are somebody else's by now.
      if (token.cancelled) return "ok";
      if (chunks === undefined) return "io-error";
      this.#copy(chunks, first, start, end, views);
    }
    return "ok";
  }

  /** Copies what of [start, end) lies in these chunks; beyond the end of the file the last sector is zeroes. */
  #copy(
    chunks: readonly (Chunk | undefined)[],
    first: number,
    start: number,
    end: number,
    views: readonly View[],
  ): void {
    for (const [i, chunk] of chunks.entries()) {
      if (chunk === undefined) continue;
      const base = (first + i) * this.#chunkBytes;
      const from = Math.max(start, base);
      const to = Math.min(end, base + chunk.length);
      if (to > from) copyToViews(views, from - start, chunk.subarray(from - base, to - base));
    }
    if (end > this.#bytes) fillViews(views, Math.max(0, this.#bytes - start), end - Math.max(start, this.#bytes));
  }

  #allThere(first: number, last: number): boolean {
    for (let index = first; index <= last; index++) if (!this.#cache.has(index)) return false;
    return true;
  }

  /** Reads that follow each other double the read-ahead; a jump stops it. */
  #noteOrder(first: number, last: number): void {
    const sequential = first === this.#expected || first === this.#expected - 1;
    const next = last + 1;
    if (!sequential) {
      this.#readAhead = 1;
      this.#aheadEnd = next;
    } else if (next !== this.#expected && next + this.#readAhead / 2 >= this.#aheadEnd) {
      // Half of what was fetched ahead is used up: fetch the next part, in one request.
      const from = Math.max(this.#aheadEnd, next);
      const chunks = Math.ceil(this.#bytes / this.#chunkBytes);
      this.#cache.prefetch(from, Math.min(this.#readAhead, chunks - from));
      this.#aheadEnd = from + this.#readAhead;
      this.#readAhead = Math.min(this.#readAhead * 2, MAX_READ_AHEAD);
    }
    this.#expected = next;
  }

  async #load(first: number, count: number): Promise<readonly Chunk[] | undefined> {
    const start = first * this.#chunkBytes;
    const end = Math.min((first + count) * this.#chunkBytes, this.#bytes);
    this.counters.requests++;
    const answer = await fetchRange(this.#host, this.#url, start, end, this.#closing.signal);
    if (!answer.ok) {
      if (answer.error.kind === "failed") return this.#failed(answer.error.message);
      await answer.error.response.body?.cancel();
      return this.#failed("byte ranges are refused all of a sudden");
    }
    const { bytes, version } = answer.value;
    if (bytes.length !== end - start || version !== this.#version) return this.#failed("the file has changed");
    this.counters.bytesLoaded += bytes.length;
    return Array.from({ length: count }, (_, i) => bytes.slice(i * this.#chunkBytes, (i + 1) * this.#chunkBytes));
  }

  #failed(message: string): undefined {
    this.counters.failures++;
    if (!this.#closing.signal.aborted) this.#notice?.(`${this.#url}: ${message}`);
    return undefined;
  }
}

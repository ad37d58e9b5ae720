// Loads a whole file by URL: kernels, initial RAM disks, manifests. Says how far it is, and in words why it failed.
// Works in workers and in Node.

import { err, ok, type Result } from "../../shared/result";
import { formatBytes, GiB } from "../../shared/units";

export interface FileRequest {
  readonly url: string;
  /** A gzip-compressed sibling that is tried first. */
  readonly gzip?: { readonly url: string; readonly size: number };
  /** Length, if known; otherwise the server may tell. */
  readonly size?: number;
}

/** `total` is undefined while nobody knows it. */
export type ProgressListener = (loaded: number, total: number | undefined) => void;

/** No kernel and no initrd comes near; a wrong URL may. */
const MAX_SIZE = 2 * GiB;

export async function loadFile(
  file: FileRequest,
  progress: ProgressListener,
): Promise<Result<Uint8Array<ArrayBuffer>, string>> {
  const { gzip, url, size } = file;
  if (gzip !== undefined && typeof DecompressionStream === "function") {
    const unpacked = await loadPacked(gzip, size, progress);
    if (unpacked !== undefined) return unpacked;
  }
  const opened = await openFile(url, size, progress);
  if (!opened.ok) return opened;
  try {
    const bytes = await collect(opened.value.stream, opened.value.total, MAX_SIZE);
    return bytes === undefined ? err(`${url} is too large (more than ${formatBytes(MAX_SIZE)})`) : ok(bytes);
  } catch {
    return err(`${url} broke off while it was loaded`);
  }
}

/** Unpacks a file while it comes; undefined if it does not come. */
async function loadPacked(
  { url, size }: Required<FileRequest>["gzip"],
  unpackedSize: number | undefined,
  progress: ProgressListener,
): Promise<Result<Uint8Array<ArrayBuffer>, string> | undefined> {
  const opened = await openFile(url, size, progress);
  if (!opened.ok) return undefined;
  const reader = opened.value.stream.getReader();
  let broken = false;
  const read = () =>
    reader.read().catch(() => {
      broken = true;
      return { done: true, value: undefined } as const;
    });
  let next = await read();
  // A server that adds "Content-Encoding: gzip" to .gz files has made the browser unpack it already.
  const isPacked = next.value?.[0] === 0x1f && next.value[1] === 0x8b;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      if (next.done) return controller.close();
      controller.enqueue(next.value);
      next = await read();
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const unpacked = isPacked ? stream.pipeThrough(new DecompressionStream("gzip")) : stream;
  const bytes = await collect(unpacked, unpackedSize, unpackedSize ?? MAX_SIZE).catch(() => undefined);
  if (broken) return undefined;
  return bytes === undefined ? err(`${url} is damaged`) : ok(bytes);
}

/** A file that begins to come. */
interface OpenedFile {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Bytes that there will be, if anybody knows. */
  readonly total: number | undefined;
}

/** Opens a file, of whose bytes the listener is told as they come. */
async function openFile(
  url: string,
  size: number | undefined,
  progress: ProgressListener,
): Promise<Result<OpenedFile, string>> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    return err(`${url} could not be loaded: the server is out of reach, or does not allow this page to read it (CORS)`);
  }
  if (!response.ok) return err(`${url} could not be loaded: the server answered ${describe(response)}`);
  const total = size ?? contentLength(response);
  if (total !== undefined && total > MAX_SIZE) return err(`${url} is too large (${formatBytes(total)})`);
  let loaded = 0;
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(bytes, controller) {
      loaded += bytes.length;
      progress(loaded, total !== undefined && total >= loaded ? total : undefined);
      controller.enqueue(bytes);
    },
  });
  return ok({ stream: (response.body ?? new Blob([]).stream()).pipeThrough(counter), total });
}

function describe(response: Response): string {
  return response.statusText === "" ? String(response.status) : `${response.status} ${response.statusText}`;
}

/** What goes over the network is not the length of the file when it is encoded. */
function contentLength(response: Response): number | undefined {
  if (response.headers.get("Content-Encoding") !== null) return undefined;
  const length = Number(response.headers.get("Content-Length") ?? Number.NaN);
  return Number.isSafeInteger(length) ? length : undefined;
}

/** All of a stream, for which there is a buffer of the expected length at once; undefined if it is longer than `limit`. */
async function collect(
  stream: ReadableStream<Uint8Array>,
  expected: number | undefined,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let buffer = new Uint8Array(expected ?? 1 << 20);
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return buffer.length === length ? buffer : buffer.slice(0, length);
    if (length + value.length > limit) {
      await reader.cancel();
      return undefined;
    }
    if (length + value.length > buffer.length) {
      const larger = new Uint8Array(Math.min(limit, Math.max(buffer.length * 2, length + value.length)));
      larger.set(buffer.subarray(0, length));
      buffer = larger;
    }
    buffer.set(value, length);
    length += value.length;
  }
}

/** Unpacks gzip; undefined if it is damaged or longer than `limit`. */
export async function gunzip(bytes: Uint8Array, limit: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const source = new Blob([new Uint8Array(bytes)]).stream();
  try {
    return await collect(source.pipeThrough(new DecompressionStream("gzip")), Math.min(limit, 128 << 20), limit);
  } catch {
    return undefined;
  }
}

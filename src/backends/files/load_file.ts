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
  if (file.gzip !== undefined && typeof DecompressionStream === "function") {
    const packed = await fetchBytes(file.gzip.url, file.gzip.size, progress);
    if (packed.ok) return unpack(packed.value, file);
  }
  return fetchBytes(file.url, file.size, progress);
}

/** A server that adds "Content-Encoding: gzip" to .gz files has made the browser unpack it already. */
async function unpack(
  bytes: Uint8Array<ArrayBuffer>,
  file: FileRequest,
): Promise<Result<Uint8Array<ArrayBuffer>, string>> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return ok(bytes);
  const unpacked = await gunzip(bytes, file.size ?? MAX_SIZE);
  return unpacked === undefined ? err(`${file.gzip?.url ?? file.url} is damaged`) : ok(unpacked);
}

async function fetchBytes(
  url: string,
  size: number | undefined,
  progress: ProgressListener,
): Promise<Result<Uint8Array<ArrayBuffer>, string>> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    return err(`${url} could not be loaded: the server is out of reach, or does not allow this page to read it (CORS)`);
  }
  if (!response.ok) return err(`${url} could not be loaded: the server answered ${describe(response)}`);
  if (response.body === null) return ok(new Uint8Array(0));
  const total = size ?? contentLength(response);
  if (total !== undefined && total > MAX_SIZE) return err(`${url} is too large (${formatBytes(total)})`);
  try {
    return await collect(response.body, total, progress, url);
  } catch {
    return err(`${url} broke off while it was loaded`);
  }
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

/** Into one buffer of the expected length, which grows if the expectation was wrong. */
async function collect(
  body: ReadableStream<Uint8Array>,
  total: number | undefined,
  progress: ProgressListener,
  url: string,
): Promise<Result<Uint8Array<ArrayBuffer>, string>> {
  let buffer = new Uint8Array(total ?? 1 << 20);
  let length = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (length + value.length > MAX_SIZE) {
      await reader.cancel();
      return err(`${url} is too large (more than ${formatBytes(MAX_SIZE)})`);
    }
    if (length + value.length > buffer.length) {
      const larger = new Uint8Array(Math.max(buffer.length * 2, length + value.length));
      larger.set(buffer.subarray(0, length));
      buffer = larger;
    }
    buffer.set(value, length);
    length += value.length;
    progress(length, total !== undefined && total >= length ? total : undefined);
  }
  return ok(buffer.length === length ? buffer : buffer.slice(0, length));
}

/** Unpacks gzip; undefined if it is damaged or longer than `limit`. */
export async function gunzip(bytes: Uint8Array, limit: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const source = new ReadableStream<BufferSource>({
    start(controller) {
      controller.enqueue(new Uint8Array(bytes));
      controller.close();
    },
  });
  try {
    const stream = source.pipeThrough(new DecompressionStream("gzip"));
    return await collectUpTo(stream, limit);
  } catch {
    return undefined;
  }
}

async function collectUpTo(
  stream: ReadableStream<Uint8Array>,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let buffer = new Uint8Array(Math.min(limit, 128 << 20));
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return buffer.slice(0, length);
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

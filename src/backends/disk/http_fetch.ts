// Bytes over HTTP: byte ranges with retries, or a whole file with progress.

import { err, ok, type Result } from "../../shared/result";
import type { Progress } from "./types";

/** Parts of the host that tests replace. */
export interface HttpHost {
  fetch(
    url: string,
    init: { method?: string; headers?: Record<string, string>; signal: AbortSignal },
  ): Promise<Response>;
  delay(milliseconds: number): Promise<void>;
}

export const browserHost: HttpHost = {
  fetch: (url, init) => fetch(url, init),
  delay: (milliseconds) => new Promise((done) => void setTimeout(done, milliseconds)),
};

/** Waits before the second, third and fourth attempt. */
const RETRY_DELAYS: readonly number[] = [250, 1000, 3000];
/** An attempt that takes longer than this is given up. */
const ATTEMPT_TIMEOUT = 60_000;

export interface RangeAnswer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Length of the whole file, if the server says it and we may see it. */
  readonly total: number | undefined;
  /** What tells one version of the file from another. */
  readonly version: string;
}

export type RangeError =
  | { readonly kind: "ranges-ignored"; readonly response: Response }
  | { readonly kind: "failed"; readonly message: string };

type Attempt = Result<RangeAnswer, RangeError> | { readonly retry: string };

/** Fetches [start, end) with retries. */
export async function fetchRange(
  host: HttpHost,
  url: string,
  start: number,
  end: number,
  closed: AbortSignal,
): Promise<Result<RangeAnswer, RangeError>> {
  let message = "";
  for (let attempt = 0; attempt <= RETRY_DELAYS.length; attempt++) {
    if (attempt > 0) await host.delay(RETRY_DELAYS[attempt - 1] ?? 0);
    if (closed.aborted) return err({ kind: "failed", message: "closed" });
    const answer = await tryRange(host, url, start, end, closed);
    if (!("retry" in answer)) return answer;
    message = answer.retry;
  }
  return err({ kind: "failed", message });
}

async function tryRange(
  host: HttpHost,
  url: string,
  start: number,
  end: number,
  closed: AbortSignal,
): Promise<Attempt> {
  try {
    const headers = { Range: `bytes=${start}-${end - 1}` };
    const signal = AbortSignal.any([closed, AbortSignal.timeout(ATTEMPT_TIMEOUT)]);
    const response = await host.fetch(url, { headers, signal });
    if (response.status === 200) return err({ kind: "ranges-ignored", response });
    if (response.status !== 206) return statusFailure(response);
    // A range of an encoded file is not a range of the file (RFC 9110, 14.2).
    if (isEncoded(response)) return err({ kind: "ranges-ignored", response });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const total = totalOf(response);
    const expected = total === undefined ? bytes.length : Math.min(end, total) - start;
    if (bytes.length !== expected || bytes.length > end - start) {
      return { retry: `${bytes.length} bytes instead of ${expected}` };
    }
    return ok({ bytes, total, version: versionOf(response) });
  } catch (error) {
    return { retry: error instanceof Error ? error.message : "network error" };
  }
}

/** Failures that may pass are tried again, others are final. */
function statusFailure(response: Response): Attempt {
  const message = `HTTP status ${response.status}`;
  const passing = response.status >= 500 || response.status === 429 || response.status === 408;
  return passing ? { retry: message } : err({ kind: "failed", message });
}

export function isEncoded(response: Response): boolean {
  const encoding = response.headers.get("Content-Encoding");
  return encoding !== null && encoding !== "" && encoding !== "identity";
}

function totalOf(response: Response): number | undefined {
  const match = /^bytes \d+-\d+\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "");
  return match === null ? undefined : Number(match[1]);
}

function versionOf(response: Response): string {
  return response.headers.get("ETag") ?? response.headers.get("Last-Modified") ?? "";
}

/**
 * Length of a file whose server answers ranges without letting us see Content-Range (another origin need not expose
 * it). Content-Length may be seen, but might count encoded bytes: a range across the end proves it.
 */
export async function provenLength(host: HttpHost, url: string, closed: AbortSignal): Promise<number | undefined> {
  try {
    const response = await host.fetch(url, { method: "HEAD", signal: closed });
    const length = Number(response.headers.get("Content-Length") ?? "");
    if (!response.ok || !Number.isSafeInteger(length) || length <= 0) return undefined;
    const last = await fetchRange(host, url, length - 1, length + 511, closed);
    return last.ok && last.value.bytes.length === 1 ? length : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a whole body. `total` is only a guess for the progress: an encoding makes it wrong. */
export async function readBody(
  response: Response,
  progress: Progress | undefined,
): Promise<Result<Uint8Array<ArrayBuffer>, string>> {
  const announced = Number(response.headers.get("Content-Length") ?? "");
  const total = isEncoded(response) || !(announced > 0) ? undefined : announced;
  const parts: Uint8Array[] = [];
  let loaded = 0;
  try {
    const reader = response.body?.getReader();
    while (reader !== undefined) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      loaded += value.length;
      progress?.(loaded, total !== undefined && loaded <= total ? total : undefined);
    }
  } catch (error) {
    return err(error instanceof Error ? error.message : "network error");
  }
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return ok(bytes);
}

/** Loads a file as a whole, starting over when it breaks off. */
export async function fetchWhole(
  host: HttpHost,
  url: string,
  progress: Progress | undefined,
  closed: AbortSignal,
): Promise<Result<Uint8Array<ArrayBuffer>, string>> {
  let message = "";
  for (let attempt = 0; attempt <= RETRY_DELAYS.length; attempt++) {
    if (attempt > 0) await host.delay(RETRY_DELAYS[attempt - 1] ?? 0);
    if (closed.aborted) return err("closed");
    try {
      const response = await host.fetch(url, { signal: closed });
      if (!response.ok) {
        const failure = statusFailure(response);
        message = `HTTP status ${response.status}`;
        if (!("retry" in failure)) return err(message);
        continue;
      }
      const body = await readBody(response, progress);
      if (body.ok) return body;
      message = body.error;
    } catch (error) {
      message = error instanceof Error ? error.message : "network error";
    }
  }
  return err(message);
}

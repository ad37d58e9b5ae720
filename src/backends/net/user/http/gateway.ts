// The guest's HTTP connections: each request becomes a fetch of the browser, each response goes back as it comes. Both
// are subject to what the browser allows a page; what it refuses becomes "502 Bad Gateway" with an explanation.

import type { TcpStream } from "../tcp/stream";
import {
  bodyLengthOf,
  formatResponseHead,
  type Headers,
  isPersistent,
  parseRequestHead,
  type RequestHead,
} from "./head";
import { cacheModeOf, type Destination, type PagePlace, passedHeaders, urlOf } from "./origin";
import { HttpReader } from "./reader";

/** Bodies of requests are gathered before they are sent: browsers stream them over HTTP/2 only. */
const MAX_REQUEST_BODY = 1024 * 1024 * 1024;
/** Pieces of a body are put into a Blob, which browsers keep on disk, in steps of this. */
const BLOB_STEP = 4 * 1024 * 1024;
const LAST_CHUNK = new TextEncoder().encode("0\r\n\r\n");
const CRLF = new TextEncoder().encode("\r\n");
const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

/** Headers of responses that describe a transfer that is over when we see them. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "keep-alive",
  "proxy-authenticate",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export interface HttpCounters {
  requests: number;
  failed: number;
  bytesIn: number;
  bytesOut: number;
}

export interface HttpHost {
  /** For tests. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly page: PagePlace;
  /** What a host in a request to the proxy stands for, as `Destination.host`. */
  readonly meaningOf: (host: string) => string;
  /** Something that a person should know. */
  readonly notice: (kind: string, text: string) => void;
}

export class HttpGateway {
  readonly counters: HttpCounters = { requests: 0, failed: 0, bytesIn: 0, bytesOut: 0 };
  readonly #host: HttpHost;

  constructor(host: HttpHost) {
    this.#host = host;
  }

  /** Serves a connection until its end. */
  async serve(stream: TcpStream, to: Destination): Promise<void> {
    const reader = new HttpReader(stream);
    for (;;) {
      const head = await reader.head();
      if (head === "broken") {
        stream.abort();
        return;
      }
      if (head === "end") break;
      const request = head === "too-long" ? undefined : parseRequestHead(head.text);
      if (request === undefined) {
        await refuse(stream, undefined, 400, "This is the gateway of a virtual machine: it understands HTTP only.");
        break;
      }
      if (!(await this.#answer(stream, reader, request, to))) break;
    }
    stream.release();
  }

  /** One request. False: the connection ends here. */
  async #answer(stream: TcpStream, reader: HttpReader, request: RequestHead, to: Destination): Promise<boolean> {
    this.counters.requests++;
    const length = bodyLengthOf(request);
    const url = request.method === "CONNECT" ? undefined : urlOf(request.target, to, this.#host);
    if (length === undefined) return refuse(stream, request, 400, "The length of the request is contradictory.");
    if (url === undefined) return refuse(stream, request, 501, `A page cannot do ${request.method} ${request.target}.`);
    if (request.headers.some(([name, value]) => name === "expect" && value.toLowerCase() === "100-continue")) {
      await stream.write(CONTINUE);
    }
    const body = new BodyCollector();
    if (!(await reader.body(length, (bytes) => body.add(bytes)))) {
      return body.tooLarge ? refuse(stream, request, 413, "The request is too large.") : false;
    }
    this.counters.bytesOut += body.size;
    return this.#fetch(stream, request, url, length.kind === "none" ? undefined : body.blob());
  }

  async #fetch(stream: TcpStream, request: RequestHead, url: URL, body: Blob | undefined): Promise<boolean> {
    const abort = new AbortController();
    const response = await this.#request(url.href, {
      method: request.method,
      headers: passedHeaders(request.headers),
      cache: cacheModeOf(request.headers),
      credentials: "omit",
      referrerPolicy: "no-referrer",
      redirect: "follow",
      signal: abort.signal,
      ...(body === undefined ? {} : { body }),
    });
    if (typeof response === "string") return this.#failed(stream, request, url, response);
    const framing = framingOf(request, response);
    if (await this.#send(stream, request, response, framing)) return staysOpen(request, framing);
    abort.abort();
    stream.abort();
    return false;
  }

  /** The response, or why there is none. */
  async #request(url: string, init: RequestInit): Promise<Response | string> {
    try {
      return await (this.#host.fetch ?? globalThis.fetch)(url, init);
    } catch (error) {
      return String(error);
    }
  }

  async #failed(stream: TcpStream, request: RequestHead, url: URL, error: string): Promise<boolean> {
    this.counters.failed++;
    const why =
      `The browser could not fetch ${url.href} (${error}). Either the server cannot be reached, ` +
      "or it does not allow other origins to read it (CORS).";
    this.#host.notice("http", why);
    return refuse(stream, request, 502, why, isPersistent(request));
  }

  /** False: the guest has gone, or the server broke off. */
  async #send(stream: TcpStream, request: RequestHead, response: Response, framing: Framing): Promise<boolean> {
    const head = formatResponseHead(response.status, response.statusText, [
      ...responseHeaders(request, response),
      ...framing.headers,
      ["Connection", staysOpen(request, framing) ? "keep-alive" : "close"],
    ]);
    if (!(await stream.write(head))) return false;
    if (framing.kind === "none" || response.body === null) {
      return framing.kind === "chunked" ? stream.write(LAST_CHUNK) : true;
    }
    return this.#sendBody(stream, response.body, framing.kind === "chunked");
  }

  async #sendBody(stream: TcpStream, body: ReadableStream<Uint8Array>, chunked: boolean): Promise<boolean> {
    const reader = body.getReader();
    for (;;) {
      const piece = await reader.read().catch(() => undefined);
      if (piece === undefined) return false;
      if (piece.done) return chunked ? stream.write(LAST_CHUNK) : true;
      const bytes = piece.value;
      if (bytes.length === 0) continue;
      this.counters.bytesIn += bytes.length;
      if (chunked) await stream.write(new TextEncoder().encode(`${bytes.length.toString(16)}\r\n`));
      if (!(await stream.write(bytes)) || (chunked && !(await stream.write(CRLF)))) {
        await reader.cancel().catch(() => undefined);
        return false;
      }
    }
  }
}

/** How the guest finds the end of a response. */
interface Framing {
  readonly kind: "none" | "length" | "chunked" | "until-close";
  readonly headers: Headers;
}

function staysOpen(request: RequestHead, framing: Framing): boolean {
  return isPersistent(request) && framing.kind !== "until-close";
}

function framingOf(request: RequestHead, response: Response): Framing {
  const length = response.headers.get("content-length");
  const asLength: Headers = length === null ? [] : [["Content-Length", length]];
  if (request.method === "HEAD") return { kind: "none", headers: asLength };
  if (response.status === 204 || response.status === 304) return { kind: "none", headers: [] };
  // The browser has undone a content coding, which shows in the headers of the own origin only.
  const isPlain = response.type === "basic" && !response.headers.has("content-encoding");
  if (length !== null && isPlain) return { kind: "length", headers: asLength };
  if (request.minor === 1) return { kind: "chunked", headers: [["Transfer-Encoding", "chunked"]] };
  return { kind: "until-close", headers: [] };
}

function responseHeaders(request: RequestHead, response: Response): [string, string][] {
  const headers = [...response.headers].filter(([name]) => !hopByHop.has(name));
  const range = contentRange(request, response);
  return range === undefined ? headers : [...headers, ["Content-Range", range]];
}

/** Which part came back: servers rarely let other origins see it, but it follows from what was asked for. */
function contentRange(request: RequestHead, response: Response): string | undefined {
  if (response.status !== 206 || response.headers.has("content-range")) return undefined;
  const asked = request.headers.find(([name]) => name === "range")?.[1] ?? "";
  const found = /^bytes=(\d+)-(\d*)$/.exec(asked);
  const length = Number(response.headers.get("content-length") ?? 0);
  if (found === null || length === 0) return undefined;
  const first = Number(found[1]);
  const end = first + length;
  return `bytes ${first}-${end - 1}/${found[2] === "" ? end : "*"}`;
}

/** An answer of our own. Returns whether the connection stays. */
async function refuse(
  stream: TcpStream,
  request: RequestHead | undefined,
  status: number,
  why: string,
  persistent = false,
): Promise<boolean> {
  const text = new TextEncoder().encode(`${why}\n`);
  const reasons: Record<number, string> = { 400: "Bad Request", 413: "Content Too Large", 501: "Not Implemented" };
  const head = formatResponseHead(status, reasons[status] ?? "Bad Gateway", [
    ["Content-Type", "text/plain; charset=utf-8"],
    ["Content-Length", String(text.length)],
    ["Connection", persistent ? "keep-alive" : "close"],
  ]);
  await stream.write(head);
  if (request?.method !== "HEAD") await stream.write(text);
  return persistent;
}

/** The body of a request, as a Blob. */
class BodyCollector {
  #blob = new Blob();
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #waiting = 0;
  tooLarge = false;

  get size(): number {
    return this.#blob.size + this.#waiting;
  }

  add(bytes: Uint8Array<ArrayBuffer>): boolean {
    this.tooLarge = this.size + bytes.length > MAX_REQUEST_BODY;
    if (this.tooLarge) return false;
    this.#pieces.push(bytes);
    this.#waiting += bytes.length;
    if (this.#waiting >= BLOB_STEP) this.#gather();
    return true;
  }

  blob(): Blob {
    this.#gather();
    return this.#blob;
  }

  #gather(): void {
    this.#blob = new Blob([this.#blob, ...this.#pieces]);
    this.#pieces = [];
    this.#waiting = 0;
  }
}

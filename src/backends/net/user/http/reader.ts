// Requests out of a stream of bytes: a head up to the empty line, then the body by its length or in chunks.

import type { TcpStream } from "../tcp/stream";
import type { BodyLength } from "./head";

/** Longest head; browsers and servers have limits like it. */
const MAX_HEAD = 64 * 1024;
const MAX_LINE = 8 * 1024;
const LF = 10;
const CR = 13;

export type HeadAnswer = { readonly text: string } | "end" | "broken" | "too-long";

export class HttpReader {
  readonly #stream: TcpStream;

  constructor(stream: TcpStream) {
    this.#stream = stream;
  }

  /** The lines before an empty one. "end": the guest has nothing more to ask. */
  async head(): Promise<HeadAnswer> {
    const lines: string[] = [];
    for (let length = 0; ;) {
      const line = await this.#line(MAX_HEAD - length);
      if (typeof line === "string") return line === "end" && length > 0 ? "broken" : line;
      length += line.text.length + 1;
      if (line.text !== "") lines.push(line.text);
      // Empty lines before a request are skipped (RFC 9112, section 2.2).
      else if (lines.length > 0) return { text: lines.join("\n") };
    }
  }

  /** Passes the body on piece by piece; false: it broke off or was malformed. `take` says whether it wants more. */
  async body(length: BodyLength, take: (bytes: Uint8Array<ArrayBuffer>) => boolean): Promise<boolean> {
    switch (length.kind) {
      case "none":
        return true;
      case "fixed":
        return this.#pass(length.bytes, take);
      case "chunked":
        return this.#chunks(take);
    }
  }

  /** RFC 9112, section 7.1. */
  async #chunks(take: (bytes: Uint8Array<ArrayBuffer>) => boolean): Promise<boolean> {
    for (;;) {
      const line = await this.#line(MAX_LINE);
      const size = typeof line === "string" ? undefined : /^([0-9a-f]{1,12})\s*(;.*)?$/i.exec(line.text)?.[1];
      if (size === undefined) return false;
      const bytes = Number.parseInt(size, 16);
      if (bytes === 0) return this.#trailers();
      if (!(await this.#pass(bytes, take))) return false;
      const end = await this.#line(MAX_LINE);
      if (typeof end === "string" || end.text !== "") return false;
    }
  }

  async #trailers(): Promise<boolean> {
    for (let length = 0; length < MAX_HEAD;) {
      const line = await this.#line(MAX_LINE);
      if (typeof line === "string") return false;
      if (line.text === "") return true;
      length += line.text.length + 1;
    }
    return false;
  }

  async #pass(count: number, take: (bytes: Uint8Array<ArrayBuffer>) => boolean): Promise<boolean> {
    for (let left = count; left > 0;) {
      const bytes = await this.#stream.read();
      if (typeof bytes === "string") return false;
      const part = bytes.subarray(0, left);
      this.#stream.unread(bytes.subarray(part.length));
      left -= part.length;
      if (!take(part)) return false;
    }
    return true;
  }

  /** One line without its end. */
  async #line(max: number): Promise<HeadAnswer> {
    let text = "";
    for (;;) {
      const bytes = await this.#stream.read();
      if (typeof bytes === "string") return bytes === "end" && text !== "" ? "broken" : bytes;
      const at = bytes.indexOf(LF);
      const part = at < 0 ? bytes : bytes.subarray(0, at);
      if (text.length + part.length > max) return "too-long";
      for (const byte of part) text += String.fromCharCode(byte);
      if (at < 0) continue;
      this.#stream.unread(bytes.subarray(at + 1));
      return { text: text.charCodeAt(text.length - 1) === CR ? text.slice(0, -1) : text };
    }
  }
}

// Messages of SPICE's agent on its port: chunks, each with a part of a message (spice-protocol, spice/vd_agent.h).

import { err, ok, type Result } from "../shared/result";

export const ANNOUNCE_CAPABILITIES = 6;
export const CLIPBOARD = 4;
export const CLIPBOARD_GRAB = 7;
export const CLIPBOARD_REQUEST = 8;
export const CLIPBOARD_RELEASE = 9;

export interface SpiceMessage {
  readonly type: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

const PROTOCOL = 1;
/** VDP_CLIENT_PORT and VDP_SERVER_PORT: a chunk says for whom it is. */
const CLIENT_PORT = 1;
const PORTS = 2;
const CHUNK_HEADER = 8;
const MESSAGE_HEADER = 20;
/** The agent ends when a chunk has more. */
const CHUNK_MAX = 2048;
/** Beyond this nobody has copied text. */
const MESSAGE_MAX = 64 << 20;

/** The chunks of a message for the agent. */
export function encodeMessage(type: number, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(MESSAGE_HEADER + data.length);
  const fields = new DataView(message.buffer);
  fields.setUint32(0, PROTOCOL, true);
  fields.setUint32(4, type, true);
  fields.setUint32(16, data.length, true);
  message.set(data, MESSAGE_HEADER);
  const chunks = Math.ceil(message.length / CHUNK_MAX);
  const bytes = new Uint8Array(message.length + chunks * CHUNK_HEADER);
  const headers = new DataView(bytes.buffer);
  for (let i = 0; i < chunks; i++) {
    const part = message.subarray(i * CHUNK_MAX, (i + 1) * CHUNK_MAX);
    const at = i * (CHUNK_HEADER + CHUNK_MAX);
    headers.setUint32(at, CLIENT_PORT, true);
    headers.setUint32(at + 4, part.length, true);
    bytes.set(part, at + CHUNK_HEADER);
  }
  return bytes;
}

/** Bytes that have arrived and are taken in other pieces. */
class Arrived {
  #parts: Uint8Array[] = [];
  #length = 0;

  add(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  /** The next `count` bytes, once they are all there. */
  take(count: number): Uint8Array<ArrayBuffer> | undefined {
    if (this.#length < count) return undefined;
    const bytes = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      const part = this.#parts[0] ?? new Uint8Array(0);
      const used = part.subarray(0, count - at);
      bytes.set(used, at);
      at += used.length;
      if (used.length === part.length) this.#parts.shift();
      else this.#parts[0] = part.subarray(used.length);
    }
    this.#length -= count;
    return bytes;
  }
}

/** The messages in one chunk after the other of one port. */
class Assembler {
  readonly #body = new Arrived();
  #header: { readonly type: number; readonly size: number } | undefined;

  add(part: Uint8Array): Result<SpiceMessage[], "bad-message"> {
    this.#body.add(part);
    const messages: SpiceMessage[] = [];
    for (;;) {
      if (this.#header === undefined) {
        const bytes = this.#body.take(MESSAGE_HEADER);
        if (bytes === undefined) return ok(messages);
        const fields = new DataView(bytes.buffer);
        const size = fields.getUint32(16, true);
        if (fields.getUint32(0, true) !== PROTOCOL || size > MESSAGE_MAX) return err("bad-message");
        this.#header = { type: fields.getUint32(4, true), size };
      }
      const data = this.#body.take(this.#header.size);
      if (data === undefined) return ok(messages);
      messages.push({ type: this.#header.type, data });
      this.#header = undefined;
    }
  }
}

/** From what comes out of the port to messages. */
export class MessageReader {
  readonly #stream = new Arrived();
  readonly #ports = Array.from({ length: PORTS }, () => new Assembler());
  #chunk: { readonly port: Assembler; readonly size: number } | undefined;

  /** An error is the agent's, after which nothing can be understood any more. */
  add(bytes: Uint8Array): Result<SpiceMessage[], "bad-chunk" | "bad-message"> {
    this.#stream.add(bytes);
    const messages: SpiceMessage[] = [];
    for (;;) {
      if (this.#chunk === undefined) {
        const header = this.#stream.take(CHUNK_HEADER);
        if (header === undefined) return ok(messages);
        const fields = new DataView(header.buffer);
        const port = this.#ports[fields.getUint32(0, true) - 1];
        const size = fields.getUint32(4, true);
        if (port === undefined || size > MESSAGE_MAX + MESSAGE_HEADER) return err("bad-chunk");
        this.#chunk = { port, size };
      }
      const part = this.#stream.take(this.#chunk.size);
      if (part === undefined) return ok(messages);
      const found = this.#chunk.port.add(part);
      if (!found.ok) return found;
      messages.push(...found.value);
      this.#chunk = undefined;
    }
  }
}

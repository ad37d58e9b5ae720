// A TCP connection as something to read from and to write to, with both waiting for each other.

import type { Connection } from "./connection";
import type { CloseReason, ConnectionUser } from "./connection_user";

/** "end": the guest has said all; "broken": the connection is gone. */
export type ReadAnswer = Uint8Array<ArrayBuffer> | "end" | "broken";

export class TcpStream implements ConnectionUser {
  readonly #connection: Connection;
  /** Whether the guest has accepted the connection. */
  readonly accepted: Promise<boolean>;
  #accept: (accepted: boolean) => void = () => undefined;
  #received: Uint8Array<ArrayBuffer>[] = [];
  /** Was read once already. */
  #putBack: Uint8Array<ArrayBuffer> | undefined;
  #ended = false;
  #closed: CloseReason | undefined;
  /** Those who wait, and what they wait for. */
  #reader: (() => void) | undefined;
  #writer: (() => void) | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.accepted = new Promise((resolve) => (this.#accept = resolve));
  }

  /** Why the connection is over, once it is. */
  get reason(): CloseReason | undefined {
    return this.#closed;
  }

  /** What the guest has sent, as soon as there is something. One reader at a time. */
  async read(): Promise<ReadAnswer> {
    const again = this.#putBack;
    this.#putBack = undefined;
    if (again !== undefined) return again;
    for (;;) {
      const first = this.#received.shift();
      if (first !== undefined) {
        this.#connection.consumed(first.length);
        return first;
      }
      if (this.#ended) return "end";
      if (this.#closed !== undefined) return "broken";
      await new Promise<void>((resume) => (this.#reader = resume));
    }
  }

  /** Puts back the end of what was read last. */
  unread(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length > 0) this.#putBack = bytes;
  }

  /** Resolves when there is room for more; false: the connection is gone. The bytes must not change any more. */
  async write(bytes: Uint8Array): Promise<boolean> {
    this.#connection.write(bytes);
    while (this.#closed === undefined && this.#connection.writableBytes === 0) {
      await new Promise<void>((resume) => (this.#writer = resume));
    }
    return this.#closed === undefined;
  }

  /** No more will be written. */
  end(): void {
    this.#connection.end();
  }

  /** Done with it: what was written still goes out. */
  release(): void {
    this.#connection.release();
  }

  abort(): void {
    this.#connection.abort();
  }

  opened(): void {
    this.#accept(true);
  }

  received(bytes: Uint8Array<ArrayBuffer>): void {
    this.#received.push(bytes);
    this.#wakeReader();
  }

  ended(): void {
    this.#ended = true;
    this.#wakeReader();
  }

  writable(): void {
    const resume = this.#writer;
    this.#writer = undefined;
    resume?.();
  }

  closed(reason: CloseReason): void {
    this.#closed = reason;
    this.#accept(false);
    this.#wakeReader();
    this.writable();
  }

  #wakeReader(): void {
    const resume = this.#reader;
    this.#reader = undefined;
    resume?.();
  }
}

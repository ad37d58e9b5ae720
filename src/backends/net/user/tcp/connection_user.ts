// What a connection is to those who use it, and what it needs of those who carry it.

import type { Segment } from "./segment";

/** "done": both sides finished; "reset": the guest broke off, or refused; "timeout": it does not answer. */
export type CloseReason = "done" | "reset" | "timeout" | "aborted";

/** Who uses a connection. */
export interface ConnectionUser {
  /** Both sides know of each other. */
  opened(): void;
  /** Bytes of the guest, in order; `consumed` opens the window again. */
  received(bytes: Uint8Array<ArrayBuffer>): void;
  /** The guest has nothing more to say. */
  ended(): void;
  /** There is room to write again. */
  writable(): void;
  /** The last thing that is heard. */
  closed(reason: CloseReason): void;
}

/** Hears nothing; `received` says what becomes of bytes. */
export function nobody(received: (bytes: Uint8Array) => void): ConnectionUser {
  const nothing = (): void => undefined;
  return { opened: nothing, received, ended: nothing, writable: nothing, closed: nothing };
}

/** The two ends, as the guest's packets name them. */
export interface Endpoints {
  readonly guest: number;
  readonly guestPort: number;
  readonly host: number;
  readonly hostPort: number;
}

/** What a connection needs of the rest; `C` is the connection. */
export interface ConnectionOwner<C> {
  readonly mss: number;
  /** The guest's card takes frames now. */
  readonly hasRoom: boolean;
  /** Milliseconds that stand still while the guest does. */
  now(): number;
  /** Sends a segment with `length` bytes of the send queue from position `from` on. */
  transmit(connection: C, header: Omit<Segment, "payload">, from: number, length: number): void;
  /** There is something to send: `output` is to be called soon. */
  wants(connection: C): void;
  /** It is over: forget it. */
  finished(connection: C): void;
}

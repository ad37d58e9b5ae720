// The host's end of a named port of the guest (QEMU's chardev): one reader and writer at a time, nothing is lost in
// either direction. Who reads says how much it has taken; the guest's next write waits for that.

import { ConsoleInput } from "./console_input";
import type { OutputFlow, PortBackend } from "./types";

/** Who has the port open on the host side. */
export interface PortReader {
  /** Output of the guest; answer with `taken` when it has been read. The buffer is the reader's. */
  data(bytes: Uint8Array<ArrayBuffer>): void;
  guestOpened(open: boolean): void;
  /** The port is gone. */
  removed(): void;
}

/** Output that a reader may have got and not taken yet. */
export const OUTPUT_WINDOW = 1024 * 1024;
const INPUT_CAPACITY = 256 * 1024;

export class NamedPort implements PortBackend {
  readonly flow: OutputFlow;
  #input = new ConsoleInput(INPUT_CAPACITY);
  #reader: PortReader | undefined;
  #outstanding = 0;
  #guestOpen = false;
  /** Set by whoever owns the port: somebody on the host side came or went. */
  onHostOpen: (open: boolean) => void = () => undefined;
  /** Set by whoever owns the port. */
  onGuestOpen: (open: boolean) => void = () => undefined;

  constructor() {
    this.flow = {
      // What is larger than the window goes alone.
      accepts: (length) => this.#outstanding === 0 || this.#outstanding + length <= OUTPUT_WINDOW,
      onRoom: () => undefined,
    };
  }

  get input(): ConsoleInput {
    return this.#input;
  }

  get isOpen(): boolean {
    return this.#reader !== undefined;
  }

  get guestOpen(): boolean {
    return this.#guestOpen;
  }

  /** False if somebody else has the port open. */
  open(reader: PortReader): boolean {
    if (this.#reader !== undefined) return false;
    this.#reader = reader;
    this.#outstanding = 0;
    this.onHostOpen(true);
    reader.guestOpened(this.#guestOpen);
    return true;
  }

  /** The reader has read so many more bytes. */
  taken(length: number): void {
    if (!(length > 0)) return;
    this.#outstanding = Math.max(0, this.#outstanding - length);
    this.flow.onRoom();
  }

  /** Input that the guest has not taken is dropped, since nobody stands behind it any more. */
  close(): void {
    if (this.#reader === undefined) return;
    this.#reader = undefined;
    this.#outstanding = 0;
    const { onData } = this.#input;
    this.#input.close();
    this.#input = new ConsoleInput(INPUT_CAPACITY);
    this.#input.onData = onData;
    this.onHostOpen(false);
    this.flow.onRoom();
  }

  /** The port leaves the machine. */
  remove(): void {
    const reader = this.#reader;
    this.close();
    reader?.removed();
  }

  output(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#reader === undefined) return;
    this.#outstanding += bytes.length;
    this.#reader.data(bytes);
  }

  guestOpened(open: boolean): void {
    this.#guestOpen = open;
    this.#reader?.guestOpened(open);
    this.onGuestOpen(open);
  }
}

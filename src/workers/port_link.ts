// A named port of the guest between devices worker and page: one MessagePort per opened port, both directions with
// acknowledgements, so that neither a slow reader nor a guest that does not read lets bytes pile up or get lost.

import type { NamedPort } from "../backends/console/named_port";

/** Either side: bytes, and how many of the other's bytes have been taken. The worker also tells of the guest's end. */
export type PortMessage =
  | { readonly type: "data"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "taken"; readonly length: number }
  | { readonly type: "guest"; readonly open: boolean }
  | { readonly type: "end"; readonly reason: string };

function post(link: MessagePort, message: PortMessage): void {
  link.postMessage(message, message.type === "data" ? [message.bytes.buffer] : []);
}

/** The worker's side. False if somebody else has the port open. */
export function servePort(port: NamedPort, link: MessagePort): boolean {
  const opened = port.open({
    data: (bytes) => post(link, { type: "data", bytes }),
    guestOpened: (open) => post(link, { type: "guest", open }),
    removed: () => {
      post(link, { type: "end", reason: "the port was removed" });
      link.close();
    },
  });
  if (!opened) return false;
  link.onmessage = ({ data }: MessageEvent<PortMessage>) => {
    if (data.type === "data") {
      const { length } = data.bytes;
      void port.input.write(data.bytes).then(() => post(link, { type: "taken", length }));
    } else if (data.type === "taken") port.taken(data.length);
    else if (data.type === "end") {
      port.close();
      // The answer lets the page open the port again.
      post(link, data);
      link.onmessage = null;
      link.close();
    }
  };
  return true;
}

/** A named port as a page has it, open until `close`. */
export class MachinePort {
  readonly name: string;
  /** Bytes from the guest. A reader that does not read makes the guest wait. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Bytes to the guest. A write resolves when there is room for more. */
  readonly writable: WritableStream<Uint8Array>;
  readonly #link: MessagePort;
  readonly #arrived: Uint8Array<ArrayBuffer>[] = [];
  readonly #listeners = new Set<(open: boolean) => void>();
  #reading: (() => void) | undefined;
  /** Writes that the worker has not accepted yet, in order. */
  #writing: { readonly done: () => void; readonly failed: (error: Error) => void }[] = [];
  #guestOpen = false;
  #ended: string | undefined;
  #onGone: () => void = () => undefined;
  readonly #gone = new Promise<void>((resolve) => (this.#onGone = resolve));

  constructor(name: string, link: MessagePort) {
    this.name = name;
    this.#link = link;
    this.readable = new ReadableStream(
      { pull: (to) => this.#pull(to), cancel: () => this.close() },
      { highWaterMark: 0 },
    );
    this.writable = new WritableStream({ write: (bytes) => this.#write(bytes) });
    link.onmessage = ({ data }: MessageEvent<PortMessage>) => this.#onMessage(data);
  }

  /** Whether a program in the guest has its end open. */
  get guestOpen(): boolean {
    return this.#guestOpen;
  }

  /** Why the port has ended; undefined while it is open. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Hears when the guest opens or closes its end; returns a function that ends the subscription. */
  onGuestOpen(listener: (open: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Lets go of the port; resolves when it can be opened again. What the guest has not taken is dropped; the readable
   * ends after what has arrived.
   */
  close(): Promise<void> {
    if (this.#ended === undefined) {
      const reason = "the port was closed";
      post(this.#link, { type: "end", reason });
      this.#end(reason);
    }
    return this.#gone;
  }

  /** The other side is gone. */
  finish(reason: string): void {
    this.#end(reason);
    this.#link.onmessage = null;
    this.#link.close();
    this.#onGone();
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#setGuestOpen(false);
    for (const { failed } of this.#writing.splice(0)) failed(new Error(reason));
    this.#reading?.();
  }

  #onMessage(message: PortMessage): void {
    if (this.#ended !== undefined && message.type !== "end") return;
    switch (message.type) {
      case "data":
        this.#arrived.push(message.bytes);
        this.#reading?.();
        return;
      case "taken":
        this.#writing.shift()?.done();
        return;
      case "guest":
        this.#setGuestOpen(message.open);
        return;
      case "end":
        this.finish(message.reason);
    }
  }

  #setGuestOpen(open: boolean): void {
    if (this.#guestOpen === open) return;
    this.#guestOpen = open;
    for (const listener of this.#listeners) listener(open);
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    while (this.#arrived.length === 0 && this.#ended === undefined) {
      await new Promise<void>((resolve) => (this.#reading = resolve));
    }
    this.#reading = undefined;
    const bytes = this.#arrived.shift();
    if (bytes === undefined) {
      controller.close();
      return;
    }
    if (this.#ended === undefined) post(this.#link, { type: "taken", length: bytes.length });
    controller.enqueue(bytes);
  }

  #write(bytes: Uint8Array): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(new Error(this.#ended));
    post(this.#link, { type: "data", bytes: bytes.slice() });
    return new Promise((done, failed) => this.#writing.push({ done, failed }));
  }
}

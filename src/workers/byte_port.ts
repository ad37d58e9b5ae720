// Web streams of bytes over a MessagePort, the same at both ends. Not every browser can transfer streams themselves,
// and these wait for the reader by bytes instead of by pieces.

/** Bytes that may be under way, or wait to be read, in one direction. */
const WINDOW = 1024 * 1024;

type PortMessage =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** So many bytes were read: there is room for as many. */
  | { readonly kind: "read"; readonly count: number }
  | { readonly kind: "end" }
  /** The writer broke off. */
  | { readonly kind: "broken"; readonly reason: string }
  /** The reader wants no more. */
  | { readonly kind: "unwanted" };

export interface ByteStreams {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
}

export function byteStreams(port: MessagePort): ByteStreams {
  const wire = new Wire(port);
  return { readable: wire.readable(), writable: wire.writable() };
}

class Wire {
  readonly #port: MessagePort;
  #reader: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #writer: WritableStreamDefaultController | undefined;
  /** Bytes that the other end has not read yet. */
  #unread = 0;
  #hasRoom: () => void = () => undefined;
  /** Bytes that came and were not asked for yet. */
  #waiting: Uint8Array<ArrayBuffer>[] = [];
  #ended = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<PortMessage>) => this.#receive(data);
  }

  readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream(
      {
        start: (controller) => void (this.#reader = controller),
        // Called whenever there is room again, so that what was enqueued last has been read.
        pull: () => this.#acknowledge(),
        cancel: () => {
          this.#reader = undefined;
          this.#post({ kind: "unwanted" });
          this.#closeIfDone();
        },
      },
      { highWaterMark: 1, size: () => 1 },
    );
  }

  writable(): WritableStream<Uint8Array> {
    return new WritableStream({
      start: (controller) => void (this.#writer = controller),
      write: (bytes) => this.#write(bytes),
      close: () => this.#finish({ kind: "end" }),
      abort: (reason: unknown) => this.#finish({ kind: "broken", reason: String(reason) }),
    });
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const copy = new Uint8Array(bytes);
    this.#unread += copy.length;
    this.#post({ kind: "bytes", bytes: copy }, [copy.buffer]);
    while (this.#writer !== undefined && this.#unread >= WINDOW) {
      await new Promise<void>((resume) => (this.#hasRoom = resume));
    }
  }

  #finish(message: PortMessage): void {
    this.#writer = undefined;
    this.#post(message);
    this.#closeIfDone();
  }

  #receive(message: PortMessage): void {
    switch (message.kind) {
      case "bytes":
        this.#waiting.push(message.bytes);
        this.#acknowledge();
        return;
      case "read":
        this.#unread -= message.count;
        this.#hasRoom();
        return;
      case "end":
        this.#ended = true;
        this.#acknowledge();
        return;
      case "broken":
        this.#reader?.error(new Error(message.reason));
        this.#reader = undefined;
        this.#closeIfDone();
        return;
      case "unwanted":
        this.#writer?.error(new Error("the other end reads no more"));
        this.#writer = undefined;
        this.#hasRoom();
        this.#closeIfDone();
        return;
    }
  }

  /** Gives the reader one piece if it wants one, and tells the writer. */
  #acknowledge(): void {
    const reader = this.#reader;
    if (reader === undefined || (reader.desiredSize ?? 0) <= 0) return;
    const bytes = this.#waiting.shift();
    if (bytes !== undefined) {
      this.#post({ kind: "read", count: bytes.length });
      reader.enqueue(bytes);
    } else if (this.#ended) {
      this.#reader = undefined;
      reader.close();
      this.#closeIfDone();
    }
  }

  #closeIfDone(): void {
    if (this.#reader === undefined && this.#writer === undefined) this.#port.close();
  }

  #post(message: PortMessage, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}

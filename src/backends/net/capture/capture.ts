// A recording of what passes a card, as a stream of bytes that is a pcapng file.

import { fileHeader, packetBlock, statisticsBlock } from "./pcapng";
import type { Tap } from "./tap";

/** Bytes that may wait for a slow reader; then frames are left out, and counted. */
const MAX_WAITING = 16 * 1024 * 1024;

/** Milliseconds since 1970. */
const now = (): number => performance.timeOrigin + performance.now();

export class Capture {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #stop: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #dropped = 0;

  constructor(tap: Tap, interfaceName: string) {
    this.readable = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
          for (const block of fileHeader(interfaceName)) controller.enqueue(block);
        },
        cancel: () => this.#end(),
      },
      { highWaterMark: MAX_WAITING, size: (bytes) => bytes?.length ?? 0 },
    );
    this.#stop = tap.listen((frame, direction) => {
      if ((this.#controller?.desiredSize ?? 0) < frame.bytes.length) this.#dropped++;
      else this.#controller?.enqueue(packetBlock(frame, direction, now()));
    });
  }

  /** Ends the file. */
  stop(): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#end();
    controller.enqueue(statisticsBlock(this.#dropped, now()));
    controller.close();
  }

  #end(): void {
    this.#stop();
    this.#controller = undefined;
  }
}

// Frames on their way to the guest: they wait here, bounded, until the driver has given buffers for them.

import type { Frame } from "../../../backends/net/types";
import type { GuestView } from "../../../core/guest_memory";
import { MAX_FRAME } from "../../../shared/net/ethernet";
import type { Virtqueue } from "../queue";
import type { NetCounters } from "./counters";
import { NUM_BUFFERS, writeHeader } from "./request";

/** A back end that asks for room first is never refused: it sends one frame more at most. */
const CAPACITY = 1024 * 1024;
const MAX_FRAMES = 1024;

/** How the driver wants its frames (VIRTIO 1.2, 5.1.6.3). */
export interface ReceiveShape {
  readonly headerLength: number;
  /** One frame may go into several chains (MRG_RXBUF). */
  readonly mergeable: boolean;
}

export type Misuse = "a receive buffer that the device may only read" | "a receive buffer without room for the header";
/** "wait": the driver has to give more buffers first; "unfit": it never could give enough. */
type WriteAnswer = "written" | "wait" | "unfit" | "malformed" | { readonly misuse: Misuse };

interface Used {
  readonly head: number;
  readonly written: number;
}

export class Receiver {
  readonly #header = new Uint8Array(NUM_BUFFERS + 2);
  #frames: Frame[] = [];
  #bytes = 0;
  readonly #counters: NetCounters;

  constructor(counters: NetCounters) {
    this.#counters = counters;
  }

  get hasRoom(): boolean {
    return this.#bytes + MAX_FRAME <= CAPACITY && this.#frames.length < MAX_FRAMES;
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** Without room the frame is lost. */
  add(frame: Frame): void {
    if (this.#bytes + frame.bytes.length > CAPACITY || this.#frames.length >= MAX_FRAMES) {
      this.#counters.droppedIn++;
      return;
    }
    this.#frames.push(frame);
    this.#bytes += frame.bytes.length;
  }

  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }

  /** Gives the driver as many frames as it has buffers for. Answers with what it did wrong, if anything. */
  flush(queue: Virtqueue, shape: ReceiveShape): Misuse | undefined {
    let done = 0;
    let misuse: Misuse | undefined;
    while (done < this.#frames.length) {
      const frame = this.#frames[done];
      if (frame === undefined) break;
      let answer = this.#write(queue, frame, shape);
      // A buffer may have slipped in after the last look; the kick for the next one is asked for.
      if (answer === "wait" && queue.askForKicks()) answer = this.#write(queue, frame, shape);
      if (answer === "wait" || answer === "malformed") break;
      if (typeof answer === "object") {
        misuse = answer.misuse;
        break;
      }
      if (answer === "unfit") {
        this.#counters.droppedIn++;
      } else {
        this.#counters.framesIn++;
        this.#counters.bytesIn += frame.bytes.length;
      }
      this.#bytes -= frame.bytes.length;
      done++;
    }
    this.#frames.splice(0, done);
    queue.publish();
    return misuse;
  }

  #write(queue: Virtqueue, frame: Frame, shape: ReceiveShape): WriteAnswer {
    const header = this.#header.subarray(0, shape.headerLength);
    writeHeader(header, frame);
    const total = header.length + frame.bytes.length;
    const used: Used[] = [];
    let bufferCount: GuestView[] = [];
    for (let done = 0; done < total;) {
      const answer = used.length === queue.size ? "unfit" : queue.pop();
      if (answer === "malformed") return answer;
      if (answer !== "chain") {
        queue.undoPop(used.length);
        return answer === "empty" ? "wait" : answer;
      }
      const { chain } = queue;
      if (chain.readableBytes !== 0) return { misuse: "a receive buffer that the device may only read" };
      let written = 0;
      if (used.length === 0) {
        if (chain.writableBytes < header.length) return { misuse: "a receive buffer without room for the header" };
        written = chain.write(0, header);
        bufferCount = chain.writable(NUM_BUFFERS, 2);
      }
      written += chain.write(written, frame.bytes.subarray(done + written - header.length));
      done += written;
      used.push({ head: chain.head, written });
      if (!shape.mergeable && done < total) {
        queue.undoPop(1);
        return "unfit";
      }
    }
    if (used.length > 1) writeBufferCount(bufferCount, used.length);
    for (const { head, written } of used) queue.push(head, written);
    return "written";
  }
}

/** The two bytes may lie in two pages. */
function writeBufferCount(views: readonly GuestView[], count: number): void {
  const bytes = Uint8Array.of(count & 0xff, count >> 8);
  let at = 0;
  for (const view of views) {
    view.set(bytes.subarray(at, at + view.length));
    at += view.length;
  }
}

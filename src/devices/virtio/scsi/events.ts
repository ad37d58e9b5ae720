// The event queue: the driver gives buffers, the device fills one for each event (VIRTIO 1.2, 5.6.6.3).

import type { Virtqueue } from "../queue";
import { EVENT_SIZE } from "./config";
import type { ScsiCounters } from "./counters";
import { encodeEvent, type ScsiEvent } from "./request";

/** Events kept for a driver that is slow to give buffers. */
const MAX_WAITING = 64;

export class EventQueue {
  readonly #counters: ScsiCounters;
  #waiting: ScsiEvent[] = [];
  #missed = false;

  constructor(counters: ScsiCounters) {
    this.#counters = counters;
  }

  reset(): void {
    this.#waiting = [];
    this.#missed = false;
  }

  /** `fail`: the driver's buffer is too short for any event. */
  send(event: ScsiEvent, queue: Virtqueue, fail: () => void): void {
    if (this.#waiting.length < MAX_WAITING) {
      this.#waiting.push(event);
    } else {
      this.#counters.droppedEvents++;
      this.#missed = true;
    }
    this.deliver(queue, fail);
  }

  /** Fills as many buffers as there are events. What was lost is told with the last one, or by itself. */
  deliver(queue: Virtqueue, fail: () => void): void {
    if (this.#waiting.length === 0 && !this.#missed) return;
    queue.drain((chain) => {
      if (chain.writableBytes < EVENT_SIZE) {
        fail();
        return "taken";
      }
      const event = this.#waiting.shift() ?? (this.#missed ? { kind: "missed" as const } : undefined);
      if (event === undefined) return "later";
      const missed = this.#missed && this.#waiting.length === 0;
      if (missed) this.#missed = false;
      chain.write(0, encodeEvent(event, missed));
      this.#counters.events++;
      queue.push(chain.head, EVENT_SIZE);
      return "taken";
    });
  }
}

// virtio-balloon: the guest gives memory back and takes it again (VIRTIO 1.2, 5.5). Pages in the balloon and pages
// reported as free leave the page map; whoever touches them gets fresh ones.

import type { AccessSize } from "../../../core/crossing";
import type { DeviceHost, VirtioDevice } from "../device";
import type { Chain, TakeAnswer, Virtqueue } from "../queue";
import {
  ACTUAL,
  BALLOON_PAGE,
  CLASS_CODE,
  CONFIG_LENGTH,
  F_DEFLATE_ON_OOM,
  F_PAGE_POISON,
  F_REPORTING,
  F_STATS_VQ,
  NUM_PAGES,
  POISON_VAL,
  QUEUE_SIZES,
  queueRole,
  STATS,
  VIRTIO_ID,
} from "./config";
import { newBalloonCounters } from "./counters";
import {
  type BalloonStats,
  MAX_PAGES_PER_REQUEST,
  MAX_REQUEST_BYTES,
  MAX_STATS_BYTES,
  pagesOf,
  parsePages,
  parseStats,
} from "./request";

/** Where the pages go: src/core/page_discard.ts. */
export interface PageSink {
  /** Answers how many of the pages there were; `done` is called when the guest may hear of it. */
  discard(pages: Iterable<number>, done: () => void): number;
}

export interface BalloonOptions {
  readonly ramBytes: number;
  /** The driver takes pages back by itself rather than let the guest run out of memory. */
  readonly deflateOnOom?: boolean;
  readonly freePageReporting?: boolean;
  /** The driver has changed the size of the balloon: bytes that are left to the guest. */
  readonly changed?: (actual: number) => void;
}

/** The driver's buffer with statistics, which the device gives back to ask for new ones (5.5.6.3). */
interface HeldStats {
  readonly head: number;
  readonly epoch: number;
}

export class VirtioBalloon implements VirtioDevice {
  readonly name = "virtio-balloon";
  readonly virtioId = VIRTIO_ID;
  readonly classCode = CLASS_CODE;
  readonly deviceFeatures: bigint;
  readonly queueSizes = QUEUE_SIZES;
  readonly config = new Uint8Array(CONFIG_LENGTH);
  readonly counters = newBalloonCounters();
  readonly #view = new DataView(this.config.buffer);
  readonly #pages: PageSink;
  readonly #options: BalloonOptions;
  /** Requests that wait for their pages to be gone, and queues that wait for these. */
  #underWay = 0;
  readonly #waiting = new Set<number>();
  #host: DeviceHost | undefined;
  #held: HeldStats | undefined;
  #stats: BalloonStats = {};

  constructor(pages: PageSink, options: BalloonOptions) {
    this.#pages = pages;
    this.#options = options;
    this.deviceFeatures =
      F_STATS_VQ |
      F_PAGE_POISON |
      (options.deflateOnOom === false ? 0n : F_DEFLATE_ON_OOM) |
      (options.freePageReporting === false ? 0n : F_REPORTING);
  }

  attach(host: DeviceHost): void {
    this.#host = host;
  }

  /** Bytes in the balloon, as the driver says. */
  get size(): number {
    return Math.min(this.#options.ramBytes, this.#view.getUint32(ACTUAL, true) * BALLOON_PAGE);
  }

  /** Bytes that the guest has now. */
  get actual(): number {
    return this.#options.ramBytes - this.size;
  }

  /** Asks the guest to make do with so many bytes. */
  setTarget(bytes: number): void {
    const kept = Math.min(Math.max(bytes, 0), this.#options.ramBytes);
    this.#view.setUint32(NUM_PAGES, Math.floor((this.#options.ramBytes - kept) / BALLOON_PAGE), true);
    this.#host?.configChanged();
  }

  /** What the driver has said last of the guest's memory; empty without a driver that does. */
  get stats(): Readonly<BalloonStats> {
    return this.#stats;
  }

  /** Asks for new statistics; they come soon. */
  refreshStats(): void {
    const held = this.#held;
    const queue = this.#host?.queue(STATS);
    this.#held = undefined;
    if (held === undefined || queue === undefined || queue.epoch !== held.epoch) return;
    queue.push(held.head, 0);
    queue.publish();
  }

  /** The driver writes how large the balloon is, and what it fills free pages with (5.5.4). */
  writeConfig(offset: number, size: AccessSize, value: number): void {
    const before = this.actual;
    for (let i = 0; i < size; i++) {
      const at = offset + i;
      if ((at >= ACTUAL && at < ACTUAL + 4) || at >= POISON_VAL) this.config[at] = (value >>> (8 * i)) & 0xff;
    }
    if (this.actual !== before) this.#options.changed?.(this.actual);
  }

  activate(): void {
    // Kicks follow.
  }

  onKick(index: number): void {
    const host = this.#host;
    const queue = host?.queue(index);
    if (host === undefined || queue === undefined) return;
    switch (queueRole(index, host.features, (other) => host.queue(other).running)) {
      case "inflate":
        queue.drain((chain) => this.#inflate(chain, queue));
        return;
      case "deflate":
        queue.drain((chain) => this.#deflate(chain, queue));
        return;
      case "stats":
        queue.drain((chain) => this.#takeStats(chain, queue));
        return;
      case "reporting":
        queue.drainDescriptors((chain) => this.#takeReport(chain, queue));
        return;
      case "none":
        return;
    }
  }

  reset(): void {
    this.#held = undefined;
    this.#waiting.clear();
    this.#stats = {};
    this.#view.setUint32(ACTUAL, 0, true);
    this.#view.setUint32(POISON_VAL, 0, true);
  }

  resetQueue(index: number): void {
    if (index === STATS) this.#held = undefined;
  }

  #inflate(chain: Chain, queue: Virtqueue): TakeAnswer {
    if (this.#mustWait(queue)) return "later";
    const pages = this.#parse(chain);
    this.counters.inflated += pages.length;
    return this.#discard(pages, chain.head, queue);
  }

  /** Nothing to do: the next touch maps a page. */
  #deflate(chain: Chain, queue: Virtqueue): TakeAnswer {
    this.counters.deflated += this.#parse(chain).length;
    queue.push(chain.head, 0);
    return "taken";
  }

  #parse(chain: Chain): number[] {
    const bytes = new Uint8Array(Math.min(chain.readableBytes, MAX_REQUEST_BYTES));
    chain.read(0, bytes);
    this.counters.ignored += Math.ceil((chain.readableBytes - bytes.length) / 4);
    return parsePages(bytes);
  }

  /** The latest buffer holds the statistics; an older one, which a driver should not have left here, goes back. */
  #takeStats(chain: Chain, queue: Virtqueue): TakeAnswer {
    const bytes = new Uint8Array(Math.min(chain.readableBytes, MAX_STATS_BYTES));
    chain.read(0, bytes);
    // The first buffer after the start is empty of meaning, but not of numbers.
    this.#stats = parseStats(bytes);
    if (this.#held !== undefined && this.#held.epoch === queue.epoch) queue.push(this.#held.head, 0);
    this.#held = { head: chain.head, epoch: queue.epoch };
    return "taken";
  }

  /** 5.5.6.7: the pages may be dropped until they are used again, unless the driver relies on what it wrote there. */
  #takeReport(chain: Chain, queue: Virtqueue): TakeAnswer {
    if (this.#mustWait(queue)) return "later";
    const features = this.#host?.features ?? 0n;
    const poisoned = (features & F_PAGE_POISON) !== 0n && this.#view.getUint32(POISON_VAL, true) !== 0;
    const pages = poisoned ? [] : [...pagesOf(chain.descriptors(), MAX_PAGES_PER_REQUEST)];
    this.counters.reported += pages.length;
    return this.#discard(pages, chain.head, queue);
  }

  /** A driver that offers a chain again while it is under way could have more of them than the ring has entries. */
  #mustWait(queue: Virtqueue): boolean {
    if (this.#underWay < queue.maxSize) return false;
    this.#waiting.add(queue.index);
    return true;
  }

  #discard(pages: readonly number[], head: number, queue: Virtqueue): TakeAnswer {
    const { epoch } = queue;
    this.#underWay++;
    this.counters.discarded += this.#pages.discard(pages, () => {
      this.#underWay--;
      if (queue.epoch === epoch) {
        queue.push(head, 0);
        queue.publish();
      }
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const index of waiting) this.onKick(index);
    });
    return "taken";
  }
}

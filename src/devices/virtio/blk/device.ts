// virtio-blk: a disk of 512-byte sectors (VIRTIO 1.2, 5.2). Data goes between the back end and the guest's pages
// without a copy in between; a request that the back end answers at once ends in the turn in which it came.

import type { DiskAnswer, DiskBackend, DiskOutcome } from "../../../backends/disk/types";
import type { AccessSize } from "../../../core/crossing";
import type { GuestView } from "../../../core/guest_memory";
import { assertNever } from "../../../shared/assert_never";
import type { DeviceHost, VirtioDevice } from "../device";
import type { Chain, TakeAnswer, Virtqueue } from "../queue";
import { CLASS_CODE, configOf, F_FLUSH, featuresOf, ID_LENGTH, QUEUE_SIZE, VIRTIO_ID, WRITEBACK } from "./config";
import { newBlkCounters } from "./counters";
import {
  type BlkRequest,
  HEADER_SIZE,
  isMalformed,
  parseRequest,
  RANGE_SIZE,
  S_IOERR,
  S_OK,
  S_UNSUPP,
} from "./request";

export interface BlkOptions {
  /** Serial number that the guest reads, at most 20 bytes. */
  readonly serial?: string;
  readonly queues?: number;
}

/** What is under way of a queue. */
interface QueueWork {
  inFlight: number;
  /** The ring holds chains that had to wait for room. */
  waiting: boolean;
  /** Shared by all requests since the last reset. */
  token: { cancelled: boolean };
}

export class VirtioBlk implements VirtioDevice {
  readonly name = "virtio-blk";
  readonly virtioId = VIRTIO_ID;
  readonly classCode = CLASS_CODE;
  readonly deviceFeatures: bigint;
  readonly queueSizes: readonly number[];
  readonly config: Uint8Array;
  readonly counters = newBlkCounters();
  readonly #disk: DiskBackend;
  readonly #id = new Uint8Array(ID_LENGTH);
  readonly #head = new Uint8Array(HEADER_SIZE + RANGE_SIZE);
  readonly #work: QueueWork[];
  #host: DeviceHost | undefined;

  constructor(disk: DiskBackend, options: BlkOptions = {}) {
    this.#disk = disk;
    const queues = options.queues ?? 1;
    const shape = { sectors: disk.sectors, readOnly: disk.readOnly, queues };
    this.deviceFeatures = featuresOf(shape);
    this.config = configOf(shape);
    this.queueSizes = Array.from({ length: queues }, () => QUEUE_SIZE);
    this.#work = this.queueSizes.map(() => ({ inFlight: 0, waiting: false, token: { cancelled: false } }));
    this.#id.set(new TextEncoder().encode(options.serial ?? "").subarray(0, ID_LENGTH));
  }

  attach(host: DeviceHost): void {
    this.#host = host;
  }

  /** Only the cache mode can be written (5.2.5.2); a switch to write-through takes hold with the next write. */
  writeConfig(offset: number, size: AccessSize, value: number): void {
    if (offset === WRITEBACK && size === 1) this.config[WRITEBACK] = value & 1;
  }

  activate(): void {
    // Kicks follow.
  }

  onKick(index: number): void {
    const queue = this.#host?.queue(index);
    const work = this.#work[index];
    if (queue === undefined || work === undefined) return;
    work.waiting = false;
    queue.drain((chain) => this.#take(chain, queue, work));
  }

  reset(): void {
    this.config[WRITEBACK] = 1;
    for (const index of this.#work.keys()) this.resetQueue(index);
  }

  resetQueue(index: number): void {
    const work = this.#work[index];
    if (work === undefined) return;
    work.token.cancelled = true;
    this.#work[index] = { inFlight: 0, waiting: false, token: { cancelled: false } };
  }

  /** A driver that offers a chain twice could have more under way than the ring has entries: it waits. */
  #take(chain: Chain, queue: Virtqueue, work: QueueWork): TakeAnswer {
    if (work.inFlight >= queue.size) {
      work.waiting = true;
      return "later";
    }
    if (isMalformed(chain)) {
      this.#host?.fail("a request without header or status", queue.index);
      return "taken";
    }
    const copied = chain.read(0, this.#head);
    const request = parseRequest(this.#head.subarray(0, copied), chain, this.#disk.sectors);
    const status = chain.writable(chain.writableBytes - 1, 1)[0];
    if (status === undefined) return "taken";
    const answer = this.#start(request, chain, work.token);
    if (typeof answer === "string") this.#finish(answer, request, chain.head, status, queue);
    else void this.#finishLater(answer, { request, head: chain.head, status }, queue, work);
    return "taken";
  }

  #start(request: BlkRequest, chain: Chain, token: QueueWork["token"]): DiskAnswer {
    const { counters } = this;
    switch (request.kind) {
      case "read":
        counters.reads++;
        counters.readBytes += request.length;
        if (request.length === 0) return "ok";
        return this.#disk.read(request.sector, chain.writable(0, request.length), token);
      case "write":
        counters.writes++;
        counters.writtenBytes += request.length;
        if (request.length === 0) return "ok";
        return this.#durable(this.#disk.write(request.sector, chain.readable(HEADER_SIZE, request.length), token));
      case "flush":
        counters.flushes++;
        return this.#disk.flush();
      case "discard":
        counters.discards++;
        return this.#disk.discard(request.sector, request.count);
      case "write-zeroes":
        counters.discards++;
        return this.#durable(this.#disk.writeZeroes(request.sector, request.count));
      case "get-id":
        chain.write(0, this.#id.subarray(0, request.length));
        return "ok";
      case "refused":
        return request.status === S_UNSUPP ? "unsupported" : "io-error";
      default:
        return assertNever(request);
    }
  }

  /** A driver that cannot flush, or wants write-through, has its writes flushed for it (5.2.6.2). */
  #durable(written: DiskAnswer): DiskAnswer {
    const canFlush = ((this.#host?.features ?? 0n) & F_FLUSH) !== 0n;
    if (canFlush && this.config[WRITEBACK] === 1) return written;
    if (typeof written === "string") return written === "ok" ? this.#disk.flush() : written;
    return written.then((outcome) => (outcome === "ok" ? this.#disk.flush() : outcome));
  }

  async #finishLater(
    answer: Promise<DiskOutcome>,
    pending: { request: BlkRequest; head: number; status: GuestView },
    queue: Virtqueue,
    work: QueueWork,
  ): Promise<void> {
    work.inFlight++;
    const outcome = await answer;
    if (work.token.cancelled || !queue.running) return;
    work.inFlight--;
    this.#finish(outcome, pending.request, pending.head, pending.status, queue);
    queue.publish();
    if (work.waiting) this.onKick(queue.index);
  }

  #finish(outcome: DiskOutcome, request: BlkRequest, head: number, status: GuestView, queue: Virtqueue): void {
    const code = statusOf(outcome);
    if (code === S_IOERR) this.counters.errors++;
    if (code === S_UNSUPP) this.counters.unsupported++;
    status[0] = code;
    const data = request.kind === "read" || request.kind === "get-id" ? request.length : 0;
    queue.push(head, code === S_OK ? data + 1 : 1);
  }
}

function statusOf(outcome: DiskOutcome): number {
  if (outcome === "ok") return S_OK;
  return outcome === "unsupported" ? S_UNSUPP : S_IOERR;
}

// The state of a virtio device that both interfaces share: status, features, queues, interrupts (VIRTIO 1.2, 2 and
// 4.1). modern.ts and legacy.ts are the registers over it, pci.ts puts them into a PCI function.

import * as Vring from "../../../assembly/layout/vring";
import type { GuestMemory } from "../../core/guest_memory";
import type { Log } from "../../shared/log";
import { newTransportCounters } from "./counters";
import type { DeviceHost, VirtioDevice } from "./device";
import {
  EVENT_IDX,
  INDIRECT_DESC,
  ISR_CONFIG,
  ISR_QUEUE,
  LEGACY_FEATURES,
  MODERN_FEATURES,
  NO_VECTOR,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
  STATUS_NEEDS_RESET,
  VERSION_1,
} from "./features";
import { type RingAddresses, Virtqueue, type VringExports } from "./queue";

const LOW_32 = 0xffffffffn;

/** How interrupts leave: the PCI function knows whether as messages or by the pin. */
export interface InterruptPort {
  /** Number of MSI-X vectors. */
  readonly vectors: number;
  readonly usesMessages: () => boolean;
  raise(vector: number): void;
  /** Level of the interrupt pin. */
  setPin(level: boolean): void;
}

export interface QueueState {
  readonly queue: Virtqueue;
  size: number;
  vector: number;
  /** Modern: the three addresses, in the order of the registers. */
  readonly addresses: Uint32Array<ArrayBuffer>;
  /** Legacy: page number. */
  pfn: number;
  /** Since the machine started. */
  kicks: number;
  interrupts: number;
  /** Times that the driver has broken the rules here. */
  errors: number;
}

export interface TransportParts {
  readonly guest: GuestMemory;
  readonly vring: VringExports;
  /** Addresses of the queue structs, one per queue of the device. */
  readonly queues: readonly number[];
  readonly log: Log;
  /** Rings the device's own doorbell. */
  readonly again: (queue: number) => void;
}

export class VirtioTransport implements DeviceHost {
  readonly device: VirtioDevice;
  readonly queues: readonly QueueState[];
  readonly counters = newTransportCounters();
  status = 0;
  configVector = NO_VECTOR;
  configGeneration = 0;
  queueSelect = 0;
  deviceFeatureSelect = 0;
  driverFeatureSelect = 0;
  readonly #interrupts: InterruptPort;
  readonly #log: Log;
  #driverFeatures = 0n;
  #isr = 0;

  constructor(device: VirtioDevice, parts: TransportParts, interrupts: InterruptPort) {
    this.device = device;
    this.#interrupts = interrupts;
    this.#log = parts.log;
    const owner = {
      interrupt: (queue: number) => this.#queueInterrupt(queue),
      malformed: (queue: number, error: number) => this.fail(`queue ${queue}: ring error ${error}`, queue),
      again: parts.again,
    };
    this.queues = device.queueSizes.map((maxSize, index) => ({
      queue: new Virtqueue({ index, address: parts.queues[index] ?? 0, maxSize }, parts.guest, parts.vring, owner),
      size: maxSize,
      vector: NO_VECTOR,
      addresses: new Uint32Array(6),
      pfn: 0,
      kicks: 0,
      interrupts: 0,
      errors: 0,
    }));
    device.attach(this);
  }

  /** Everything that the modern interface offers. */
  get offered(): bigint {
    return this.device.deviceFeatures | MODERN_FEATURES;
  }

  get legacyOffered(): number {
    return Number((this.device.deviceFeatures | LEGACY_FEATURES) & LOW_32);
  }

  /** What the driver has written, accepted or not: what the modern driver_feature register reads. */
  get driverFeatures(): bigint {
    return this.#driverFeatures;
  }

  get features(): bigint {
    return this.#driverFeatures & (this.offered | LEGACY_FEATURES);
  }

  /** A driver that has not accepted VERSION_1 uses the legacy interface. */
  get isLegacy(): boolean {
    return (this.#driverFeatures & VERSION_1) === 0n;
  }

  get selected(): QueueState | undefined {
    return this.queues[this.queueSelect];
  }

  queue(index: number): Virtqueue {
    const state = this.queues[index];
    if (state === undefined) throw new Error(`${this.device.name} has no queue ${index}`);
    return state.queue;
  }

  /** Writes 32 of the driver's feature bits; after FEATURES_OK they stand. */
  setDriverFeatures(select: number, value: number): void {
    if (select > 1 || (this.status & (STATUS_FEATURES_OK | STATUS_DRIVER_OK)) !== 0) return;
    const shift = BigInt(select * 32);
    this.#driverFeatures = (this.#driverFeatures & ~(LOW_32 << shift)) | (BigInt(value >>> 0) << shift);
  }

  /** The legacy interface has no refusal: bits that were not offered are dropped (VIRTIO 1.2, 2.2.3). */
  setLegacyFeatures(value: number): void {
    if ((this.status & STATUS_DRIVER_OK) !== 0) return;
    this.#driverFeatures = BigInt((value & this.legacyOffered) >>> 0);
    for (const { queue } of this.queues) if (queue.running) queue.setFlags(this.#ringFlags());
  }

  /** Device status as the modern interface has it (VIRTIO 1.2, 2.1 and 3.1.1). */
  writeStatus(value: number): void {
    if (value === 0) {
      this.reset();
      return;
    }
    const kept = this.status & ~STATUS_NEEDS_RESET;
    // Bits are cleared by a reset only; a driver that tries is ignored.
    if ((value & kept) !== kept) return;
    let next = value & ~STATUS_NEEDS_RESET;
    const added = next & ~kept;
    if ((added & STATUS_FEATURES_OK) !== 0 && !this.#acceptable()) next &= ~STATUS_FEATURES_OK;
    if ((added & STATUS_DRIVER_OK) !== 0 && (next & STATUS_FEATURES_OK) === 0) next &= ~STATUS_DRIVER_OK;
    this.#advance(next);
  }

  writeLegacyStatus(value: number): void {
    if (value === 0) this.reset();
    else this.#advance(value & ~(STATUS_NEEDS_RESET | STATUS_FEATURES_OK));
  }

  /** Starts the selected queue at its modern addresses. */
  enableQueue(state: QueueState): void {
    if (state.queue.running || (this.status & STATUS_NEEDS_RESET) !== 0) return;
    this.#start(state, {
      desc: halves(state.addresses, 0),
      avail: halves(state.addresses, 2),
      used: halves(state.addresses, 4),
    });
  }

  /** Starts a queue at the addresses that the legacy page number means; 0 stops it (VIRTIO 0.9.5, 2.3). */
  setLegacyPage(state: QueueState, pfn: number): void {
    state.pfn = pfn;
    if (pfn === 0) {
      this.resetQueue(state);
      return;
    }
    if (state.queue.running) state.queue.stop();
    if ((this.status & STATUS_NEEDS_RESET) !== 0) return;
    this.#start(state, legacyAddresses(pfn, state.queue.maxSize));
  }

  resetQueue(state: QueueState): void {
    state.queue.stop();
    state.size = state.queue.maxSize;
    state.vector = NO_VECTOR;
    this.device.resetQueue(state.queue.index);
  }

  /** A doorbell or a write to a notify register. */
  kick(queue: number): void {
    const state = this.queues[queue];
    if (state === undefined || !state.queue.running || (this.status & STATUS_NEEDS_RESET) !== 0) return;
    // Legacy drivers use their queues before DRIVER_OK (virtio-blk of Linux 2.6 reads the partition table).
    if (!this.isLegacy && (this.status & STATUS_DRIVER_OK) === 0) return;
    this.counters.kicks++;
    state.kicks++;
    this.device.onKick(queue);
  }

  /** Reading acknowledges (VIRTIO 1.2, 4.1.4.5). */
  readIsr(): number {
    const isr = this.#isr;
    this.#isr = 0;
    this.updatePin();
    return isr;
  }

  /** Whether this vector exists: else what is stored, and read back, is "no vector". */
  checkedVector(vector: number): number {
    return vector < this.#interrupts.vectors ? vector : NO_VECTOR;
  }

  /** Sets the interrupt pin as it must be now; messages and pin exclude each other. */
  updatePin(): void {
    this.#interrupts.setPin(this.#isr !== 0 && !this.#interrupts.usesMessages());
  }

  configChanged(): void {
    this.configGeneration = (this.configGeneration + 1) & 0xff;
    if ((this.status & STATUS_DRIVER_OK) !== 0) this.#interrupt(this.configVector, ISR_CONFIG);
  }

  fail(reason: string, queue?: number): void {
    if ((this.status & STATUS_NEEDS_RESET) !== 0) return;
    const state = queue === undefined ? undefined : this.queues[queue];
    if (state !== undefined) state.errors++;
    this.counters.failures++;
    this.counters.lastFailure = reason;
    this.#log.guest("needs-reset", `${this.device.name}: ${reason}; stopped until the driver resets it`);
    for (const each of this.queues) each.queue.stop();
    this.status |= STATUS_NEEDS_RESET;
    if ((this.status & STATUS_DRIVER_OK) !== 0) this.#interrupt(this.configVector, ISR_CONFIG);
  }

  reset(): void {
    this.counters.resets++;
    this.status = 0;
    this.#driverFeatures = 0n;
    this.queueSelect = 0;
    this.deviceFeatureSelect = 0;
    this.driverFeatureSelect = 0;
    this.configVector = NO_VECTOR;
    for (const state of this.queues) {
      state.queue.stop();
      state.size = state.queue.maxSize;
      state.vector = NO_VECTOR;
      state.addresses.fill(0);
      state.pfn = 0;
    }
    this.device.reset();
    this.#isr = 0;
    this.updatePin();
  }

  /** The device leaves the machine: whatever it still does on its own reaches nobody. */
  unplug(): void {
    this.reset();
    for (const { queue } of this.queues) queue.retire();
  }

  #acceptable(): boolean {
    return (this.#driverFeatures & ~this.offered) === 0n && (this.#driverFeatures & VERSION_1) !== 0n;
  }

  #advance(status: number): void {
    const starting = (status & ~this.status & STATUS_DRIVER_OK) !== 0;
    this.status = status | (this.status & STATUS_NEEDS_RESET);
    if (!starting || (this.status & STATUS_NEEDS_RESET) !== 0) return;
    this.device.activate();
    // Kicks before DRIVER_OK were dropped.
    for (const { queue } of this.queues) if (queue.running) this.device.onKick(queue.index);
  }

  #start(state: QueueState, addresses: RingAddresses): void {
    const { queue } = state;
    if (!queue.start(state.size, addresses, this.#ringFlags())) {
      this.fail(`queue ${queue.index}: impossible size or alignment`, queue.index);
    }
  }

  #ringFlags(): number {
    const has = (feature: bigint, flag: number): number => ((this.features & feature) === 0n ? 0 : flag);
    return has(EVENT_IDX, Vring.FLAG_EVENT_IDX) | has(INDIRECT_DESC, Vring.FLAG_INDIRECT);
  }

  #queueInterrupt(queue: number): void {
    const state = this.queues[queue];
    if (state !== undefined) state.interrupts++;
    this.#interrupt(state?.vector ?? NO_VECTOR, ISR_QUEUE);
  }

  #interrupt(vector: number, isr: number): void {
    this.counters.interrupts++;
    if (this.#interrupts.usesMessages()) {
      if (vector !== NO_VECTOR) this.#interrupts.raise(vector);
      return;
    }
    this.#isr |= isr;
    this.updatePin();
  }
}

function halves(words: Uint32Array, low: number): bigint {
  return BigInt(words[low] ?? 0) | (BigInt(words[low + 1] ?? 0) << 32n);
}

function legacyAddresses(pfn: number, size: number): RingAddresses {
  const desc = BigInt(pfn) << 12n;
  const avail = desc + BigInt(size * 16);
  const availEnd = avail + BigInt(4 + size * 2 + 2);
  return { desc, avail, used: (availEnd + 4095n) & ~4095n };
}

// What every virtio device is to its transport, and the transport to its device.

import type { AccessSize } from "../../core/crossing";
import type { Virtqueue } from "./queue";

export interface VirtioDevice {
  /** For logs and counters: "virtio-blk". */
  readonly name: string;
  /** VIRTIO 1.2, section 5. */
  readonly virtioId: number;
  /** PCI class code, 24 bits. */
  readonly classCode: number;
  /** The device's own feature bits. */
  readonly deviceFeatures: bigint;
  /** Largest size of each queue. */
  readonly queueSizes: readonly number[];
  /** MSI-X vectors; left out: one per queue and one for configuration changes. */
  readonly msixVectors?: number;
  /** What the device counts, for whoever looks at the machine. */
  readonly counters?: object;
  /** The device configuration space as the driver reads it now. */
  readonly config: Uint8Array;

  /** Called once, before anything else. */
  attach(host: DeviceHost): void;
  /** The driver wrote to the configuration space; the access lies inside `config`. */
  writeConfig(offset: number, size: AccessSize, value: number): void;
  /** DRIVER_OK was set. Kicks of all running queues follow. */
  activate(): void;
  /** The driver made buffers available. */
  onKick(queue: number): void;
  /** Back to power-on. Whatever is under way may neither touch guest memory nor the queues any more. */
  reset(): void;
  /** The same for one queue (VIRTIO_F_RING_RESET). */
  resetQueue(queue: number): void;
}

export interface DeviceHost {
  /** Feature bits that the driver has accepted. */
  readonly features: bigint;
  queue(index: number): Virtqueue;
  /** `config` was changed by the device: tells the driver. */
  configChanged(): void;
  /** The driver broke the rules, on this queue if it is one's: the device stops until it is reset, the machine goes on. */
  fail(reason: string, queue?: number): void;
}

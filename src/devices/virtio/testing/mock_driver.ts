// The driver side of virtio-pci, as an operating system does it: through configuration space, BARs and guest memory.

import type { GuestMemory } from "../../../core/guest_memory";
import * as Pci from "../../pci/registers";
import type { Router } from "../../pci/router";
import { MockRing } from "./mock_ring";

export interface DriverPlace {
  readonly ports: Router;
  readonly mmio: Router;
  readonly guest: GuestMemory;
  readonly slot: number;
}

const ACKNOWLEDGE = 1;
const DRIVER = 2;
const DRIVER_OK = 4;
const FEATURES_OK = 8;
const NO_VECTOR = 0xffff;
/** Rings lie from here on, one every RING_STRIDE bytes. */
const RINGS = 0x100000;
const RING_STRIDE = 0x10000;

export class MockDriver {
  readonly guest: GuestMemory;
  rings: MockRing[] = [];
  readonly #place: DriverPlace;

  constructor(place: DriverPlace) {
    this.#place = place;
    this.guest = place.guest;
  }

  configRead(offset: number, size: 1 | 2 | 4 = 4): number {
    this.#place.ports.write(0xcf8, 4, (0x80000000 | (this.#place.slot << 11) | (offset & 0xfc)) >>> 0);
    return this.#place.ports.read(0xcfc + (offset & 3), size);
  }

  configWrite(offset: number, size: 1 | 2 | 4, value: number): void {
    this.#place.ports.write(0xcf8, 4, (0x80000000 | (this.#place.slot << 11) | (offset & 0xfc)) >>> 0);
    this.#place.ports.write(0xcfc + (offset & 3), size, value);
  }

  barAddress(bar: number): number {
    const low = this.configRead(Pci.BAR0 + bar * 4);
    if ((low & Pci.BAR_IO) !== 0) return (low & ~3) >>> 0;
    const high = (low & Pci.BAR_64) === 0 ? 0 : this.configRead(Pci.BAR0 + bar * 4 + 4);
    return ((low & ~15) >>> 0) + high * 0x100000000;
  }

  /** Whether the device has the legacy interface too. */
  get transitional(): boolean {
    return (this.configRead(Pci.BAR0) & Pci.BAR_IO) !== 0;
  }

  /** Address of the structure of a virtio capability. */
  structure(type: number): number {
    for (let at = this.configRead(Pci.CAPABILITIES, 1); at !== 0; at = this.configRead(at + 1, 1)) {
      if (this.configRead(at, 1) !== Pci.CAP_VENDOR || this.configRead(at + 3, 1) !== type) continue;
      return this.barAddress(this.configRead(at + 4, 1)) + this.configRead(at + 8);
    }
    throw new Error(`no capability of type ${type}`);
  }

  read(address: number, size: 1 | 2 | 4): number {
    return this.#place.mmio.read(address, size);
  }

  write(address: number, size: 1 | 2 | 4, value: number): void {
    this.#place.mmio.write(address, size, value);
  }

  commonRead(offset: number, size: 1 | 2 | 4): number {
    return this.read(this.structure(1) + offset, size);
  }

  commonWrite(offset: number, size: 1 | 2 | 4, value: number): void {
    this.write(this.structure(1) + offset, size, value);
  }

  get status(): number {
    return this.commonRead(20, 1);
  }

  deviceConfig(offset: number, size: 1 | 2 | 4): number {
    return this.read(this.structure(4) + offset, size);
  }

  writeDeviceConfig(offset: number, size: 1 | 2 | 4, value: number): void {
    this.write(this.structure(4) + offset, size, value);
  }

  get offered(): bigint {
    this.commonWrite(0, 4, 0);
    const low = BigInt(this.commonRead(4, 4));
    this.commonWrite(0, 4, 1);
    return low | (BigInt(this.commonRead(4, 4)) << 32n);
  }

  /** Reset, features, FEATURES_OK; true if the device accepted. */
  negotiate(features: bigint): boolean {
    this.commonWrite(20, 1, 0);
    this.commonWrite(20, 1, ACKNOWLEDGE);
    this.commonWrite(20, 1, ACKNOWLEDGE | DRIVER);
    this.commonWrite(8, 4, 0);
    this.commonWrite(12, 4, Number(features & 0xffffffffn));
    this.commonWrite(8, 4, 1);
    this.commonWrite(12, 4, Number(features >> 32n));
    this.commonWrite(20, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    return (this.status & FEATURES_OK) !== 0;
  }

  /** Sets up every queue with at most `size` entries. */
  setUpQueues(size = 256): void {
    this.rings = [];
    const count = this.commonRead(18, 2);
    for (let index = 0; index < count; index++) {
      this.commonWrite(22, 2, index);
      this.setUpQueue(index, Math.min(size, this.commonRead(24, 2)));
    }
  }

  setUpQueue(index: number, size: number): void {
    const ring = new MockRing(this.guest, RINGS + index * RING_STRIDE, size);
    this.commonWrite(22, 2, index);
    this.commonWrite(24, 2, size);
    this.commonWrite(26, 2, index + 1);
    // A device with fewer vectors has one for all of its queues.
    if (this.commonRead(26, 2) === NO_VECTOR) this.commonWrite(26, 2, 1);
    for (const [i, address] of [ring.desc, ring.avail, ring.used].entries()) {
      this.commonWrite(32 + i * 8, 4, address);
      this.commonWrite(36 + i * 8, 4, 0);
    }
    this.commonWrite(28, 2, 1);
    this.rings[index] = ring;
  }

  driverOk(): void {
    this.commonWrite(20, 1, this.status | DRIVER_OK);
  }

  /** The whole of a modern driver's start. */
  start(features: bigint = this.offered, queueSize?: number): void {
    if (!this.negotiate(features)) throw new Error(`features ${features.toString(16)} were refused`);
    this.setUpQueues(queueSize);
    this.driverOk();
  }

  /** Switches MSI-X on, with vector n sending data 0x40 + n. */
  enableMsix(): void {
    const table = this.barAddress(1);
    const control = this.configRead(0x9a, 2);
    for (let vector = 0; vector <= this.#lastVector; vector++) {
      this.write(table + vector * 16, 4, 0xfee00000);
      this.write(table + vector * 16 + 8, 4, 0x40 + vector);
      this.write(table + vector * 16 + 12, 4, 0);
    }
    this.configWrite(0x9a, 2, control | 0x8000);
  }

  get usesMsix(): boolean {
    return (this.configRead(0x9a, 2) & 0x8000) !== 0;
  }

  get #lastVector(): number {
    return this.configRead(0x9a, 2) & 0x7ff;
  }

  /** Reads, and so acknowledges, why the pin was raised. */
  readIsr(): number {
    return this.read(this.structure(3), 1);
  }

  kick(queue: number): void {
    const offset = this.configRead(0x70 + 16) * queue;
    this.write(this.structure(2) + offset, 2, queue);
  }

  ring(index: number): MockRing {
    const ring = this.rings[index];
    if (ring === undefined) throw new Error(`queue ${index} was not set up`);
    return ring;
  }

  // The legacy interface: BAR 0.

  legacyRead(offset: number, size: 1 | 2 | 4): number {
    return this.#place.ports.read(this.barAddress(0) + offset, size);
  }

  legacyWrite(offset: number, size: 1 | 2 | 4, value: number): void {
    this.#place.ports.write(this.barAddress(0) + offset, size, value);
  }

  /** The whole of a legacy driver's start. */
  startLegacy(features: number): void {
    this.legacyWrite(18, 1, 0);
    this.legacyWrite(18, 1, ACKNOWLEDGE);
    this.legacyWrite(18, 1, ACKNOWLEDGE | DRIVER);
    this.legacyWrite(4, 4, features);
    this.rings = [];
    for (let index = 0; ; index++) {
      this.legacyWrite(14, 2, index);
      const size = this.legacyRead(12, 2);
      if (size === 0) break;
      const ring = new MockRing(this.guest, RINGS + index * RING_STRIDE, size);
      this.legacyWrite(8, 4, ring.desc >>> 12);
      if (this.usesMsix) this.legacyWrite(22, 2, Math.min(index + 1, this.#lastVector));
      this.rings.push(ring);
    }
    this.legacyWrite(18, 1, ACKNOWLEDGE | DRIVER | DRIVER_OK);
  }

  legacyKick(queue: number): void {
    this.legacyWrite(16, 2, queue);
  }
}

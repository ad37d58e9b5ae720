// The modern interface: common configuration, ISR, device configuration and notification, one page each in BAR 4
// (VIRTIO 1.2, 4.1.4). Layout as QEMU has it.

import type { AccessSize } from "../../core/crossing";
import type { RegisterHandler } from "../pci/router";
import { readConfig, writeConfig } from "./config_space";
import type { QueueState, VirtioTransport } from "./transport";

export const COMMON_OFFSET = 0x0000;
export const ISR_OFFSET = 0x1000;
export const DEVICE_OFFSET = 0x2000;
export const NOTIFY_OFFSET = 0x3000;
export const AREA_LENGTH = 0x1000;
export const MODERN_BAR_SIZE = 0x4000;
export const NOTIFY_MULTIPLIER = 4;
export const NOTIFY_SHIFT = 2;

// Registers of the common configuration (4.1.4.3).
const DEVICE_FEATURE_SELECT = 0;
const DEVICE_FEATURE = 4;
const DRIVER_FEATURE_SELECT = 8;
const DRIVER_FEATURE = 12;
const CONFIG_VECTOR = 16;
const NUM_QUEUES = 18;
const DEVICE_STATUS = 20;
const CONFIG_GENERATION = 21;
const QUEUE_SELECT = 22;
const QUEUE_SIZE = 24;
const QUEUE_VECTOR = 26;
const QUEUE_ENABLE = 28;
const QUEUE_NOTIFY_OFF = 30;
const QUEUE_DESC = 32;
const QUEUE_ADDRESSES_END = 56;
const QUEUE_NOTIFY_DATA = 56;
const QUEUE_RESET = 58;
export const COMMON_LENGTH = 60;

export class ModernRegisters implements RegisterHandler {
  readonly #transport: VirtioTransport;

  constructor(transport: VirtioTransport) {
    this.#transport = transport;
  }

  read(offset: number, size: AccessSize): number {
    const area = offset & ~(AREA_LENGTH - 1);
    const register = offset & (AREA_LENGTH - 1);
    if (area === COMMON_OFFSET) return this.#readCommon(register, size);
    if (area === ISR_OFFSET) return register === 0 ? this.#transport.readIsr() : 0;
    if (area === DEVICE_OFFSET) return readConfig(this.#transport.device, register, size);
    return 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    const area = offset & ~(AREA_LENGTH - 1);
    const register = offset & (AREA_LENGTH - 1);
    if (area === COMMON_OFFSET) this.#writeCommon(register, size, value);
    else if (area === DEVICE_OFFSET) writeConfig(this.#transport.device, register, size, value);
    else if (area === NOTIFY_OFFSET) this.#transport.kick(register >>> NOTIFY_SHIFT);
  }

  /** Fields are read at their own size; a part of one, or two of them together, as a driver of bytes may ask. */
  #readCommon(register: number, size: AccessSize): number {
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.#commonByte(register + i) << (8 * i);
    return value >>> 0;
  }

  #commonByte(register: number): number {
    const field = fieldAt(register);
    return field === undefined ? 0xff : (this.#field(field.start) >>> (8 * (register - field.start))) & 0xff;
  }

  #field(register: number): number {
    const t = this.#transport;
    switch (register) {
      case DEVICE_FEATURE_SELECT:
        return t.deviceFeatureSelect;
      case DEVICE_FEATURE:
        return featureWord(t.offered, t.deviceFeatureSelect);
      case DRIVER_FEATURE_SELECT:
        return t.driverFeatureSelect;
      case DRIVER_FEATURE:
        return featureWord(t.driverFeatures, t.driverFeatureSelect);
      case CONFIG_VECTOR:
        return t.configVector;
      case NUM_QUEUES:
        return t.queues.length;
      case DEVICE_STATUS:
        return t.status;
      case CONFIG_GENERATION:
        return t.configGeneration;
      case QUEUE_SELECT:
        return t.queueSelect;
      default:
        return t.selected === undefined ? 0 : queueField(t.selected, register);
    }
  }

  #writeCommon(register: number, size: AccessSize, value: number): void {
    const t = this.#transport;
    switch (register) {
      case DEVICE_FEATURE_SELECT:
        t.deviceFeatureSelect = value;
        return;
      case DRIVER_FEATURE_SELECT:
        t.driverFeatureSelect = value;
        return;
      case DRIVER_FEATURE:
        t.setDriverFeatures(t.driverFeatureSelect, value);
        return;
      case CONFIG_VECTOR:
        t.configVector = t.checkedVector(value & 0xffff);
        return;
      case DEVICE_STATUS:
        t.writeStatus(value & 0xff);
        return;
      case QUEUE_SELECT:
        t.queueSelect = value & 0xffff;
        return;
      default:
        if (t.selected !== undefined) this.#writeQueue(t.selected, register, size, value);
    }
  }

  #writeQueue(state: QueueState, register: number, size: AccessSize, value: number): void {
    if (register === QUEUE_VECTOR) {
      state.vector = this.#transport.checkedVector(value & 0xffff);
    } else if (register === QUEUE_RESET) {
      if ((value & 1) !== 0) this.#transport.resetQueue(state);
    } else if (state.queue.running) {
      // The ring of a running queue is not moved (4.1.4.3.2).
    } else if (register === QUEUE_SIZE) {
      state.size = value & 0xffff;
    } else if (register === QUEUE_ENABLE) {
      if ((value & 0xffff) === 1) this.#transport.enableQueue(state);
    } else if (register >= QUEUE_DESC && register < QUEUE_ADDRESSES_END && register % 4 === 0 && size === 4) {
      state.addresses[(register - QUEUE_DESC) / 4] = value;
    }
  }
}

function queueField(state: QueueState, register: number): number {
  switch (register) {
    case QUEUE_SIZE:
      return state.size;
    case QUEUE_VECTOR:
      return state.vector;
    case QUEUE_ENABLE:
      return state.queue.running ? 1 : 0;
    case QUEUE_NOTIFY_OFF:
      return state.queue.index;
    case QUEUE_NOTIFY_DATA:
    case QUEUE_RESET:
      // A queue's reset is over when the write returns.
      return 0;
    default:
      return state.addresses[(register - QUEUE_DESC) / 4] ?? 0;
  }
}

/** Words beyond the second read 0: no feature bit above 63 exists. */
function featureWord(features: bigint, select: number): number {
  return select > 1 ? 0 : Number((features >> BigInt(select * 32)) & 0xffffffffn);
}

/** The field that a byte of the common configuration belongs to. */
function fieldAt(register: number): { start: number } | undefined {
  if (register < CONFIG_VECTOR) return { start: register & ~3 };
  if (register === DEVICE_STATUS || register === CONFIG_GENERATION) return { start: register };
  if (register >= QUEUE_DESC && register < QUEUE_ADDRESSES_END) return { start: register & ~3 };
  return register < COMMON_LENGTH ? { start: register & ~1 } : undefined;
}

// What virtio-scsi offers and how its configuration space looks (VIRTIO 1.2, 5.6.2 to 5.6.4).

import { MAX_LUN, MAX_TARGET } from "../../scsi/bus";
import { bit } from "../features";

export const VIRTIO_ID = 8;
export const CLASS_CODE = 0x010000;
export const QUEUE_SIZE = 256;

export const CONTROL_QUEUE = 0;
export const EVENT_QUEUE = 1;
export const FIRST_REQUEST_QUEUE = 2;

export const F_HOTPLUG = bit(1);
export const F_CHANGE = bit(2);

const NUM_QUEUES = 0;
const SEG_MAX = 4;
const MAX_SECTORS = 8;
const CMD_PER_LUN = 12;
const EVENT_INFO_SIZE = 16;
export const SENSE_SIZE = 20;
export const CDB_SIZE = 24;
const MAX_CHANNEL = 28;
const MAX_TARGET_AT = 30;
const MAX_LUN_AT = 32;
const CONFIG_LENGTH = 36;

const DEFAULT_SENSE_SIZE = 96;
const DEFAULT_CDB_SIZE = 32;
/** No driver needs more; QEMU's limits. */
export const LARGEST_SENSE_SIZE = 65536;
export const LARGEST_CDB_SIZE = 256;

/** Bytes of an event (5.6.6.3). */
export const EVENT_SIZE = 16;

export function configOf(queues: number): Uint8Array {
  const config = new Uint8Array(CONFIG_LENGTH);
  const view = new DataView(config.buffer);
  view.setUint32(NUM_QUEUES, queues, true);
  // A chain has the request and its response besides the data.
  view.setUint32(SEG_MAX, QUEUE_SIZE - 2, true);
  view.setUint32(MAX_SECTORS, 0xffff, true);
  view.setUint32(CMD_PER_LUN, 128, true);
  view.setUint32(EVENT_INFO_SIZE, EVENT_SIZE, true);
  view.setUint16(MAX_CHANNEL, 0, true);
  view.setUint16(MAX_TARGET_AT, MAX_TARGET, true);
  view.setUint32(MAX_LUN_AT, MAX_LUN, true);
  resetSizes(config);
  return config;
}

/** The two fields that a driver may write are back at their defaults after a reset (5.6.4.2). */
export function resetSizes(config: Uint8Array): void {
  const view = new DataView(config.buffer);
  view.setUint32(SENSE_SIZE, DEFAULT_SENSE_SIZE, true);
  view.setUint32(CDB_SIZE, DEFAULT_CDB_SIZE, true);
}

export function isWritable(offset: number, size: number): boolean {
  return offset >= SENSE_SIZE && offset + size <= CDB_SIZE + 4;
}

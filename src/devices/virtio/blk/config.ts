// What virtio-blk offers and how its configuration space looks (VIRTIO 1.2, 5.2.3 to 5.2.5).

import { bit } from "../features";

export const VIRTIO_ID = 2;
export const CLASS_CODE = 0x010000;
export const QUEUE_SIZE = 256;
export const SECTOR_SIZE = 512;
/** Longest serial number that GET_ID can give. */
export const ID_LENGTH = 20;

export const F_SEG_MAX = bit(2);
export const F_GEOMETRY = bit(4);
export const F_RO = bit(5);
export const F_BLK_SIZE = bit(6);
export const F_FLUSH = bit(9);
export const F_TOPOLOGY = bit(10);
export const F_CONFIG_WCE = bit(11);
export const F_MQ = bit(12);
export const F_DISCARD = bit(13);
export const F_WRITE_ZEROES = bit(14);

/** 64 MiB: bounds the work of one request. */
export const MAX_DISCARD_SECTORS = 0x20000;

/** Longest transfer: bounds the work of a request whose buffers overlap. Linux stays far below it. */
export const MAX_TRANSFER = 64 * 1024 * 1024;

const CAPACITY = 0;
const SEG_MAX = 12;
const GEOMETRY = 16;
const BLK_SIZE = 20;
const MIN_IO = 26;
export const WRITEBACK = 32;
const NUM_QUEUES = 34;
const DISCARD = 36;
const WRITE_ZEROES = 48;
const CONFIG_LENGTH = 60;

export interface BlkShape {
  readonly sectors: number;
  readonly readOnly: boolean;
  readonly queues: number;
}

export function featuresOf(shape: BlkShape): bigint {
  const always = F_SEG_MAX | F_GEOMETRY | F_BLK_SIZE | F_FLUSH | F_TOPOLOGY | F_CONFIG_WCE;
  const writable = shape.readOnly ? F_RO : F_DISCARD | F_WRITE_ZEROES;
  return always | writable | (shape.queues > 1 ? F_MQ : 0n);
}

export function configOf(shape: BlkShape): Uint8Array {
  const config = new Uint8Array(CONFIG_LENGTH);
  const view = new DataView(config.buffer);
  view.setBigUint64(CAPACITY, BigInt(shape.sectors), true);
  // A chain has the header and the status byte besides the data.
  view.setUint32(SEG_MAX, QUEUE_SIZE - 2, true);
  // Geometry as BIOSes have long guessed it; nobody but old boot loaders looks.
  view.setUint16(GEOMETRY, Math.min(Math.floor(shape.sectors / (16 * 63)), 16383), true);
  view.setUint8(GEOMETRY + 2, 16);
  view.setUint8(GEOMETRY + 3, 63);
  view.setUint32(BLK_SIZE, SECTOR_SIZE, true);
  view.setUint16(MIN_IO, 1, true);
  view.setUint8(WRITEBACK, 1);
  view.setUint16(NUM_QUEUES, shape.queues, true);
  if (shape.readOnly) return config;
  // Sectors, segments, and alignment or may_unmap.
  view.setUint32(DISCARD, MAX_DISCARD_SECTORS, true);
  view.setUint32(DISCARD + 4, 1, true);
  view.setUint32(DISCARD + 8, 1, true);
  view.setUint32(WRITE_ZEROES, MAX_DISCARD_SECTORS, true);
  view.setUint32(WRITE_ZEROES + 4, 1, true);
  view.setUint8(WRITE_ZEROES + 8, 1);
  return config;
}

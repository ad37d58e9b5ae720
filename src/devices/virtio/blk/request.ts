// Requests of virtio-blk, from bytes that were copied out of guest memory (VIRTIO 1.2, 5.2.6). Pure.

import { ID_LENGTH, MAX_DISCARD_SECTORS, MAX_TRANSFER, SECTOR_SIZE } from "./config";

export const HEADER_SIZE = 16;
/** A range for DISCARD and WRITE_ZEROES. */
export const RANGE_SIZE = 16;

const T_IN = 0;
const T_OUT = 1;
const T_FLUSH = 4;
const T_GET_ID = 8;
const T_DISCARD = 11;
const T_WRITE_ZEROES = 13;

const FLAG_UNMAP = 1;

export const S_OK = 0;
export const S_IOERR = 1;
export const S_UNSUPP = 2;

export type BlkRequest =
  | { readonly kind: "read" | "write"; readonly sector: number; readonly length: number }
  | { readonly kind: "discard" | "write-zeroes"; readonly sector: number; readonly count: number }
  | { readonly kind: "flush" }
  | { readonly kind: "get-id"; readonly length: number }
  /** The request ends with this status. */
  | { readonly kind: "refused"; readonly status: typeof S_IOERR | typeof S_UNSUPP };

export interface ChainShape {
  readonly readableBytes: number;
  readonly writableBytes: number;
}

/** No room for header and status: the driver has broken the rules, not the request (5.2.6.2). */
export function isMalformed(chain: ChainShape): boolean {
  return chain.readableBytes < HEADER_SIZE || chain.writableBytes < 1;
}

const refused = (status: typeof S_IOERR | typeof S_UNSUPP): BlkRequest => ({ kind: "refused", status });

/**
 * `bytes`: the first HEADER_SIZE + RANGE_SIZE readable bytes, as far as they exist. `sectors`: size of the disk.
 */
export function parseRequest(bytes: Uint8Array, chain: ChainShape, sectors: number): BlkRequest {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = view.getUint32(0, true);
  const sector = sectorAt(view, 8);
  switch (type) {
    case T_IN:
      return transfer("read", sector, chain.writableBytes - 1, sectors);
    case T_OUT:
      return transfer("write", sector, chain.readableBytes - HEADER_SIZE, sectors);
    case T_FLUSH:
      return { kind: "flush" };
    case T_GET_ID:
      return { kind: "get-id", length: Math.min(chain.writableBytes - 1, ID_LENGTH) };
    case T_DISCARD:
    case T_WRITE_ZEROES:
      return range(type === T_DISCARD ? "discard" : "write-zeroes", view, chain, sectors);
    default:
      return refused(S_UNSUPP);
  }
}

function transfer(kind: "read" | "write", sector: number, length: number, sectors: number): BlkRequest {
  if (length % SECTOR_SIZE !== 0 || length > MAX_TRANSFER || !inside(sector, length / SECTOR_SIZE, sectors))
    return refused(S_IOERR);
  return { kind, sector, length };
}

/** One range per request is what the configuration space promises. */
function range(kind: "discard" | "write-zeroes", view: DataView, chain: ChainShape, sectors: number): BlkRequest {
  if (chain.readableBytes !== HEADER_SIZE + RANGE_SIZE) return refused(S_UNSUPP);
  const sector = sectorAt(view, HEADER_SIZE);
  const count = view.getUint32(HEADER_SIZE + 8, true);
  const flags = view.getUint32(HEADER_SIZE + 12, true);
  const known = kind === "discard" ? 0 : FLAG_UNMAP;
  if ((flags & ~known) !== 0) return refused(S_UNSUPP);
  if (count > MAX_DISCARD_SECTORS || !inside(sector, count, sectors)) return refused(S_IOERR);
  return { kind, sector, count };
}

/** 64 bits as a number: exact as far as disks go, and beyond every disk where it is not. */
function sectorAt(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * 0x100000000 + view.getUint32(offset, true);
}

function inside(sector: number, count: number, sectors: number): boolean {
  return sector <= sectors && count <= sectors - sector;
}

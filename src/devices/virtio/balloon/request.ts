// Requests of the balloon's driver, from copied bytes (VIRTIO 1.2, 5.5.6). Pure.

import { BALLOON_PAGE } from "./config";

/** Linux sends at most 256 at a time. What a request has beyond this is ignored, as a device may. */
export const MAX_PAGES_PER_REQUEST = 64 * 1024;
const PFN_SIZE = 4;
export const MAX_REQUEST_BYTES = MAX_PAGES_PER_REQUEST * PFN_SIZE;

/** Page numbers of an inflate or deflate request. */
export function parsePages(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / PFN_SIZE) }, (_, i) => view.getUint32(i * PFN_SIZE, true));
}

export interface Range {
  readonly gpa: bigint;
  readonly length: number;
}

/** Whole pages inside the ranges of a free page report (5.5.6.7), at most `limit` of them. */
export function* pagesOf(ranges: readonly Range[], limit: number): Generator<number> {
  let left = limit;
  const size = BigInt(BALLOON_PAGE);
  for (const { gpa, length } of ranges) {
    const end = Number((gpa + BigInt(length)) / size);
    for (let page = Number((gpa + size - 1n) / size); page < end && left > 0; page++, left--) yield page;
  }
}

const STAT_SIZE = 10;
/** More tags than there are; the rest of a longer buffer is ignored. */
export const MAX_STATS_BYTES = 32 * STAT_SIZE;

/** 5.5.6.4: what the guest says of its memory. Sizes in bytes, the others are counts since its start. */
export interface BalloonStats {
  swapIn?: number;
  swapOut?: number;
  majorFaults?: number;
  minorFaults?: number;
  freeMemory?: number;
  totalMemory?: number;
  availableMemory?: number;
  diskCaches?: number;
  hugetlbAllocations?: number;
  hugetlbFailures?: number;
}

const statNames: readonly (keyof BalloonStats)[] = [
  "swapIn",
  "swapOut",
  "majorFaults",
  "minorFaults",
  "freeMemory",
  "totalMemory",
  "availableMemory",
  "diskCaches",
  "hugetlbAllocations",
  "hugetlbFailures",
];

export function parseStats(bytes: Uint8Array): BalloonStats {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stats: BalloonStats = {};
  for (let at = 0; at + STAT_SIZE <= bytes.length; at += STAT_SIZE) {
    const name = statNames[view.getUint16(at, true)];
    if (name !== undefined) stats[name] = Number(view.getBigUint64(at + 2, true));
  }
  return stats;
}

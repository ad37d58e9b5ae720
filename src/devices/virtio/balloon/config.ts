// What virtio-balloon offers, its queues and its configuration space (VIRTIO 1.2, 5.5).

import { bit } from "../features";

export const VIRTIO_ID = 5;
export const CLASS_CODE = 0x00ff00;
const QUEUE_SIZE = 128;

export const F_STATS_VQ = bit(1);
export const F_DEFLATE_ON_OOM = bit(2);
export const F_PAGE_POISON = bit(4);
export const F_REPORTING = bit(5);

export const NUM_PAGES = 0;
export const ACTUAL = 4;
export const POISON_VAL = 12;
export const CONFIG_LENGTH = 16;

/** The unit of the balloon is 4 KiB whatever the guest's pages are (5.5.6). */
export const BALLOON_PAGE = 4096;

export const INFLATE = 0;
export const DEFLATE = 1;
export const STATS = 2;
const REPORTING = 4;
/** Inflate, deflate, statistics, free page hints (never offered), reports. */
export const QUEUE_SIZES: readonly number[] = Array.from({ length: REPORTING + 1 }, () => QUEUE_SIZE);

export type QueueRole = "inflate" | "deflate" | "stats" | "reporting" | "none";

/**
 * What a queue is for. The specification numbers the queues once and for all (5.5.2); Linux leaves out the numbers of
 * features that were not negotiated, so that its reports come on queue 2 or 3. A driver that has set up queue 4 goes by
 * the specification.
 */
export function queueRole(index: number, features: bigint, running: (index: number) => boolean): QueueRole {
  if (index === INFLATE) return "inflate";
  if (index === DEFLATE) return "deflate";
  const stats = (features & F_STATS_VQ) !== 0n;
  const reporting = (features & F_REPORTING) !== 0n;
  if (stats && index === STATS) return "stats";
  const reports = running(REPORTING) ? REPORTING : stats ? STATS + 1 : STATS;
  return reporting && index === reports ? "reporting" : "none";
}

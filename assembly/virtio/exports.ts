// What src/core calls of this room and of mem. Addresses of the guest come in two halves: no BigInt on these paths.

import * as MemoryMap from "../layout/memory_map";
import { noteDeviceWrite, pageHasCode } from "../mem/code_marks";
import { hostForRead, hostForWrite, unmapPage } from "../mem/page_map";

export { freePage } from "../mem/pool";

export {
  vringAddress,
  vringDisableNotifications,
  vringEnableNotifications,
  vringPop,
  vringPopDescriptors,
  vringPublish,
  vringPush,
  vringStart,
  vringStop,
  vringUndoPop,
} from "./vring";

/** Host address of the byte at a gpa, valid to the end of its page; 0 where there is no memory. */
export function physForRead(m: usize, gpaLow: u32, gpaHigh: u32): usize {
  return hostForRead(m, (<u64>gpaLow) | ((<u64>gpaHigh) << 32));
}

/** The same for a caller that writes `len` bytes there, within the page: decoded code of these bytes is dropped. */
export function physForWrite(m: usize, gpaLow: u32, gpaHigh: u32, len: u32): usize {
  const host = hostForWrite(m, (<u64>gpaLow) | ((<u64>gpaHigh) << 32));
  if (host != 0 && len != 0) noteDeviceWrite(m, host, len);
  return host;
}

/** Takes the page at a gpa from the guest: its host address, 0 if it had none (mem/page_map.ts). */
export function physUnmap(m: usize, gpaLow: u32, gpaHigh: u32): usize {
  return unmapPage(m, (<u64>gpaLow) | ((<u64>gpaHigh) << 32));
}

/** Asks the CPUs to drop the code of a whole host page; false if there is none. */
export function dropCode(m: usize, host: usize): bool {
  if (!pageHasCode(host)) return false;
  noteDeviceWrite(m, host, MemoryMap.PAGE_SIZE);
  return true;
}

// What src/core calls of this room and of mem. Addresses of the guest come in two halves: no BigInt on these paths.

import { noteDeviceWrite } from "../mem/code_marks";
import { hostForRead, hostForWrite } from "../mem/page_map";

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

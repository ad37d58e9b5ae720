// The byte queues of the i8042 and its devices (layout/i8042.ts). What does not fit is dropped.

import * as I8042 from "../layout/i8042";

export function queuePut(queue: usize, byte: u32): void {
  const fill = <u32>load<u8>(queue, I8042.queueFill);
  if (fill >= <u32>I8042.QUEUE_SIZE) return;
  const at = (<u32>load<u8>(queue, I8042.queueFirst) + fill) & (I8042.QUEUE_SIZE - 1);
  store<u8>(queue + <usize>at, <u8>byte, I8042.queueData);
  store<u8>(queue, <u8>(fill + 1), I8042.queueFill);
}

/** The first byte, taken out; -1 if there is none. */
export function queueTake(queue: usize): i32 {
  const fill = <u32>load<u8>(queue, I8042.queueFill);
  if (fill == 0) return -1;
  const first = <u32>load<u8>(queue, I8042.queueFirst);
  store<u8>(queue, <u8>((first + 1) & (I8042.QUEUE_SIZE - 1)), I8042.queueFirst);
  store<u8>(queue, <u8>(fill - 1), I8042.queueFill);
  return <i32>load<u8>(queue + <usize>first, I8042.queueData);
}

export function queueClear(queue: usize): void {
  store<u8>(queue, 0, I8042.queueFill);
}

export function queueRoom(queue: usize): u32 {
  return I8042.QUEUE_SIZE - <u32>load<u8>(queue, I8042.queueFill);
}

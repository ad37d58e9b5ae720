// Writing pixels: from 32 bits to the formats that a surface can have.

import * as P from "../layout/pixels";
import { rowOf } from "./fetch";

@inline
export function to555(pixel: u32): u32 {
  return ((pixel >> 9) & 0x7c00) | ((pixel >> 6) & 0x3e0) | ((pixel >> 3) & 0x1f);
}

@inline
export function to565(pixel: u32): u32 {
  return ((pixel >> 8) & 0xf800) | ((pixel >> 5) & 0x7e0) | ((pixel >> 3) & 0x1f);
}

@inline
function storeBit(row: usize, x: i32, bit: u32): void {
  const at = row + (x >> 3);
  const shift: u32 = x & 7;
  const others = (<u32>load<u8>(at)) & ~((<u32>1) << shift);
  store<u8>(at, <u8>(others | (bit << shift)));
}

/** Writes `count` pixels from (x, y) on, all inside of the image. */
export function storeSpan(image: usize, x: i32, y: i32, count: i32, from: usize): void {
  const row = rowOf(image, y);
  switch (load<u32>(image, P.imageFormat)) {
    case P.FORMAT_XRGB:
    case P.FORMAT_ARGB:
      memory.copy(row + (x << 2), from, count << 2);
      break;
    case P.FORMAT_555:
      for (let i = 0; i < count; i++) store<u16>(row + ((x + i) << 1), to555(load<u32>(from + (i << 2))));
      break;
    case P.FORMAT_565:
      for (let i = 0; i < count; i++) store<u16>(row + ((x + i) << 1), to565(load<u32>(from + (i << 2))));
      break;
    case P.FORMAT_A8:
      for (let i = 0; i < count; i++) store<u8>(row + x + i, load<u8>(from + (i << 2), 3));
      break;
    case P.FORMAT_A1:
      for (let i = 0; i < count; i++) storeBit(row, x + i, (<u32>load<u8>(from + (i << 2), 3)) >> 7);
  }
}

// Reading pixels: from any format to 32 bits, alpha in the top byte. What has no alpha is opaque.

import * as P from "../layout/pixels";

const OPAQUE: u32 = 0xff000000;

@inline
function expand5(value: u32): u32 {
  return (value << 3) | (value >> 2);
}

@inline
function expand6(value: u32): u32 {
  return (value << 2) | (value >> 4);
}

@inline
function from555(pixel: u32): u32 {
  return OPAQUE | (expand5((pixel >> 10) & 31) << 16) | (expand5((pixel >> 5) & 31) << 8) | expand5(pixel & 31);
}

@inline
function from565(pixel: u32): u32 {
  return OPAQUE | (expand5((pixel >> 11) & 31) << 16) | (expand6((pixel >> 5) & 63) << 8) | expand5(pixel & 31);
}

@inline
export function rowOf(image: usize, y: i32): usize {
  return <usize>(<i32>load<u32>(image, P.imageHost) + y * load<i32>(image, P.imageStride));
}

@inline
function paletteColor(image: usize, index: u32): u32 {
  return OPAQUE | load<u32>(<usize>load<u32>(image, P.imagePalette) + ((<usize>index) << 2));
}

/** Bit `x` of a row, lowest bit of a byte first. */
@inline
export function bitLe(row: usize, x: i32): u32 {
  return ((<u32>load<u8>(row + (x >> 3))) >> (x & 7)) & 1;
}

/** Bit `x` of a row, highest bit of a byte first. */
@inline
export function bitBe(row: usize, x: i32): u32 {
  return ((<u32>load<u8>(row + (x >> 3))) >> (7 - (x & 7))) & 1;
}

/** One pixel inside of the image. */
export function fetchPixel(image: usize, x: i32, y: i32): u32 {
  const row = rowOf(image, y);
  switch (load<u32>(image, P.imageFormat)) {
    case P.FORMAT_1_LE:
      return paletteColor(image, bitLe(row, x));
    case P.FORMAT_1_BE:
      return paletteColor(image, bitBe(row, x));
    case P.FORMAT_4_LE:
      return paletteColor(image, ((<u32>load<u8>(row + (x >> 1))) >> ((x & 1) << 2)) & 15);
    case P.FORMAT_4_BE:
      return paletteColor(image, ((<u32>load<u8>(row + (x >> 1))) >> ((~x & 1) << 2)) & 15);
    case P.FORMAT_8:
      return paletteColor(image, load<u8>(row + x));
    case P.FORMAT_555:
      return from555(load<u16>(row + (x << 1)));
    case P.FORMAT_565:
      return from565(load<u16>(row + (x << 1)));
    case P.FORMAT_24:
      return OPAQUE | (<u32>load<u16>(row + x * 3)) | ((<u32>load<u8>(row + x * 3, 2)) << 16);
    case P.FORMAT_XRGB:
      return OPAQUE | load<u32>(row + (x << 2));
    case P.FORMAT_ARGB:
      return load<u32>(row + (x << 2));
    case P.FORMAT_A8:
      return (<u32>load<u8>(row + x)) << 24;
    case P.FORMAT_A1:
      return bitLe(row, x) ? OPAQUE : 0;
    default:
      return 0;
  }
}

/** `count` pixels from (x, y) on, all inside of the image. */
export function fetchSpan(image: usize, x: i32, y: i32, count: i32, out: usize): void {
  const format = load<u32>(image, P.imageFormat);
  if (format == P.FORMAT_ARGB) {
    memory.copy(out, rowOf(image, y) + (x << 2), count << 2);
  } else if (format == P.FORMAT_XRGB) {
    fetchOpaque(rowOf(image, y) + (x << 2), count, out);
  } else {
    for (let i = 0; i < count; i++) store<u32>(out + (i << 2), fetchPixel(image, x + i, y));
  }
}

/** Four pixels at a time; the last ones alone, so that nothing behind the row is read. */
function fetchOpaque(from: usize, count: i32, out: usize): void {
  const opaque = i32x4.splat(0xff000000);
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(out + (i << 2), v128.or(v128.load(from + (i << 2)), opaque));
  for (; i < count; i++) store<u32>(out + (i << 2), load<u32>(from + (i << 2)) | OPAQUE);
}

/** The same of an image that repeats in both directions; (x, y) is anywhere. */
export function fetchTiled(image: usize, x: i32, y: i32, count: i32, out: usize): void {
  const width = load<i32>(image, P.imageWidth);
  const row = modulo(y, load<i32>(image, P.imageHeight));
  let column = modulo(x, width);
  while (count > 0) {
    const part = min(count, width - column);
    fetchSpan(image, column, row, part, out);
    out += part << 2;
    count -= part;
    column = 0;
  }
}

@inline
export function modulo(value: i32, by: i32): i32 {
  const rest = value % by;
  return rest < 0 ? rest + by : rest;
}

// Reading an image through an affine transform, as pixman does: 16.16 coordinates of pixel centres, nearest or bilinear
// with 7 bits of weight, four ways to go on outside of the image.

import * as P from "../layout/pixels";
import { fetchPixel } from "./fetch";

const ONE: i64 = 0x10000;
const HALF: i64 = 0x8000;

/** The coordinate inside of `size` that stands for `at`, or -1 for nothing. */
function wrap(at: i64, size: i32, repeat: u32): i32 {
  if (at >= 0 && at < <i64>size) return <i32>at;
  if (repeat == P.REPEAT_NONE) return -1;
  if (repeat == P.REPEAT_PAD) return at < 0 ? 0 : size - 1;
  if (repeat == P.REPEAT_NORMAL) {
    const rest = at % <i64>size;
    return <i32>(rest < 0 ? rest + size : rest);
  }
  const period = <i64>size * 2;
  const rest = at % period;
  const place = rest < 0 ? rest + period : rest;
  return <i32>(place < <i64>size ? place : period - 1 - place);
}

/** The pixel at whole coordinates anywhere; what is not there is transparent. */
function pixelAt(image: usize, x: i64, y: i64, repeat: u32): u32 {
  const column = wrap(x, load<i32>(image, P.imageWidth), repeat);
  const row = wrap(y, load<i32>(image, P.imageHeight), repeat);
  return column < 0 || row < 0 ? 0 : fetchPixel(image, column, row);
}

/** Weighs one byte of four pixels; weights have 8 bits and sum up to 65536. */
@inline
function weigh(topLeft: u32, topRight: u32, bottomLeft: u32, bottomRight: u32, dx: u32, dy: u32, shift: u32): u32 {
  const both = dx * dy;
  const right = (dx << 8) - both;
  const below = (dy << 8) - both;
  const rest = 65536 - (dx << 8) - (dy << 8) + both;
  const sum =
    ((topLeft >> shift) & 255) * rest +
    ((topRight >> shift) & 255) * right +
    ((bottomLeft >> shift) & 255) * below +
    ((bottomRight >> shift) & 255) * both;
  return ((sum >> 16) & 255) << shift;
}

function bilinear(image: usize, x: i64, y: i64, repeat: u32): u32 {
  x -= HALF;
  y -= HALF;
  const column = x >> 16;
  const row = y >> 16;
  const dx = ((<u32>(x >> 9)) & 127) << 1;
  const dy = ((<u32>(y >> 9)) & 127) << 1;
  const topLeft = pixelAt(image, column, row, repeat);
  const topRight = pixelAt(image, column + 1, row, repeat);
  const bottomLeft = pixelAt(image, column, row + 1, repeat);
  const bottomRight = pixelAt(image, column + 1, row + 1, repeat);
  return (
    weigh(topLeft, topRight, bottomLeft, bottomRight, dx, dy, 0) |
    weigh(topLeft, topRight, bottomLeft, bottomRight, dx, dy, 8) |
    weigh(topLeft, topRight, bottomLeft, bottomRight, dx, dy, 16) |
    weigh(topLeft, topRight, bottomLeft, bottomRight, dx, dy, 24)
  );
}

/** `count` pixels of the input for the target's pixels from (x, y) on. */
export function fetchSampled(input: usize, x: i32, y: i32, count: i32, out: usize): void {
  const image = input + P.inputImage;
  const t = input + P.inputTransform;
  const filter = load<u32>(input, P.inputFilter);
  const repeat = load<u32>(input, P.inputRepeat);
  const cx = <i64>(x - load<i32>(input, P.inputX)) * ONE + HALF;
  const cy = <i64>(y - load<i32>(input, P.inputY)) * ONE + HALF;
  const xx = <i64>load<i32>(t);
  const yx = <i64>load<i32>(t, 12);
  let sx = ((xx * cx + <i64>load<i32>(t, 4) * cy + HALF) >> 16) + <i64>load<i32>(t, 8);
  let sy = ((yx * cx + <i64>load<i32>(t, 16) * cy + HALF) >> 16) + <i64>load<i32>(t, 20);
  for (let i = 0; i < count; i++) {
    const pixel =
      filter == P.FILTER_BILINEAR
        ? bilinear(image, sx, sy, repeat)
        : pixelAt(image, (sx - 1) >> 16, (sy - 1) >> 16, repeat);
    store<u32>(out + (i << 2), pixel);
    sx += xx;
    sy += yx;
  }
}

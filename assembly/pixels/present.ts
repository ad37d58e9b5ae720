// From a surface to the bytes that a canvas and a PNG file want: red, green, blue, opaque.

import * as P from "../layout/pixels";
import { fetchSpan } from "./fetch";

const SWAPPED: v128 = i8x16(2, 1, 0, 3, 6, 5, 4, 7, 10, 9, 8, 11, 14, 13, 12, 15);

/** Writes the rectangle of the target to `output` as RGBA, rows without gaps. */
export function pixelsPresent(p: usize): void {
  const left = load<i32>(p, P.left);
  const right = load<i32>(p, P.right);
  const bottom = load<i32>(p, P.bottom);
  let out = <usize>load<u32>(p, P.output);
  for (let y = load<i32>(p, P.top); y < bottom; y++) {
    for (let x = left; x < right; x += P.LINE) {
      const count = min(P.LINE, right - x);
      fetchSpan(p + P.target, x, y, count, p + P.targetLine);
      swapColors(p + P.targetLine, count);
      memory.copy(out, p + P.targetLine, count << 2);
      out += count << 2;
    }
  }
}

function swapColors(line: usize, count: i32): void {
  const opaque = i32x4.splat(0xff000000);
  const end = line + ((<usize>count) << 2);
  for (let at = line; at < end; at += 16) {
    v128.store(at, v128.or(i8x16.swizzle(v128.load(at), SWAPPED), opaque));
  }
}

// Moving a rectangle within a surface, where source and target may overlap.

import * as P from "../layout/pixels";
import { fetchSpan, rowOf } from "./fetch";
import { storeSpan } from "./store";

/** Each pixel of the rectangle becomes what stood at (x - moveX, y - moveY); both lie in the target. */
export function pixelsMove(p: usize): void {
  const top = load<i32>(p, P.top);
  const rows = load<i32>(p, P.bottom) - top;
  const upwards = load<i32>(p, P.moveY) > 0;
  for (let i = 0; i < rows; i++) moveRow(p, upwards ? top + rows - 1 - i : top + i);
}

function moveRow(p: usize, y: i32): void {
  const image = p + P.target;
  const left = load<i32>(p, P.left);
  const count = load<i32>(p, P.right) - left;
  const fromX = left - load<i32>(p, P.moveX);
  const fromRow = y - load<i32>(p, P.moveY);
  const bytes = bytesPerPixel(load<u32>(image, P.imageFormat));
  if (bytes != 0) {
    memory.copy(rowOf(image, y) + left * bytes, rowOf(image, fromRow) + fromX * bytes, count * bytes);
    return;
  }
  // Pieces from the end that is not overwritten before it is read.
  const backwards = fromX < left && fromRow == y;
  for (let done = 0; done < count; done += P.LINE) {
    const part = min(P.LINE, count - done);
    const at = backwards ? count - done - part : done;
    fetchSpan(image, fromX + at, fromRow, part, p + P.targetLine);
    storeSpan(image, left + at, y, part, p + P.targetLine);
  }
}

/** 0 where pixels do not begin at bytes. */
function bytesPerPixel(format: u32): i32 {
  if (format == P.FORMAT_XRGB || format == P.FORMAT_ARGB) return 4;
  if (format == P.FORMAT_555 || format == P.FORMAT_565) return 2;
  return format == P.FORMAT_A8 ? 1 : 0;
}

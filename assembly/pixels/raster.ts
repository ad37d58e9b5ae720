// The Boolean raster operations on lines of 32-bit pixels: every one of them is a truth table of three operands.

import * as P from "../layout/pixels";

/** All ones if bit `bit` of the table is set. */
@inline
function minterm(table: u32, bit: u32): v128 {
  return i32x4.splat(0 - ((table >> bit) & 1));
}

/** target = table[brush, source, target], bit by bit; lines are padded to four pixels. */
export function combineRaster(p: usize, table: u32, count: i32): void {
  const m0 = minterm(table, 0);
  const m1 = minterm(table, 1);
  const m2 = minterm(table, 2);
  const m3 = minterm(table, 3);
  const m4 = minterm(table, 4);
  const m5 = minterm(table, 5);
  const m6 = minterm(table, 6);
  const m7 = minterm(table, 7);
  const end = p + ((<usize>count) << 2);
  for (let at = p; at < end; at += 16) {
    const d = v128.load(at, P.targetLine);
    const s = v128.load(at, P.sourceLine);
    const without = v128.bitselect(v128.bitselect(m3, m2, d), v128.bitselect(m1, m0, d), s);
    const withBrush = v128.bitselect(v128.bitselect(m7, m6, d), v128.bitselect(m5, m4, d), s);
    v128.store(at, v128.bitselect(withBrush, without, v128.load(at, P.brushLine)), P.targetLine);
  }
}

/** Whether the table's result depends on the target. */
@inline
export function usesTarget(table: u32): bool {
  return ((table ^ (table >> 1)) & 0x55) != 0;
}

/** target = source, except where the source's colour, in the bits of `mask`, is `key`. */
export function combineColorKey(p: usize, key: u32, mask: u32, count: i32): void {
  const keys = i32x4.splat(key);
  const masks = i32x4.splat(mask);
  const end = p + ((<usize>count) << 2);
  for (let at = p; at < end; at += 16) {
    const s = v128.load(at, P.sourceLine);
    const same = i32x4.eq(v128.and(s, masks), keys);
    v128.store(at, v128.bitselect(v128.load(at, P.targetLine), s, same), P.targetLine);
  }
}

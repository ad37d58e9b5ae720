// One raster operation over one rectangle, line by line: fetch the operands as 32-bit pixels, combine, mask, store.
// Rectangles and images come checked; nothing here looks outside of them.

import * as P from "../layout/pixels";
import { combineBlend } from "./blend";
import { applyAlphaMask, combinePorterDuff } from "./composite";
import { bitBe, bitLe, fetchSpan, fetchTiled, rowOf } from "./fetch";
import { combineColorKey, combineRaster, usesTarget } from "./raster";
import { fetchSampled } from "./sample";
import { storeSpan } from "./store";

const RASTER_SOURCE: u32 = 0xcc;

/** Draws the rectangle that the struct at `p` describes. */
export function pixelsDraw(p: usize): void {
  if (drawFast(p)) return;
  const bottom = load<i32>(p, P.bottom);
  const right = load<i32>(p, P.right);
  const table = load<u32>(p, P.code);
  const needsTarget = load<u32>(p, P.op) != P.OP_RASTER || usesTarget(table) || load<u32>(p, P.maskUsed) != 0;
  prepareSolid(p, P.source, P.sourceLine);
  prepareSolid(p, P.brush, P.brushLine);
  for (let y = load<i32>(p, P.top); y < bottom; y++) {
    for (let x = load<i32>(p, P.left); x < right; x += P.LINE) {
      drawSpan(p, x, y, min(P.LINE, right - x), needsTarget);
    }
  }
}

function drawSpan(p: usize, x: i32, y: i32, count: i32, needsTarget: bool): void {
  fetchInput(p + P.source, x, y, count, p + P.sourceLine);
  fetchInput(p + P.brush, x, y, count, p + P.brushLine);
  if (needsTarget) fetchSpan(p + P.target, x, y, count, p + P.targetLine);
  const masked = load<u32>(p, P.maskUsed) != 0;
  // What the mask protects is written back as it was read.
  if (masked) memory.copy(p + P.maskLine, p + P.targetLine, count << 2);
  combine(p, x, y, count);
  if (masked) protect(p, x, y, count);
  storeSpan(p + P.target, x, y, count, p + P.targetLine);
}

function combine(p: usize, x: i32, y: i32, count: i32): void {
  const op = load<u32>(p, P.op);
  const code = load<u32>(p, P.code);
  if (op == P.OP_RASTER) {
    combineRaster(p, code, count);
  } else if (op == P.OP_COLOR_KEY) {
    combineColorKey(p, code, load<u32>(p, P.keyMask), count);
  } else {
    const hasMask = load<u32>(p + P.alphaMask, P.inputKind) != P.INPUT_NONE;
    const perComponent = hasMask && load<u32>(p, P.componentAlpha) != 0;
    prepareSolid(p, P.alphaMask, P.alphaLine);
    // The alpha mask made the line of the source's solid colour its own: it starts anew.
    if (hasMask) prepareSolid(p, P.source, P.sourceLine);
    fetchInput(p + P.alphaMask, x, y, count, p + P.alphaLine);
    applyAlphaMask(p, hasMask, perComponent, count);
    if (!combinePorterDuff(p, code, count)) combineBlend(p, code, perComponent, count);
  }
}

/** A solid operand stands in its line once for all spans. */
function prepareSolid(p: usize, input: usize, line: usize): void {
  if (load<u32>(p + input, P.inputKind) != P.INPUT_SOLID) return;
  const pixels = i32x4.splat(load<u32>(p + input, P.inputSolid));
  const end = p + line + P.LINE_BYTES;
  for (let at = p + line; at < end; at += 16) v128.store(at, pixels);
}

function fetchInput(input: usize, x: i32, y: i32, count: i32, out: usize): void {
  const kind = load<u32>(input, P.inputKind);
  if (kind <= <u32>P.INPUT_SOLID) return;
  if (kind == P.INPUT_SAMPLED) {
    fetchSampled(input, x, y, count, out);
    return;
  }
  const fromX = x - load<i32>(input, P.inputX);
  const fromY = y - load<i32>(input, P.inputY);
  if (kind == P.INPUT_IMAGE) fetchSpan(input + P.inputImage, fromX, fromY, count, out);
  else fetchTiled(input + P.inputImage, fromX, fromY, count, out);
}

/** Puts the target's old pixels back where the bit mask forbids to draw. Outside of the mask nothing is drawn. */
function protect(p: usize, x: i32, y: i32, count: i32): void {
  const image = p + P.maskImage;
  const fromX = x - load<i32>(p, P.maskX);
  const fromY = y - load<i32>(p, P.maskY);
  const width = load<i32>(image, P.imageWidth);
  const inside = fromY >= 0 && fromY < load<i32>(image, P.imageHeight);
  const row: usize = inside ? rowOf(image, fromY) : 0;
  const bigEndian = load<u32>(image, P.imageFormat) == P.FORMAT_1_BE;
  const invert = load<u32>(p, P.maskInvert);
  for (let i = 0; i < count; i++) {
    const at = fromX + i;
    const there = inside && at >= 0 && at < width;
    if (there && ((bigEndian ? bitBe(row, at) : bitLe(row, at)) ^ invert) != 0) continue;
    store<u32>(p + (i << 2), load<u32>(p + (i << 2), P.maskLine), P.targetLine);
  }
}

@inline
function is32(format: u32): bool {
  return format == P.FORMAT_XRGB || format == P.FORMAT_ARGB;
}

/** Plain fills and copies between surfaces of 32 bits, which are nearly all that drivers send. */
function drawFast(p: usize): bool {
  if (load<u32>(p, P.op) != P.OP_RASTER || load<u32>(p, P.code) != RASTER_SOURCE) return false;
  if (load<u32>(p, P.maskUsed) != 0) return false;
  const format = load<u32>(p + P.target, P.imageFormat);
  if (!is32(format)) return false;
  const kind = load<u32>(p + P.source, P.inputKind);
  if (kind == P.INPUT_SOLID) {
    fillRows(p);
    return true;
  }
  const from = load<u32>(p + P.source + P.inputImage, P.imageFormat);
  // A copy without alpha into one with alpha must become opaque.
  if (kind != P.INPUT_IMAGE || !is32(from) || (format == P.FORMAT_ARGB && from == P.FORMAT_XRGB)) return false;
  copyRows(p);
  return true;
}

function fillRows(p: usize): void {
  const left = load<i32>(p, P.left);
  const bytes = (load<i32>(p, P.right) - left) << 2;
  const bottom = load<i32>(p, P.bottom);
  const color = load<u32>(p + P.source, P.inputSolid);
  const pixels = i32x4.splat(color);
  for (let y = load<i32>(p, P.top); y < bottom; y++) {
    let at = rowOf(p + P.target, y) + (left << 2);
    const end = at + bytes;
    for (; at + 16 <= end; at += 16) v128.store(at, pixels);
    for (; at < end; at += 4) store<u32>(at, color);
  }
}

function copyRows(p: usize): void {
  const left = load<i32>(p, P.left);
  const bytes = (load<i32>(p, P.right) - left) << 2;
  const bottom = load<i32>(p, P.bottom);
  const input = p + P.source;
  const fromX = left - load<i32>(input, P.inputX);
  const fromY = load<i32>(input, P.inputY);
  for (let y = load<i32>(p, P.top); y < bottom; y++) {
    const from = rowOf(input + P.inputImage, y - fromY) + (fromX << 2);
    memory.copy(rowOf(p + P.target, y) + (left << 2), from, bytes);
  }
}

// Writes the inputs of a raster operation (layout/pixels.ts): solid colours, images in place, tiles, images through a
// transform.

import * as P from "../../../assembly/layout/pixels";
import type { Rect } from "./fields";
import type { Point } from "./parse";
import type { Scratch } from "./scratch";
import type { PixelImage } from "./surfaces";

/** 16.16: xx xy x0 yx yy y0. */
export type Transform = readonly [number, number, number, number, number, number];

export type InputPlace = typeof P.source | typeof P.brush | typeof P.alphaMask;

const ONE = 0x10000;
export const IDENTITY: Transform = [ONE, 0, 0, 0, ONE, 0];

/** A pixel as it stands in memory of a surface's format, as 32 bits. */
export function expandPixel(format: number, pixel: number): number {
  switch (format) {
    case P.FORMAT_555:
      return rgb(expand((pixel >> 10) & 31, 5), expand((pixel >> 5) & 31, 5), expand(pixel & 31, 5));
    case P.FORMAT_565:
      return rgb(expand((pixel >> 11) & 31, 5), expand((pixel >> 5) & 63, 6), expand(pixel & 31, 5));
    case P.FORMAT_A8:
      return pixel << 24;
    case P.FORMAT_A1:
      return (pixel & 1) !== 0 ? 0xff000000 : 0;
    default:
      return pixel;
  }
}

function expand(value: number, bits: number): number {
  return (value << (8 - bits)) | (value >> (2 * bits - 8));
}

function rgb(red: number, green: number, blue: number): number {
  return 0xff000000 | (red << 16) | (green << 8) | blue;
}

/** The area of a source stretched over the box; undefined where that leaves the range of 16.16 numbers. */
export function scaleTransform(area: Rect, box: Rect): Transform | undefined {
  const xx = Math.floor(((area.right - area.left) * ONE) / (box.right - box.left));
  const yy = Math.floor(((area.bottom - area.top) * ONE) / (box.bottom - box.top));
  const fits = [area.left, area.top, xx / ONE, yy / ONE].every((value) => Math.abs(value) < 32768);
  return fits ? [xx, 0, area.left * ONE, 0, yy, area.top * ONE] : undefined;
}

export function setNone(scratch: Scratch, input: InputPlace): void {
  scratch.set(input + P.inputKind, P.INPUT_NONE);
}

/** A colour of 32 bits. */
export function setSolid(scratch: Scratch, input: InputPlace, color: number): void {
  scratch.set(input + P.inputKind, P.INPUT_SOLID);
  scratch.set(input + P.inputSolid, color);
}

/** The image with its pixel (0, 0) at `at` of the target. */
export function setPicture(scratch: Scratch, input: InputPlace, image: PixelImage, at: Point): void {
  setPlaced(scratch, input, image, at);
  scratch.set(input + P.inputKind, P.INPUT_IMAGE);
}

export function setTile(scratch: Scratch, input: InputPlace, image: PixelImage, at: Point): void {
  setPlaced(scratch, input, image, at);
  scratch.set(input + P.inputKind, P.INPUT_TILE);
}

export interface Sampling {
  readonly transform: Transform;
  /** P.FILTER_ and P.REPEAT_. */
  readonly filter: number;
  readonly repeat: number;
}

export function setSampled(
  scratch: Scratch,
  input: InputPlace,
  image: PixelImage,
  at: Point,
  { transform, filter, repeat }: Sampling,
): void {
  setPlaced(scratch, input, image, at);
  scratch.set(input + P.inputKind, P.INPUT_SAMPLED);
  transform.forEach((value, i) => scratch.set(input + P.inputTransform + i * 4, value));
  scratch.set(input + P.inputFilter, filter);
  scratch.set(input + P.inputRepeat, repeat);
}

function setPlaced(scratch: Scratch, input: InputPlace, image: PixelImage, at: Point): void {
  scratch.set(input + P.inputX, at.x);
  scratch.set(input + P.inputY, at.y);
  scratch.setImage(input + P.inputImage, image);
}

// From the copied bytes of a command to what it asks for. Pure: pointers stay QXLPHYSICALs, which the renderer resolves.
// Everything that follows from the bytes alone is checked here.

import { err, ok, type Result } from "../../shared/result";
import { Fields, type Rect } from "./fields";
import type { Physical } from "./memslots";
import * as Q from "./protocol";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Brush =
  | { readonly type: "none" }
  | { readonly type: "solid"; readonly color: number }
  | { readonly type: "pattern"; readonly image: Physical; readonly at: Point };

/** One bit per pixel; `at` is the mask's pixel for the box's corner. */
export interface Mask {
  readonly invert: boolean;
  readonly at: Point;
  readonly image: Physical;
}

export type ScaleMode = "interpolate" | "nearest";

interface Source {
  readonly image: Physical;
  readonly area: Rect;
}

export interface LineAttributes {
  readonly styled: boolean;
  readonly startWithGap: boolean;
  readonly segments: number;
  readonly style: Physical;
}

export type Operation =
  | { readonly type: "nop" }
  | { readonly type: "fill"; readonly brush: Brush; readonly rop: number; readonly mask: Mask | undefined }
  | {
      readonly type: "opaque";
      readonly source: Source;
      readonly brush: Brush;
      readonly rop: number;
      readonly scale: ScaleMode;
      readonly mask: Mask | undefined;
    }
  | {
      readonly type: "copy" | "blend";
      readonly source: Source;
      readonly rop: number;
      readonly scale: ScaleMode;
      readonly mask: Mask | undefined;
    }
  | { readonly type: "blackness" | "whiteness" | "invers"; readonly mask: Mask | undefined }
  | { readonly type: "copy_bits"; readonly from: Point }
  | {
      readonly type: "rop3";
      readonly source: Source;
      readonly brush: Brush;
      readonly rop3: number;
      readonly scale: ScaleMode;
      readonly mask: Mask | undefined;
    }
  | {
      readonly type: "stroke";
      readonly path: Physical;
      readonly attributes: LineAttributes;
      readonly brush: Brush;
      readonly foreRop: number;
    }
  | {
      readonly type: "text";
      readonly string: Physical;
      readonly backArea: Rect;
      readonly foreBrush: Brush;
      readonly backBrush: Brush;
    }
  | { readonly type: "transparent"; readonly source: Source; readonly color: number }
  | {
      readonly type: "alpha_blend";
      readonly source: Source;
      readonly alpha: number;
      readonly targetHasAlpha: boolean;
      readonly surfaceHasAlpha: boolean;
    }
  | {
      readonly type: "composite";
      readonly flags: number;
      readonly source: Physical;
      readonly sourceTransform: Physical | undefined;
      readonly sourceOrigin: Point;
      readonly mask: Physical | undefined;
      readonly maskTransform: Physical | undefined;
      readonly maskOrigin: Point;
    };

export interface Drawable {
  readonly surface: number;
  readonly box: Rect;
  /** QXLClipRects; undefined = the box alone. */
  readonly clip: Physical | undefined;
  readonly operation: Operation;
}

export type ParseError = "bad-operation" | "bad-brush" | "bad-clip" | "bad-rect" | "bad-line" | "bad-scale-mode";

/** A QXLDrawable of Q.DRAWABLE_BYTES. */
export function parseDrawable(bytes: Uint8Array): Result<Drawable, ParseError> {
  const f = new Fields(bytes);
  return finish(f, { surface: f.u32(8), type: f.u8(13), box: 31, clip: 47, operation: 123 }, false);
}

/** A QXLCompatDrawable of Q.COMPAT_DRAWABLE_BYTES: what drivers of the first revision send. */
export function parseCompatDrawable(bytes: Uint8Array): Result<Drawable, ParseError> {
  const f = new Fields(bytes);
  return finish(f, { surface: 0, type: f.u8(9), box: 28, clip: 44, operation: 60 }, true);
}

interface Places {
  readonly surface: number;
  readonly type: number;
  readonly box: number;
  readonly clip: number;
  readonly operation: number;
}

const CLIP_NONE = 0;
const CLIP_RECTS = 1;

function finish(f: Fields, at: Places, compat: boolean): Result<Drawable, ParseError> {
  const box = f.rect(at.box);
  if (box.left > box.right || box.top > box.bottom) return err("bad-rect");
  const clipType = f.u32(at.clip);
  if (clipType !== CLIP_NONE && clipType !== CLIP_RECTS) return err("bad-clip");
  const operation = parseOperation(f, at.type, at.operation, compat);
  if (typeof operation === "string") return err(operation);
  const clip = clipType === CLIP_RECTS ? f.physical(at.clip + 4) : undefined;
  return ok({ surface: at.surface, box, clip, operation });
}

/** Offsets are those of the structs in the union `u` of QXLDrawable. */
function parseOperation(f: Fields, type: number, u: number, compat: boolean): Operation | ParseError {
  switch (type) {
    case 0:
      return { type: "nop" };
    case 1:
      return withBrush(f, u, (brush) => ({ type: "fill", brush, rop: f.u16(u + 20), mask: mask(f, u + 22) }));
    case 2:
      return parseOpaque(f, u);
    case 3:
      return parseCopy(f, u, "copy");
    case 4:
      return { type: "copy_bits", from: point(f, u) };
    case 5:
      return parseCopy(f, u, "blend");
    case 6:
      return { type: "blackness", mask: mask(f, u) };
    case 7:
      return { type: "whiteness", mask: mask(f, u) };
    case 8:
      return { type: "invers", mask: mask(f, u) };
    case 9:
      return parseRop3(f, u);
    case 10:
      return parseStroke(f, u);
    case 11:
      return parseText(f, u);
    case 12:
      return parseTransparent(f, u);
    case 13:
      return compat ? parseCompatAlphaBlend(f, u) : parseAlphaBlend(f, u);
    case 14:
      return parseComposite(f, u);
    default:
      return "bad-operation";
  }
}

function parseOpaque(f: Fields, u: number): Operation | ParseError {
  const area = source(f, u);
  const scale = scaleMode(f.u8(u + 46));
  if (area === undefined) return "bad-rect";
  if (scale === undefined) return "bad-scale-mode";
  return withBrush(f, u + 24, (brush) => {
    return { type: "opaque", source: area, brush, rop: f.u16(u + 44), scale, mask: mask(f, u + 47) };
  });
}

function parseCopy(f: Fields, u: number, type: "copy" | "blend"): Operation | ParseError {
  const area = source(f, u);
  const scale = scaleMode(f.u8(u + 26));
  if (area === undefined) return "bad-rect";
  if (scale === undefined) return "bad-scale-mode";
  return { type, source: area, rop: f.u16(u + 24), scale, mask: mask(f, u + 27) };
}

function parseRop3(f: Fields, u: number): Operation | ParseError {
  const area = source(f, u);
  const scale = scaleMode(f.u8(u + 45));
  if (area === undefined) return "bad-rect";
  if (scale === undefined) return "bad-scale-mode";
  return withBrush(f, u + 24, (brush) => {
    return { type: "rop3", source: area, brush, rop3: f.u8(u + 44), scale, mask: mask(f, u + 46) };
  });
}

const LINE_START_WITH_GAP = 4;
const LINE_STYLED = 8;

function parseStroke(f: Fields, u: number): Operation | ParseError {
  const flags = f.u8(u + 8);
  const attributes: LineAttributes = {
    styled: (flags & LINE_STYLED) !== 0,
    startWithGap: (flags & LINE_START_WITH_GAP) !== 0,
    segments: f.u8(u + 11),
    style: f.physical(u + 20),
  };
  if (attributes.styled && attributes.segments === 0) return "bad-line";
  return withBrush(f, u + 28, (brush) => {
    return { type: "stroke", path: f.physical(u), attributes, brush, foreRop: f.u16(u + 48) };
  });
}

function parseText(f: Fields, u: number): Operation | ParseError {
  const foreBrush = parseBrush(f, u + 24);
  const backBrush = parseBrush(f, u + 44);
  if (foreBrush === undefined || backBrush === undefined) return "bad-brush";
  return { type: "text", string: f.physical(u), backArea: f.rect(u + 8), foreBrush, backBrush };
}

function parseTransparent(f: Fields, u: number): Operation | ParseError {
  const area = source(f, u);
  return area === undefined ? "bad-rect" : { type: "transparent", source: area, color: f.u32(u + 28) };
}

const ALPHA_TARGET = 1;
const ALPHA_SURFACE = 2;

function parseAlphaBlend(f: Fields, u: number): Operation | ParseError {
  const area = source(f, u + 3);
  if (area === undefined) return "bad-rect";
  const flags = f.u16(u);
  const targetHasAlpha = (flags & ALPHA_TARGET) !== 0;
  const surfaceHasAlpha = (flags & ALPHA_SURFACE) !== 0;
  return { type: "alpha_blend", source: area, alpha: f.u8(u + 2), targetHasAlpha, surfaceHasAlpha };
}

function parseCompatAlphaBlend(f: Fields, u: number): Operation | ParseError {
  const area = source(f, u + 1);
  if (area === undefined) return "bad-rect";
  return { type: "alpha_blend", source: area, alpha: f.u8(u), targetHasAlpha: false, surfaceHasAlpha: false };
}

function parseComposite(f: Fields, u: number): Operation {
  return {
    type: "composite",
    flags: f.u32(u),
    source: f.physical(u + 4),
    sourceTransform: f.optionalPhysical(u + 12),
    mask: f.optionalPhysical(u + 20),
    maskTransform: f.optionalPhysical(u + 28),
    sourceOrigin: { x: f.i16(u + 36), y: f.i16(u + 38) },
    maskOrigin: { x: f.i16(u + 40), y: f.i16(u + 42) },
  };
}

function point(f: Fields, at: number): Point {
  return { x: f.i32(at), y: f.i32(at + 4) };
}

function source(f: Fields, at: number): Source | undefined {
  const area = f.rect(at + 8);
  const empty = area.left >= area.right || area.top >= area.bottom;
  return empty ? undefined : { image: f.physical(at), area };
}

function scaleMode(value: number): ScaleMode | undefined {
  return value === 0 ? "interpolate" : value === 1 ? "nearest" : undefined;
}

function parseBrush(f: Fields, at: number): Brush | undefined {
  switch (f.u32(at)) {
    case 0:
      return { type: "none" };
    case 1:
      return { type: "solid", color: f.u32(at + 4) };
    case 2:
      return { type: "pattern", image: f.physical(at + 4), at: point(f, at + 12) };
    default:
      return undefined;
  }
}

function withBrush(f: Fields, at: number, make: (brush: Brush) => Operation): Operation | ParseError {
  const brush = parseBrush(f, at);
  return brush === undefined ? "bad-brush" : make(brush);
}

const MASK_INVERT = 1;

function mask(f: Fields, at: number): Mask | undefined {
  const image = f.optionalPhysical(at + 9);
  if (image === undefined) return undefined;
  return { invert: (f.u8(at) & MASK_INVERT) !== 0, at: point(f, at + 1), image };
}

export interface SurfaceShape {
  readonly format: number;
  readonly width: number;
  readonly height: number;
  /** Negative: the first row in memory is the lowest. */
  readonly stride: number;
  readonly data: Physical;
}

export type SurfaceCommand =
  | { readonly type: "create"; readonly id: number; readonly keepData: boolean; readonly shape: SurfaceShape }
  | { readonly type: "destroy"; readonly id: number };

/** A QXLSurfaceCmd of Q.SURFACE_CMD_BYTES. */
export function parseSurfaceCommand(bytes: Uint8Array): SurfaceCommand | undefined {
  const f = new Fields(bytes);
  const id = f.u32(8);
  const type = f.u8(12);
  if (type === Q.SURFACE_DESTROY) return { type: "destroy", id };
  if (type !== Q.SURFACE_CREATE) return undefined;
  const shape = {
    format: f.u32(17),
    width: f.u32(21),
    height: f.u32(25),
    stride: f.i32(29),
    data: f.physical(33),
  };
  return { type: "create", id, keepData: (f.u32(13) & Q.SURFACE_KEEP_DATA) !== 0, shape };
}

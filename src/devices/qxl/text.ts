// TEXT: the glyphs of a QXLString as one alpha mask.

import * as P from "../../../assembly/layout/pixels";
import { err, ok, type Result } from "../../shared/result";
import { Fields, type Rect } from "./fields";
import type { Images } from "./images";
import type { Physical } from "./memslots";
import type { DrawError } from "./painter";
import type { Point } from "./parse";
import { intersect, isEmpty, union } from "./region";
import type { Scratch } from "./scratch";
import type { PixelImage } from "./surfaces";

const STRING_HEADER = 8;
const GLYPH_HEADER = 20;
const A1 = 1;
const A4 = 2;
const A8 = 4;
const TOP_DOWN = 8;
/** Bytes of glyphs in one string. */
const STRING_MAX = 1 << 20;

interface Glyph {
  readonly box: Rect;
  readonly data: Uint8Array;
}

export interface TextMask {
  readonly image: PixelImage;
  /** Where it lies on the target. */
  readonly box: Rect;
  /** The corner of all glyphs together. */
  readonly origin: Point;
}

/** Nothing of the mask is outside of `limit`. */
export function textMask(
  images: Images,
  scratch: Scratch,
  address: Physical,
  limit: Rect,
): Result<TextMask, DrawError> {
  const header = images.read(address, STRING_HEADER);
  if (header === undefined) return err("bad-address");
  const f = new Fields(header);
  const [size, count, flags] = [f.u32(0), f.u16(4), f.u16(6)];
  const bits = (flags & A1) !== 0 ? 1 : (flags & A4) !== 0 ? 4 : (flags & A8) !== 0 ? 8 : 0;
  if (bits === 0 || count === 0 || size > STRING_MAX) return err("bad-string");
  const host = images.gather({ ...address, offset: address.offset + STRING_HEADER }, size);
  if (!host.ok) return host;
  const bytes = images.copy(host.value, size);
  const glyphs = readGlyphs(bytes, count, bits);
  if (glyphs === undefined) return err("bad-string");
  const all = glyphs.map(({ box }) => box).reduce(union);
  const origin = { x: all.left, y: all.top };
  const box = intersect(all, limit);
  if (isEmpty(box)) return ok({ image: emptyMask, box: { ...limit, right: limit.left }, origin });
  const image = drawGlyphs(scratch, glyphs, { box, bits, topDown: (flags & TOP_DOWN) !== 0 });
  return image === undefined ? err("too-large") : ok({ image, box, origin });
}

const emptyMask: PixelImage = { host: 0, stride: 0, width: 0, height: 0, format: P.FORMAT_A8, palette: 0 };

/** Glyphs one behind the other: render position, origin, width, height, rows padded to bytes. */
function readGlyphs(bytes: Uint8Array, count: number, bits: number): Glyph[] | undefined {
  const glyphs: Glyph[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + GLYPH_HEADER > bytes.length) return undefined;
    const f = new Fields(bytes.subarray(at, at + GLYPH_HEADER));
    const [width, height] = [f.u16(16), f.u16(18)];
    const left = (f.i32(0) + f.i32(8)) | 0;
    const top = (f.i32(4) + f.i32(12)) | 0;
    const size = Math.ceil((width * bits) / 8) * height;
    at += GLYPH_HEADER;
    if (at + size > bytes.length) return undefined;
    const box = { left, top, right: left + width, bottom: top + height };
    glyphs.push({ box, data: bytes.subarray(at, at + size) });
    at += size;
  }
  return glyphs;
}

function drawGlyphs(
  scratch: Scratch,
  glyphs: readonly Glyph[],
  { box, bits, topDown }: { box: Rect; bits: number; topDown: boolean },
): PixelImage | undefined {
  const width = box.right - box.left;
  const height = box.bottom - box.top;
  const host = scratch.take(width * height);
  if (host === undefined) return undefined;
  const mask = scratch.guest.hostView(host, width * height).fill(0);
  for (const glyph of glyphs) {
    const rows = glyph.box.bottom - glyph.box.top;
    const part = intersect(glyph.box, box);
    for (let y = part.top; y < part.bottom; y++) {
      const row = topDown ? y - glyph.box.top : rows - 1 - (y - glyph.box.top);
      for (let x = part.left; x < part.right; x++) {
        const at = (y - box.top) * width + x - box.left;
        mask[at] = Math.max(mask[at] ?? 0, coverage(glyph, row, x - glyph.box.left, bits));
      }
    }
  }
  return { host, stride: width, width, height, format: P.FORMAT_A8, palette: 0 };
}

/** 0 to 255; the reference takes four bits of coverage for the upper half of eight. */
function coverage({ box, data }: Glyph, row: number, x: number, bits: number): number {
  const stride = Math.ceil(((box.right - box.left) * bits) / 8);
  const byte = data[row * stride + ((x * bits) >> 3)] ?? 0;
  if (bits === 8) return byte;
  if (bits === 4) return (x & 1) === 0 ? byte & 0xf0 : (byte << 4) & 0xf0;
  return ((byte >> (7 - (x & 7))) & 1) !== 0 ? 255 : 0;
}

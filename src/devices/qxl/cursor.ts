// The hardware cursor: its commands and the forms in which its picture comes.

import { err, ok, type Result } from "../../shared/result";
import { expandPixel } from "./inputs";
import { Fields } from "./fields";
import type { ImageError, Images } from "./images";
import type { Physical } from "./memslots";
import * as P from "../../../assembly/layout/pixels";

export type CursorCommand =
  | {
      readonly type: "set";
      readonly x: number;
      readonly y: number;
      readonly visible: boolean;
      readonly shape: Physical;
    }
  | { readonly type: "move"; readonly x: number; readonly y: number }
  | { readonly type: "hide" }
  | { readonly type: "trail" };

/** QXLCursorCmd as far as it has a meaning. */
export const CURSOR_COMMAND_BYTES = 22;
const CURSOR_BYTES = 42;
const SIZE_MAX = 512;

/** A picture of the pointer; (hotX, hotY) is the point that it points at. */
export interface CursorShape {
  readonly width: number;
  readonly height: number;
  readonly hotX: number;
  readonly hotY: number;
  /** Premultiplied ARGB. */
  readonly pixels: Uint32Array;
  /** Non-zero where the picture below is inverted instead. */
  readonly inverted: Uint8Array;
}

export function parseCursorCommand(bytes: Uint8Array): CursorCommand | undefined {
  const f = new Fields(bytes);
  switch (f.u8(8)) {
    case 0:
      return { type: "set", x: f.i16(9), y: f.i16(11), visible: f.u8(13) !== 0, shape: f.physical(14) };
    case 1:
      return { type: "move", x: f.i16(9), y: f.i16(11) };
    case 2:
      return { type: "hide" };
    case 3:
      return { type: "trail" };
    default:
      return undefined;
  }
}

type CursorError = ImageError | "bad-cursor";

const ALPHA = 0;
const MONO = 1;
/** Bits per pixel of the types, and of what follows the pixels: a mask, and colours of a palette. */
const bitsPerPixel: readonly number[] = [32, 1, 4, 8, 16, 24, 32];
const paletteColors: readonly number[] = [0, 0, 16, 256, 0, 0, 0];

/** Reads a QXLCursor. */
export function readCursor(images: Images, address: Physical): Result<CursorShape, CursorError> {
  const header = images.read(address, CURSOR_BYTES);
  if (header === undefined) return err("bad-address");
  const f = new Fields(header);
  const [type, width, height] = [f.u16(8), f.u16(10), f.u16(12)];
  const bits = bitsPerPixel[type];
  if (bits === undefined || width === 0 || height === 0 || width > SIZE_MAX || height > SIZE_MAX)
    return err("bad-cursor");
  const maskBytes = type === ALPHA ? 0 : Math.ceil(width / 8) * height;
  const pixelBytes = Math.ceil((width * bits) / 8) * height;
  const colors = paletteColors[type] ?? 0;
  const size = pixelBytes + colors * 4 + maskBytes;
  if (f.u32(18) < size) return err("bad-cursor");
  const host = images.gather({ ...address, offset: address.offset + 22 }, size);
  if (!host.ok) return host;
  const data = images.copy(host.value, size);
  const shape = { width, height, hotX: f.u16(14), hotY: f.u16(16) };
  if (type === ALPHA) {
    return ok({ ...shape, pixels: new Uint32Array(data.buffer), inverted: new Uint8Array(width * height) });
  }
  const color = type === MONO ? monoColor(data, width, pixelBytes) : colorOf(data, type, { width, pixelBytes });
  // A mono cursor has its mask first, the others last.
  const mask = type === MONO ? data : data.subarray(size - maskBytes);
  return ok({ ...shape, ...masked(width, height, mask, color) });
}

type ColorAt = (x: number, y: number) => number;

function monoColor(data: Uint8Array, width: number, maskBytes: number): ColorAt {
  const xor = data.subarray(maskBytes);
  return (x, y) => (bitAt(xor, width, x, y) ? 0xffffff : 0);
}

function colorOf(
  data: Uint8Array,
  type: number,
  { width, pixelBytes }: { width: number; pixelBytes: number },
): ColorAt {
  const f = new Fields(data);
  const bits = bitsPerPixel[type] ?? 0;
  const stride = Math.ceil((width * bits) / 8);
  return (x, y) => {
    const at = y * stride + ((x * bits) >> 3);
    if (bits === 4) return f.u32(pixelBytes + ((f.u8(at) >> ((~x & 1) * 4)) & 15) * 4);
    if (bits === 8) return f.u32(pixelBytes + f.u8(at) * 4);
    if (bits === 16) return expandPixel(P.FORMAT_555, f.u16(at));
    return bits === 24 ? f.u16(at) | (f.u8(at + 2) << 16) : f.u32(at);
  };
}

/** Where the mask is set, the screen shows through, inverted if the colour is not black. */
function masked(
  width: number,
  height: number,
  mask: Uint8Array,
  color: ColorAt,
): Pick<CursorShape, "pixels" | "inverted"> {
  const pixels = new Uint32Array(width * height);
  const inverted = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const rgb = color(x, y) & 0xffffff;
      if (!bitAt(mask, width, x, y)) pixels[y * width + x] = 0xff000000 | rgb;
      else inverted[y * width + x] = rgb === 0 ? 0 : 1;
    }
  }
  return { pixels, inverted };
}

function bitAt(bits: Uint8Array, width: number, x: number, y: number): boolean {
  return ((bits[y * Math.ceil(width / 8) + (x >> 3)] ?? 0) & (0x80 >> (x & 7))) !== 0;
}

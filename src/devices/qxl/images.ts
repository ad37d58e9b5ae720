// From the guest's image descriptors to pixels that the raster operations can read: in place where the guest's bytes lie
// in one piece, otherwise gathered in the scratch arena.

import * as P from "../../../assembly/layout/pixels";
import { err, ok, type Result } from "../../shared/result";
import { Fields } from "./fields";
import type { Physical } from "./memslots";
import * as Q from "./protocol";
import { decodeQuic } from "./quic";
import type { Scratch } from "./scratch";
import type { PixelImage, Surfaces } from "./surfaces";

export type ImageError =
  | "bad-address"
  | "bad-chunks"
  | "bad-bitmap"
  | "bad-image-type"
  | "bad-palette"
  | "no-such-surface"
  | "too-large"
  | "bad-quic";

export interface ImageSource {
  readonly translate: (address: Physical, length: number) => number | undefined;
  readonly surfaces: Surfaces;
  readonly scratch: Scratch;
}

const IMAGE_BYTES = 18;
const BITMAP_BYTES = 30;
const TYPE_BITMAP = 0;
const TYPE_QUIC = 1;
const TYPE_SURFACE = 104;
const FLAG_DIRECT = 1;
const FLAG_TOP_DOWN = 4;
const PALETTE_HEADER = 10;
/** More pieces than this are a loop or an attack. */
const CHUNKS_MAX = 65536;

/** Bits per pixel of P.FORMAT_1_LE to P.FORMAT_A8. */
const bitsPerPixel: readonly number[] = [0, 1, 1, 4, 4, 8, 16, 24, 32, 32, 8];

export class Images {
  readonly #from: ImageSource;

  constructor(from: ImageSource) {
    this.#from = from;
  }

  /** A copy of `length` bytes of a struct. */
  read(address: Physical, length: number): Uint8Array<ArrayBuffer> | undefined {
    const host = this.#from.translate(address, length);
    if (host === undefined) return undefined;
    return this.copy(host, length);
  }

  /** A copy of bytes that `gather` has found. */
  copy(host: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    this.#from.scratch.guest.copyOut(host, bytes);
    return bytes;
  }

  /** The image of a QXLImage. A mask needs no palette. */
  resolve(address: Physical, use: "picture" | "mask" = "picture"): Result<PixelImage, ImageError> {
    const descriptor = this.read(address, IMAGE_BYTES);
    if (descriptor === undefined) return err("bad-address");
    const behind = { ...address, offset: address.offset + IMAGE_BYTES };
    switch (descriptor[8]) {
      case TYPE_BITMAP:
        return this.#bitmap(behind, use);
      case TYPE_QUIC:
        return this.#quic(behind, new Fields(descriptor));
      case TYPE_SURFACE:
        return this.#surface(behind);
      default:
        return err("bad-image-type");
    }
  }

  /** `total` bytes that begin in the chunk at `address` and go on along its list. */
  gather(address: Physical, total: number): Result<number, ImageError> {
    const first = this.#chunk(address);
    if (first === undefined) return err("bad-address");
    if (first.host !== undefined && first.size >= total) return ok(first.host);
    return this.#gatherAll(address, total);
  }

  #gatherAll(address: Physical, total: number): Result<number, ImageError> {
    const { scratch } = this.#from;
    const to = scratch.take(total);
    if (to === undefined) return err("too-large");
    let at = 0;
    let next: Physical | undefined = address;
    for (let i = 0; i < CHUNKS_MAX && next !== undefined; i++) {
      const chunk = this.#chunk(next);
      if (chunk?.host === undefined) return err("bad-address");
      const size = Math.min(chunk.size, total - at);
      scratch.guest.hostView(to + at, size).set(scratch.guest.hostView(chunk.host, size));
      at += size;
      if (at === total) return ok(to);
      next = chunk.next;
    }
    return err("bad-chunks");
  }

  #chunk(address: Physical): { host: number | undefined; size: number; next: Physical | undefined } | undefined {
    const header = this.read(address, Q.CHUNK_BYTES);
    if (header === undefined) return undefined;
    const f = new Fields(header);
    const size = f.u32(0);
    const host = this.#from.translate({ ...address, offset: address.offset + Q.CHUNK_BYTES }, size);
    return { host, size, next: f.optionalPhysical(12) };
  }

  /** The stream follows its length; the size stands in the descriptor, and must be the stream's. */
  #quic(address: Physical, descriptor: Fields): Result<PixelImage, ImageError> {
    const [width, height] = [descriptor.u32(10), descriptor.u32(14)];
    const header = this.read(address, 4);
    if (header === undefined) return err("bad-address");
    if (width === 0 || height === 0 || width > 32767 || height > 32767) return err("too-large");
    const { scratch } = this.#from;
    const to = scratch.take(width * height * 4);
    const length = new Fields(header).u32(0);
    const from = this.gather({ ...address, offset: address.offset + 4 }, length);
    if (!from.ok) return from;
    if (to === undefined) return err("too-large");
    const image = decodeQuic(this.copy(from.value, length), width, height);
    if (image === undefined) return err("bad-quic");
    scratch.guest.copyIn(to, new Uint8Array(image.pixels.buffer));
    const format = image.hasAlpha ? P.FORMAT_ARGB : P.FORMAT_XRGB;
    return ok({ host: to, stride: width * 4, width, height, format, palette: 0 });
  }

  #surface(address: Physical): Result<PixelImage, ImageError> {
    const bytes = this.read(address, 4);
    if (bytes === undefined) return err("bad-address");
    const surface = this.#from.surfaces.get(new Fields(bytes).u32(0));
    return surface === undefined ? err("no-such-surface") : ok(surface);
  }

  #bitmap(address: Physical, use: "picture" | "mask"): Result<PixelImage, ImageError> {
    const bytes = this.read(address, BITMAP_BYTES);
    if (bytes === undefined) return err("bad-address");
    const f = new Fields(bytes);
    const [format, flags, width, height, stride] = [f.u8(0), f.u8(1), f.u32(2), f.u32(6), f.u32(10)];
    const bits = bitsPerPixel[format] ?? 0;
    const rowBytes = Math.ceil((width * bits) / 8);
    if (bits === 0 || width === 0 || height === 0 || stride < rowBytes) return err("bad-bitmap");
    if (width > 32767 || height > 32767) return err("too-large");
    const direct = (flags & FLAG_DIRECT) !== 0;
    const data = direct ? this.#direct(f.physical(22), stride * height) : this.gather(f.physical(22), stride * height);
    if (!data.ok) return data;
    const palette = use === "mask" || format > P.FORMAT_8 ? ok(0) : this.#palette(f.optionalPhysical(14));
    if (!palette.ok) return palette;
    const topDown = (flags & FLAG_TOP_DOWN) !== 0;
    const host = topDown ? data.value : data.value + stride * (height - 1);
    return ok({ host, stride: topDown ? stride : -stride, width, height, format, palette: palette.value });
  }

  #direct(address: Physical, length: number): Result<number, ImageError> {
    const host = this.#from.translate(address, length);
    return host === undefined ? err("bad-address") : ok(host);
  }

  #palette(address: Physical | undefined): Result<number, ImageError> {
    if (address === undefined) return err("bad-palette");
    const header = this.read(address, PALETTE_HEADER);
    if (header === undefined) return err("bad-address");
    const count = Math.min(new Fields(header).u16(8), 256);
    const bytes = this.read({ ...address, offset: address.offset + PALETTE_HEADER }, count * 4);
    if (bytes === undefined) return err("bad-address");
    const host = this.#from.scratch.takePalette(new Uint32Array(bytes.buffer));
    return host === undefined ? err("too-large") : ok(host);
  }
}

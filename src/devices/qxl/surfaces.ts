// The surfaces that exist: pictures in BAR memory, which is where they are drawn. Surface 0 is what is shown.

import * as P from "../../../assembly/layout/pixels";
import type { GuestMemory } from "../../core/guest_memory";
import { SURFACES } from "./config";
import type { Physical } from "./memslots";
import type { SurfaceShape } from "./parse";

export interface PixelImage {
  /** Host address of the top row. */
  readonly host: number;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
  /** P.FORMAT_. */
  readonly format: number;
  /** Host address of 256 colours, for formats that need them. */
  readonly palette: number;
}

export interface Surface extends PixelImage {
  /** Host address of the release info of the command that made it; 0 for the primary surface. */
  readonly release: number;
}

interface SurfaceFormat {
  readonly format: number;
  readonly bits: number;
}

/** QXL's surface formats (spice/enums.h, SpiceSurfaceFmt). */
const formats: ReadonlyMap<number, SurfaceFormat> = new Map([
  [1, { format: P.FORMAT_A1, bits: 1 }],
  [8, { format: P.FORMAT_A8, bits: 8 }],
  [16, { format: P.FORMAT_555, bits: 16 }],
  [80, { format: P.FORMAT_565, bits: 16 }],
  [32, { format: P.FORMAT_XRGB, bits: 32 }],
  [96, { format: P.FORMAT_ARGB, bits: 32 }],
]);

/** Coordinates of everything in a surface then fit into 16 bits. */
const SIZE_MAX = 32767;

type Translate = (address: Physical, length: number) => number | undefined;

export class Surfaces {
  readonly #guest: GuestMemory;
  readonly #surfaces = new Map<number, Surface>();

  constructor(guest: GuestMemory) {
    this.#guest = guest;
  }

  get(id: number): Surface | undefined {
    return this.#surfaces.get(id);
  }

  get ids(): number[] {
    return [...this.#surfaces.keys()];
  }

  /** Undefined if the shape makes no sense or does not lie in a memory slot. Replaces a surface of the same id. */
  create(
    id: number,
    shape: SurfaceShape,
    more: { keepData: boolean; release: number; translate: Translate },
  ): Surface | undefined {
    const { width, height, stride } = shape;
    const found = formats.get(shape.format);
    if (found === undefined || id >= SURFACES) return undefined;
    if (width < 1 || width > SIZE_MAX || height < 1 || height > SIZE_MAX) return undefined;
    const rowBytes = Math.abs(stride);
    if (rowBytes < Math.ceil((width * found.bits) / 8)) return undefined;
    const bytes = rowBytes * height;
    const start = bytes <= 0x7fffffff ? more.translate(shape.data, bytes) : undefined;
    if (start === undefined) return undefined;
    if (!more.keepData) this.#guest.hostView(start, bytes).fill(0);
    const host = stride < 0 ? start + rowBytes * (height - 1) : start;
    const surface = { host, stride, width, height, format: found.format, palette: 0, release: more.release };
    this.#surfaces.set(id, surface);
    return surface;
  }

  clear(): void {
    this.#surfaces.clear();
  }

  destroy(id: number): Surface | undefined {
    const surface = this.#surfaces.get(id);
    this.#surfaces.delete(id);
    return surface;
  }
}

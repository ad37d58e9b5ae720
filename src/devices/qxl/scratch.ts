// Memory of the renderer: the struct of the raster operations, palettes, and an arena for what one command needs in one
// piece. All of it lies in the shared memory, where the raster operations can reach it.

import * as P from "../../../assembly/layout/pixels";
import { PAGE_SIZE } from "../../../assembly/layout/memory_map";
import type { GuestMemory } from "../../core/guest_memory";
import type { Rect } from "./fields";
import type { PixelImage } from "./surfaces";

const PALETTE_BYTES = 1024;
const HEADER = Math.ceil(P.SIZE / PAGE_SIZE) * PAGE_SIZE;

export function scratchBytes(arenaBytes: number): number {
  return HEADER + arenaBytes;
}

export class Scratch {
  /** Host address of the struct of layout/pixels.ts. */
  readonly pixels: number;
  readonly guest: GuestMemory;
  readonly #arena: number;
  readonly #arenaEnd: number;
  #next: number;

  constructor(guest: GuestMemory, host: number, bytes: number) {
    this.guest = guest;
    this.pixels = host;
    this.#arena = host + HEADER;
    this.#arenaEnd = host + bytes;
    this.#next = this.#arena;
  }

  /** A new command: nothing of the arena is in use. */
  clear(): void {
    this.#next = this.#arena;
  }

  /** Bytes of the arena, not cleared; undefined if there are not so many. */
  take(bytes: number): number | undefined {
    const host = this.#next;
    if (host + bytes > this.#arenaEnd) return undefined;
    this.#next = Math.ceil((host + bytes) / 16) * 16;
    return host;
  }

  takePalette(colors: Uint32Array): number | undefined {
    const host = this.take(PALETTE_BYTES);
    if (host === undefined) return undefined;
    this.guest.hostView(host, PALETTE_BYTES).fill(0);
    colors.subarray(0, 256).forEach((color, i) => this.guest.data.setUint32(host + i * 4, color, true));
    return host;
  }

  set(offset: number, value: number): void {
    this.guest.data.setInt32(this.pixels + offset, value | 0, true);
  }

  setRect(rect: Rect): void {
    this.set(P.left, rect.left);
    this.set(P.top, rect.top);
    this.set(P.right, rect.right);
    this.set(P.bottom, rect.bottom);
  }

  setImage(offset: number, image: PixelImage): void {
    this.set(offset + P.imageHost, image.host);
    this.set(offset + P.imageStride, image.stride);
    this.set(offset + P.imageWidth, image.width);
    this.set(offset + P.imageHeight, image.height);
    this.set(offset + P.imageFormat, image.format);
    this.set(offset + P.imagePalette, image.palette);
  }
}

// What kind of QXL device this is: identity, sizes of its memories, and where things lie in them
// (spice-protocol: spice/qxl_dev.h).

import { MiB } from "../../shared/units";

export const VENDOR = 0x1b36;
export const DEVICE = 0x0100;
/** QXL_REVISION_STABLE_V12, and one: VGA accesses do not end native mode. */
export const REVISION = 5;
export const CLASS_VGA = 0x030000;
export const CLASS_OTHER_DISPLAY = 0x038000;

export const BAR_RAM = 0;
export const BAR_VRAM = 1;
export const BAR_ROM = 2;
export const BAR_IO = 3;
export const BAR_VRAM64 = 4;

export const ROM_BYTES = 8192;
export const IO_BYTES = 32;
/** Surfaces that there can be, the primary one included. */
export const SURFACES = 1024;

export interface QxlOptions {
  /** A VGA too, as the machine's first display. */
  readonly primary: boolean;
  readonly ramMiB?: number;
  readonly vramMiB?: number;
  readonly vram64MiB?: number;
  /** Of the RAM: what the primary surface may take. */
  readonly vgamemMiB?: number;
  /** Preferred resolution. */
  readonly xres?: number;
  readonly yres?: number;
}

export interface QxlSizes {
  readonly ram: number;
  readonly vram: number;
  /** All of the video memory; the 32-bit BAR shows its beginning. Equal to `vram` if there is no 64-bit BAR. */
  readonly vram64: number;
  readonly vgamem: number;
}

/** QEMU's rules: powers of two, the RAM at least twice the primary surface's part. */
export function qxlSizes(options: QxlOptions): QxlSizes {
  const vgamem = powerOfTwo(clamp(options.vgamemMiB ?? 16, 8, 256)) * MiB;
  const ram = Math.max(powerOfTwo(clamp(options.ramMiB ?? 64, 1, 512)) * MiB, 2 * vgamem);
  const vram = powerOfTwo(clamp(options.vramMiB ?? 64, 1, 256)) * MiB;
  const vram64 = Math.max(powerOfTwo(clamp(options.vram64MiB ?? 0, 0, 512)) * MiB, vram);
  return { ram, vram, vram64, vgamem };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function powerOfTwo(value: number): number {
  return value <= 1 ? 1 : 2 ** Math.ceil(Math.log2(value));
}

// The ROM BAR: QXLRom with what the driver must know about this device, and the table of modes that drivers without
// mode setting of their own choose from.

import { type QxlSizes, ROM_BYTES, SURFACES } from "./config";
import { FIRST_SLOT, GENERATION_BITS, ID_BITS, SLOTS } from "./memslots";
import * as Q from "./protocol";

const MAGIC = 0x4f525851;
const ROM_STRUCT = 1160;
export const CLIENT_CRC = 128;
const CLIENT_MONITORS = 132;
const CLIENT_HEADS = CLIENT_MONITORS + 4;
const MODE_BYTES = 32;
/** SPICE_DISPLAY_CAP_MONITORS_CONFIG, COMPOSITE and A8_SURFACE: what this renderer can do. */
const CAPABILITIES = 0b1110;
/** Millimetres per 16384 pixels of the size that QEMU's table pretends. */
const PIXEL_PITCH = 0.29;

const SIZES: readonly (readonly [number, number])[] = [
  [640, 480],
  [800, 480],
  [800, 600],
  [832, 624],
  [960, 640],
  [1024, 600],
  [1024, 768],
  [1152, 864],
  [1152, 870],
  [1280, 720],
  [1280, 760],
  [1280, 768],
  [1280, 800],
  [1280, 960],
  [1280, 1024],
  [1360, 768],
  [1366, 768],
  [1400, 1050],
  [1440, 900],
  [1600, 900],
  [1600, 1200],
  [1680, 1050],
  [1920, 1080],
  [1920, 1200],
  [1920, 1440],
  [2000, 2000],
  [2048, 1536],
  [2048, 2048],
  [2560, 1440],
  [2560, 1600],
  [2560, 2048],
  [2800, 2100],
  [3200, 2400],
  [3840, 2160],
  [4096, 2160],
];

export interface Mode {
  readonly width: number;
  readonly height: number;
  readonly bits: 16 | 32;
  readonly stride: number;
}

/** The modes that fit into the primary surface's part of the RAM; the index is the mode's number. */
export function modesFor(sizes: QxlSizes): Mode[] {
  const modes: Mode[] = [];
  for (const [width, height] of SIZES) {
    for (const bits of [16, 32] as const) {
      const stride = Math.ceil((width * bits) / 32) * 4;
      if (stride * height <= sizes.vgamem) modes.push({ width, height, bits, stride });
    }
  }
  return modes;
}

/** Where the header QXLRam lies in the RAM BAR. */
export function ramHeaderOffset(sizes: QxlSizes): number {
  return sizes.ram - Math.ceil(Q.RAM_BYTES / 4096) * 4096;
}

export interface PreferredSize {
  readonly width: number;
  readonly height: number;
}

/** All of the ROM's bytes. */
export function makeRom(sizes: QxlSizes, id: number, preferred: PreferredSize | undefined): Uint8Array {
  const rom = new Uint8Array(ROM_BYTES);
  const view = new DataView(rom.buffer);
  const header = ramHeaderOffset(sizes);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, id, true);
  view.setUint32(24, ROM_STRUCT, true);
  view.setUint32(28, Math.floor((sizes.ram - 8192 - sizes.vgamem) / 4096), true);
  view.setUint32(32, sizes.vgamem, true);
  view.setUint32(40, sizes.vgamem, true);
  view.setUint32(44, header, true);
  view.setUint32(52, SURFACES, true);
  rom.set([FIRST_SLOT, SLOTS - 1, GENERATION_BITS, ID_BITS, 0, 1, CAPABILITIES], 64);
  if (preferred !== undefined) rom.set(clientMonitors(preferred), CLIENT_CRC);
  writeModes(view, modesFor(sizes));
  return rom;
}

function writeModes(view: DataView, modes: readonly Mode[]): void {
  view.setUint32(ROM_STRUCT, modes.length, true);
  modes.forEach(({ width, height, bits, stride }, id) => {
    const at = ROM_STRUCT + 4 + id * MODE_BYTES;
    const words = [
      id,
      width,
      height,
      bits,
      stride,
      Math.round(width * PIXEL_PITCH),
      Math.round(height * PIXEL_PITCH),
      0,
    ];
    words.forEach((word, i) => view.setUint32(at + i * 4, word, true));
  });
}

/** What the ROM says at CLIENT_CRC of the window in which a person sees the display: checksum and one head. */
export function clientMonitors({ width, height }: PreferredSize): Uint8Array {
  const bytes = new Uint8Array(ROM_STRUCT - CLIENT_CRC);
  const view = new DataView(bytes.buffer);
  view.setUint16(CLIENT_MONITORS - CLIENT_CRC, 1, true);
  // QXLURect: top, left, bottom, right.
  view.setUint32(CLIENT_HEADS - CLIENT_CRC + 8, height, true);
  view.setUint32(CLIENT_HEADS - CLIENT_CRC + 12, width, true);
  view.setUint32(0, crc(bytes.subarray(4)), true);
  return bytes;
}

/** Reflected CRC-32 from 0 and without the final complement, as Linux checks it. */
function crc(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  }
  return value >>> 0;
}

// The registers of a VGA as far as text modes use them: miscellaneous output, sequencer, graphics controller, CRTC,
// attribute controller, palette (IBM VGA technical reference). At power-on they are what a VGA BIOS leaves for mode 3.

import { allOnes, type RegisterHandler } from "../pci/router";
import type { AccessSize } from "../../core/crossing";

export const FIRST_PORT = 0x3b0;
export const PORTS = 0x30;

const ATTRIBUTE = 0x3c0;
const ATTRIBUTE_READ = 0x3c1;
const MISC_WRITE = 0x3c2;
const SEQUENCER = 0x3c4;
const PEL_MASK = 0x3c6;
const PALETTE_READ = 0x3c7;
const PALETTE_WRITE = 0x3c8;
const PALETTE_DATA = 0x3c9;
const MISC_READ = 0x3cc;
const GRAPHICS = 0x3ce;
const CRTC = 0x3d4;
const STATUS = 0x3da;
/** The monochrome addresses of CRTC and status, and the miscellaneous output's bit that chooses. */
const MONO_CRTC = 0x3b4;
const MONO_STATUS = 0x3ba;
const MISC_COLOR = 1;

// 80 x 25 characters of 9 x 16 pixels at 70 Hz.
const SEQUENCER_TEXT = [3, 0, 3, 0, 2];
const GRAPHICS_TEXT = [0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff];
const CRTC_TEXT = [
  0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0, 0x4f, 0x0d, 0x0e, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96,
  0xb9, 0xa3, 0xff,
];
const ATTRIBUTE_TEXT = [0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0, 0x0f, 8, 0];
const MISC_TEXT = 0x67;
const COLORS = 256;

export class VgaRegisters implements RegisterHandler {
  /** Told when a register has another value. */
  onChange: () => void = () => undefined;
  readonly sequencer = new Uint8Array(8);
  readonly graphics = new Uint8Array(16);
  readonly crtc = new Uint8Array(32);
  readonly attribute = new Uint8Array(32);
  /** 6 bits each of red, green, blue. */
  readonly palette = new Uint8Array(COLORS * 3);
  misc = MISC_TEXT;
  pelMask = 0xff;
  #sequencerIndex = 0;
  #graphicsIndex = 0;
  #crtcIndex = 0;
  #attributeIndex = 0;
  /** The next write to the attribute port is data. */
  #attributeData = false;
  #paletteAt = 0;
  #paletteReadAt = 0;
  #status = 0;

  constructor() {
    this.reset();
  }

  reset(): void {
    this.sequencer.fill(0).set(SEQUENCER_TEXT);
    this.graphics.fill(0).set(GRAPHICS_TEXT);
    this.crtc.fill(0).set(CRTC_TEXT);
    this.attribute.fill(0).set(ATTRIBUTE_TEXT);
    this.#attributeIndex = 0x20;
    this.#attributeData = false;
    this.misc = MISC_TEXT;
    this.pelMask = 0xff;
    for (let i = 0; i < COLORS; i++) this.palette.set(egaColor(i & 63), i * 3);
  }

  /** False while the attribute controller is being set up: the screen is blank. */
  get enabled(): boolean {
    return (this.#attributeIndex & 0x20) !== 0;
  }

  read(offset: number, size: AccessSize): number {
    // Index and data of a pair are read with one access of 16 bits.
    if (size === 2) return this.#readByte(offset) | (this.#readByte(offset + 1) << 8);
    return size === 1 ? this.#readByte(offset) : allOnes(size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.#writeByte(offset, value & 0xff);
    if (size === 2) this.#writeByte(offset + 1, (value >>> 8) & 0xff);
  }

  /** The port in the addresses of colour, or undefined for those of the other half. */
  #port(offset: number): number | undefined {
    const port = FIRST_PORT + offset;
    const color = (this.misc & MISC_COLOR) !== 0;
    if (port === CRTC || port === CRTC + 1 || port === STATUS) return color ? port : undefined;
    if (port === MONO_CRTC || port === MONO_CRTC + 1 || port === MONO_STATUS) return color ? undefined : port + 0x20;
    return port;
  }

  #readByte(offset: number): number {
    switch (this.#port(offset)) {
      case ATTRIBUTE:
        return this.#attributeIndex;
      case ATTRIBUTE_READ:
        return this.attribute[this.#attributeIndex & 31] ?? 0;
      case MISC_WRITE:
        return 0;
      case SEQUENCER:
        return this.#sequencerIndex;
      case SEQUENCER + 1:
        return this.sequencer[this.#sequencerIndex & 7] ?? 0;
      case PEL_MASK:
        return this.pelMask;
      case PALETTE_READ:
        return 0;
      case PALETTE_WRITE:
        return Math.floor(this.#paletteAt / 3);
      case PALETTE_DATA:
        return this.#readPalette();
      case MISC_READ:
        return this.misc;
      case GRAPHICS:
        return this.#graphicsIndex;
      case GRAPHICS + 1:
        return this.graphics[this.#graphicsIndex & 15] ?? 0;
      case CRTC:
        return this.#crtcIndex;
      case CRTC + 1:
        return this.crtc[this.#crtcIndex & 31] ?? 0;
      case STATUS:
        return this.#readStatus();
      default:
        return 0xff;
    }
  }

  #writeByte(offset: number, value: number): void {
    switch (this.#port(offset)) {
      case ATTRIBUTE:
        this.#writeAttribute(value);
        break;
      case MISC_WRITE:
        this.misc = value;
        break;
      case SEQUENCER:
        this.#sequencerIndex = value;
        return;
      case SEQUENCER + 1:
        this.sequencer[this.#sequencerIndex & 7] = value;
        break;
      case PEL_MASK:
        this.pelMask = value;
        break;
      case PALETTE_READ:
        this.#paletteReadAt = value * 3;
        return;
      case PALETTE_WRITE:
        this.#paletteAt = value * 3;
        return;
      case PALETTE_DATA:
        this.palette[this.#paletteAt] = value & 63;
        this.#paletteAt = (this.#paletteAt + 1) % this.palette.length;
        break;
      case GRAPHICS:
        this.#graphicsIndex = value;
        return;
      case GRAPHICS + 1:
        this.graphics[this.#graphicsIndex & 15] = value;
        break;
      case CRTC:
        this.#crtcIndex = value;
        return;
      case CRTC + 1:
        this.#writeCrtc(value);
        break;
      default:
        return;
    }
    this.onChange();
  }

  /** Index and data by turns; reading the status starts with an index again. */
  #writeAttribute(value: number): void {
    if (this.#attributeData) this.attribute[this.#attributeIndex & 31] = value;
    else this.#attributeIndex = value;
    this.#attributeData = !this.#attributeData;
  }

  /** Bit 7 of register 17 protects registers 0 to 7, but for one bit. */
  #writeCrtc(value: number): void {
    const index = this.#crtcIndex & 31;
    const isProtected = ((this.crtc[17] ?? 0) & 0x80) !== 0 && index < 8;
    if (!isProtected) this.crtc[index] = value;
    else if (index === 7) this.crtc[7] = ((this.crtc[7] ?? 0) & ~0x10) | (value & 0x10);
  }

  #readPalette(): number {
    const value = this.palette[this.#paletteReadAt] ?? 0;
    this.#paletteReadAt = (this.#paletteReadAt + 1) % this.palette.length;
    return value;
  }

  /** Retrace comes and goes with every look, so that nobody waits for it for long. */
  #readStatus(): number {
    this.#attributeData = false;
    this.#status ^= 9;
    return this.#status;
  }
}

/** The six-bit colours of an EGA: rgbRGB, the small letters at a third of the intensity. */
function egaColor(color: number): [number, number, number] {
  const component = (bit: number): number => ((color >> bit) & 1) * 42 + ((color >> (bit + 3)) & 1) * 21;
  return [component(2), component(1), component(0)];
}

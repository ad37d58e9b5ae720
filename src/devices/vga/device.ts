// A VGA in text mode: what is on the screen before a driver knows the display. In the usual set-up its text memory is
// memory of the guest; while a font is loaded, or in set-ups that only some programs know, accesses are exits.

import * as P from "../../../assembly/layout/pixels";
import * as MachineLayout from "../../../assembly/layout/machine";
import type { AccessSize } from "../../core/crossing";
import type { DeviceMemory } from "../../core/device_memory";
import type { GuestMemory } from "../../core/guest_memory";
import type { RegisterHandler, Router } from "../pci/router";
import type { Scanout } from "../qxl/scanout";
import type { PixelImage } from "../qxl/surfaces";
import { makeFont } from "./font";
import { FIRST_PORT, PORTS, VgaRegisters } from "./registers";
import { TEXT_PIXELS_MAX, textLayout, TextScreen } from "./text";

const WINDOW = 0xa0000;
const WINDOW_BYTES = 0x20000;
const TEXT_WINDOW = 0xb8000;
const TEXT_BYTES = 0x8000;
const FONT_BYTES = 0x2000;
/** How often the text is looked at while somebody sees it. */
const LOOK_MS = 50;

export const VGA_MEMORY_BYTES = TEXT_BYTES + TEXT_PIXELS_MAX * 4;

export interface VgaPlatform {
  readonly guest: GuestMemory;
  readonly memory: DeviceMemory;
  readonly ports: Router;
  readonly mmio: Router;
}

export class Vga {
  readonly #platform: VgaPlatform;
  readonly #scanout: Scanout;
  readonly #registers = new VgaRegisters();
  readonly #screen = new TextScreen();
  readonly #text: number;
  readonly #pixelsAt: number;
  readonly #pixels: Uint32Array<ArrayBufferLike>;
  readonly #font = new Uint8Array(FONT_BYTES);
  #mapped = false;
  #showing = false;
  #picture: PixelImage | undefined;
  #timer: number | undefined;

  /** Undefined if there is not so much device memory. */
  static attach(platform: VgaPlatform, scanout: Scanout): Vga | undefined {
    const host = platform.memory.take(VGA_MEMORY_BYTES);
    return host === undefined ? undefined : new Vga(platform, scanout, host);
  }

  private constructor(platform: VgaPlatform, scanout: Scanout, host: number) {
    const { guest, ports, mmio } = platform;
    this.#platform = platform;
    this.#scanout = scanout;
    this.#text = host;
    this.#pixelsAt = host + TEXT_BYTES;
    this.#pixels = guest.hostWords(this.#pixelsAt, TEXT_PIXELS_MAX);
    this.#registers.onChange = () => this.#onChange();
    ports.add(FIRST_PORT, PORTS, this.#registers);
    mmio.add(WINDOW, WINDOW_BYTES, this.#window());
    guest.data.setUint32(guest.machine + MachineLayout.vga, 1, true);
    scanout.beforeFrame = () => this.#draw();
  }

  reset(): void {
    this.#registers.reset();
    this.#font.set(makeFont());
    const text = this.#platform.guest.hostView(this.#text, TEXT_BYTES);
    for (let i = 0; i < TEXT_BYTES; i += 2) text.set([0x20, 7], i);
    this.#screen.forget();
    this.#onChange();
  }

  /** Whether the display shows this, or what a driver draws. */
  show(shown: boolean): void {
    this.#showing = shown;
    this.#picture = undefined;
    this.#screen.forget();
    if (shown) this.#look();
    else clearTimeout(this.#timer);
  }

  #onChange(): void {
    const { sequencer, graphics, misc } = this.#registers;
    const oddEven = ((sequencer[4] ?? 0) & 4) === 0 && ((graphics[5] ?? 0) & 0x10) !== 0;
    const bothPlanes = ((sequencer[2] ?? 0) & 3) === 3;
    const atText = ((graphics[6] ?? 0) & 0x0c) === 0x0c;
    this.#map(oddEven && bothPlanes && atText && (misc & 2) !== 0);
  }

  #map(mapped: boolean): void {
    if (mapped === this.#mapped) return;
    this.#mapped = mapped;
    const { memory } = this.#platform;
    if (mapped) memory.map(TEXT_WINDOW, this.#text, TEXT_BYTES, "read-write");
    else memory.unmap(TEXT_WINDOW, this.#text, TEXT_BYTES);
  }

  /** Looks again and again, as long as somebody sees it; drawing itself waits for the display's frame. */
  #look(): void {
    clearTimeout(this.#timer);
    if (!this.#showing) return;
    if (this.#scanout.attached || this.#picture === undefined) this.#draw();
    this.#timer = setTimeout(() => this.#look(), LOOK_MS);
  }

  #draw(): void {
    const layout = this.#showing ? textLayout(this.#registers) : undefined;
    if (layout === undefined) return;
    const width = layout.columns * layout.cellWidth;
    const height = layout.rows * layout.cellHeight;
    if (this.#picture?.width !== width || this.#picture.height !== height) {
      this.#picture = { host: this.#pixelsAt, stride: width * 4, width, height, format: P.FORMAT_XRGB, palette: 0 };
      this.#screen.forget();
      this.#scanout.show(this.#picture);
    }
    const text = this.#platform.guest.hostView(this.#text, TEXT_BYTES);
    const changed = this.#screen.draw(layout, this.#registers, { text, font: this.#font }, this.#pixels);
    for (const row of changed) {
      const top = row * layout.cellHeight;
      this.#scanout.damage({ left: 0, top, right: width, bottom: top + layout.cellHeight });
    }
  }

  /** Accesses that do not find the text memory: planes one by one. */
  #window(): RegisterHandler {
    const each = (offset: number, size: AccessSize, visit: (at: number, shift: number) => void): void => {
      for (let i = 0; i < size; i++) visit(offset + i, 8 * i);
    };
    return {
      read: (offset, size) => {
        let value = 0;
        each(offset, size, (at, shift) => (value |= this.#readByte(at) << shift));
        return value >>> 0;
      },
      write: (offset, size, value) => each(offset, size, (at, shift) => this.#writeByte(at, (value >>> shift) & 0xff)),
    };
  }

  /** Offset in a plane for an offset in the window; undefined outside of what is decoded. */
  #planeOffset(offset: number): number | undefined {
    const ranges = [
      [0, 0x20000],
      [0, 0x10000],
      [0x10000, 0x8000],
      [0x18000, 0x8000],
    ] as const;
    const [start, length] = ranges[((this.#registers.graphics[6] ?? 0) >> 2) & 3] ?? ranges[0];
    return offset >= start && offset < start + length ? offset - start : undefined;
  }

  #readByte(offset: number): number {
    const at = this.#planeOffset(offset);
    if (at === undefined) return 0xff;
    const { sequencer, graphics } = this.#registers;
    const oddEven = ((sequencer[4] ?? 0) & 4) === 0;
    const plane = oddEven ? at & 1 : (graphics[4] ?? 0) & 3;
    return this.#readPlane(plane, oddEven ? at & ~1 : at);
  }

  #writeByte(offset: number, value: number): void {
    const at = this.#planeOffset(offset);
    if (at === undefined) return;
    const { sequencer } = this.#registers;
    const oddEven = ((sequencer[4] ?? 0) & 4) === 0;
    // In turns, even addresses mean planes 0 and 2, odd ones 1 and 3.
    const planes = (sequencer[2] ?? 0) & (oddEven ? 5 << (at & 1) : 15);
    for (let plane = 0; plane < 4; plane++) {
      if ((planes & (1 << plane)) !== 0) this.#writePlane(plane, oddEven ? at & ~1 : at, value);
    }
  }

  /** Planes 0 and 1 are the text memory's even and odd bytes, plane 2 is the font, plane 3 is not there. */
  #readPlane(plane: number, at: number): number {
    if (plane === 2) return this.#font[at] ?? 0;
    if (plane === 3 || at >= TEXT_BYTES) return 0;
    return this.#platform.guest.data.getUint8(this.#text + (at & ~1) + plane);
  }

  #writePlane(plane: number, at: number, value: number): void {
    if (plane === 2) {
      if (at >= FONT_BYTES || this.#font[at] === value) return;
      this.#font[at] = value;
      this.#screen.forget();
    } else if (plane < 2 && at < TEXT_BYTES) {
      this.#platform.guest.data.setUint8(this.#text + (at & ~1) + plane, value);
    }
  }
}

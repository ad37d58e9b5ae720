// Draws a text screen: characters and attributes in memory, shapes from the font plane, colours through attribute
// controller and palette. Only cells that have changed are drawn.

import type { VgaRegisters } from "./registers";

export interface TextLayout {
  readonly columns: number;
  readonly rows: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** First cell in the text memory, and cells from one row to the next. */
  readonly start: number;
  readonly pitch: number;
  /** Cell in the text memory; -1 = none. */
  readonly cursor: number;
  readonly cursorTop: number;
  readonly cursorBottom: number;
}

/** Cells of the text memory of 32 KiB. */
const CELLS = 16384;
const FONT_STRIDE = 32;
const LINE_GRAPHICS_FIRST = 0xc0;
const LINE_GRAPHICS_LAST = 0xdf;
const MAX_COLUMNS = 160;
const MAX_ROWS = 100;
export const TEXT_PIXELS_MAX = MAX_COLUMNS * 9 * MAX_ROWS * 16;

/** What the registers say; undefined if it is no text screen that can be drawn. */
export function textLayout({ crtc, sequencer, graphics }: VgaRegisters): TextLayout | undefined {
  if (((graphics[6] ?? 0) & 1) !== 0) return undefined;
  const reg = (index: number): number => crtc[index] ?? 0;
  const columns = reg(1) + 1;
  const cellHeight = (reg(9) & 31) + 1;
  const lines = reg(18) + ((reg(7) & 2) << 7) + ((reg(7) & 0x40) << 3) + 1;
  const rows = Math.floor(lines / cellHeight);
  if (columns > MAX_COLUMNS || rows > MAX_ROWS || rows < 1 || cellHeight > 16) return undefined;
  const cursorOn = (reg(10) & 0x20) === 0 && (reg(10) & 31) <= (reg(11) & 31);
  return {
    columns,
    rows,
    cellWidth: ((sequencer[1] ?? 0) & 1) === 0 ? 9 : 8,
    cellHeight,
    start: reg(12) * 256 + reg(13),
    pitch: reg(19) * 2,
    cursor: cursorOn ? reg(14) * 256 + reg(15) : -1,
    cursorTop: reg(10) & 31,
    cursorBottom: reg(11) & 31,
  };
}

/** The sixteen colours of attributes as xRGB. */
export function textColors({ attribute, palette, pelMask }: VgaRegisters): Uint32Array {
  const select = attribute[20] ?? 0;
  const wide = ((attribute[16] ?? 0) & 0x80) !== 0;
  return Uint32Array.from({ length: 16 }, (_, i) => {
    const entry = attribute[i] ?? 0;
    const low = wide ? (entry & 15) | ((select & 3) << 4) : entry & 63;
    const index = (low | ((select & 12) << 4)) & pelMask;
    const part = (at: number): number => {
      const value = palette[index * 3 + at] ?? 0;
      return (value << 2) | (value >> 4);
    };
    return ((part(0) << 16) | (part(1) << 8) | part(2)) >>> 0;
  });
}

export interface TextMemory {
  /** Character and attribute by turns. */
  readonly text: Uint8Array<ArrayBufferLike>;
  /** 32 bytes per character. */
  readonly font: Uint8Array;
}

/** Where pixels go: xRGB, rows without gaps. */
export type TextPixels = Uint32Array<ArrayBufferLike>;

export class TextScreen {
  /** What each cell on the screen shows: character, attribute and cursor in one number. */
  #shown = new Int32Array(0);
  #layout: TextLayout | undefined;
  #colors = new Uint32Array(16);

  /** Everything will be drawn anew: the font, the colours or the pixels' memory have changed. */
  forget(): void {
    this.#shown.fill(-1);
  }

  /** Draws what has changed; tells the rows of cells that did. */
  draw(layout: TextLayout, registers: VgaRegisters, memory: TextMemory, pixels: TextPixels): number[] {
    this.#prepare(layout, textColors(registers));
    const lineGraphics = ((registers.attribute[16] ?? 0) & 4) !== 0;
    const changed: number[] = [];
    for (let row = 0; row < layout.rows; row++) {
      if (this.#drawRow(row, layout, { memory, pixels, lineGraphics })) changed.push(row);
    }
    return changed;
  }

  #prepare(layout: TextLayout, colors: Uint32Array): void {
    const old = this.#layout;
    const sameShape =
      old?.columns === layout.columns &&
      old.rows === layout.rows &&
      old.cellWidth === layout.cellWidth &&
      old.cellHeight === layout.cellHeight;
    if (!sameShape) this.#shown = new Int32Array(layout.columns * layout.rows).fill(-1);
    if (colors.some((color, i) => color !== this.#colors[i])) this.forget();
    this.#layout = layout;
    this.#colors = colors as Uint32Array<ArrayBuffer>;
  }

  #drawRow(
    row: number,
    layout: TextLayout,
    { memory, pixels, lineGraphics }: { memory: TextMemory; pixels: TextPixels; lineGraphics: boolean },
  ): boolean {
    let changed = false;
    for (let column = 0; column < layout.columns; column++) {
      const cell = (layout.start + row * layout.pitch + column) % CELLS;
      const character = memory.text[cell * 2] ?? 0;
      const attribute = memory.text[cell * 2 + 1] ?? 0;
      const hasCursor = cell === layout.cursor;
      const look = character | (attribute << 8) | (hasCursor ? 0x10000 | (layout.cursorTop << 17) : 0);
      const index = row * layout.columns + column;
      if (this.#shown[index] === look) continue;
      this.#shown[index] = look;
      changed = true;
      const ninth = lineGraphics && character >= LINE_GRAPHICS_FIRST && character <= LINE_GRAPHICS_LAST;
      const shape = memory.font.subarray(character * FONT_STRIDE, character * FONT_STRIDE + 16);
      this.#drawCell(layout, { row, column, shape, attribute, ninth, hasCursor }, pixels);
    }
    return changed;
  }

  #drawCell(
    layout: TextLayout,
    cell: { row: number; column: number; shape: Uint8Array; attribute: number; ninth: boolean; hasCursor: boolean },
    pixels: TextPixels,
  ): void {
    const { cellWidth, cellHeight, columns } = layout;
    const front = this.#colors[cell.attribute & 15] ?? 0;
    // Bit 7 blinks, if anything: the background has eight colours.
    const back = this.#colors[(cell.attribute >> 4) & 7] ?? 0;
    for (let y = 0; y < cellHeight; y++) {
      const inCursor = cell.hasCursor && y >= layout.cursorTop && y <= layout.cursorBottom;
      const bits = inCursor ? 0x1ff : widen(cell.shape[y] ?? 0, cell.ninth);
      let at = (cell.row * cellHeight + y) * columns * cellWidth + cell.column * cellWidth;
      for (let x = 0; x < cellWidth; x++) pixels[at++] = (bits & (0x100 >> x)) !== 0 ? front : back;
    }
  }
}

/** Nine dots from eight: the last is empty, or the eighth again for lines that shall meet. */
function widen(bits: number, ninth: boolean): number {
  return (bits << 1) | (ninth ? bits & 1 : 0);
}

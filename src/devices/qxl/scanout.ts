// From a picture in memory to the display: collects what has changed, converts it once per frame, and lays the cursor
// over it. Knows pictures only, not who draws them.

import * as P from "../../../assembly/layout/pixels";
import type { Display, Frame } from "../../backends/display/types";
import type { CursorShape } from "./cursor";
import type { Rect } from "./fields";
import type { PixelExports } from "./painter";
import { intersect, isEmpty, union } from "./region";
import type { Scratch } from "./scratch";
import type { PixelImage } from "./surfaces";

/** Bytes that are converted at a time. */
const BAND_BYTES = 1 << 20;
/** More changed rectangles than this become one. */
const DAMAGE_MAX = 16;

export interface Snapshot {
  readonly width: number;
  readonly height: number;
  /** RGBA. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

interface Cursor {
  readonly shape: CursorShape;
  readonly x: number;
  readonly y: number;
}

export class Scanout {
  /** Told just before a frame is drawn: who draws on demand does it now. */
  beforeFrame: () => void = () => undefined;
  /** Told when the size of what is shown changes. */
  onSize: (size: { width: number; height: number }) => void = () => undefined;
  readonly #display: Display;
  readonly #exports: Pick<PixelExports, "pixelsPresent">;
  readonly #scratch: Scratch;
  #picture: PixelImage | undefined;
  #damage: Rect[] = [];
  #cursor: Cursor | undefined;
  #bytes = new Uint8ClampedArray(0);

  constructor(display: Display, exports: Pick<PixelExports, "pixelsPresent">, scratch: Scratch) {
    this.#display = display;
    this.#exports = exports;
    this.#scratch = scratch;
    display.onAttached = () => this.damageAll();
  }

  get size(): { width: number; height: number } | undefined {
    return this.#picture === undefined ? undefined : { width: this.#picture.width, height: this.#picture.height };
  }

  get attached(): boolean {
    return this.#display.attached;
  }

  /** What is shown from now on; undefined leaves the last picture standing. */
  show(picture: PixelImage | undefined): void {
    const before = this.size;
    this.#picture = picture;
    this.#damage = [];
    this.damageAll();
    const { size } = this;
    if (size !== undefined && (size.width !== before?.width || size.height !== before.height)) this.onSize(size);
  }

  damageAll(): void {
    const { size } = this;
    if (size !== undefined) this.damage({ left: 0, top: 0, right: size.width, bottom: size.height });
  }

  damage(rect: Rect): void {
    if (this.#picture === undefined || isEmpty(rect)) return;
    const first = this.#damage.length === 0;
    addDamage(this.#damage, rect);
    if (first) this.#display.requestFrame((frame) => this.#draw(frame));
  }

  /** The pointer with its hot spot at (x, y), or none. */
  setCursor(shape: CursorShape | undefined, x: number, y: number): void {
    const before = this.#cursorBox();
    this.#cursor = shape === undefined ? undefined : { shape, x, y };
    for (const box of [before, this.#cursorBox()]) if (box !== undefined) this.#damagePicture(box);
  }

  /** The picture as it is now, without the cursor. */
  snapshot(): Snapshot | undefined {
    this.beforeFrame();
    const picture = this.#picture;
    if (picture === undefined) return undefined;
    const { width, height } = picture;
    const pixels = new Uint8ClampedArray(width * height * 4);
    eachBand({ left: 0, top: 0, right: width, bottom: height }, (band) => {
      this.#convert(picture, band, pixels.subarray(band.top * width * 4, band.bottom * width * 4));
    });
    return { width, height, pixels };
  }

  #draw(frame: Frame): void {
    this.beforeFrame();
    const damage = this.#damage;
    this.#damage = [];
    const picture = this.#picture;
    if (picture === undefined) return;
    frame.resize(picture.width, picture.height);
    for (const rect of damage) {
      eachBand(rect, (band) => {
        const width = band.right - band.left;
        const height = band.bottom - band.top;
        const pixels = this.#buffer(width * height * 4);
        this.#convert(picture, band, pixels);
        this.#drawCursor(band, pixels);
        frame.put(band.left, band.top, width, height, pixels);
      });
    }
  }

  #damagePicture(rect: Rect): void {
    const { size } = this;
    if (size !== undefined) this.damage(intersect(rect, { left: 0, top: 0, right: size.width, bottom: size.height }));
  }

  #buffer(bytes: number): Uint8ClampedArray<ArrayBuffer> {
    if (this.#bytes.length < bytes) this.#bytes = new Uint8ClampedArray(Math.max(bytes, BAND_BYTES));
    return this.#bytes.subarray(0, bytes);
  }

  #convert(picture: PixelImage, band: Rect, pixels: Uint8ClampedArray): void {
    const scratch = this.#scratch;
    scratch.clear();
    const output = scratch.take(pixels.length);
    if (output === undefined) throw new Error("the arena is smaller than a band");
    scratch.setImage(P.target, picture);
    scratch.setRect(band);
    scratch.set(P.output, output);
    this.#exports.pixelsPresent(scratch.pixels);
    pixels.set(scratch.guest.hostView(output, pixels.length));
  }

  #cursorBox(): Rect | undefined {
    if (this.#cursor === undefined) return undefined;
    const { shape, x, y } = this.#cursor;
    const [left, top] = [x - shape.hotX, y - shape.hotY];
    return { left, top, right: left + shape.width, bottom: top + shape.height };
  }

  #drawCursor(band: Rect, pixels: Uint8ClampedArray): void {
    const box = this.#cursorBox();
    if (box === undefined || this.#cursor === undefined) return;
    const part = intersect(box, band);
    const { shape } = this.#cursor;
    for (let y = part.top; y < part.bottom; y++) {
      for (let x = part.left; x < part.right; x++) {
        const to = ((y - band.top) * (band.right - band.left) + x - band.left) * 4;
        blend(pixels, to, shape, (y - box.top) * shape.width + x - box.left);
      }
    }
  }
}

/** One pixel of the cursor over RGBA bytes. */
function blend(pixels: Uint8ClampedArray, to: number, shape: CursorShape, from: number): void {
  const color = shape.pixels[from] ?? 0;
  const inverted = shape.inverted[from] !== 0;
  const rest = 255 - (color >>> 24);
  for (let i = 0; i < 3; i++) {
    const below = pixels[to + i] ?? 0;
    const above = (color >>> (16 - 8 * i)) & 255;
    pixels[to + i] = inverted ? 255 - below : above + (below * rest) / 255;
  }
}

function eachBand(rect: Rect, visit: (band: Rect) => void): void {
  const rows = Math.max(1, Math.floor(BAND_BYTES / ((rect.right - rect.left) * 4)));
  for (let top = rect.top; top < rect.bottom; top += rows) {
    visit({ ...rect, top, bottom: Math.min(top + rows, rect.bottom) });
  }
}

/** Rectangles that touch become one. */
function addDamage(damage: Rect[], rect: Rect): void {
  const near = damage.findIndex((other) => !isEmpty(intersect(grown(other), rect)));
  const other = damage[near];
  if (other !== undefined) damage[near] = union(other, rect);
  else damage.push(rect);
  if (damage.length > DAMAGE_MAX) damage.splice(0, damage.length, damage.reduce(union));
}

function grown({ left, top, right, bottom }: Rect): Rect {
  return { left: left - 1, top: top - 1, right: right + 1, bottom: bottom + 1 };
}

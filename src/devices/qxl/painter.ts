// What all drawing operations share: the inputs of a raster operation from the guest's images, brushes and masks, and
// the run over the rectangles of a region.

import * as P from "../../../assembly/layout/pixels";
import type { WasmExports } from "../../core/wasm";
import { err, ok, type Result } from "../../shared/result";
import type { Rect } from "./fields";
import type { ImageError, Images } from "./images";
import { expandPixel, scaleTransform, setNone, setPicture, setSampled, setSolid, setTile } from "./inputs";
import type { Physical } from "./memslots";
import type { Brush, Mask, Point, ScaleMode } from "./parse";
import { intersect, isEmpty } from "./region";
import type { Scratch } from "./scratch";
import type { PixelImage, Surface } from "./surfaces";

export type PixelExports = Pick<WasmExports, "pixelsDraw" | "pixelsMove" | "pixelsPresent">;

export type DrawError = ImageError | "box-outside" | "too-many-clips" | "bad-path" | "bad-string" | "bad-scale";

/** One drawable under way: what all its passes share. */
export interface Pass {
  readonly surface: Surface;
  readonly box: Rect;
  readonly region: readonly Rect[];
}

/** What of the pass lies in a rectangle. */
export function within(pass: Pass, rect: Rect): Pass {
  return { ...pass, region: pass.region.map((part) => intersect(part, rect)).filter((part) => !isEmpty(part)) };
}

export class Painter {
  readonly images: Images;
  readonly scratch: Scratch;
  readonly #exports: PixelExports;

  constructor(exports: PixelExports, scratch: Scratch, images: Images) {
    this.#exports = exports;
    this.scratch = scratch;
    this.images = images;
  }

  /** Draws the region with what has been set in the struct. */
  run(op: number, code: number, pass: Pass, target: PixelImage = pass.surface): void {
    const { scratch } = this;
    scratch.setImage(P.target, target);
    scratch.set(P.op, op);
    scratch.set(P.code, code);
    for (const rect of pass.region) {
      scratch.setRect(rect);
      this.#exports.pixelsDraw(scratch.pixels);
    }
  }

  noMask(): void {
    this.scratch.set(P.maskUsed, 0);
  }

  /** The bit mask, if there is one. */
  setMask(mask: Mask | undefined, { box }: Pass): DrawError | undefined {
    this.noMask();
    if (mask === undefined) return undefined;
    const image = this.images.resolve(mask.image, "mask");
    if (!image.ok) return image.error;
    const { format } = image.value;
    if (format !== P.FORMAT_1_LE && format !== P.FORMAT_1_BE && format !== P.FORMAT_A1) return "bad-bitmap";
    this.scratch.setImage(P.maskImage, image.value);
    this.scratch.set(P.maskX, box.left - mask.at.x);
    this.scratch.set(P.maskY, box.top - mask.at.y);
    this.scratch.set(P.maskInvert, mask.invert ? 1 : 0);
    this.scratch.set(P.maskUsed, 1);
    return undefined;
  }

  /** The brush in the source's place. */
  brushed(brush: Brush, table: number, pass: Pass): DrawError | undefined {
    const failed = this.setBrush(P.source, brush, pass.surface.format);
    if (failed !== undefined) return failed;
    setNone(this.scratch, P.brush);
    this.run(P.OP_RASTER, table, pass);
    return undefined;
  }

  setBrush(place: typeof P.source | typeof P.brush, brush: Brush, format: number): DrawError | undefined {
    if (brush.type !== "pattern") {
      // Even without a brush the operation may change the target.
      setSolid(this.scratch, place, expandPixel(format, brush.type === "solid" ? brush.color : 0));
      return undefined;
    }
    const image = this.images.resolve(brush.image);
    if (!image.ok) return image.error;
    setTile(this.scratch, place, asArgb(image.value), brush.at);
    return undefined;
  }

  /** Source pixels for the box; what of the region they reach. By default they are copied with all their bits. */
  setSource(
    { image, area }: { image: Physical; area: Rect },
    scale: ScaleMode,
    pass: Pass,
    change?: (image: PixelImage) => PixelImage,
  ): Result<Pass, DrawError> {
    const resolved = this.images.resolve(image);
    if (!resolved.ok) return resolved;
    const source = change === undefined ? resolved.value : change(resolved.value);
    const { box } = pass;
    const sameSize = area.right - area.left === box.right - box.left && area.bottom - area.top === box.bottom - box.top;
    if (!sameSize) {
      const transform = scaleTransform(area, box);
      if (transform === undefined) return err("bad-scale");
      const filter = scale === "nearest" ? P.FILTER_NEAREST : P.FILTER_BILINEAR;
      setSampled(this.scratch, P.source, source, corner(box), { transform, filter, repeat: P.REPEAT_NONE });
      return ok(pass);
    }
    const at = { x: box.left - area.left, y: box.top - area.top };
    setPicture(this.scratch, P.source, change === undefined ? asArgb(source) : source, at);
    // There is nothing to copy beyond the image's edges.
    return ok(within(pass, { left: at.x, top: at.y, right: at.x + source.width, bottom: at.y + source.height }));
  }

  /** Moves rectangles within the surface, in this order. */
  move(region: readonly Rect[], dx: number, dy: number, surface: PixelImage): void {
    const { scratch } = this;
    scratch.setImage(P.target, surface);
    scratch.set(P.moveX, dx);
    scratch.set(P.moveY, dy);
    for (const rect of region) {
      scratch.setRect(rect);
      this.#exports.pixelsMove(scratch.pixels);
    }
  }
}

export function corner(box: Rect): Point {
  return { x: box.left, y: box.top };
}

/** An image whose unused byte is taken for alpha, or copied as it is. */
export function asArgb<T extends PixelImage>(image: T): T {
  return image.format === P.FORMAT_XRGB ? { ...image, format: P.FORMAT_ARGB } : image;
}

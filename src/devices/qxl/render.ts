// Carries out drawables, at once and in order, in the memory of their surfaces. What each operation means is SPICE's
// reference renderer's (spice-common: canvas_base.c, sw_canvas.c).

import * as P from "../../../assembly/layout/pixels";
import { err, ok, type Result } from "../../shared/result";
import { composite } from "./composite";
import { Fields, type Rect } from "./fields";
import type { Images } from "./images";
import { expandPixel, setNone, setPicture, setSolid, setTile } from "./inputs";
import type { Physical } from "./memslots";
import { asArgb, corner, type DrawError, Painter, type Pass, type PixelExports, within } from "./painter";
import type { Brush, Drawable, Operation, Point, ScaleMode } from "./parse";
import { clipRegion, contains, isEmpty, moveOrder } from "./region";
import { ROP_INVERT, ROP_PUT, ropTable } from "./rop";
import type { Scratch } from "./scratch";
import { strokeSpans } from "./stroke";
import type { PixelImage, Surface, Surfaces } from "./surfaces";
import { textMask } from "./text";

/** Where something was drawn. */
export interface Drawn {
  readonly surface: Surface;
  readonly box: Rect;
}

const CLIPS_MAX = 4096;
const RECT_BYTES = 16;
const OPAQUE = 0xff000000;

export class Renderer {
  readonly #painter: Painter;
  readonly #images: Images;
  readonly #scratch: Scratch;
  readonly #surfaces: Surfaces;

  constructor(exports: PixelExports, scratch: Scratch, surfaces: Surfaces, images: Images) {
    this.#scratch = scratch;
    this.#surfaces = surfaces;
    this.#images = images;
    this.#painter = new Painter(exports, scratch, images);
  }

  draw(drawable: Drawable): Result<Drawn, DrawError> {
    this.#scratch.clear();
    const surface = this.#surfaces.get(drawable.surface);
    if (surface === undefined) return err("no-such-surface");
    const { box, operation } = drawable;
    const whole = { left: 0, top: 0, right: surface.width, bottom: surface.height };
    if (!contains(whole, box)) return err("box-outside");
    const region = this.#region(box, drawable.clip);
    if (!region.ok) return region;
    if (region.value.length === 0) return ok({ surface, box: { ...box, right: box.left } });
    const failed = this.#operate(operation, { surface, box, region: region.value });
    return failed === undefined ? ok({ surface, box }) : err(failed);
  }

  #region(box: Rect, clip: Physical | undefined): Result<Rect[], DrawError> {
    if (isEmpty(box)) return ok([]);
    if (clip === undefined) return ok([box]);
    const header = this.#images.read(clip, 4);
    if (header === undefined) return err("bad-address");
    const count = new Fields(header).u32(0);
    if (count > CLIPS_MAX) return err("too-many-clips");
    if (count === 0) return ok([]);
    const host = this.#images.gather({ ...clip, offset: clip.offset + 4 }, count * RECT_BYTES);
    if (!host.ok) return host;
    const bytes = this.#images.copy(host.value, count * RECT_BYTES);
    const f = new Fields(bytes);
    const clips = Array.from({ length: count }, (_, i) => f.rect(i * RECT_BYTES));
    return ok(clipRegion(box, clips));
  }

  #operate(operation: Operation, pass: Pass): DrawError | undefined {
    switch (operation.type) {
      case "nop":
        return undefined;
      case "fill":
        return this.#painter.setMask(operation.mask, pass) ?? this.#fill(operation.brush, operation.rop, pass);
      case "opaque":
        return (
          this.#painter.setMask(operation.mask, pass) ??
          this.#copy(operation, ROP_PUT, pass) ??
          this.#painter.brushed(operation.brush, ropTable(operation.rop, "brush-source"), pass)
        );
      case "copy":
      case "blend":
        return (
          this.#painter.setMask(operation.mask, pass) ??
          this.#copy(operation, ropTable(operation.rop, "source-target"), pass)
        );
      case "blackness":
        return this.#painter.setMask(operation.mask, pass) ?? this.#solid(0, ROP_PUT, pass);
      case "whiteness":
        return this.#painter.setMask(operation.mask, pass) ?? this.#solid(0xffffffff, ROP_PUT, pass);
      case "invers":
        return this.#painter.setMask(operation.mask, pass) ?? this.#solid(0, ROP_INVERT, pass);
      case "copy_bits":
        return this.#copyBits(operation.from, pass);
      case "rop3":
        return this.#rop3(operation, pass);
      case "transparent":
        return this.#transparent(operation, pass);
      case "alpha_blend":
        return this.#alphaBlend(operation, pass);
      case "composite":
        return composite(this.#painter, operation, pass);
      case "text":
        return this.#text(operation, pass);
      case "stroke":
        return this.#stroke(operation, pass);
    }
  }

  #fill(brush: Brush, rop: number, pass: Pass): DrawError | undefined {
    return this.#painter.brushed(brush, ropTable(rop, "brush-target"), pass);
  }

  #solid(color: number, table: number, pass: Pass): undefined {
    setSolid(this.#scratch, P.source, color);
    setNone(this.#scratch, P.brush);
    this.#painter.run(P.OP_RASTER, table, pass);
  }

  #copy(
    { source, scale }: { source: { image: Physical; area: Rect }; scale: ScaleMode },
    table: number,
    pass: Pass,
  ): DrawError | undefined {
    const placed = this.#painter.setSource(source, scale, pass);
    if (!placed.ok) return placed.error;
    setNone(this.#scratch, P.brush);
    this.#painter.run(P.OP_RASTER, table, placed.value);
    return undefined;
  }

  #copyBits(from: Point, pass: Pass): undefined {
    const { surface, box } = pass;
    const dx = box.left - from.x;
    const dy = box.top - from.y;
    // Only what comes from inside of the surface.
    const reach = { left: dx, top: dy, right: surface.width + dx, bottom: surface.height + dy };
    this.#painter.move(moveOrder(within(pass, reach).region, dx, dy), dx, dy, surface);
  }

  #rop3(operation: Extract<Operation, { type: "rop3" }>, pass: Pass): DrawError | undefined {
    const failed = this.#painter.setMask(operation.mask, pass);
    if (failed !== undefined) return failed;
    const placed = this.#painter.setSource(operation.source, operation.scale, pass);
    if (!placed.ok) return placed.error;
    const brushFailed = this.#painter.setBrush(P.brush, operation.brush, pass.surface.format);
    if (brushFailed !== undefined) return brushFailed;
    this.#painter.run(P.OP_RASTER, operation.rop3, placed.value);
    return undefined;
  }

  #transparent(operation: Extract<Operation, { type: "transparent" }>, pass: Pass): DrawError | undefined {
    this.#painter.noMask();
    const placed = this.#painter.setSource(operation.source, "nearest", pass);
    if (!placed.ok) return placed.error;
    setNone(this.#scratch, P.brush);
    const mask = keyMask(pass.surface.format);
    this.#scratch.set(P.keyMask, mask);
    this.#painter.run(P.OP_COLOR_KEY, operation.color & mask, placed.value);
    return undefined;
  }

  #alphaBlend(operation: Extract<Operation, { type: "alpha_blend" }>, pass: Pass): DrawError | undefined {
    if (operation.alpha === 0) return undefined;
    this.#painter.noMask();
    const withAlpha = (image: PixelImage): PixelImage =>
      operation.surfaceHasAlpha && "release" in image ? asArgb(image) : image;
    const placed = this.#painter.setSource(operation.source, "nearest", pass, withAlpha);
    if (!placed.ok) return placed.error;
    this.#over(operation.alpha, placed.value, operation.targetHasAlpha ? asArgb(pass.surface) : pass.surface);
    return undefined;
  }

  /** The source over the target, with an alpha for all of it. */
  #over(alpha: number, pass: Pass, target: PixelImage): void {
    setNone(this.#scratch, P.brush);
    if (alpha === 255) setNone(this.#scratch, P.alphaMask);
    else setSolid(this.#scratch, P.alphaMask, alpha << 24);
    this.#scratch.set(P.componentAlpha, 0);
    this.#painter.run(P.OP_COMPOSITE, P.COMPOSITE_OVER, pass, target);
  }

  #text(operation: Extract<Operation, { type: "text" }>, pass: Pass): DrawError | undefined {
    this.#painter.noMask();
    if (!isEmpty(operation.backArea)) {
      const failed = this.#painter.brushed(operation.backBrush, ROP_PUT, within(pass, operation.backArea));
      if (failed !== undefined) return failed;
    }
    if (operation.foreBrush.type === "none") return undefined;
    const mask = textMask(this.#images, this.#scratch, operation.string, pass.box);
    if (!mask.ok) return mask.error;
    const { image, box, origin } = mask.value;
    const failed = this.#setTextBrush(operation.foreBrush, origin, pass.surface);
    if (failed !== undefined) return failed;
    setNone(this.#scratch, P.brush);
    setPicture(this.#scratch, P.alphaMask, image, corner(box));
    this.#scratch.set(P.componentAlpha, 0);
    this.#painter.run(P.OP_COMPOSITE, P.COMPOSITE_OVER, within(pass, box));
    return undefined;
  }

  /** A text's colour has 8 bits a component, on surfaces of 16 bits 5; its pattern begins at the string's corner. */
  #setTextBrush(brush: Exclude<Brush, { type: "none" }>, origin: Point, { format }: PixelImage): DrawError | undefined {
    if (brush.type === "solid") {
      const narrow = format === P.FORMAT_555 || format === P.FORMAT_565;
      setSolid(this.#scratch, P.source, expandPixel(narrow ? P.FORMAT_555 : P.FORMAT_XRGB, brush.color) | OPAQUE);
      return undefined;
    }
    const image = this.#images.resolve(brush.image);
    if (!image.ok) return image.error;
    setTile(this.#scratch, P.source, image.value, { x: origin.x + brush.at.x, y: origin.y + brush.at.y });
    return undefined;
  }

  #stroke(operation: Extract<Operation, { type: "stroke" }>, pass: Pass): DrawError | undefined {
    this.#painter.noMask();
    const spans = strokeSpans(this.#images, operation, pass.box);
    if (!spans.ok) return spans.error;
    const failed = this.#painter.setBrush(P.source, operation.brush, pass.surface.format);
    if (failed !== undefined) return failed;
    setNone(this.#scratch, P.brush);
    const table = ropTable(operation.foreRop, "brush-target");
    for (const span of spans.value) this.#painter.run(P.OP_RASTER, table, within(pass, span));
    return undefined;
  }
}

/** Bits of a colour that a surface's format keeps. */
function keyMask(format: number): number {
  if (format === P.FORMAT_555) return 0xf8f8f8;
  return format === P.FORMAT_565 ? 0xf8fcf8 : 0xffffff;
}

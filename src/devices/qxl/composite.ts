// COMPOSITE: the X Render extension's operation, with pixman's meaning.

import * as P from "../../../assembly/layout/pixels";
import { Fields } from "./fields";
import { IDENTITY, type InputPlace, setNone, setSampled, type Transform } from "./inputs";
import type { Physical } from "./memslots";
import type { Operation, Point } from "./parse";
import type { DrawError, Painter, Pass } from "./painter";
import type { PixelImage } from "./surfaces";

type Composite = Extract<Operation, { type: "composite" }>;

const COMPONENT_ALPHA = 1 << 18;
const SOURCE_OPAQUE = 1 << 22;
const TARGET_OPAQUE = 1 << 24;
const TRANSFORM_BYTES = 24;
const NEAREST = 3;

export function composite(painter: Painter, operation: Composite, pass: Pass): DrawError | undefined {
  const { flags } = operation;
  const { scratch } = painter;
  const failed =
    setInput(painter, P.source, pass, {
      image: operation.source,
      transform: operation.sourceTransform,
      origin: operation.sourceOrigin,
      filter: (flags >> 8) & 7,
      repeat: (flags >> 14) & 3,
      opaque: (flags & SOURCE_OPAQUE) !== 0,
    }) ??
    setInput(painter, P.alphaMask, pass, {
      image: operation.mask,
      transform: operation.maskTransform,
      origin: operation.maskOrigin,
      filter: (flags >> 11) & 7,
      repeat: (flags >> 16) & 3,
      opaque: false,
    });
  if (failed !== undefined) return failed;
  painter.noMask();
  setNone(scratch, P.brush);
  scratch.set(P.componentAlpha, (flags & COMPONENT_ALPHA) !== 0 ? 1 : 0);
  const target = (flags & TARGET_OPAQUE) !== 0 ? withoutAlpha(pass.surface) : pass.surface;
  painter.run(P.OP_COMPOSITE, flags & 0xff, pass, target);
  return undefined;
}

interface CompositeInput {
  readonly image: Physical | undefined;
  readonly transform: Physical | undefined;
  readonly origin: Point;
  readonly filter: number;
  readonly repeat: number;
  readonly opaque: boolean;
}

function setInput(
  { images, scratch }: Painter,
  place: InputPlace,
  { box }: Pass,
  input: CompositeInput,
): DrawError | undefined {
  if (input.image === undefined) {
    setNone(scratch, place);
    return undefined;
  }
  const image = images.resolve(input.image);
  if (!image.ok) return image.error;
  const transform =
    input.transform === undefined ? IDENTITY : readTransform(images.read(input.transform, TRANSFORM_BYTES));
  if (transform === undefined) return "bad-address";
  const at = { x: box.left - input.origin.x, y: box.top - input.origin.y };
  // PIXMAN_FILTER_FAST, GOOD, BEST, NEAREST, BILINEAR: only fast and nearest are not bilinear.
  const filter = input.filter === 0 || input.filter === NEAREST ? P.FILTER_NEAREST : P.FILTER_BILINEAR;
  const picture = input.opaque ? withoutAlpha(image.value) : image.value;
  setSampled(scratch, place, picture, at, { transform, filter, repeat: input.repeat });
  return undefined;
}

function readTransform(bytes: Uint8Array | undefined): Transform | undefined {
  if (bytes === undefined) return undefined;
  const f = new Fields(bytes);
  return [f.i32(0), f.i32(4), f.i32(8), f.i32(12), f.i32(16), f.i32(20)];
}

function withoutAlpha<T extends PixelImage>(image: T): T {
  return image.format === P.FORMAT_ARGB ? { ...image, format: P.FORMAT_XRGB } : image;
}

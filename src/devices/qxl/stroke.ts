// STROKE: the pixels of cosmetic lines along a path, as spans of one row. Lines are a pixel wide, without their last
// point, and step as X's zero-width lines do (Bresenham, ties towards the first octants).

import { err, ok, type Result } from "../../shared/result";
import { bezierPoints, type FixedPoint, roundFixed } from "./bezier";
import { Fields, type Rect } from "./fields";
import type { Images } from "./images";
import type { Physical } from "./memslots";
import type { LineAttributes, Point } from "./parse";
import type { DrawError } from "./painter";

const PATH_HEADER = 4;
const SEGMENT_HEADER = 8;
const POINT_BYTES = 8;
const BEGIN = 1;
const END = 2;
const CLOSE = 8;
const BEZIER = 16;

const PATH_MAX = 1 << 20;
const POINTS_MAX = 1 << 17;
const SPANS_MAX = 1 << 20;
/** Beyond this a product of two lengths would not be exact. */
const COORDINATE_MAX = 1 << 23;

interface Stroke {
  readonly path: Physical;
  readonly attributes: LineAttributes;
}

/** The spans of a stroke inside of `limit`, in the order in which they are drawn. */
export function strokeSpans(images: Images, { path, attributes }: Stroke, limit: Rect): Result<Rect[], DrawError> {
  const header = images.read(path, PATH_HEADER);
  if (header === undefined) return err("bad-address");
  const size = new Fields(header).u32(0);
  if (size > PATH_MAX) return err("bad-path");
  const host = images.gather({ ...path, offset: path.offset + PATH_HEADER }, size);
  if (!host.ok) return host;
  const bytes = images.copy(host.value, size);
  const lines = readPath(bytes);
  const dashes = readDashes(images, attributes);
  if (lines === undefined || dashes === undefined) return err("bad-path");
  const spans: Rect[] = [];
  for (const line of lines) {
    const pen = new Pen(spans, limit, dashes);
    for (let i = 0; i + 1 < line.length; i++) {
      const [from, to] = [line[i], line[i + 1]];
      if (from !== undefined && to !== undefined) pen.line(from, to);
      if (spans.length > SPANS_MAX) return err("bad-path");
    }
  }
  return ok(spans);
}

/** Segments make polylines: BEGIN and END separate them. */
function readPath(bytes: Uint8Array): Point[][] | undefined {
  const f = new Fields(bytes);
  const lines: Point[][] = [];
  let line: Point[] = [];
  let at = 0;
  let total = 0;
  while (at + SEGMENT_HEADER <= bytes.length) {
    const [flags, count] = [f.u32(at), f.u32(at + 4)];
    at += SEGMENT_HEADER;
    if (count > (bytes.length - at) / POINT_BYTES) return undefined;
    const points = Array.from({ length: count }, (_, i) => fixedPoint(f, at + i * POINT_BYTES));
    at += count * POINT_BYTES;
    if ((flags & BEGIN) !== 0) {
      lines.push(line);
      line = points.splice(0, 1).map(rounded);
    }
    const added = (flags & BEZIER) !== 0 ? bezierPoints(line.at(-1), points) : points.map(rounded);
    total += added.length;
    if (total > POINTS_MAX) return undefined;
    line.push(...added);
    const first = line[0];
    if ((flags & (END | CLOSE)) === (END | CLOSE) && first !== undefined) line.push(first);
    if ((flags & END) === 0) continue;
    lines.push(line);
    line = [];
  }
  lines.push(line);
  const inRange = ({ x, y }: Point): boolean => Math.abs(x) < COORDINATE_MAX && Math.abs(y) < COORDINATE_MAX;
  return lines.every((points) => points.every(inRange)) ? lines : undefined;
}

function fixedPoint(f: Fields, at: number): FixedPoint {
  return { x: f.i32(at), y: f.i32(at + 4) };
}

function rounded({ x, y }: FixedPoint): Point {
  return { x: roundFixed(x), y: roundFixed(y) };
}

interface Dashes {
  /** Dashes and gaps in turn; empty for a line without. */
  readonly lengths: readonly number[];
  /** Where in them a line begins. */
  readonly offset: number;
}

/** A byte each, as X keeps them. What starts with a gap is turned by one dash, and begins behind it. */
function readDashes(images: Images, { styled, startWithGap, segments, style }: LineAttributes): Dashes | undefined {
  if (!styled) return { lengths: [], offset: 0 };
  const bytes = images.read(style, segments * 4);
  if (bytes === undefined) return undefined;
  const f = new Fields(bytes);
  const lengths = Array.from({ length: segments }, (_, i) => roundFixed(f.i32(i * 4)) & 0xff);
  if (lengths.every((length) => length === 0)) return undefined;
  if (startWithGap) lengths.push(...lengths.splice(0, 1));
  return { lengths, offset: startWithGap ? (lengths[0] ?? 0) : 0 };
}

/** Walks along one polyline; the dashes go on from segment to segment. */
class Pen {
  readonly #spans: Rect[];
  readonly #limit: Rect;
  readonly #dashes: readonly number[];
  readonly #period: number;
  #walked: number;

  constructor(spans: Rect[], limit: Rect, { lengths, offset }: Dashes) {
    this.#spans = spans;
    this.#limit = limit;
    this.#dashes = lengths;
    this.#period = lengths.reduce((sum, length) => sum + length, 0);
    this.#walked = offset;
  }

  line(from: Point, to: Point): void {
    const dx = Math.abs(to.x - from.x);
    const dy = Math.abs(to.y - from.y);
    const xMajor = dx > dy;
    const signX = to.x < from.x ? -1 : 1;
    const signY = to.y < from.y ? -1 : 1;
    const [long, short] = xMajor ? [dx, dy] : [dy, dx];
    const bias = towardsOrigin(xMajor, signX, signY) ? 1 : 0;
    const [first, last] = xMajor
      ? stepsInside(from.x, signX, long, this.#limit.left, this.#limit.right)
      : stepsInside(from.y, signY, long, this.#limit.top, this.#limit.bottom);
    // Dashes are areas: towards smaller coordinates each begins a pixel further.
    const turned = this.#period > 0 && (xMajor ? signX : signY) < 0 ? 1 : 0;
    for (let i = first; i < last; i++) {
      const across = Math.floor((2 * i * short + long - bias) / (2 * long));
      const x = from.x + signX * (xMajor ? i : across);
      const y = from.y + signY * (xMajor ? across : i);
      if (this.#isDrawn(this.#walked + i)) this.#dot(x - (xMajor ? turned : 0), y - (xMajor ? 0 : turned));
    }
    this.#walked += long;
  }

  #isDrawn(distance: number): boolean {
    if (this.#period === 0) return true;
    let rest = distance % this.#period;
    for (const [i, length] of this.#dashes.entries()) {
      if (rest < length) return i % 2 === 0;
      rest -= length;
    }
    return false;
  }

  /** Lengthens the last span where the pixel follows it in its row. */
  #dot(x: number, y: number): void {
    const { left, top, right, bottom } = this.#limit;
    if (x < left || x >= right || y < top || y >= bottom) return;
    const span = this.#spans.at(-1);
    if (span?.top === y && (x === span.right || x === span.left - 1)) {
      this.#spans[this.#spans.length - 1] = {
        ...span,
        left: Math.min(span.left, x),
        right: Math.max(span.right, x + 1),
      };
    } else {
      this.#spans.push({ left: x, top: y, right: x + 1, bottom: y + 1 });
    }
  }
}

/** The octants 2 to 5 counted from east, in which a tie is broken the other way. */
function towardsOrigin(xMajor: boolean, signX: number, signY: number): boolean {
  return xMajor ? signX < 0 : signY < 0;
}

/** Steps i, from 0 on and below `count`, for which start + sign * i lies in [low, high). */
function stepsInside(start: number, sign: number, count: number, low: number, high: number): [number, number] {
  const first = sign > 0 ? low - start : start - high + 1;
  const last = sign > 0 ? high - start : start - low + 1;
  return [Math.max(0, first), Math.min(count, last)];
}

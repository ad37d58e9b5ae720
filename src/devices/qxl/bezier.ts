// Bézier curves as lines: halved until they are straight to within half a pixel.

import type { Point } from "./parse";

/** A point in 28.4. */
export type FixedPoint = Point;

/** Each halving doubles the lines; curves of the largest coordinates need no more. */
const DEPTH_MAX = 14;

/** Half a pixel goes down. */
export function roundFixed(value: number): number {
  return (value >> 4) + ((value & 15) > 8 ? 1 : 0);
}

/** The points after `start` (in pixels) of curves with three points (in 28.4) each. */
export function bezierPoints(start: Point | undefined, points: readonly FixedPoint[]): Point[] {
  const line: Point[] = [];
  let from = start;
  for (let i = 0; i + 2 < points.length; i += 3) {
    const [a, b, c] = [points[i], points[i + 1], points[i + 2]];
    if (from === undefined || a === undefined || b === undefined || c === undefined) break;
    subdivide(line, [{ x: from.x * 16, y: from.y * 16 }, a, b, c], 0);
    from = line.at(-1);
  }
  return line;
}

type Curve = readonly [FixedPoint, FixedPoint, FixedPoint, FixedPoint];

function subdivide(line: Point[], curve: Curve, depth: number): void {
  const [a, b, c, d] = curve;
  if (depth === DEPTH_MAX || isStraight(curve)) {
    line.push({ x: roundFixed(d.x), y: roundFixed(d.y) });
    return;
  }
  const [ab, bc, cd] = [middle(a, b), middle(b, c), middle(c, d)];
  const [abc, bcd] = [middle(ab, bc), middle(bc, cd)];
  const center = middle(abc, bcd);
  subdivide(line, [a, ab, abc, center], depth + 1);
  subdivide(line, [center, bcd, cd, d], depth + 1);
}

function middle(a: FixedPoint, b: FixedPoint): FixedPoint {
  return { x: Math.trunc((a.x + b.x) / 2), y: Math.trunc((a.y + b.y) / 2) };
}

/** Both control points deviate from the chord by less than half a pixel, in squares of 28.4. */
function isStraight([a, b, c, d]: Curve): boolean {
  const chord = dot(d, a, d, a);
  const first = dot(b, a, b, a) * chord - dot(b, a, d, a) ** 2n;
  const second = dot(c, d, c, d) * chord - dot(c, d, a, d) ** 2n;
  return first >> 3n < chord && second >> 3n < chord;
}

/** (p - q) · (r - s) in 28.4. */
function dot(p: FixedPoint, q: FixedPoint, r: FixedPoint, s: FixedPoint): bigint {
  return (BigInt(p.x - q.x) * BigInt(r.x - s.x) + BigInt(p.y - q.y) * BigInt(r.y - s.y)) >> 4n;
}

// What of a rectangle is drawn: clip rectangles as disjoint rectangles in bands from top to bottom, so that no pixel is
// drawn twice, however the guest's rectangles overlap.

import type { Rect } from "./fields";

export function isEmpty(rect: Rect): boolean {
  return rect.left >= rect.right || rect.top >= rect.bottom;
}

export function intersect(a: Rect, b: Rect): Rect {
  return {
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  };
}

export function union(a: Rect, b: Rect): Rect {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

export function contains(outer: Rect, inner: Rect): boolean {
  return (
    inner.left >= outer.left && inner.top >= outer.top && inner.right <= outer.right && inner.bottom <= outer.bottom
  );
}

/** The part of `box` that lies in any of `clips`, in disjoint rectangles. */
export function clipRegion(box: Rect, clips: readonly Rect[]): Rect[] {
  const inside = clips.map((clip) => intersect(box, clip)).filter((rect) => !isEmpty(rect));
  if (inside.length < 2) return inside;
  const edges = [...new Set(inside.flatMap((rect) => [rect.top, rect.bottom]))].sort((a, b) => a - b);
  const waiting = inside.sort((a, b) => a.top - b.top);
  const region: Rect[] = [];
  let active: Rect[] = [];
  let next = 0;
  for (let i = 0; i + 1 < edges.length; i++) {
    const top = edges[i] ?? 0;
    const bottom = edges[i + 1] ?? 0;
    active = active.filter((rect) => rect.bottom > top);
    for (let rect = waiting[next]; rect !== undefined && rect.top <= top; rect = waiting[++next]) active.push(rect);
    addBand(region, active, top, bottom);
  }
  return region;
}

function addBand(region: Rect[], active: readonly Rect[], top: number, bottom: number): void {
  const spans = active.map(({ left, right }) => ({ left, right })).sort((a, b) => a.left - b.left);
  let open: { left: number; right: number } | undefined;
  for (const span of spans) {
    if (open !== undefined && span.left <= open.right) {
      open.right = Math.max(open.right, span.right);
      continue;
    }
    if (open !== undefined) region.push({ ...open, top, bottom });
    open = span;
  }
  if (open !== undefined) region.push({ ...open, top, bottom });
}

/** The order in which rectangles of one surface can be moved by (dx, dy) without reading what was written. */
export function moveOrder(region: readonly Rect[], dx: number, dy: number): Rect[] {
  return [...region].sort((a, b) => {
    if (a.top !== b.top) return dy > 0 ? b.top - a.top : a.top - b.top;
    return dx > 0 ? b.left - a.left : a.left - b.left;
  });
}

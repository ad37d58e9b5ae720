// Walks over lists of views as if they were one long buffer.

import type { View } from "./types";

export function viewsLength(views: readonly View[]): number {
  return views.reduce((sum, view) => sum + view.length, 0);
}

/** Views of [from, from + length) of the list. */
export function sliceViews(views: readonly View[], from: number, length: number): View[] {
  const found: View[] = [];
  let skip = from;
  let left = length;
  for (const view of views) {
    if (left === 0) break;
    if (skip >= view.length) {
      skip -= view.length;
      continue;
    }
    const part = view.subarray(skip, skip + left);
    found.push(part);
    left -= part.length;
    skip = 0;
  }
  return found;
}

/** Copies `source` into the list at position `at`. */
export function copyToViews(views: readonly View[], at: number, source: View): void {
  let done = 0;
  for (const view of sliceViews(views, at, source.length)) {
    view.set(source.subarray(done, done + view.length));
    done += view.length;
  }
}

/** Fills `target` from the list at position `at`. */
export function copyFromViews(views: readonly View[], at: number, target: View): void {
  let done = 0;
  for (const view of sliceViews(views, at, target.length)) {
    target.set(view, done);
    done += view.length;
  }
}

export function fillViews(views: readonly View[], at: number, length: number): void {
  for (const view of sliceViews(views, at, length)) view.fill(0);
}

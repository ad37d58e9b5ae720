// One clock for all workers. performance.now() counts from each worker's own start; with the time origin added it
// is the same everywhere, and stays monotonic where Date.now() follows changes of the system's clock.

/** ms since 1970 with fractions. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now();
}

/** `host.now` of the wasm module: ms since `epoch` (of the worker that made the machine), small enough to be exact. */
export function guestClock(epoch: number): () => number {
  const offset = performance.timeOrigin - epoch;
  return () => performance.now() + offset;
}

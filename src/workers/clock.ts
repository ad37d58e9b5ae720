// One clock for all workers. performance.now() counts from each worker's own start; with the time origin added it
// is the same everywhere, and stays monotonic where Date.now() follows changes of the system's clock.

/** ms since 1970 with fractions. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * The clock of the wasm module: ms since `epoch` (of the worker that made the machine), small enough to be exact. The
 * browser's own function, since a CPU asks some ten thousand times a second, and each call of JavaScript between costs more.
 */
export function guestClock(epoch: number): GuestClock {
  return { now: performance.now.bind(performance), nowOffset: performance.timeOrigin - epoch };
}

export interface GuestClock {
  readonly now: () => number;
  /** What is added to `now`, in ms. */
  readonly nowOffset: number;
}

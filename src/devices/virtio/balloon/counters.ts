export interface BalloonCounters {
  /** Pages that the driver has put into the balloon, taken out of it, and reported as free. */
  inflated: number;
  deflated: number;
  reported: number;
  /** Pages that had memory, which went back to the pool. */
  discarded: number;
  /** Page numbers in requests that were too long, or no pages of this guest. */
  ignored: number;
}

export function newBalloonCounters(): BalloonCounters {
  return { inflated: 0, deflated: 0, reported: 0, discarded: 0, ignored: 0 };
}

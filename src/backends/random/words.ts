// Random words for a CPU's RDRAND and RDSEED, fetched from the source some at a time: a call of it costs microseconds.

import type { RandomSource } from "./types";

const BATCH = 64;

/** A function that returns 32 random bits at each call. */
export function randomWords({ fill }: RandomSource): () => number {
  const words = new Int32Array(BATCH);
  const bytes = new Uint8Array(words.buffer);
  let next = BATCH;
  return () => {
    if (next === BATCH) {
      fill(bytes);
      next = 0;
    }
    const word = words[next] ?? 0;
    // What has been given away is not kept.
    words[next++] = 0;
    return word;
  };
}

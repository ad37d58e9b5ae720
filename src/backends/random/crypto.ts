// Random bytes of the browser. getRandomValues refuses shared memory and more than 65536 bytes: callers copy.

import type { RandomSource } from "./types";

export const cryptoRandom: RandomSource = {
  fill: (target) => void crypto.getRandomValues(target),
};

// Where nobody looks: no frame is ever asked for.

import type { Display } from "./types";

export const noDisplay: Display = {
  requestFrame: () => undefined,
  onAttached: () => undefined,
  attached: false,
};

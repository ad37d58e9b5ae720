// What happened at a device's transport since the machine started.

export interface TransportCounters {
  kicks: number;
  interrupts: number;
  resets: number;
  /** Times the driver broke the rules and the device stopped. */
  failures: number;
  lastFailure: string;
}

export function newTransportCounters(): TransportCounters {
  return { kicks: 0, interrupts: 0, resets: 0, failures: 0, lastFailure: "" };
}

// What happened at a logical unit since the machine started.

export interface UnitCounters {
  commands: number;
  reads: number;
  writes: number;
  flushes: number;
  unmaps: number;
  readBytes: number;
  writtenBytes: number;
  /** Reads, writes and flushes that the back end failed. */
  errors: number;
  /** Commands that ended with CHECK CONDITION, unit attentions included. */
  checkConditions: number;
}

export function newUnitCounters(): UnitCounters {
  return {
    commands: 0,
    reads: 0,
    writes: 0,
    flushes: 0,
    unmaps: 0,
    readBytes: 0,
    writtenBytes: 0,
    errors: 0,
    checkConditions: 0,
  };
}

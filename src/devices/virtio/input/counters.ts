export interface InputCounters {
  /** Events written into the driver's buffers. */
  events: number;
  /** Reports that found the backlog full. */
  reportsDropped: number;
  statusEvents: number;
  /** Status buffers that were too short, or of a type that the device does not have. */
  badStatus: number;
}

export function newInputCounters(): InputCounters {
  return { events: 0, reportsDropped: 0, statusEvents: 0, badStatus: 0 };
}

export interface ScsiCounters {
  commands: number;
  /** Requests for targets that are not there; drivers look for them. */
  badTargets: number;
  /** Requests whose data did not fit their buffers. */
  overruns: number;
  taskManagement: number;
  aborted: number;
  events: number;
  /** Events that the driver gave no buffers for. */
  droppedEvents: number;
}

export function newScsiCounters(): ScsiCounters {
  return { commands: 0, badTargets: 0, overruns: 0, taskManagement: 0, aborted: 0, events: 0, droppedEvents: 0 };
}

export interface NetCounters {
  framesIn: number;
  bytesIn: number;
  framesOut: number;
  bytesOut: number;
  /** Frames for the guest that found no buffers in time, or buffers too small for them. */
  droppedIn: number;
  /** Frames for others, by the driver's own filter. */
  filtered: number;
  /** Frames of the guest that were too short, too long or whose offload header made no sense. */
  badFrames: number;
  controlCommands: number;
  /** Commands that were answered with an error. */
  badCommands: number;
}

export function newNetCounters(): NetCounters {
  return {
    framesIn: 0,
    bytesIn: 0,
    framesOut: 0,
    bytesOut: 0,
    droppedIn: 0,
    filtered: 0,
    badFrames: 0,
    controlCommands: 0,
    badCommands: 0,
  };
}

export interface QxlCounters {
  /** Commands taken from the command ring and from the cursor ring. */
  commands: number;
  cursorCommands: number;
  /** Drawings carried out, by name of the operation. */
  readonly drawn: Record<string, number>;
  /** Drawings and surface commands that made no sense and were dropped. */
  dropped: number;
  /** What the guest may not do: the device stops until it is reset. */
  guestBugs: number;
  /** UPDATE_AREA in either form. */
  updateAreas: number;
  interrupts: number;
  released: number;
}

export function newQxlCounters(): QxlCounters {
  return {
    commands: 0,
    cursorCommands: 0,
    drawn: {},
    dropped: 0,
    guestBugs: 0,
    updateAreas: 0,
    interrupts: 0,
    released: 0,
  };
}

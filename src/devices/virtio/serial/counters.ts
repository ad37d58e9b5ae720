export interface SerialCounters {
  bytesIn: number;
  bytesOut: number;
  /** Bytes that were dropped: of absurdly long writes, and to ports that nobody has open. */
  bytesCut: number;
  controlMessages: number;
  /** Control messages of the driver that made no sense. */
  badMessages: number;
}

export function newSerialCounters(): SerialCounters {
  return { bytesIn: 0, bytesOut: 0, bytesCut: 0, controlMessages: 0, badMessages: 0 };
}

export interface BlkCounters {
  reads: number;
  writes: number;
  flushes: number;
  discards: number;
  readBytes: number;
  writtenBytes: number;
  /** Requests that ended as IOERR and UNSUPP. */
  errors: number;
  unsupported: number;
}

export function newBlkCounters(): BlkCounters {
  return { reads: 0, writes: 0, flushes: 0, discards: 0, readBytes: 0, writtenBytes: 0, errors: 0, unsupported: 0 };
}

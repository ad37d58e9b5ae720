// What a disk is to a device: sectors of 512 bytes. Views may lie over shared memory and are the final place of the
// data: nothing is copied in between where a back end can help it.

export const SECTOR_SIZE = 512;

export type DiskOutcome = "ok" | "io-error" | "read-only" | "no-space" | "unsupported";
/** An outcome that is known at once costs no promise. Promises never reject: trouble is an outcome. */
export type DiskAnswer = DiskOutcome | Promise<DiskOutcome>;

/** Whoever asked was reset meanwhile: its views must not be written any more. Look after every wait. */
export interface CancelToken {
  readonly cancelled: boolean;
}

export const neverCancelled: CancelToken = { cancelled: false };

export type View = Uint8Array<ArrayBufferLike>;

/** The caller has checked that ranges lie inside the disk and that views hold whole sectors. */
export interface DiskBackend {
  readonly sectors: number;
  readonly readOnly: boolean;
  read(sector: number, views: readonly View[], token: CancelToken): DiskAnswer;
  write(sector: number, views: readonly View[], token: CancelToken): DiskAnswer;
  /** Makes what was written durable, as far as this back end can. */
  flush(): DiskAnswer;
  /** The sectors' contents are not needed any more; they read as zeroes or as before. */
  discard(sector: number, count: number): DiskAnswer;
  writeZeroes(sector: number, count: number): DiskAnswer;
  close(): void;
}

/** Something that the user should know: a server that does not answer, a file that changed. */
export type Notice = (message: string) => void;

/** Loaded bytes of a total that is not always known. */
export type Progress = (loaded: number, total: number | undefined) => void;

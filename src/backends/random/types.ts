// Where random bytes come from.

export interface RandomSource {
  /** Fills the buffer, which is not shared memory and has at most 65536 bytes. */
  readonly fill: (target: Uint8Array<ArrayBuffer>) => void;
}

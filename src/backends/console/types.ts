// What a console or a named port of the guest has on the host side.

export interface PortBackend {
  /** Output of the guest. The buffer is the receiver's. */
  output(bytes: Uint8Array<ArrayBuffer>): void;
  /** Back-pressure on output, for ports that may lose nothing; without it everything is taken. */
  readonly flow?: OutputFlow;
  /** Input for the guest. */
  readonly input: InputSource;
  /** The guest opened or closed its end. */
  guestOpened?(open: boolean): void;
}

export interface OutputFlow {
  /** Whether so many bytes may be given to `output` now. */
  accepts(length: number): boolean;
  /** Set by the device: called when there is room again. */
  onRoom: () => void;
}

export interface InputSource {
  /** Bytes that are there now. */
  readonly length: number;
  /** Moves up to `target.length` of them; returns how many. `target` may be shared memory. */
  take(target: Uint8Array<ArrayBufferLike>): number;
  /** Set by the device: called when there are more. */
  onData: () => void;
}

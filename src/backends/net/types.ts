// What stands between a network card and what it is plugged into. Both sides see Ethernet frames.

/** Cutting a long TCP segment into those that fit a wire, left to whoever needs it. */
export interface Segmentation {
  readonly protocol: "tcp4" | "tcp6";
  /** Payload bytes of each segment but the last. */
  readonly size: number;
  /** Congestion was signalled by the sender (CWR): only the first segment may say so. */
  readonly ecn: boolean;
}

/** Work on a frame that has been left to the receiver. */
export interface Offload {
  /** The checksum covers everything from here to the end of the frame … */
  readonly checksumStart: number;
  /** … and goes here, counted from `checksumStart`; until then the field holds the sum of the pseudo header. */
  readonly checksumOffset: number;
  readonly segmentation?: Segmentation;
}

/** An Ethernet frame without its frame check sequence. Nobody changes the bytes once it has been handed over. */
export interface Frame {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly offload?: Offload;
}

/** The card, as its back end sees it. */
export interface NicPort {
  readonly mac: Uint8Array;
  /** Largest IP packet. */
  readonly mtu: number;
  /** A frame for the guest. It waits for buffers of the driver; without room it is dropped. */
  receive(frame: Frame): void;
  /** Whether frames would find room. */
  readonly hasRoom: boolean;
  /** Set by the back end: called when there is room again. */
  onRoom: () => void;
  /** Several frames, of which the guest is told once. */
  batch(deliver: () => void): void;
}

/** What a card is plugged into. */
export interface NetBackend {
  /** Called before anything else. */
  plug(nic: NicPort): void;
  /** The card has gone, or its guest: what it had open ends. Another one may come. */
  unplug(): void;
  /** A frame of the guest. The buffer is the receiver's. */
  send(frame: Frame): void;
  /** The frames that the guest had to send were all handed over: time to answer. */
  sent(): void;
  /** Guest time stands still, or goes on: nothing times out meanwhile. */
  setPaused(paused: boolean): void;
  close(): void;
}

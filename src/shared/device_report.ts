/** What a queue of a device has done since the machine started. */
export interface QueueReport {
  readonly index: number;
  readonly name: string;
  /** Entries of its ring; 0 while the driver has not set it up. */
  readonly size: number;
  /** Buffers that are with the device now. */
  readonly depth: number;
  readonly kicks: number;
  readonly interrupts: number;
  /** Times that the driver has broken the rules of this queue. */
  readonly errors: number;
}

/** A device of the machine as the page shows it. */
export interface DeviceReport {
  /** As the configuration calls it; empty without an id. */
  readonly id: string;
  /** What else it is known by: the name of a port, the drive that it was made with. Empty if there is nothing. */
  readonly name: string;
  readonly driver: string;
  /** Slot of the PCI bus; undefined for what sits on another device. */
  readonly slot: number | undefined;
  readonly state: "no driver" | "starting" | "working" | "needs reset";
  readonly interface: "modern" | "legacy" | undefined;
  readonly interrupts: "MSI-X" | "INTx" | undefined;
  /** Names of the features that the driver has accepted. */
  readonly features: readonly string[];
  readonly queues: readonly QueueReport[];
  /** Times that the driver has broken the rules, and how it did last. */
  readonly failures: number;
  readonly lastFailure: string;
  /** What the device itself counts. */
  readonly counters: Readonly<Record<string, number>>;
}

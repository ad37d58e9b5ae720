// What the page asks of the machine's network, in the devices worker.

/** A card of the machine that is plugged into a switch. */
export interface SwitchMember {
  /** Of its back end. */
  readonly id: string;
  /** Of the switch. */
  readonly name: string;
}

export interface CaptureHandle {
  stop(): Promise<void>;
}

export interface NetCalls {
  /** Joins `wire` to a TCP connection to the guest; false: it was refused. */
  connectGuest(port: number, wire: MessagePort): Promise<boolean>;
  /** False: there is no such card. */
  setLink(id: string, up: boolean): Promise<boolean>;
  /** Sends a pcapng file through `wire`; undefined: there is no such card. */
  capture(id: string | undefined, wire: MessagePort): Promise<CaptureHandle | undefined>;
  switchMembers(): Promise<SwitchMember[]>;
  /** Another member of the switch, in this tab, is at the other end of `wire`. */
  joinSwitch(id: string, wire: MessagePort): Promise<void>;
}

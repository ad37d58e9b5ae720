// What a logical unit and its device type are to each other.

import type { ScsiCommand } from "./command";
import type { UnitCounters } from "./counters";
import type { UnitIdentity, VpdPages } from "./inquiry";
import type { ModePages } from "./mode_pages";
import type { Sense } from "./sense";

/** A logical unit as the commands see it. */
export interface AnyUnit {
  readonly identity: UnitIdentity;
  readonly counters: UnitCounters;
  /** Ascending by operation code and service action. */
  readonly commands: readonly ScsiCommand[];
  /** LUNs of the target, as REPORT LUNS gives them. */
  readonly luns: () => Uint8Array;
  attention(sense: Sense): void;
  takeAttention(): Sense | undefined;
  dropAttention(sense: Sense): void;
}

/** What a device type gives to its unit. */
export interface UnitType {
  readonly pages: VpdPages;
  readonly modes: ModePages;
  readonly commands: readonly ScsiCommand[];
  /** Device-specific parameter of the mode parameter header. */
  readonly modeSpecific: () => number;
  readonly blockDescriptor: () => Uint8Array;
  /** Why media cannot be accessed now. */
  readonly notReady: () => Sense | undefined;
  /** State of the device type to what it is after power-on. */
  readonly reset: () => void;
}

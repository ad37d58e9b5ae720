// What commands of QMP act on. A device that has such a thing adds it when it comes and takes it away when it goes.

import type { BlockInfo, QmpFault, RxFilterInfo } from "../../shared/qmp";
import type { Result } from "../../shared/result";

/** A drive: what `query-block` lists, and what can be done with it. */
export interface BlockTarget {
  info(): BlockInfo;
  /** Opens the tray and takes the medium out. Left out where the medium cannot be removed. */
  eject?(force: boolean): Result<unknown, QmpFault> | Promise<Result<unknown, QmpFault>>;
  /** Puts another medium in and closes the tray. */
  change?(medium: NewMedium): Result<unknown, QmpFault> | Promise<Result<unknown, QmpFault>>;
}

export interface NewMedium {
  readonly filename: string;
  readonly force: boolean;
  readonly readOnly: "retain" | "read-only" | "read-write";
}

/** A network card. */
export interface CardTarget {
  setLink(up: boolean): void;
  rxFilter(): RxFilterInfo;
}

export interface QmpTargets {
  readonly blocks: Set<BlockTarget>;
  /** Drives that no device has. */
  idleDrives: () => readonly BlockInfo[];
  /** By the id of the network device, and by that of its back end. */
  readonly cards: Map<string, CardTarget>;
  /** By the id of the display: makes a PNG of what it shows. The first one is the default. */
  readonly screens: Map<string, () => Promise<Uint8Array<ArrayBuffer>>>;
}

export function newTargets(): QmpTargets {
  return { blocks: new Set(), idleDrives: () => [], cards: new Map(), screens: new Map() };
}

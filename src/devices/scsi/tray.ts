// The tray of a CD-ROM drive: what lies in it, whether it is open, and what the guest has not been told of yet.
// Moved by the guest (START STOP UNIT) and by whoever owns the machine.

import type { BlockMedium } from "./block_medium";
import { mediumMayHaveChanged, noMediumTrayClosed, noMediumTrayOpen, type Sense } from "./sense";

/** Event codes of the media class (MMC-6, 6.7.5). */
const NO_CHANGE = 0;
const EJECT_REQUEST = 1;
const NEW_MEDIA = 2;
const MEDIA_REMOVAL = 3;

export interface TrayListener {
  /** For unit attentions. */
  readonly attention: (sense: Sense) => void;
  /** The tray opened or closed; QEMU's DEVICE_TRAY_MOVED. */
  readonly moved: (open: boolean) => void;
}

export class Tray {
  readonly #listener: TrayListener;
  #medium: BlockMedium | undefined;
  #open = false;
  #locked = false;
  #event = NO_CHANGE;

  constructor(medium: BlockMedium | undefined, listener: TrayListener) {
    this.#medium = medium;
    this.#listener = listener;
  }

  /** What can be read now. */
  get medium(): BlockMedium | undefined {
    return this.#open ? undefined : this.#medium;
  }

  get open(): boolean {
    return this.#open;
  }

  /** What lies in the tray, open or closed. */
  get inside(): BlockMedium | undefined {
    return this.#medium;
  }

  get locked(): boolean {
    return this.#locked;
  }

  /** PREVENT ALLOW MEDIUM REMOVAL. */
  lock(locked: boolean): void {
    this.#locked = locked;
  }

  notReady(): Sense | undefined {
    if (this.#open) return noMediumTrayOpen;
    return this.#medium === undefined ? noMediumTrayClosed : undefined;
  }

  /** The eject button: a guest that has locked the tray is asked to open it. */
  requestEject(): void {
    this.#event = EJECT_REQUEST;
  }

  move(open: boolean): void {
    if (this.#open === open) return;
    this.#open = open;
    if (this.#medium !== undefined) this.#told(open ? MEDIA_REMOVAL : NEW_MEDIA);
    this.#listener.moved(open);
  }

  /** Lays something else into the open tray, or nothing. */
  replace(medium: BlockMedium | undefined): void {
    this.#medium = medium;
  }

  /** The event that is told next; it is told once (MMC-6, 6.7.1.4). */
  takeEvent(): number {
    const event = this.#event;
    this.#event = NO_CHANGE;
    return event;
  }

  /** After a reset the medium is as new, and nobody holds the tray. */
  reset(): void {
    this.#locked = false;
    this.#event = NO_CHANGE;
  }

  #told(event: number): void {
    this.#event = event;
    if (event === NEW_MEDIA) this.#listener.attention(mediumMayHaveChanged);
  }
}

// Keys and mouse movements for the i8042: 16-bit entries, bit 8 of which tells the two apart (assembly/layout/i8042.ts).

import * as Machine from "../../assembly/layout/machine";
import type { GuestMemory } from "../core/guest_memory";
import { HostRing } from "./host_ring";

const AUXILIARY = 1;

export class Ps2Input {
  readonly #ring: HostRing;
  readonly #kick: () => void;

  /** `kick` makes CPU 0 look at its chips. */
  constructor(guest: GuestMemory, kick: () => void) {
    this.#ring = new HostRing(guest, guest.machine + Machine.i8042In);
    this.#kick = kick;
  }

  /** Scan codes of set 2; false if the guest has not taken the last ones for long: they are dropped. */
  key(codes: Uint8Array): boolean {
    return this.#send(codes, 0);
  }

  /** One IntelliMouse packet: flags, dx, dy, dz and buttons. */
  mouse(packet: readonly [number, number, number, number]): boolean {
    return this.#send(Uint8Array.from(packet), AUXILIARY);
  }

  /** All or nothing, so that no code is torn apart. */
  #send(bytes: Uint8Array, source: number): boolean {
    const entries = new Uint8Array(bytes.length * 2);
    bytes.forEach((byte, i) => entries.set([byte, source], i * 2));
    if (this.#ring.room < entries.length) return false;
    this.#ring.push(entries);
    this.#kick();
    return true;
  }
}

// Keys and mouse movements for the i8042: 16-bit entries, bit 8 of which tells the two apart (assembly/layout/i8042.ts).

import * as Machine from "../../assembly/layout/machine";
import type { GuestMemory } from "../core/guest_memory";
import { type InputEvent, type PointerButton, WHEEL_CLICK } from "../shared/input_event";
import { ps2Codes } from "../shared/keys";
import { HostRing } from "./host_ring";
import type { InputSink } from "./input_router";

const KEYBOARD = 0;
const AUXILIARY = 1;

/** Bits of a packet: the first three in its first byte, the others in its last. */
const buttonBits: Readonly<Record<PointerButton, number>> = { left: 1, right: 2, middle: 4, side: 0x10, extra: 0x20 };
const FIRST_BUTTONS = 7;
const LAST_BUTTONS = 0x30;
const X_NEGATIVE = 0x10;
const Y_NEGATIVE = 0x20;
/** A packet has nine bits for each direction, and four for the wheel. */
const MOTION_MIN = -256;
const MOTION_MAX = 255;
const WHEEL_MIN = -8;
const WHEEL_MAX = 7;
/** A longer way than this in one report is cut off. */
const MAX_PACKETS = 16;

export class Ps2Input implements InputSink {
  readonly #ring: HostRing;
  readonly #kick: () => void;
  #buttons = 0;
  /** Parts of a click that are not a whole one yet. */
  #wheel = 0;

  /** `kick` makes CPU 0 look at its chips. */
  constructor(guest: GuestMemory, kick: () => void) {
    this.#ring = new HostRing(guest, guest.machine + Machine.i8042In);
    this.#kick = kick;
  }

  report(events: readonly InputEvent[]): void {
    const move = { dx: 0, dy: 0, clicks: 0 };
    const before = this.#buttons;
    for (const event of events) {
      if (event.type === "key") this.#send(ps2Codes(event.key, event.down), KEYBOARD);
      else this.#gather(event, move);
    }
    if (move.dx !== 0 || move.dy !== 0 || move.clicks !== 0 || this.#buttons !== before) this.#sendPackets(move);
  }

  #gather(event: InputEvent, move: { dx: number; dy: number; clicks: number }): void {
    switch (event.type) {
      case "button":
        this.#buttons = event.down
          ? this.#buttons | buttonBits[event.button]
          : this.#buttons & ~buttonBits[event.button];
        break;
      case "motion":
        move.dx += Math.trunc(event.dx);
        // A mouse counts upwards.
        move.dy -= Math.trunc(event.dy);
        break;
      case "wheel": {
        const turned = this.#wheel + event.dy;
        this.#wheel = turned % WHEEL_CLICK;
        move.clicks -= Math.trunc(turned / WHEEL_CLICK);
        break;
      }
      default:
        // A mouse knows no positions.
        break;
    }
  }

  /** At least one, since the buttons may be all that has changed. */
  #sendPackets({ dx, dy, clicks }: { dx: number; dy: number; clicks: number }): void {
    for (let left = MAX_PACKETS; left > 0; left--) {
      const x = clamp(dx, MOTION_MIN, MOTION_MAX);
      const y = clamp(dy, MOTION_MIN, MOTION_MAX);
      const z = clamp(clicks, WHEEL_MIN, WHEEL_MAX);
      const signs = (x < 0 ? X_NEGATIVE : 0) | (y < 0 ? Y_NEGATIVE : 0);
      const last = (z & 0xf) | (this.#buttons & LAST_BUTTONS);
      this.#send([(this.#buttons & FIRST_BUTTONS) | signs, x & 0xff, y & 0xff, last], AUXILIARY);
      dx -= x;
      dy -= y;
      clicks -= z;
      if (dx === 0 && dy === 0 && clicks === 0) return;
    }
  }

  /** All or nothing, so that no code is torn apart; a guest that has not taken the last ones for long misses them. */
  #send(bytes: readonly number[], source: number): void {
    if (bytes.length === 0 || this.#ring.room < bytes.length * 2) return;
    this.#ring.push(Uint8Array.from(bytes.flatMap((byte) => [byte, source])));
    this.#kick();
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(value, max));
}

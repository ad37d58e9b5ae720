// What a person does with keyboard and pointer, on its way from the page to the machine's input devices.

import type { KeyNumber } from "./keys";

/** Absolute positions go from 0 to this, whatever the size of the picture. */
export const POSITION_MAX = 0x7fff;
/** A wheel turns in parts of a click, as high-resolution wheels and touch pads do. */
export const WHEEL_CLICK = 120;

export type PointerButton = "left" | "middle" | "right" | "side" | "extra";
export const pointerButtons: readonly PointerButton[] = ["left", "middle", "right", "side", "extra"];

export type InputEvent =
  | {
      readonly type: "key";
      readonly key: KeyNumber;
      readonly down: boolean;
      /** The host's keyboard repeats a key that is held; a guest's keyboard may do that by itself. */
      readonly repeat?: boolean;
    }
  | { readonly type: "button"; readonly button: PointerButton; readonly down: boolean }
  /** 0 to POSITION_MAX, from the left upper corner of the screen. */
  | { readonly type: "position"; readonly x: number; readonly y: number }
  /** To the right and down. */
  | { readonly type: "motion"; readonly dx: number; readonly dy: number }
  /** In parts of WHEEL_CLICK: to the right and up. */
  | { readonly type: "wheel"; readonly dx: number; readonly dy: number };

/** What the guest's pointer device understands: positions (a tablet) or motion (a mouse). */
export type PointerMode = "position" | "motion";

/** The lamps of the keyboard, as the guest has set them. */
export interface KeyboardLeds {
  readonly numLock: boolean;
  readonly capsLock: boolean;
  readonly scrollLock: boolean;
}

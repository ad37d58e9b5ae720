// Events of virtio-input, the same in both directions: struct virtio_input_event (VIRTIO 1.2, 5.8.6). Pure.

import type { KeyboardLeds } from "../../../shared/input_event";
import { EV_LED, LED_CAPSL, LED_NUML, LED_SCROLLL } from "./config";

export const EVENT_SIZE = 8;

export interface RawEvent {
  readonly type: number;
  readonly code: number;
  readonly value: number;
}

export function encodeEvent({ type, code, value }: RawEvent, target: DataView): void {
  target.setUint16(0, type, true);
  target.setUint16(2, code, true);
  target.setInt32(4, value, true);
}

export function parseEvent(bytes: Uint8Array): RawEvent | undefined {
  if (bytes.length < EVENT_SIZE) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { type: view.getUint16(0, true), code: view.getUint16(2, true), value: view.getInt32(4, true) };
}

/** The lamps after a status event of the driver; undefined if it is about something else. */
export function applyStatus(leds: KeyboardLeds, { type, code, value }: RawEvent): KeyboardLeds | undefined {
  if (type !== EV_LED) return undefined;
  const on = value !== 0;
  switch (code) {
    case LED_NUML:
      return { ...leds, numLock: on };
    case LED_CAPSL:
      return { ...leds, capsLock: on };
    case LED_SCROLLL:
      return { ...leds, scrollLock: on };
    default:
      return undefined;
  }
}

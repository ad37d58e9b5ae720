// What virtio-input is and says of itself in its configuration space (VIRTIO 1.2, 5.8). Names and identifiers of the three
// kinds are QEMU's, so that guests find the drivers and settings that they have for those.

import { POSITION_MAX, type PointerButton } from "../../../shared/input_event";
import { keyNumbers } from "../../../shared/keys";

export const VIRTIO_ID = 18;
export const EVENT_QUEUE = 0;
export const STATUS_QUEUE = 1;
export const QUEUE_SIZES: readonly number[] = [64, 64];

// struct virtio_input_config.
export const SELECT = 0;
export const SUBSEL = 1;
const SIZE = 2;
const DATA = 8;
const DATA_LENGTH = 128;
export const CONFIG_LENGTH = DATA + DATA_LENGTH;

// enum virtio_input_config_select.
const ID_NAME = 0x01;
const ID_SERIAL = 0x02;
const ID_DEVIDS = 0x03;
const EV_BITS = 0x11;
const ABS_INFO = 0x12;

// Linux's input-event-codes.h, which the specification refers to.
export const EV_SYN = 0;
export const EV_KEY = 1;
export const EV_REL = 2;
export const EV_ABS = 3;
export const EV_LED = 0x11;
const EV_REP = 0x14;
export const SYN_REPORT = 0;
export const REL_X = 0;
export const REL_Y = 1;
export const REL_HWHEEL = 6;
export const REL_WHEEL = 8;
export const REL_WHEEL_HI_RES = 11;
export const REL_HWHEEL_HI_RES = 12;
export const ABS_X = 0;
export const ABS_Y = 1;
export const LED_NUML = 0;
export const LED_CAPSL = 1;
export const LED_SCROLLL = 2;
export const BUTTON_CODES: Readonly<Record<PointerButton, number>> = {
  left: 0x110,
  right: 0x111,
  middle: 0x112,
  side: 0x113,
  extra: 0x114,
};
const REP_DELAY = 0;
const REP_PERIOD = 1;

const BUS_VIRTUAL = 6;
const VENDOR = 0x0627;

export type InputKind = "keyboard" | "mouse" | "tablet";

export interface Description {
  readonly title: string;
  readonly classCode: number;
  readonly product: number;
  readonly version: number;
  /** Codes by event type: the device has these. */
  readonly codes: ReadonlyMap<number, readonly number[]>;
}

const buttons = Object.values(BUTTON_CODES);
const wheels = [REL_WHEEL, REL_HWHEEL, REL_WHEEL_HI_RES, REL_HWHEEL_HI_RES];

export const descriptions: Readonly<Record<InputKind, Description>> = {
  keyboard: {
    title: "QEMU Virtio Keyboard",
    classCode: 0x090000,
    product: 1,
    version: 1,
    codes: new Map([
      [EV_KEY, keyNumbers],
      // The guest repeats a key that is held, as its user has set it.
      [EV_REP, [REP_DELAY, REP_PERIOD]],
      [EV_LED, [LED_NUML, LED_CAPSL, LED_SCROLLL]],
    ]),
  },
  mouse: {
    title: "QEMU Virtio Mouse",
    classCode: 0x090200,
    product: 2,
    version: 2,
    codes: new Map([
      [EV_KEY, buttons],
      [EV_REL, [REL_X, REL_Y, ...wheels]],
    ]),
  },
  tablet: {
    title: "QEMU Virtio Tablet",
    classCode: 0x098000,
    product: 3,
    version: 2,
    codes: new Map([
      [EV_KEY, buttons],
      [EV_REL, wheels],
      [EV_ABS, [ABS_X, ABS_Y]],
    ]),
  },
};

/** The data that belongs to a selection; empty for one that says nothing (5.8.5.2: size 0). */
function selected(what: Description, serial: string, select: number, subsel: number): Uint8Array {
  if (select === EV_BITS) return bitmap(what.codes.get(subsel) ?? []);
  if (select === ABS_INFO && what.codes.get(EV_ABS)?.includes(subsel)) return absInfo();
  // What follows has no subselection.
  if (subsel !== 0) return new Uint8Array(0);
  if (select === ID_NAME) return text(what.title);
  if (select === ID_SERIAL) return text(serial);
  // Everything else says nothing: no device here has properties (INPUT_PROP_).
  return select === ID_DEVIDS ? deviceIds(what) : new Uint8Array(0);
}

/** Fills the configuration space for what `select` and `subsel` in it say. */
export function answerSelection(config: Uint8Array, what: Description, serial: string): void {
  const data = selected(what, serial, config[SELECT] ?? 0, config[SUBSEL] ?? 0).subarray(0, DATA_LENGTH);
  config.fill(0, SIZE);
  config[SIZE] = data.length;
  config.set(data, DATA);
}

function text(string: string): Uint8Array {
  return new TextEncoder().encode(string);
}

/** As long as its last bit needs it. */
function bitmap(codes: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(codes.length === 0 ? 0 : (Math.max(...codes) >> 3) + 1);
  for (const code of codes) bytes[code >> 3] = (bytes[code >> 3] ?? 0) | (1 << (code & 7));
  return bytes;
}

/** struct virtio_input_absinfo: min, max, fuzz, flat, res. */
function absInfo(): Uint8Array {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setUint32(4, POSITION_MAX, true);
  return bytes;
}

/** struct virtio_input_devids. */
function deviceIds({ product, version }: Description): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of [BUS_VIRTUAL, VENDOR, product, version].entries()) view.setUint16(i * 2, value, true);
  return bytes;
}

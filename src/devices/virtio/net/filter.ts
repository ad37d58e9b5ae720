// Which frames the driver wants (VIRTIO 1.2, 5.1.6.5.1 to 5.1.6.5.3). Until it says otherwise it gets all of them.

/** Addresses that are kept of each list; with more, all frames of the kind are let through. */
const MAX_ADDRESSES = 64;
const ADDRESS = 6;
const TYPE = 12;
const TYPE_VLAN = 0x8100;
const VLANS = 4096;

/** Commands of class RX, in the order of their numbers. */
export type RxMode = "promiscuous" | "allMulticast" | "allUnicast" | "noMulticast" | "noUnicast" | "noBroadcast";
export const rxModes: readonly RxMode[] = [
  "promiscuous",
  "allMulticast",
  "allUnicast",
  "noMulticast",
  "noUnicast",
  "noBroadcast",
];

/** What the driver has asked for. A list is undefined where it is longer than what is kept. */
export interface FilterState {
  readonly modes: Readonly<Record<RxMode, boolean>>;
  readonly filtersVlans: boolean;
  readonly vlans: readonly number[];
  readonly unicast: AddressList;
  readonly multicast: AddressList;
}

/** A list of the driver's; undefined: longer than what is kept. */
type AddressList = readonly Uint8Array[] | undefined;

export class ReceiveFilter {
  readonly #mac: Uint8Array;
  readonly #modes: Record<RxMode, boolean> = { ...initialModes };
  readonly #vlans = new Uint8Array(VLANS / 8);
  #filtersVlans = false;
  #unicast: AddressList = [];
  #multicast: AddressList = [];

  /** `mac` is the card's address as it is now. */
  constructor(mac: Uint8Array) {
    this.#mac = mac;
  }

  /** Back to power-on; with CTRL_VLAN no tagged frame is let through until its VLAN is added. */
  reset(filtersVlans: boolean): void {
    Object.assign(this.#modes, initialModes);
    this.#unicast = [];
    this.#multicast = [];
    this.#vlans.fill(0);
    this.#filtersVlans = filtersVlans;
  }

  setMode(mode: RxMode, on: boolean): void {
    this.#modes[mode] = on;
  }

  /** `addresses` is a multiple of six bytes. */
  setTable(unicast: Uint8Array, multicast: Uint8Array): void {
    this.#unicast = split(unicast);
    this.#multicast = split(multicast);
  }

  setVlan(id: number, on: boolean): void {
    const mask = 1 << (id & 7);
    const byte = this.#vlans[id >> 3] ?? 0;
    this.#vlans[id >> 3] = on ? byte | mask : byte & ~mask;
  }

  get state(): FilterState {
    const vlans = Array.from({ length: VLANS }, (_, id) => id).filter((id) => this.#hasVlan(id));
    const lists = { unicast: this.#unicast, multicast: this.#multicast };
    return { modes: { ...this.#modes }, filtersVlans: this.#filtersVlans, vlans, ...lists };
  }

  accepts(frame: Uint8Array): boolean {
    const modes = this.#modes;
    if (modes.promiscuous) return true;
    if (this.#filtersVlans && !this.#acceptsVlan(frame)) return false;
    if (((frame[0] ?? 0) & 1) === 0) {
      if (modes.noUnicast) return false;
      return modes.allUnicast || startsWith(frame, this.#mac) || contains(this.#unicast, frame);
    }
    if (isBroadcast(frame)) return !modes.noBroadcast;
    if (modes.noMulticast) return false;
    return modes.allMulticast || contains(this.#multicast, frame);
  }

  #acceptsVlan(frame: Uint8Array): boolean {
    if ((((frame[TYPE] ?? 0) << 8) | (frame[TYPE + 1] ?? 0)) !== TYPE_VLAN) return true;
    const id = (((frame[TYPE + 2] ?? 0) << 8) | (frame[TYPE + 3] ?? 0)) & (VLANS - 1);
    return this.#hasVlan(id);
  }

  #hasVlan(id: number): boolean {
    return ((this.#vlans[id >> 3] ?? 0) & (1 << (id & 7))) !== 0;
  }
}

const initialModes: Readonly<Record<RxMode, boolean>> = {
  promiscuous: true,
  allMulticast: false,
  allUnicast: false,
  noMulticast: false,
  noUnicast: false,
  noBroadcast: false,
};

function split(addresses: Uint8Array): AddressList {
  const count = Math.floor(addresses.length / ADDRESS);
  if (count > MAX_ADDRESSES) return undefined;
  return Array.from({ length: count }, (_, i) => addresses.slice(i * ADDRESS, (i + 1) * ADDRESS));
}

function contains(list: AddressList, frame: Uint8Array): boolean {
  return list === undefined || list.some((address) => startsWith(frame, address));
}

function startsWith(frame: Uint8Array, address: Uint8Array): boolean {
  for (let i = 0; i < ADDRESS; i++) if (frame[i] !== address[i]) return false;
  return true;
}

function isBroadcast(frame: Uint8Array): boolean {
  for (let i = 0; i < ADDRESS; i++) if (frame[i] !== 0xff) return false;
  return true;
}

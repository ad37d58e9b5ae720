// Commands on the control queue (VIRTIO 1.2, 5.1.6.5). Pure: bytes of the driver → a command, or undefined.

import * as Config from "./config";
import { type RxMode, rxModes } from "./filter";

export const ACK_OK = 0;
export const ACK_ERROR = 1;

/** Two lists of a few thousand addresses. What is longer is refused. */
export const MAX_COMMAND = 64 * 1024;

const CLASS_RX = 0;
const CLASS_MAC = 1;
const CLASS_VLAN = 2;
const CLASS_ANNOUNCE = 3;
const CLASS_GUEST_OFFLOADS = 5;

const MAC_TABLE_SET = 0;
const MAC_ADDR_SET = 1;
const VLAN_ADD = 0;
const VLAN_DEL = 1;
const MAX_VLAN = 4095;
/** RX commands from here on need CTRL_RX_EXTRA. */
const RX_EXTRA = 2;

export type ControlCommand =
  | { readonly kind: "mode"; readonly mode: RxMode; readonly on: boolean }
  | { readonly kind: "table"; readonly unicast: Uint8Array; readonly multicast: Uint8Array }
  | { readonly kind: "address"; readonly mac: Uint8Array }
  | { readonly kind: "vlan"; readonly id: number; readonly on: boolean }
  | { readonly kind: "announced" }
  | { readonly kind: "offloads"; readonly features: bigint };

/** `features`: what the driver has accepted; commands of others do not exist. */
export function parseCommand(bytes: Uint8Array, features: bigint): ControlCommand | undefined {
  const [kind, command] = bytes;
  if (kind === undefined || command === undefined) return undefined;
  const data = bytes.subarray(2);
  const has = (feature: bigint): boolean => (features & feature) !== 0n;
  switch (kind) {
    case CLASS_RX:
      return has(command < RX_EXTRA ? Config.F_CTRL_RX : Config.F_CTRL_RX_EXTRA) ? parseMode(command, data) : undefined;
    case CLASS_MAC:
      if (command === MAC_TABLE_SET && has(Config.F_CTRL_RX)) return parseTable(data);
      return command === MAC_ADDR_SET && has(Config.F_CTRL_MAC_ADDR) ? parseAddress(data) : undefined;
    case CLASS_VLAN:
      return has(Config.F_CTRL_VLAN) ? parseVlan(command, data) : undefined;
    case CLASS_ANNOUNCE:
      return command === 0 && has(Config.F_GUEST_ANNOUNCE) ? { kind: "announced" } : undefined;
    case CLASS_GUEST_OFFLOADS:
      return command === 0 && has(Config.F_CTRL_GUEST_OFFLOADS) ? parseOffloads(data, features) : undefined;
    default:
      return undefined;
  }
}

function parseMode(command: number, data: Uint8Array): ControlCommand | undefined {
  const mode = rxModes[command];
  const [on] = data;
  return mode === undefined || on === undefined ? undefined : { kind: "mode", mode, on: on !== 0 };
}

function parseTable(data: Uint8Array): ControlCommand | undefined {
  const unicast = parseList(data);
  const multicast = unicast === undefined ? undefined : parseList(data.subarray(4 + unicast.length));
  return unicast === undefined || multicast === undefined ? undefined : { kind: "table", unicast, multicast };
}

/** A count and as many addresses. */
function parseList(data: Uint8Array): Uint8Array | undefined {
  if (data.length < 4) return undefined;
  const count = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  const length = count * Config.MAC_LENGTH;
  return 4 + length > data.length ? undefined : data.subarray(4, 4 + length);
}

function parseAddress(data: Uint8Array): ControlCommand | undefined {
  return data.length < Config.MAC_LENGTH ? undefined : { kind: "address", mac: data.slice(0, Config.MAC_LENGTH) };
}

function parseVlan(command: number, data: Uint8Array): ControlCommand | undefined {
  if (data.length < 2 || (command !== VLAN_ADD && command !== VLAN_DEL)) return undefined;
  const id = (data[0] ?? 0) | ((data[1] ?? 0) << 8);
  return id > MAX_VLAN ? undefined : { kind: "vlan", id, on: command === VLAN_ADD };
}

/** Only what was negotiated can be switched on (5.1.6.5.6.2). */
function parseOffloads(data: Uint8Array, features: bigint): ControlCommand | undefined {
  if (data.length < 8) return undefined;
  const wanted = new DataView(data.buffer, data.byteOffset).getBigUint64(0, true);
  const allowed = features & Config.GUEST_OFFLOADS;
  return (wanted & ~allowed) === 0n ? { kind: "offloads", features: wanted } : undefined;
}

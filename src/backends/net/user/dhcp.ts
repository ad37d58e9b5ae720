// DHCP (RFC 2131, 2132): gives the guest its address, gateway and name server. Leases are remembered by MAC address.

import { broadcastOf, maskOf } from "../../../shared/net/addresses";
import type { NetworkPlan } from "../../../shared/net/user_plan";
import { isGuestAddress } from "./plan";

export const DHCP_SERVER = 67;
export const DHCP_CLIENT = 68;

/** Fixed fields of BOOTP and the magic cookie. */
const HEADER = 240;
const MAGIC = 0x63825363;
const REQUEST = 1;
const REPLY = 2;
const XID = 4;
const FLAGS = 10;
const CLIENT_ADDRESS = 12;
const YOUR_ADDRESS = 16;
const SERVER_ADDRESS = 20;
const HARDWARE_ADDRESS = 28;
const MIN_LENGTH = 300;

const DISCOVER = 1;
const OFFER = 2;
const DHCP_REQUEST = 3;
const ACK = 5;
const NAK = 6;
const INFORM = 8;

const OPTION_PAD = 0;
const OPTION_REQUESTED = 50;
const OPTION_TYPE = 53;
const OPTION_SERVER = 54;
const OPTION_END = 255;

const LEASE_SECONDS = 86_400;
const MAX_LEASES = 64;

export interface DhcpReply {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** The machine that asked, and the address it shall be reached at; undefined: by broadcast. */
  readonly mac: Uint8Array | undefined;
  readonly address: number;
}

export class DhcpServer {
  readonly #plan: NetworkPlan;
  readonly #mtu: number;
  readonly #leases = new Map<string, number>();

  constructor(plan: NetworkPlan, mtu: number) {
    this.#plan = plan;
    this.#mtu = mtu;
  }

  /** The address that the first guest has been given, or will be. */
  get guest(): number {
    const [first] = this.#leases.values();
    return first ?? this.#plan.dhcpStart;
  }

  answer(message: Uint8Array<ArrayBuffer>): DhcpReply | undefined {
    if (message.length < HEADER) return undefined;
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    // Ethernet with six bytes of address.
    if (view.getUint8(0) !== REQUEST || view.getUint16(1) !== 0x0106 || view.getUint32(HEADER - 4) !== MAGIC)
      return undefined;
    const options = readOptions(message);
    const mac = message.slice(HARDWARE_ADDRESS, HARDWARE_ADDRESS + 6);
    const server = addressOption(options.get(OPTION_SERVER));
    if (server !== undefined && server !== this.#plan.host) return undefined;
    const ciaddr = view.getUint32(CLIENT_ADDRESS);
    switch (options.get(OPTION_TYPE)?.[0]) {
      case DISCOVER: {
        const lease = this.#lease(mac);
        return lease === undefined ? undefined : this.#reply(message, OFFER, lease, mac);
      }
      case DHCP_REQUEST: {
        const wanted = addressOption(options.get(OPTION_REQUESTED)) ?? ciaddr;
        const lease = this.#lease(mac);
        const agreed = lease !== undefined && lease === wanted;
        return agreed ? this.#reply(message, ACK, lease, mac) : this.#reply(message, NAK, 0, undefined);
      }
      case INFORM:
        return this.#reply(message, ACK, 0, mac);
      default:
        return undefined;
    }
  }

  #lease(mac: Uint8Array): number | undefined {
    const key = [...mac].join(" ");
    const known = this.#leases.get(key);
    if (known !== undefined) return known;
    const taken = new Set(this.#leases.values());
    for (let i = 0; i < MAX_LEASES; i++) {
      const address = this.#plan.dhcpStart + i;
      if (taken.has(address) || !isGuestAddress(this.#plan, address)) continue;
      this.#leases.set(key, address);
      return address;
    }
    return undefined;
  }

  #reply(request: Uint8Array, type: number, address: number, mac: Uint8Array | undefined): DhcpReply {
    const options = this.#options(type);
    const payload = new Uint8Array(Math.max(HEADER + options.length, MIN_LENGTH));
    const view = new DataView(payload.buffer);
    payload.set(request.subarray(0, XID + 4));
    view.setUint8(0, REPLY);
    view.setUint8(3, 0);
    payload.set(request.subarray(FLAGS, YOUR_ADDRESS), FLAGS);
    if (type === NAK) view.setUint32(CLIENT_ADDRESS, 0);
    view.setUint32(YOUR_ADDRESS, address);
    view.setUint32(SERVER_ADDRESS, this.#plan.host);
    payload.set(request.subarray(HARDWARE_ADDRESS, HARDWARE_ADDRESS + 16), HARDWARE_ADDRESS);
    view.setUint32(HEADER - 4, MAGIC);
    payload.set(options, HEADER);
    const ciaddr = view.getUint32(CLIENT_ADDRESS);
    // RFC 2131, section 4.1: a client that cannot take unicast yet sets the broadcast flag.
    const broadcast = mac === undefined || (ciaddr === 0 && (view.getUint16(FLAGS) & 0x8000) !== 0);
    const reached = address === 0 ? ciaddr : address;
    return { payload, mac: broadcast ? undefined : mac, address: broadcast || reached === 0 ? 0xffffffff : reached };
  }

  #options(type: number): number[] {
    const { host, dns, network, hostname, domain } = this.#plan;
    const option = (code: number, bytes: readonly number[]): number[] => [code, bytes.length, ...bytes];
    const text = (value: string): number[] => [...new TextEncoder().encode(value)].slice(0, 255);
    const start = [...option(OPTION_TYPE, [type]), ...option(OPTION_SERVER, u32(host))];
    if (type === NAK) return [...start, OPTION_END];
    return [
      ...start,
      ...option(1, u32(maskOf(network.prefix))),
      ...option(3, u32(host)),
      ...option(6, u32(dns)),
      ...(hostname === "" ? [] : option(12, text(hostname))),
      ...(domain === "" ? [] : option(15, text(domain))),
      ...option(26, [this.#mtu >> 8, this.#mtu & 255]),
      ...option(28, u32(broadcastOf(network))),
      ...option(51, u32(LEASE_SECONDS)),
      OPTION_END,
    ];
  }
}

function u32(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
}

/** Options by code; what is cut off at the end is left out. */
function readOptions(message: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = HEADER; at < message.length;) {
    const code = message[at] ?? OPTION_END;
    if (code === OPTION_END) break;
    if (code === OPTION_PAD) {
      at++;
      continue;
    }
    const length = message[at + 1] ?? 0;
    if (at + 2 + length > message.length) break;
    options.set(code, message.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return options;
}

function addressOption(bytes: Uint8Array | undefined): number | undefined {
  if (bytes?.length !== 4) return undefined;
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

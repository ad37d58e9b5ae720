// The gateway's end of the cable: packets into frames and to whom they belong.

import { addBytes, checksumOf } from "../../../shared/net/checksum";
import { ETHERNET_HEADER } from "../../../shared/net/ethernet";
import type { NetworkPlan } from "../../../shared/net/user_plan";
import type { Frame, NicPort, Offload } from "../types";
import { isBroadcast, isGuestAddress, isOurs, macOf } from "./plan";

export const TYPE_IPV4 = 0x0800;
export const TYPE_ARP = 0x0806;
export const IPV4_HEADER = 20;
/** Where the payload of our packets begins: we send no IP options. */
export const PAYLOAD = ETHERNET_HEADER + IPV4_HEADER;

const TTL = 64;
const DONT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;
const FLAGS = 6;
const HEADER_CHECKSUM = 10;
const MAX_NEIGHBOURS = 256;
const BROADCAST_MAC = new Uint8Array(6).fill(0xff);

export interface PacketTo {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
}

/** A packet with its headers in place: the payload is to be written from PAYLOAD on. */
export interface Packet {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
}

export class Link {
  readonly nic: NicPort;
  readonly plan: NetworkPlan;
  readonly #neighbours = new Map<number, Uint8Array>();
  #nextId = 1;

  constructor(nic: NicPort, plan: NetworkPlan) {
    this.nic = nic;
    this.plan = plan;
  }

  /** Remembers who has an address. */
  learn(address: number, mac: Uint8Array): void {
    if (!isGuestAddress(this.plan, address) || ((mac[0] ?? 1) & 1) !== 0) return;
    const known = this.#neighbours.get(address);
    if (known !== undefined && known.every((byte, i) => byte === mac[i])) return;
    const [oldest] = this.#neighbours.keys();
    if (known === undefined && this.#neighbours.size >= MAX_NEIGHBOURS && oldest !== undefined) {
      this.#neighbours.delete(oldest);
    }
    this.#neighbours.set(address, mac.slice(0, 6));
  }

  knows(address: number): boolean {
    return this.#neighbours.has(address);
  }

  /** A frame with its Ethernet header in place. */
  frame(destination: Uint8Array | undefined, source: number, type: number, length: number): Packet {
    const bytes = new Uint8Array(ETHERNET_HEADER + length);
    const view = new DataView(bytes.buffer);
    bytes.set(destination ?? BROADCAST_MAC);
    bytes.set(macOf(isOurs(this.plan, source) ? source : this.plan.host), 6);
    view.setUint16(12, type);
    return { bytes, view };
  }

  /** `mac`: for a machine that has no address yet. */
  packet({ source, destination, protocol }: PacketTo, length: number, mac?: Uint8Array): Packet {
    const to = isBroadcast(this.plan, destination) ? undefined : this.#neighbours.get(destination);
    const packet = this.frame(mac ?? to, source, TYPE_IPV4, IPV4_HEADER + length);
    const { view } = packet;
    view.setUint8(ETHERNET_HEADER, 0x45);
    view.setUint16(ETHERNET_HEADER + 2, IPV4_HEADER + length);
    view.setUint16(ETHERNET_HEADER + 4, this.#nextId);
    this.#nextId = (this.#nextId + 1) & 0xffff;
    view.setUint8(ETHERNET_HEADER + 8, TTL);
    view.setUint8(ETHERNET_HEADER + 9, protocol);
    view.setUint32(ETHERNET_HEADER + 12, source);
    view.setUint32(ETHERNET_HEADER + 16, destination);
    return packet;
  }

  /** Sends a packet; what is longer than the network allows, and is not cut by the card, goes in fragments. */
  send(packet: Packet, offload?: Offload): void {
    const { bytes } = packet;
    if (offload?.segmentation === undefined && bytes.length > ETHERNET_HEADER + this.nic.mtu) {
      this.#sendFragments(packet);
      return;
    }
    packet.view.setUint16(ETHERNET_HEADER + FLAGS, DONT_FRAGMENT);
    this.#transmit(packet, offload);
  }

  /** A frame that is no IP packet. */
  sendRaw(frame: Packet): void {
    this.nic.receive({ bytes: frame.bytes });
  }

  #transmit({ bytes, view }: Packet, offload: Offload | undefined): void {
    view.setUint16(ETHERNET_HEADER + HEADER_CHECKSUM, checksumOf(addBytes(0, bytes, ETHERNET_HEADER, PAYLOAD)));
    const frame: Frame = offload === undefined ? { bytes } : { bytes, offload };
    this.nic.receive(frame);
  }

  /** RFC 791, section 3.2: pieces of a multiple of 8 bytes, but for the last. */
  #sendFragments({ bytes }: Packet): void {
    const size = (this.nic.mtu - IPV4_HEADER) & ~7;
    for (let at = PAYLOAD; at < bytes.length; at += size) {
      const payload = bytes.subarray(at, at + size);
      const fragment = new Uint8Array(PAYLOAD + payload.length);
      fragment.set(bytes.subarray(0, PAYLOAD));
      fragment.set(payload, PAYLOAD);
      const view = new DataView(fragment.buffer);
      const isLast = at + size >= bytes.length;
      view.setUint16(ETHERNET_HEADER + 2, IPV4_HEADER + payload.length);
      view.setUint16(ETHERNET_HEADER + FLAGS, ((at - PAYLOAD) >> 3) | (isLast ? 0 : MORE_FRAGMENTS));
      this.#transmit({ bytes: fragment, view }, undefined);
    }
  }
}

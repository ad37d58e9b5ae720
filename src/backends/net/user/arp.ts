// ARP (RFC 826): we answer for our own addresses and learn those of the guest.

import { ETHERNET_HEADER } from "../../../shared/net/ethernet";
import { type Link, TYPE_ARP } from "./link";
import { isOurs, macOf } from "./plan";

const LENGTH = 28;
const ETHERNET = 1;
const IPV4 = 0x0800;
const REQUEST = 1;
const REPLY = 2;
const OPERATION = 6;
const SENDER_MAC = 8;
const SENDER_IP = 14;
const TARGET_MAC = 18;
const TARGET_IP = 24;

/** `bytes`: what follows the Ethernet header. Returns whose address was learned. */
export function receiveArp(link: Link, bytes: Uint8Array): number | undefined {
  if (bytes.length < LENGTH) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) !== ETHERNET || view.getUint16(2) !== IPV4 || view.getUint16(4) !== 0x0604) return undefined;
  const sender = view.getUint32(SENDER_IP);
  const senderMac = bytes.slice(SENDER_MAC, SENDER_MAC + 6);
  link.learn(sender, senderMac);
  const wanted = view.getUint32(TARGET_IP);
  if (view.getUint16(OPERATION) === REQUEST && isOurs(link.plan, wanted)) {
    send(link, REPLY, { sender: wanted, target: sender, mac: senderMac });
  }
  return link.knows(sender) ? sender : undefined;
}

/** Asks who has an address. */
export function askArp(link: Link, address: number): void {
  send(link, REQUEST, { sender: link.plan.host, target: address });
}

function send(link: Link, operation: number, who: { sender: number; target: number; mac?: Uint8Array }): void {
  const frame = link.frame(who.mac, who.sender, TYPE_ARP, LENGTH);
  const { bytes, view } = frame;
  view.setUint16(ETHERNET_HEADER, ETHERNET);
  view.setUint16(ETHERNET_HEADER + 2, IPV4);
  view.setUint16(ETHERNET_HEADER + 4, 0x0604);
  view.setUint16(ETHERNET_HEADER + OPERATION, operation);
  bytes.set(macOf(who.sender), ETHERNET_HEADER + SENDER_MAC);
  view.setUint32(ETHERNET_HEADER + SENDER_IP, who.sender);
  if (who.mac !== undefined) bytes.set(who.mac, ETHERNET_HEADER + TARGET_MAC);
  view.setUint32(ETHERNET_HEADER + TARGET_IP, who.target);
  link.sendRaw(frame);
}

// ICMP (RFC 792): echo from our own addresses, and errors for what leads nowhere.

import { addBytes, checksumOf, fold } from "../../../shared/net/checksum";
import { type Ipv4Packet, PROTOCOL_ICMP } from "./ipv4";
import { type Link, PAYLOAD } from "./link";

const HEADER = 8;
const ECHO_REPLY = 0;
const UNREACHABLE = 3;
const ECHO_REQUEST = 8;
const CHECKSUM = 2;

export const PORT_UNREACHABLE = 3;
/** RFC 1812, section 5.2.7.1: forbidden by whoever runs the network. */
export const PROHIBITED = 13;

/** Whether the packet is a request for an echo that arrived intact. */
export function isEchoRequest({ payload }: Ipv4Packet): boolean {
  return (
    payload.length >= HEADER && payload[0] === ECHO_REQUEST && fold(addBytes(0, payload, 0, payload.length)) === 0xffff
  );
}

/** Whether an error may be sent for a packet: never for another ICMP error (RFC 1122, section 3.2.2). */
export function mayCauseError({ protocol, payload }: Ipv4Packet): boolean {
  return protocol !== PROTOCOL_ICMP || payload[0] === ECHO_REQUEST;
}

export function sendEchoReply(link: Link, request: Ipv4Packet): void {
  const to = { source: request.destination, destination: request.source, protocol: PROTOCOL_ICMP };
  const packet = link.packet(to, request.payload.length);
  packet.bytes.set(request.payload, PAYLOAD);
  packet.view.setUint8(PAYLOAD, ECHO_REPLY);
  writeChecksum(packet.bytes, packet.view);
  link.send(packet);
}

/** Says that a packet did not get where it was meant to go. */
export function sendUnreachable(link: Link, cause: Ipv4Packet, code: number): void {
  const to = { source: link.plan.host, destination: cause.source, protocol: PROTOCOL_ICMP };
  const source = code === PORT_UNREACHABLE ? { ...to, source: cause.destination } : to;
  const packet = link.packet(source, HEADER + cause.quote.length);
  packet.view.setUint8(PAYLOAD, UNREACHABLE);
  packet.view.setUint8(PAYLOAD + 1, code);
  packet.bytes.set(cause.quote, PAYLOAD + HEADER);
  writeChecksum(packet.bytes, packet.view);
  link.send(packet);
}

function writeChecksum(bytes: Uint8Array, view: DataView): void {
  view.setUint16(PAYLOAD + CHECKSUM, 0);
  view.setUint16(PAYLOAD + CHECKSUM, checksumOf(addBytes(0, bytes, PAYLOAD, bytes.length)));
}

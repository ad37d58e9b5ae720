// UDP (RFC 768): datagrams in and out.

import { addBytes, checksumOf, pseudoHeader4 } from "../../../shared/net/checksum";
import { type Ipv4Packet, isIntact, PROTOCOL_UDP } from "./ipv4";
import { type Link, PAYLOAD } from "./link";

const HEADER = 8;

export interface Datagram {
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** `unchecked`: the checksum was left open by the guest. Undefined: broken. */
export function parseDatagram(packet: Ipv4Packet, unchecked: boolean): Datagram | undefined {
  const { payload } = packet;
  if (payload.length < HEADER) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const length = view.getUint16(4);
  if (length < HEADER || length > payload.length) return undefined;
  const hasChecksum = view.getUint16(6) !== 0 && !unchecked;
  if (hasChecksum && !isIntact({ ...packet, payload: payload.subarray(0, length) })) return undefined;
  return {
    source: packet.source,
    sourcePort: view.getUint16(0),
    destination: packet.destination,
    destinationPort: view.getUint16(2),
    payload: payload.subarray(HEADER, length),
  };
}

/** `mac`: for a machine that has no address yet. */
export function sendDatagram(link: Link, datagram: Datagram, mac?: Uint8Array): void {
  const { source, destination, payload } = datagram;
  const length = HEADER + payload.length;
  const packet = link.packet({ source, destination, protocol: PROTOCOL_UDP }, length, mac);
  const { bytes, view } = packet;
  view.setUint16(PAYLOAD, datagram.sourcePort);
  view.setUint16(PAYLOAD + 2, datagram.destinationPort);
  view.setUint16(PAYLOAD + 4, length);
  bytes.set(payload, PAYLOAD + HEADER);
  const pseudo = pseudoHeader4(source, destination, PROTOCOL_UDP, length);
  const checksum = checksumOf(addBytes(pseudo, bytes, PAYLOAD, bytes.length));
  view.setUint16(PAYLOAD + 6, checksum === 0 ? 0xffff : checksum);
  link.send(packet);
}

/** The way back. */
export function replyTo(datagram: Datagram, payload: Uint8Array<ArrayBuffer>): Datagram {
  return {
    source: datagram.destination,
    sourcePort: datagram.destinationPort,
    destination: datagram.source,
    destinationPort: datagram.sourcePort,
    payload,
  };
}

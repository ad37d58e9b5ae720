// Packets of the guest: checked, and put together again if they came in fragments (RFC 791, RFC 815).

import { addBytes, fold, pseudoHeader4 } from "../../../shared/net/checksum";

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

export interface Ipv4Packet {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Header and beginning of the payload, as an ICMP error quotes them. */
  readonly quote: Uint8Array<ArrayBuffer>;
}

const MIN_HEADER = 20;
const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;
const MAX_PAYLOAD = 65535 - MIN_HEADER;
/** RFC 1812, section 4.3.2.3: at least 8 bytes of what the packet carried. */
const QUOTED_BYTES = 8;
/** Packets that may be incomplete at the same time; the oldest is given up. */
const MAX_INCOMPLETE = 16;
const MAX_FRAGMENTS = 128;

interface Incomplete {
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly pieces: { readonly from: number; readonly to: number }[];
  quote: Uint8Array<ArrayBuffer>;
  /** Bytes of the whole, once the last fragment is there. */
  total: number | undefined;
}

export class Ipv4Receiver {
  readonly #incomplete = new Map<string, Incomplete>();

  /** `bytes`: what follows the Ethernet header. Undefined: broken, or not complete yet. */
  take(bytes: Uint8Array<ArrayBuffer>): Ipv4Packet | undefined {
    if (bytes.length < MIN_HEADER) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const header = (view.getUint8(0) & 15) * 4;
    const length = view.getUint16(2);
    if (view.getUint8(0) >> 4 !== 4 || header < MIN_HEADER || length < header || length > bytes.length)
      return undefined;
    if (fold(addBytes(0, bytes, 0, header)) !== 0xffff) return undefined;
    const packet: Ipv4Packet = {
      source: view.getUint32(12),
      destination: view.getUint32(16),
      protocol: view.getUint8(9),
      payload: bytes.subarray(header, length),
      quote: bytes.subarray(0, Math.min(header + QUOTED_BYTES, length)),
    };
    const fragment = view.getUint16(6) & (MORE_FRAGMENTS | OFFSET_MASK);
    return fragment === 0 ? packet : this.#collect(packet, view.getUint16(4), fragment);
  }

  #collect(packet: Ipv4Packet, id: number, fragment: number): Ipv4Packet | undefined {
    const key = `${packet.source} ${packet.destination} ${packet.protocol} ${id}`;
    const from = (fragment & OFFSET_MASK) * 8;
    const to = from + packet.payload.length;
    const isLast = (fragment & MORE_FRAGMENTS) === 0;
    if (to > MAX_PAYLOAD || to === from || (!isLast && to % 8 !== 0)) return undefined;
    const parts = this.#incomplete.get(key) ?? this.#begin(key, packet);
    // Overlaps are an attack, never an accident (RFC 5722 forbids them for IPv6).
    const overlaps = parts.pieces.some((piece) => from < piece.to && piece.from < to);
    const beyond = parts.total !== undefined && to > parts.total;
    if (overlaps || beyond || parts.pieces.length >= MAX_FRAGMENTS) {
      this.#incomplete.delete(key);
      return undefined;
    }
    parts.buffer.set(packet.payload, from);
    parts.pieces.push({ from, to });
    if (from === 0) parts.quote = packet.quote;
    if (isLast) parts.total = to;
    const received = parts.pieces.reduce((sum, piece) => sum + piece.to - piece.from, 0);
    if (received !== parts.total) return undefined;
    this.#incomplete.delete(key);
    return { ...packet, payload: parts.buffer.subarray(0, received), quote: parts.quote };
  }

  #begin(key: string, packet: Ipv4Packet): Incomplete {
    const [oldest] = this.#incomplete.keys();
    if (this.#incomplete.size >= MAX_INCOMPLETE && oldest !== undefined) this.#incomplete.delete(oldest);
    const begun = { buffer: new Uint8Array(MAX_PAYLOAD), pieces: [], quote: packet.quote, total: undefined };
    this.#incomplete.set(key, begun);
    return begun;
  }
}

/** Whether a TCP segment or UDP datagram arrived as it was sent. */
export function isIntact({ source, destination, protocol, payload }: Ipv4Packet): boolean {
  const pseudo = pseudoHeader4(source, destination, protocol, payload.length);
  return fold(addBytes(pseudo, payload, 0, payload.length)) === 0xffff;
}

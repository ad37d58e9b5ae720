// The guest's side of the cable, by hand: a card that keeps what it is given, and packets made from their parts.

import { parseIpv4 } from "../../../../shared/net/addresses";
import { addBytes, checksumOf, fold, pseudoHeader4 } from "../../../../shared/net/checksum";
import type { Frame, NetBackend, NicPort } from "../../types";
import { parseSegment, type Segment, writeHeader } from "../tcp/segment";

export const GUEST_MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const ANY_MAC = Uint8Array.of(0x52, 0x55, 10, 0, 2, 2);

export function ip(text: string): number {
  const address = parseIpv4(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

export const GUEST = ip("10.0.2.15");
export const HOST = ip("10.0.2.2");
export const DNS = ip("10.0.2.3");

export interface ReceivedPacket {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly frame: Frame;
}

export interface PacketOptions {
  readonly source?: number;
  readonly destination?: number;
  readonly protocol: number;
  readonly id?: number;
  /** Flags and offset. */
  readonly fragment?: number;
}

export class MockGuest implements NicPort {
  readonly mac = GUEST_MAC;
  readonly mtu = 1500;
  readonly frames: Frame[] = [];
  hasRoom = true;
  onRoom: () => void = () => undefined;
  readonly #backend: NetBackend;

  constructor(backend: NetBackend) {
    this.#backend = backend;
    backend.plug(this);
  }

  receive(frame: Frame): void {
    this.frames.push(frame);
  }

  batch(deliver: () => void): void {
    deliver();
  }

  /** Hands a frame over as the card does. */
  send(type: number, payload: Uint8Array): void {
    const bytes = new Uint8Array(14 + payload.length);
    bytes.set(ANY_MAC);
    bytes.set(GUEST_MAC, 6);
    bytes.set([type >> 8, type & 255], 12);
    bytes.set(payload, 14);
    this.#backend.send({ bytes });
    this.#backend.sent();
  }

  sendPacket(options: PacketOptions, payload: Uint8Array): void {
    this.send(0x0800, packetOf(options, payload));
  }

  sendDatagram(to: { address: number; port: number; from?: number; source?: number }, payload: Uint8Array): void {
    const bytes = new Uint8Array(8 + payload.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, to.from ?? 5000);
    view.setUint16(2, to.port);
    view.setUint16(4, bytes.length);
    bytes.set(payload, 8);
    this.sendPacket({ protocol: 17, destination: to.address, source: to.source ?? GUEST }, bytes);
  }

  sendSegment(segment: Segment, destination: number): void {
    const options = segment.mss === undefined ? 0 : 4;
    const header = 20 + options + (segment.windowScale === undefined ? 0 : 4);
    const bytes = new Uint8Array(header + segment.payload.length);
    const view = new DataView(bytes.buffer);
    writeHeader(view, 0, segment);
    bytes.set(segment.payload, header);
    const sum = addBytes(pseudoHeader4(GUEST, destination, 6, bytes.length), bytes, 0, bytes.length);
    view.setUint16(16, checksumOf(sum));
    this.sendPacket({ protocol: 6, destination }, bytes);
  }

  /** What has come since the last call. */
  take(): ReceivedPacket[] {
    return this.frames.splice(0).flatMap((frame) => readPacket(frame) ?? []);
  }

  /** TCP segments among it; anything else is an error. */
  takeSegments(): Segment[] {
    return this.take().map((packet) => {
      const segment = packet.protocol === 6 ? parseSegment(packet.payload) : undefined;
      if (segment === undefined) throw new Error(`no TCP segment but protocol ${packet.protocol}`);
      // Checksums are left open: the field has the pseudo header's sum.
      const field = new DataView(packet.payload.buffer, packet.payload.byteOffset).getUint16(16);
      const expected = fold(pseudoHeader4(packet.source, packet.destination, 6, packet.payload.length));
      if (field !== expected) throw new Error(`checksum field ${field} instead of ${expected}`);
      return segment;
    });
  }
}

export function packetOf(options: PacketOptions, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, bytes.length);
  view.setUint16(4, options.id ?? 1);
  view.setUint16(6, options.fragment ?? 0);
  view.setUint8(8, 64);
  view.setUint8(9, options.protocol);
  view.setUint32(12, options.source ?? GUEST);
  view.setUint32(16, options.destination ?? HOST);
  view.setUint16(10, checksumOf(addBytes(0, bytes, 0, 20)));
  bytes.set(payload, 20);
  return bytes;
}

function readPacket(frame: Frame): ReceivedPacket | undefined {
  const { bytes } = frame;
  const view = new DataView(bytes.buffer);
  if (view.getUint16(12) !== 0x0800) return undefined;
  if (fold(addBytes(0, bytes, 14, 34)) !== 0xffff) throw new Error("the checksum of the IP header is wrong");
  if (view.getUint16(16) !== bytes.length - 14) throw new Error("the length of the packet is wrong");
  return {
    source: view.getUint32(26),
    destination: view.getUint32(30),
    protocol: view.getUint8(23),
    payload: bytes.subarray(34),
    frame,
  };
}

/** Turns of the event loop, so that promises settle. */
export async function settle(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => void setTimeout(resolve, 0));
}

// Frames as a pcapng file (draft-ietf-opsawg-pcapng), which Wireshark and tcpdump read. Pure. Frames are recorded as
// they pass: segments that are not cut yet, checksums that are left open.

import type { Frame } from "../types";

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const LINKTYPE_ETHERNET = 1;
const SNAP_LENGTH = 262_144;

const OPTION_END = 0;
const IF_NAME = 2;
const EPB_FLAGS = 2;
const ISB_DROPPED = 5;

/** As the guest's card sees it. */
export type Direction = "in" | "out";

/** `body` padded to 32 bits, between type and length. */
function block(type: number, body: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = body.reduce((sum, part) => sum + padded(part.length), 0);
  const bytes = new Uint8Array(12 + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length, true);
  let at = 8;
  for (const part of body) {
    bytes.set(part, at);
    at += padded(part.length);
  }
  view.setUint32(at, bytes.length, true);
  return bytes;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

function u32s(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value >>> 0, true);
  return bytes;
}

function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + padded(value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  return bytes;
}

const endOfOptions = u32s(OPTION_END);

/** The beginning of a file with one interface. */
export function fileHeader(interfaceName: string): Uint8Array<ArrayBuffer>[] {
  // Version 1.0, length of the section unknown.
  const section = block(SECTION_HEADER, [u32s(BYTE_ORDER_MAGIC, 1, 0xffffffff, 0xffffffff)]);
  const name = option(IF_NAME, new TextEncoder().encode(interfaceName));
  return [section, block(INTERFACE_DESCRIPTION, [u32s(LINKTYPE_ETHERNET, SNAP_LENGTH), name, endOfOptions])];
}

/** `time`: milliseconds since 1970. */
export function packetBlock({ bytes }: Frame, direction: Direction, time: number): Uint8Array<ArrayBuffer> {
  const fields = u32s(0, ...microseconds(time), bytes.length, bytes.length);
  const flags = option(EPB_FLAGS, u32s(direction === "in" ? 1 : 2));
  return block(ENHANCED_PACKET, [fields, bytes, flags, endOfOptions]);
}

/** The end of a file: how many frames are missing. */
export function statisticsBlock(dropped: number, time: number): Uint8Array<ArrayBuffer> {
  const count = option(ISB_DROPPED, u32s(dropped, 0));
  return block(INTERFACE_STATISTICS, [u32s(0, ...microseconds(time)), count, endOfOptions]);
}

/** Upper and lower half. */
function microseconds(time: number): [number, number] {
  const value = Math.floor(time * 1000);
  return [Math.floor(value / 2 ** 32), value % 2 ** 32];
}

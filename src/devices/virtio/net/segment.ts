// What a guest without offloads cannot be given: long TCP segments are cut (as TSO hardware would), and checksums
// that were left open are filled in.

import type { Frame, Offload } from "../../../backends/net/types";
import { addBytes, checksumOf, fold, pseudoHeader4 } from "../../../shared/net/checksum";
import { tcpHeaderLength } from "./request";

const PROTOCOL_TCP = 6;
const FIN = 0x01;
const PSH = 0x08;
const CWR = 0x80;
const IPV4_TOTAL_LENGTH = 2;
const IPV4_ID = 4;
const IPV4_CHECKSUM = 10;
const IPV4_SOURCE = 12;
const IPV4_HEADER = 20;
const IPV6_PAYLOAD_LENGTH = 4;
const IPV6_ADDRESSES = 8;
const IPV6_HEADER = 40;
const TCP_SEQUENCE = 4;
const TCP_FLAGS = 13;
const TCP_CHECKSUM = 16;
const TCP_HEADER = 20;

/** The frame with its checksum in place. */
export function fillChecksum(frame: Frame, offload: Offload): Frame {
  const bytes = new Uint8Array(frame.bytes);
  const at = offload.checksumStart + offload.checksumOffset;
  // The field holds the pseudo header's sum, so that it is summed with the rest.
  const checksum = checksumOf(addBytes(0, bytes, offload.checksumStart, bytes.length));
  // UDP: 0 would mean "none" (RFC 768). For TCP both spellings of zero are right.
  new DataView(bytes.buffer).setUint16(at, checksum === 0 ? 0xffff : checksum);
  return { bytes };
}

/** Where the headers of a frame lie. */
interface Headers {
  readonly ip: number;
  readonly tcp: number;
  readonly payload: number;
}

/** Cuts a frame into segments with complete checksums; undefined when its headers are not what they claim. */
export function cutSegments(frame: Frame, offload: Offload): Frame[] | undefined {
  const { segmentation } = offload;
  if (segmentation === undefined) return undefined;
  const headers = findHeaders(frame.bytes, offload);
  if (headers === undefined) return undefined;
  const total = frame.bytes.length - headers.payload;
  const frames: Frame[] = [];
  for (let from = 0; from === 0 || from < total; from += segmentation.size) {
    const size = Math.min(segmentation.size, total - from);
    const bytes = new Uint8Array(headers.payload + size);
    bytes.set(frame.bytes.subarray(0, headers.payload));
    bytes.set(frame.bytes.subarray(headers.payload + from, headers.payload + from + size), headers.payload);
    const place = { index: frames.length, from, isLast: from + size >= total };
    writeIp(bytes, headers, place.index, segmentation.protocol);
    writeTcp(bytes, headers, place, segmentation.protocol);
    frames.push({ bytes });
  }
  return frames;
}

function findHeaders(bytes: Uint8Array, { checksumStart: tcp, segmentation }: Offload): Headers | undefined {
  const payload = tcp + tcpHeaderLength(bytes, tcp);
  if (tcp + TCP_HEADER > bytes.length || payload < tcp + TCP_HEADER || payload > bytes.length) return undefined;
  const isIpv4 = segmentation?.protocol === "tcp4";
  // Behind source and destination there may be VLAN tags before the type.
  for (let type = 12; type <= 20; type += 4) {
    const value = ((bytes[type] ?? 0) << 8) | (bytes[type + 1] ?? 0);
    if (value === 0x8100 || value === 0x88a8) continue;
    if (value !== (isIpv4 ? 0x0800 : 0x86dd)) return undefined;
    const ip = type + 2;
    const header = isIpv4 ? ((bytes[ip] ?? 0) & 15) * 4 : IPV6_HEADER;
    const fits = isIpv4 ? header >= IPV4_HEADER && ip + header === tcp : ip + header <= tcp;
    return fits ? { ip, tcp, payload } : undefined;
  }
  return undefined;
}

function writeIp(bytes: Uint8Array<ArrayBuffer>, { ip, tcp }: Headers, index: number, protocol: "tcp4" | "tcp6"): void {
  const view = new DataView(bytes.buffer);
  if (protocol === "tcp6") {
    view.setUint16(ip + IPV6_PAYLOAD_LENGTH, bytes.length - ip - IPV6_HEADER);
    return;
  }
  view.setUint16(ip + IPV4_TOTAL_LENGTH, bytes.length - ip);
  view.setUint16(ip + IPV4_ID, (view.getUint16(ip + IPV4_ID) + index) & 0xffff);
  view.setUint16(ip + IPV4_CHECKSUM, 0);
  view.setUint16(ip + IPV4_CHECKSUM, checksumOf(addBytes(0, bytes, ip, tcp)));
}

function writeTcp(
  bytes: Uint8Array<ArrayBuffer>,
  { ip, tcp }: Headers,
  place: { index: number; from: number; isLast: boolean },
  protocol: "tcp4" | "tcp6",
): void {
  const view = new DataView(bytes.buffer);
  view.setUint32(tcp + TCP_SEQUENCE, (view.getUint32(tcp + TCP_SEQUENCE) + place.from) >>> 0);
  let flags = view.getUint8(tcp + TCP_FLAGS);
  if (!place.isLast) flags &= ~(FIN | PSH);
  if (place.index > 0) flags &= ~CWR;
  view.setUint8(tcp + TCP_FLAGS, flags);
  view.setUint16(tcp + TCP_CHECKSUM, 0);
  const length = bytes.length - tcp;
  const pseudo =
    protocol === "tcp4"
      ? pseudoHeader4(view.getUint32(ip + IPV4_SOURCE), view.getUint32(ip + IPV4_SOURCE + 4), PROTOCOL_TCP, length)
      : fold(addBytes(0, bytes, ip + IPV6_ADDRESSES, ip + IPV6_HEADER) + PROTOCOL_TCP + length);
  view.setUint16(tcp + TCP_CHECKSUM, checksumOf(addBytes(pseudo, bytes, tcp, bytes.length)));
}

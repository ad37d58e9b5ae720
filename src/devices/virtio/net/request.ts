// The header before every frame (VIRTIO 1.2, 5.1.6). Pure.

import type { Frame, Offload, Segmentation } from "../../../backends/net/types";

/** With MRG_RXBUF or VERSION_1 there are two more bytes, num_buffers. */
export const LEGACY_HEADER = 10;
export const HEADER = 12;

const FLAGS = 0;
const GSO_TYPE = 1;
const HDR_LEN = 2;
const GSO_SIZE = 4;
const CSUM_START = 6;
const CSUM_OFFSET = 8;
export const NUM_BUFFERS = 10;

const FLAG_NEEDS_CSUM = 1;

const GSO_NONE = 0;
const GSO_TCPV4 = 1;
const GSO_TCPV6 = 4;
const GSO_ECN = 0x80;

/** Linux cuts no smaller; it bounds the number of segments that a frame can become. */
const MIN_SEGMENT = 48;

/** What the driver may ask the device to do with its frames. */
export interface TransmitFeatures {
  readonly checksum: boolean;
  readonly tso4: boolean;
  readonly tso6: boolean;
}

/** Reads the header of a frame of the guest: the offload it asks for, none, or nonsense. */
export function parseHeader(
  header: Uint8Array,
  frameLength: number,
  features: TransmitFeatures,
): Offload | "none" | "bad" {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const type = view.getUint8(GSO_TYPE) & ~GSO_ECN;
  if ((view.getUint8(FLAGS) & FLAG_NEEDS_CSUM) === 0) return type === GSO_NONE ? "none" : "bad";
  const checksumStart = view.getUint16(CSUM_START, true);
  const checksumOffset = view.getUint16(CSUM_OFFSET, true);
  if (!features.checksum || checksumStart + checksumOffset + 2 > frameLength) return "bad";
  if (type === GSO_NONE) return { checksumStart, checksumOffset };
  const segmentation = parseSegmentation(view, features);
  return segmentation === undefined ? "bad" : { checksumStart, checksumOffset, segmentation };
}

function parseSegmentation(view: DataView, features: TransmitFeatures): Segmentation | undefined {
  const type = view.getUint8(GSO_TYPE);
  const size = view.getUint16(GSO_SIZE, true);
  if (size < MIN_SEGMENT) return undefined;
  const ecn = (type & GSO_ECN) !== 0;
  switch (type & ~GSO_ECN) {
    case GSO_TCPV4:
      return features.tso4 ? { protocol: "tcp4", size, ecn } : undefined;
    case GSO_TCPV6:
      return features.tso6 ? { protocol: "tcp6", size, ecn } : undefined;
    default:
      return undefined;
  }
}

/** Writes the header of a frame for the guest, as if it came in one buffer. */
export function writeHeader(header: Uint8Array, { bytes, offload }: Frame): void {
  header.fill(0);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (header.length > NUM_BUFFERS) view.setUint16(NUM_BUFFERS, 1, true);
  if (offload === undefined) return;
  const { checksumStart, checksumOffset, segmentation } = offload;
  view.setUint8(FLAGS, FLAG_NEEDS_CSUM);
  view.setUint16(CSUM_START, checksumStart, true);
  view.setUint16(CSUM_OFFSET, checksumOffset, true);
  if (segmentation === undefined) return;
  const type = segmentation.protocol === "tcp4" ? GSO_TCPV4 : GSO_TCPV6;
  view.setUint8(GSO_TYPE, type | (segmentation.ecn ? GSO_ECN : 0));
  view.setUint16(HDR_LEN, checksumStart + tcpHeaderLength(bytes, checksumStart), true);
  view.setUint16(GSO_SIZE, segmentation.size, true);
}

/** Length of the TCP header at `at`, options included; what it says, checked by nobody. */
export function tcpHeaderLength(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 12] ?? 0) >> 4) * 4;
}

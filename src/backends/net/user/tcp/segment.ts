// TCP segments as bytes (RFC 9293, section 3.1; window scale: RFC 7323).

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

export const MIN_HEADER = 20;
export const CHECKSUM_OFFSET = 16;

const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;
const OPTION_WINDOW_SCALE = 3;
/** RFC 7323, section 2.3. */
const MAX_SCALE = 14;

export interface Segment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  /** As it stands in the header: not scaled. */
  readonly window: number;
  readonly mss?: number;
  readonly windowScale?: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Undefined: broken. The checksum is somebody else's business. */
export function parseSegment(bytes: Uint8Array<ArrayBuffer>): Segment | undefined {
  if (bytes.length < MIN_HEADER) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = (view.getUint8(12) >> 4) * 4;
  if (header < MIN_HEADER || header > bytes.length) return undefined;
  const flags = view.getUint8(13);
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    sequence: view.getUint32(4),
    acknowledgement: view.getUint32(8),
    flags,
    window: view.getUint16(14),
    ...((flags & SYN) === 0 ? {} : parseOptions(bytes.subarray(MIN_HEADER, header))),
    payload: bytes.subarray(header),
  };
}

function parseOptions(options: Uint8Array): { mss?: number; windowScale?: number } {
  const found: { mss?: number; windowScale?: number } = {};
  for (let at = 0; at < options.length;) {
    const kind = options[at];
    if (kind === OPTION_END) break;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const length = options[at + 1] ?? 0;
    if (length < 2 || at + length > options.length) break;
    if (kind === OPTION_MSS && length === 4) found.mss = ((options[at + 2] ?? 0) << 8) | (options[at + 3] ?? 0);
    if (kind === OPTION_WINDOW_SCALE && length === 3) found.windowScale = Math.min(options[at + 2] ?? 0, MAX_SCALE);
    at += length;
  }
  return found;
}

/** What a segment occupies of the sequence space. */
export function lengthOf({ flags, payload }: Segment): number {
  return payload.length + ((flags & SYN) === 0 ? 0 : 1) + ((flags & FIN) === 0 ? 0 : 1);
}

/** Length of the header that `writeHeader` writes. */
export function headerLength(segment: Pick<Segment, "mss" | "windowScale">): number {
  return MIN_HEADER + (segment.mss === undefined ? 0 : 4) + (segment.windowScale === undefined ? 0 : 4);
}

/** Writes all but checksum and payload. */
export function writeHeader(view: DataView, at: number, segment: Omit<Segment, "payload">): void {
  view.setUint16(at, segment.sourcePort);
  view.setUint16(at + 2, segment.destinationPort);
  view.setUint32(at + 4, segment.sequence);
  view.setUint32(at + 8, segment.acknowledgement);
  view.setUint8(at + 12, headerLength(segment) << 2);
  view.setUint8(at + 13, segment.flags);
  view.setUint16(at + 14, segment.window);
  let option = at + MIN_HEADER;
  if (segment.mss !== undefined) {
    view.setUint32(option, (OPTION_MSS << 24) | (4 << 16) | segment.mss);
    option += 4;
  }
  if (segment.windowScale !== undefined) {
    view.setUint32(option, (OPTION_NOP << 24) | (OPTION_WINDOW_SCALE << 16) | (3 << 8) | segment.windowScale);
  }
}

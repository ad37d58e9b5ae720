// The legacy LZ4 frame that kernel images use: blocks of at most 8 MiB, each after its compressed length.

import { err, ok, type Result } from "../../../shared/result";
import type { UnpackError } from "./xz";

const MAGIC = 0x184c2102;

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function isLz4(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && view(bytes).getUint32(0, true) === MAGIC;
}

/** Unpacks into `out`, which must have exactly the right length. */
export function unpackLz4(bytes: Uint8Array, out: Uint8Array): Result<void, UnpackError> {
  if (!isLz4(bytes)) return err("corrupt");
  const data = view(bytes);
  let written = 0;
  for (let at = 4; at + 4 <= bytes.length;) {
    const size = data.getUint32(at, true);
    at += 4;
    // Frames may follow each other without anything between.
    if (size === MAGIC) continue;
    if (size > bytes.length - at) return err("corrupt");
    const end = decodeBlock(bytes.subarray(at, at + size), out, written);
    if (end < 0) return err("corrupt");
    written = end;
    at += size;
  }
  return written === out.length ? ok(undefined) : err("corrupt");
}

/** Decodes one block to out[start..]; answers where it ended, or -1. */
function decodeBlock(block: Uint8Array, out: Uint8Array, start: number): number {
  let at = 0;
  let written = start;
  // A length of 15 goes on in the following bytes, as long as they are 255.
  const length = (nibble: number): number => {
    let value = nibble;
    if (nibble !== 15) return value;
    for (;;) {
      const byte = block[at++];
      if (byte === undefined) return -1;
      value += byte;
      if (byte !== 255) return value;
    }
  };
  while (at < block.length) {
    const token = block[at++] as number;
    const literals = length(token >> 4);
    if (literals < 0 || literals > block.length - at || literals > out.length - written) return -1;
    out.set(block.subarray(at, at + literals), written);
    at += literals;
    written += literals;
    if (at === block.length) return written;
    if (at + 2 > block.length) return -1;
    const distance = (block[at] as number) | ((block[at + 1] as number) << 8);
    at += 2;
    const matched = length(token & 15);
    const count = matched + 4;
    if (matched < 0 || distance === 0 || distance > written - start || count > out.length - written) return -1;
    copyMatch(out, written, distance, count);
    written += count;
  }
  return written;
}

function copyMatch(out: Uint8Array, at: number, distance: number, count: number): void {
  if (distance >= count) out.copyWithin(at, at - distance, at - distance + count);
  else for (let i = at; i < at + count; i++) out[i] = out[i - distance] as number;
}

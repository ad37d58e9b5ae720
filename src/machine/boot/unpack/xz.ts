// The XZ container (the .xz file format 1.2), as far as kernel images use it: blocks of LZMA2, with or without the
// x86 branch filter, integrity by CRC-32 or none that we check.

import { err, ok, type Result } from "../../../shared/result";
import { decodeBcjX86 } from "./bcj_x86";
import { crc32 } from "./crc32";
import { decodeLzma2 } from "./lzma2";

export type UnpackError = "corrupt" | "too-long" | "unsupported";

const HEADER_SIZE = 12;
const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const CHECK_CRC32 = 1;
/** Bytes of the check by its type; types that are not listed do not exist. */
const CHECK_SIZES: Readonly<Record<number, number>> = { 0: 0, 1: 4, 4: 8, 10: 32 };
const FILTER_X86 = 0x04;
const FILTER_LZMA2 = 0x21;

export function isXz(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

/** Unpacks one stream into `out`, which must have exactly the right length. */
export function unpackXz(bytes: Uint8Array, out: Uint8Array): Result<void, UnpackError> {
  if (bytes.length < HEADER_SIZE || !isXz(bytes)) return err("corrupt");
  if (bytes[6] !== 0 || crc32(bytes.subarray(6, 8)) !== u32(bytes, 8)) return err("corrupt");
  const check = bytes[7] ?? 0;
  if (!Object.hasOwn(CHECK_SIZES, check)) return err("unsupported");
  let at = HEADER_SIZE;
  let written = 0;
  // A header size of 0 is the mark of the index, which follows the last block.
  while (bytes[at] !== 0) {
    const block = unpackBlock(bytes, at, out.subarray(written), check);
    if (!block.ok) return block;
    at = block.value.end;
    written += block.value.written;
  }
  return written === out.length ? ok(undefined) : err("corrupt");
}

function unpackBlock(
  bytes: Uint8Array,
  start: number,
  out: Uint8Array,
  check: number,
): Result<{ written: number; end: number }, UnpackError> {
  const header = readBlockHeader(bytes, start);
  if (!header.ok) return header;
  const data = decodeLzma2(bytes, header.value.end, out);
  if (!data.ok) return data;
  const content = out.subarray(0, data.value.written);
  if (header.value.x86) decodeBcjX86(content);
  const at = (data.value.end + 3) & ~3;
  if (check === CHECK_CRC32 && (at + 4 > bytes.length || u32(bytes, at) !== crc32(content))) return err("corrupt");
  return ok({ written: content.length, end: at + (CHECK_SIZES[check] ?? 0) });
}

interface BlockHeader {
  readonly end: number;
  readonly x86: boolean;
}

function readBlockHeader(bytes: Uint8Array, start: number): Result<BlockHeader, UnpackError> {
  const size = ((bytes[start] ?? 0) + 1) * 4;
  const end = start + size;
  if (end > bytes.length || crc32(bytes.subarray(start, end - 4)) !== u32(bytes, end - 4)) return err("corrupt");
  const reader = new VliReader(bytes.subarray(start + 2, end - 4));
  const flags = bytes[start + 1] ?? 0;
  if ((flags & 0x40) !== 0) reader.vli();
  if ((flags & 0x80) !== 0) reader.vli();
  const filters: number[] = [];
  for (let i = 0; i <= (flags & 3); i++) {
    const id = reader.vli();
    const properties = reader.take(reader.vli());
    // A start offset other than 0 is possible, but no kernel has one.
    if (id === FILTER_X86 && properties.some((byte) => byte !== 0)) return err("unsupported");
    filters.push(id);
  }
  if (reader.broken) return err("corrupt");
  const names = filters.join();
  if (names === String(FILTER_LZMA2)) return ok({ end, x86: false });
  return names === `${FILTER_X86},${FILTER_LZMA2}` ? ok({ end, x86: true }) : err("unsupported");
}

/** Reads the variable-length integers of the block header. */
class VliReader {
  broken = false;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  vli(): number {
    let value = 0;
    for (let i = 0; i < 9; i++) {
      const byte = this.#bytes[this.#at++] ?? 0x80;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    this.broken = true;
    return 0;
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) this.broken = true;
    const part = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += part.length;
    return part;
  }
}

function u32(bytes: Uint8Array, at: number): number {
  if (at < 0 || at + 4 > bytes.length) return -1;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
}

// Unpacks the vmlinux inside a bzImage with the host's processor: in the guest it would take billions of instructions.

import { err, ok, type Result } from "../../../shared/result";
import { isLz4, unpackLz4 } from "./lz4";
import { isXz, unpackXz, type UnpackError } from "./xz";

export type Gunzip = (bytes: Uint8Array, size: number) => Promise<Uint8Array | undefined>;

export interface Payload {
  readonly bytes: Uint8Array;
  /** As the image claims; nothing longer is ever made. */
  readonly unpackedSize: number;
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** "unsupported": a compression that only the guest's own code undoes (zstd, bzip2, lzo, lzma, or none found). */
export async function unpackPayload(payload: Payload, gunzip: Gunzip): Promise<Result<Uint8Array, UnpackError>> {
  const { bytes, unpackedSize } = payload;
  if (isElf(bytes)) return ok(bytes);
  if (isGzip(bytes)) {
    const unpacked = await gunzip(bytes, unpackedSize);
    return unpacked === undefined ? err("corrupt") : ok(unpacked);
  }
  // All others end in the unpacked length, which the kernel's build appended.
  const stream = bytes.subarray(0, Math.max(0, bytes.length - 4));
  const unpack = isXz(bytes) ? unpackXz : isLz4(bytes) ? unpackLz4 : undefined;
  if (unpack === undefined) return err("unsupported");
  const out = new Uint8Array(unpackedSize);
  const done = unpack(stream, out);
  return done.ok ? ok(out) : done;
}

// The Internet checksum (RFC 1071): the one's-complement sum of 16-bit big-endian words.

/** Words that are summed before the carries are folded in: the sum stays below 2^31. */
const BLOCK = 0x4000 * 2;

/** Adds the bytes [from, to) to a sum; an odd last byte counts as the upper half of a word. */
export function addBytes(sum: number, bytes: Uint8Array, from: number, to: number): number {
  let total = fold(sum);
  for (let at = from; at < to;) {
    const end = Math.min(at + BLOCK, to);
    const even = end - ((end - at) & 1);
    for (; at < even; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    if (at < end) total += (bytes[at++] ?? 0) << 8;
    total = fold(total);
  }
  return total;
}

/** Adds the carries of a sum to its low 16 bits. */
export function fold(sum: number): number {
  let total = sum;
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
}

/** What goes into a checksum field whose bytes were zero in the sum. */
export function checksumOf(sum: number): number {
  return ~fold(sum) & 0xffff;
}

/** What the pseudo header of TCP and UDP over IPv4 adds (RFC 9293, section 3.1). */
export function pseudoHeader4(source: number, destination: number, protocol: number, length: number): number {
  return (
    (source >>> 16) +
    (source & 0xffff) +
    (destination >>> 16) +
    (destination & 0xffff) +
    protocol +
    (length & 0xffff) +
    (length >>> 16)
  );
}

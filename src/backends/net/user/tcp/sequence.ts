// Sequence numbers: 32 bits that wrap (RFC 9293, section 3.4).

export function add(sequence: number, count: number): number {
  return (sequence + count) >>> 0;
}

/** How far `to` lies behind `from`; negative if it lies before. */
export function distance(from: number, to: number): number {
  return (to - from) | 0;
}

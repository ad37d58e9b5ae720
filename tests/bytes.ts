/** The bytes of a whole number, little-endian. */
export const le = (value: number, bytes = 4): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 255);

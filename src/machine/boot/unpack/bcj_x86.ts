// The x86 branch filter of XZ, backwards: the encoder replaced the relative targets of CALL and JMP by absolute ones,
// since equal targets compress better. In place, over one whole block.

/** By the pattern of opcode-like bytes just before: may this one be an operand's end all the same? */
const PLAUSIBLE = [true, true, true, false, true, false, false, false];
/** Which byte of the operand decides. */
const DECIDING_BYTE = [0, 1, 2, 2, 3, 3, 3, 3];

/** The high byte of a target that the encoder converts is 0 or 255. */
function isExtension(byte: number): boolean {
  return byte === 0 || byte === 255;
}

export function decodeBcjX86(bytes: Uint8Array): void {
  const end = bytes.length - 4;
  let mask = 0;
  let last = -1;
  for (let i = 0; i < end; i++) {
    if (((bytes[i] as number) & 0xfe) !== 0xe8) continue;
    const gap = i - last;
    last = i;
    mask = gap > 3 ? 0 : (mask << (gap - 1)) & 7;
    if (mask !== 0) {
      const deciding = bytes[i + 4 - (DECIDING_BYTE[mask] as number)] as number;
      if (PLAUSIBLE[mask] === false || isExtension(deciding)) {
        mask = ((mask << 1) | 1) & 7;
        continue;
      }
    }
    if (!isExtension(bytes[i + 4] as number)) {
      mask = ((mask << 1) | 1) & 7;
      continue;
    }
    writeTarget(bytes, i + 1, relativeTarget(readTarget(bytes, i + 1), i + 5, mask));
    i += 4;
  }
}

function relativeTarget(absolute: number, next: number, mask: number): number {
  let source = absolute;
  let target = source - next;
  if (mask !== 0) {
    const shift = (DECIDING_BYTE[mask] as number) * 8;
    // Each round flips the bits that made the deciding byte look like an extension; two are enough.
    for (let round = 0; round < 4 && isExtension((target >>> (24 - shift)) & 0xff); round++) {
      source = target ^ ((1 << (32 - shift)) - 1);
      target = source - next;
    }
  }
  target &= 0x1ffffff;
  return target | -(target & 0x1000000);
}

function readTarget(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return a | (b << 8) | (c << 16) | (d << 24);
}

function writeTarget(bytes: Uint8Array, at: number, target: number): void {
  bytes[at] = target;
  bytes[at + 1] = target >> 8;
  bytes[at + 2] = target >> 16;
  bytes[at + 3] = target >> 24;
}

// Values for x87 instructions: registers, memory operands, control words.
import { bytesOf } from "./format.mjs";

/** @typedef {import("./operands.mjs").Random} Random */

/** @param {number} head sign and exponent @param {bigint} significand */
export function extended(head, significand) {
  const bytes = new Uint8Array(10);
  bytes.set(bytesOf(significand, 8));
  bytes.set(bytesOf(BigInt(head), 2), 8);
  return bytes;
}

const ONE = 1n << 63n;
const ALL = (1n << 64n) - 1n;

/** Without their signs: zeros, denormals, pseudo-denormals, the ends of the formats, unsupported patterns, NaNs. @type {[number, bigint][]} */
const edges = [
  [0, 0n],
  [0, 1n],
  [0, 0x4000000000000000n],
  [0, 0x7fffffffffffffffn],
  [0, ONE],
  [0, ALL],
  [1, ONE],
  [1, ONE + 1n],
  [2, ONE],
  [0x7ffe, ALL],
  [0x7ffe, ONE],
  [0x7fff, ONE],
  [0x7fff, 0xc000000000000000n],
  [0x7fff, 0xc123456789abcdefn],
  [0x7fff, 0xe000000000000000n],
  [0x7fff, 0x8000000000000001n],
  [0x7fff, 0xa000000012345678n],
  [0x7fff, 0xbfffffffffffffffn],
  [0x7fff, 0n],
  [0x7fff, 0x4000000000000000n],
  [0x7fff, 0x1n],
  [0x3fff, 0x7fffffffffffffffn],
  [0x1234, 0n],
  [0x4005, 0x4000000000000000n],
  [0x3fff, ONE],
  [0x3fff, ONE + 1n],
  [0x3ffe, ALL],
  [0x3ffe, ONE],
  [0x4000, ONE],
  [0x3fff, 0xc000000000000000n],
  [0x4000, 0xa000000000000000n],
  [0x4000, 0xc000000000000000n],
  [0x4002, 0xa000000000000000n],
  [0x3ffd, 0xaaaaaaaaaaaaaaabn],
  [0x4000, 0xc90fdaa22168c235n],
  // The neighbourhood of the integer formats.
  [0x400d, 0xfffe000000000000n],
  [0x400d, 0xffff000000000000n],
  [0x400d, 0xffff8000000000n << 8n],
  [0x400e, ONE],
  [0x401d, 0xfffffffe00000000n],
  [0x401d, 0xffffffff00000000n],
  [0x401d, 0xffffffff80000000n],
  [0x401e, ONE],
  [0x401e, 0x8000000080000000n],
  [0x403d, ALL],
  [0x403d, ALL - 1n],
  [0x403e, ONE],
  [0x403e, ONE + 1n],
  [0x403d, 0xde0b6b3a763fffffn << 0n],
  [0x403a, 0xde0b6b3a763ffff0n],
  [0x403a, 0xde0b6b3a763ffff8n],
  [0x403a, 0xde0b6b3a76400000n],
  [0x403f, ONE],
  // The ends of binary32 and binary64.
  [0x407e, 0xffffff0000000000n],
  [0x407e, 0xffffff8000000000n],
  [0x407e, 0xffffff7fffffffffn],
  [0x3f81, ONE],
  [0x3f80, 0xffffff0000000000n],
  [0x3f80, 0xffffff8000000000n],
  [0x3f80, 0xffffffffffffffffn],
  [0x3f6a, ONE],
  [0x3f69, ONE],
  [0x3f69, ONE + 1n],
  [0x43fe, 0xfffffffffffff800n],
  [0x43fe, 0xfffffffffffffc00n],
  [0x43fe, 0xfffffffffffffbffn],
  [0x3c01, ONE],
  [0x3c00, 0xfffffffffffff800n],
  [0x3c00, 0xfffffffffffffc00n],
  [0x3c00, ALL],
  [0x3bcd, ONE],
  [0x3bcc, ONE],
  [0x3bcc, ONE + 1n],
];

/** @param {Random} r */
const u64 = (r) => (BigInt(r.u32()) << 32n) | BigInt(r.u32());

/** A significand, often with runs of equal bits. @param {Random} r */
function significand(r) {
  const value = u64(r) | ONE;
  switch (r.below(4)) {
    case 0:
      return ONE | (value & (ALL << BigInt(r.below(64))) & ALL);
    case 1:
      return (value | (ALL >> BigInt(r.below(63) + 1))) & ALL;
    default:
      return value;
  }
}

/** @param {Random} r */
function exponent(r) {
  switch (r.below(6)) {
    case 0:
      return 0x3fff + r.below(9) - 4;
    case 1:
      return 0x3fff + r.below(140) - 70;
    case 2:
      return 1 + r.below(80);
    case 3:
      return 0x7ffe - r.below(80);
    case 4:
      return 1 + r.below(0x7ffe);
    default:
      return 0x3fff + r.below(2200) - 1100;
  }
}

/** @param {Random} r */
export function register(r) {
  const sign = r.below(2) << 15;
  if (r.below(5) < 2) {
    const [head, sig] = r.pick(edges);
    return extended(head | sign, sig);
  }
  return extended(exponent(r) | sign, significand(r));
}

/** A number that can be subtracted from another or divided by it with an interesting result. @param {Random} r @param {Uint8Array} other */
export function related(r, other) {
  const view = new DataView(other.buffer, other.byteOffset);
  const head = view.getUint16(8, true);
  const sig = view.getBigUint64(0, true);
  switch (r.below(6)) {
    case 0:
      return other;
    case 1:
      return extended(head ^ 0x8000, sig);
    case 2:
      return extended(head ^ (r.below(2) << 15), (sig + BigInt(r.below(5)) - 2n) & ALL);
    case 3: {
      const distance = r.below(140) - 70;
      const exp = Math.min(0x7ffe, Math.max(1, (head & 0x7fff) + distance));
      return extended((r.below(2) << 15) | exp, significand(r));
    }
    case 4: {
      // Exponents that add up to the ends of the range.
      const target = r.below(2) ? 0x3fff + r.below(70) - 66 : 0xbffd - r.below(4);
      const exp = Math.min(0x7ffe, Math.max(1, target - (head & 0x7fff)));
      return extended((r.below(2) << 15) | exp, significand(r));
    }
    default:
      return register(r);
  }
}

/** An integer with few or many significant bits. @param {Random} r @param {number} width in bytes */
export function integer(r, width) {
  const bits = BigInt(width * 8);
  const value = r.pick([
    0n,
    1n,
    -1n,
    1n << (bits - 1n),
    (1n << (bits - 1n)) - 1n,
    3n,
    -10n,
    u64(r),
    u64(r) >> BigInt(r.below(64)),
  ]);
  return bytesOf(value, width);
}

const controls = { nearest: 0, down: 0x400, up: 0x800, zero: 0xc00 };

/** @param {Random} r @param {boolean} precise instructions that precision control does not concern */
export function controlWord(r, precise) {
  const rounding = r.pick(Object.values(controls));
  const precision = precise || r.below(2) ? 0x300 : r.pick([0, 0x200, 0x300, 0x100]);
  const masks = r.below(3) ? 0x3f : r.pick([0, 0x3e, 0x3d, 0x3b, 0x37, 0x2f, 0x1f, r.below(64)]);
  return 0x40 | masks | precision | rounding;
}

// Operand values: edges of each kind and random ones, from a seeded generator so that recording can be repeated.

/** A generator of 32-bit numbers (xorshift128). @param {string} seed */
export function random(seed) {
  const state = new Uint32Array([0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x8aed2a6b]);
  for (let i = 0; i < seed.length; i++) state[i & 3] = Math.imul((state[i & 3] ?? 0) ^ seed.charCodeAt(i), 0x01000193);
  const next = () => {
    const [first = 0, y = 0, z = 0, w = 0] = state;
    let x = first ^ (first << 11);
    x ^= x >>> 8;
    state.set([y, z, w, (w ^ (w >>> 19) ^ x) >>> 0]);
    return state[3] ?? 0;
  };
  for (let i = 0; i < 16; i++) next();
  return {
    u32: next,
    below: (/** @type {number} */ n) => next() % n,
    pick: /** @template T @param {readonly T[]} list @returns {T} */ (list) => list[next() % list.length],
  };
}

/** @typedef {ReturnType<typeof random>} Random */

const singles = [
  0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x40000000, 0x3f000000, 0x40400000, 0xc0400000, 0x3eaaaaab,
  0x3f800001, 0x3f7fffff, 0x00000001, 0x80000001, 0x007fffff, 0x807fffff, 0x00400000, 0x00800000, 0x80800000,
  0x00800001, 0x01000000, 0x7f7fffff, 0xff7fffff, 0x7f000000, 0x7e800000, 0x7f800000, 0xff800000, 0x7fc00000,
  0xffc00000, 0x7fc12345, 0xffd54321, 0x7f800001, 0xffa12345, 0x4f000000, 0xcf000000, 0x4effffff, 0xcf000001,
  0x5f000000, 0xdf000000, 0x4b000001, 0x4b800000, 0x3f19999a, 0x40200000, 0x3fc00000, 0xbfc00000, 0xbf000000,
  0x1a000000, 0x20000000, 0x5e800000, 0x65000000, 0x33800000,
];

const doubles = [
  0x0000000000000000n,
  0x8000000000000000n,
  0x3ff0000000000000n,
  0xbff0000000000000n,
  0x4000000000000000n,
  0x3fe0000000000000n,
  0x4008000000000000n,
  0xc008000000000000n,
  0x3fd5555555555555n,
  0x3ff0000000000001n,
  0x3fefffffffffffffn,
  0x0000000000000001n,
  0x8000000000000001n,
  0x000fffffffffffffn,
  0x800fffffffffffffn,
  0x0008000000000000n,
  0x0010000000000000n,
  0x8010000000000000n,
  0x0010000000000001n,
  0x0020000000000000n,
  0x7fefffffffffffffn,
  0xffefffffffffffffn,
  0x7fe0000000000000n,
  0x7fd0000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x7ff8000000000000n,
  0xfff8000000000000n,
  0x7ff8123456789abcn,
  0xfffa987654321012n,
  0x7ff0000000000001n,
  0xfff4123400000000n,
  0x41e0000000000000n,
  0xc1e0000000000000n,
  0x41dfffffffc00000n,
  0x41dfffffffe00000n,
  0xc1e0000000200000n,
  0xc1e0000000100000n,
  0x43e0000000000000n,
  0xc3e0000000000000n,
  0x43dfffffffffffffn,
  0xc3e0000000000001n,
  0x4330000000000001n,
  0x47efffffe0000000n,
  0x47effffff0000000n,
  0x47f0000000000000n,
  0x380fffffe0000000n,
  0x3810000000000000n,
  0x3690000000000000n,
  0x36a0000000000000n,
  0x3ff8000000000000n,
  0xbff8000000000000n,
  0x4004000000000000n,
  0xbfe0000000000000n,
  0x3ca0000000000000n,
  0x2000000000000000n,
  0x1ff0000000000000n,
  0x5fe0000000000000n,
  0x380ffffff0000000n,
  0x36a8000000000000n,
];

const integers = [
  0, 1, 2, 0x7f, 0x80, 0x81, 0xff, 0x100, 0x7fff, 0x8000, 0x8001, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
];

/** @typedef {"int" | "f32" | "f64" | "i32" | "i64" | "text" | "count"} Kind */

/** Bits of a binary32 number. @param {Random} r */
function single(r) {
  const choice = r.below(10);
  if (choice < 6) return r.pick(singles);
  if (choice < 8) return (r.below(2) << 31) | ((120 + r.below(16)) << 23) | r.below(1 << 23);
  // Few significant bits: exact results.
  return choice === 8 ? (r.below(2) << 31) | ((125 + r.below(8)) << 23) | (r.below(16) << 19) : r.u32();
}

/** Bits of a binary64 number. @param {Random} r @returns {bigint} */
function double(r) {
  const choice = r.below(10);
  const word = (BigInt(r.u32()) << 32n) | BigInt(r.u32());
  if (choice < 6) return r.pick(doubles);
  const field = (low, span) => (BigInt(r.below(2)) << 63n) | (BigInt(low + r.below(span)) << 52n);
  if (choice < 8) return field(1015, 16) | (word & 0xfffffffffffffn);
  return choice === 8 ? field(1021, 8) | (BigInt(r.below(16)) << 48n) : word;
}

/** @param {Random} r @returns {number} */
function integer(r) {
  return r.below(3) === 0 ? r.pick(integers) : r.u32();
}

/** 16 bytes of a kind. @param {Random} r @param {Kind} kind */
export function vector(r, kind) {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  if (kind === "f64") for (let i = 0; i < 16; i += 8) view.setBigUint64(i, double(r), true);
  else if (kind === "f32") for (let i = 0; i < 16; i += 4) view.setUint32(i, single(r), true);
  else if (kind === "text")
    for (let i = 0; i < 16; i++) bytes[i] = r.pick([0x61, 0x62, 0x63, 0x80, 0xff, 0x62, r.below(6) ? 0x61 : 0]);
  else if (kind === "count")
    view.setBigUint64(
      0,
      BigInt(r.pick([0, 1, 7, 8, 15, 16, 31, 32, 63, 64, 255, 0x10001])) + (r.below(8) ? 0n : 1n << 40n),
      true,
    );
  else
    for (let i = 0; i < 16; i += 4)
      view.setUint32(i, kind === "int" && r.below(3) === 0 ? smallLanes(r) : integer(r), true);
  return bytes;
}

/** Four bytes that are edges themselves. @param {Random} r */
function smallLanes(r) {
  let word = 0;
  for (let i = 0; i < 4; i++) word = (word << 8) | r.pick([0, 1, 0x7f, 0x80, 0xff, 0x81, r.below(256)]);
  return word >>> 0;
}

/** A general register's value. @param {Random} r @param {Kind} kind */
export function general(r, kind) {
  const bytes = vector(r, kind === "i64" ? "i32" : kind).slice(0, 8);
  // 64-bit edges: sign extension of the 32-bit ones, and powers of two around 2^53 and 2^63.
  if (r.below(2) === 0) bytes.fill((bytes[3] ?? 0) & 128 ? 255 : 0, 4);
  return bytes;
}

/** MXCSR values: default with and without PE, every rounding mode, DAZ, FTZ, and each exception unmasked. @param {Random} r */
export function mxcsr(r) {
  const choice = r.below(20);
  if (choice < 5) return 0x1f80;
  if (choice < 9) return 0x1fa0;
  const mode = r.below(4) << 13;
  if (choice < 12) return 0x1f80 | mode;
  if (choice < 15) return 0x1f80 | mode | (r.below(2) ? 0x40 : 0) | (r.below(2) ? 0x8000 : 0);
  if (choice < 19) return (0x1f80 & ~(0x80 << r.below(6))) | (r.below(3) ? 0 : mode) | (r.below(4) ? 0 : 0x8040);
  return r.below(2) << 15;
}

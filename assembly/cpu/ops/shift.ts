// Shifts and rotations: f(cpu, a, count). A count of 0 (after masking) changes neither value nor flags. OF after counts
// above 1 is undefined; we give what processors of the last decades give. T is a signed type.

import { CF, OF, arithmeticFlags, flagsBits, getCf, setArithmeticFlags } from "../flags";

@inline
function bitsOf<T>(): u32 {
  return sizeof<T>() * 8;
}

@inline
function maskCount<T>(count: T): u32 {
  return (<u32>count) & (sizeof<T>() == 8 ? 63 : 31);
}

/** The value without sign extension. */
@inline
function zeroExtended<T>(a: T): u64 {
  return sizeof<T>() == 8 ? <u64>a : (<u64>a) & (((<u64>1) << bitsOf<T>()) - 1);
}

@inline
export function shl<T>(cpu: usize, a: T, by: T): T {
  const count = maskCount<T>(by);
  if (count == 0) return a;
  return shlBy<T>(cpu, a, count);
}

function shlBy<T>(cpu: usize, a: T, count: u32): T {
  const bits = bitsOf<T>();
  const value = zeroExtended<T>(a);
  const r = count < 64 ? <T>(value << count) : <T>0;
  const carry = count <= bits ? (<u32>(value >> (bits - count))) & 1 : 0;
  const top = (<u32>(zeroExtended<T>(r) >> (bits - 1))) & 1;
  flagsBits(cpu, <i64>r, carry | ((carry ^ top) << 11));
  return r;
}

@inline
export function shr<T>(cpu: usize, a: T, by: T): T {
  const count = maskCount<T>(by);
  if (count == 0) return a;
  return shrBy<T>(cpu, a, count);
}

function shrBy<T>(cpu: usize, a: T, count: u32): T {
  const value = zeroExtended<T>(a);
  const r = <T>(value >> count);
  const carry = (<u32>(value >> (count - 1))) & 1;
  const top = (<u32>(value >> (bitsOf<T>() - 1))) & 1;
  flagsBits(cpu, <i64>r, carry | (count == 1 ? top << 11 : 0));
  return r;
}

@inline
export function sar<T>(cpu: usize, a: T, by: T): T {
  const count = maskCount<T>(by);
  if (count == 0) return a;
  const wide = <i64>a;
  const r = <T>(wide >> (<i64>count));
  flagsBits(cpu, <i64>r, (<u32>(wide >> (<i64>(count - 1)))) & 1);
  return r;
}

/** Rotations change only CF and OF. */
function setRotateFlags(cpu: usize, carry: u32, overflow: u32): void {
  setArithmeticFlags(cpu, (arithmeticFlags(cpu) & ~(CF | OF)) | carry | (overflow << 11));
}

export function rol<T>(cpu: usize, a: T, by: T): T {
  const masked = maskCount<T>(by);
  if (masked == 0) return a;
  const bits = bitsOf<T>();
  const count = masked & (bits - 1);
  const value = zeroExtended<T>(a);
  const r = count == 0 ? a : <T>((value << count) | (value >> (bits - count)));
  const carry = (<u32>r) & 1;
  setRotateFlags(cpu, carry, carry ^ ((<u32>(zeroExtended<T>(r) >> (bits - 1))) & 1));
  return r;
}

export function ror<T>(cpu: usize, a: T, by: T): T {
  const masked = maskCount<T>(by);
  if (masked == 0) return a;
  const bits = bitsOf<T>();
  const count = masked & (bits - 1);
  const value = zeroExtended<T>(a);
  const r = count == 0 ? a : <T>((value >> count) | (value << (bits - count)));
  const out = zeroExtended<T>(r);
  const carry = (<u32>(out >> (bits - 1))) & 1;
  setRotateFlags(cpu, carry, carry ^ ((<u32>(out >> (bits - 2))) & 1));
  return r;
}

/** Rotates through CF one bit at a time: rare, and at most 63 steps. */
export function rcl<T>(cpu: usize, a: T, by: T): T {
  const bits = bitsOf<T>();
  const count = maskCount<T>(by) % (bits + 1);
  if (maskCount<T>(by) == 0) return a;
  let value = zeroExtended<T>(a);
  let carry = getCf(cpu);
  for (let i: u32 = 0; i < count; i++) {
    const out = (<u32>(value >> (bits - 1))) & 1;
    value = zeroExtended<T>(<T>((value << 1) | carry));
    carry = out;
  }
  setRotateFlags(cpu, carry, carry ^ ((<u32>(value >> (bits - 1))) & 1));
  return <T>value;
}

export function rcr<T>(cpu: usize, a: T, by: T): T {
  const bits = bitsOf<T>();
  const count = maskCount<T>(by) % (bits + 1);
  if (maskCount<T>(by) == 0) return a;
  let value = zeroExtended<T>(a);
  let carry = getCf(cpu);
  for (let i: u32 = 0; i < count; i++) {
    const out = (<u32>value) & 1;
    value = (value >> 1) | ((<u64>carry) << (bits - 1));
    carry = out;
  }
  setRotateFlags(cpu, carry, (<u32>((value >> (bits - 1)) ^ (value >> (bits - 2)))) & 1);
  return <T>value;
}

/** Double shifts. 16-bit counts above 16 are undefined; we rotate the operands as a 32-bit pair with the source twice. */
export function shld<T>(cpu: usize, a: T, b: T, by: T): T {
  const count = maskCount<T>(by);
  if (count == 0) return a;
  const bits = bitsOf<T>();
  const high = zeroExtended<T>(a);
  const low = zeroExtended<T>(b);
  let r: T;
  let carry: u32;
  if (count <= bits) {
    r = <T>((count < 64 ? high << count : 0) | (count == 0 ? 0 : low >> (bits - count)));
    carry = (<u32>(high >> (bits - count))) & 1;
  } else {
    r = <T>((low << (count - bits)) | (high >> (2 * bits - count)));
    carry = (<u32>(low >> (2 * bits - count))) & 1;
  }
  const change = (<u32>((zeroExtended<T>(r) ^ high) >> (bits - 1))) & 1;
  flagsBits(cpu, <i64>r, carry | (change << 11));
  return r;
}

export function shrd<T>(cpu: usize, a: T, b: T, by: T): T {
  const count = maskCount<T>(by);
  if (count == 0) return a;
  const bits = bitsOf<T>();
  const low = zeroExtended<T>(a);
  const high = zeroExtended<T>(b);
  let r: T;
  let carry: u32;
  if (count <= bits) {
    r = <T>((count < 64 ? low >> count : 0) | (high << (bits - count)));
    carry = (<u32>(low >> (count - 1))) & 1;
  } else {
    r = <T>((high >> (count - bits)) | (low << (2 * bits - count)));
    carry = (<u32>(high >> (count - bits - 1))) & 1;
  }
  const change = (<u32>((zeroExtended<T>(r) ^ low) >> (bits - 1))) & 1;
  flagsBits(cpu, <i64>r, carry | (change << 11));
  return r;
}

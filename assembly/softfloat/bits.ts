// What a bit pattern of IEEE 754 binary32 (T = u32) or binary64 (T = u64) is.

@inline
export function significandBits<T>(): u32 {
  return sizeof<T>() == 8 ? 52 : 23;
}

@inline
export function signBit<T>(): T {
  const top = <T>(sizeof<T>() * 8 - 1);
  return (<T>1) << top;
}

/** Bits of positive infinity. */
@inline
export function infinity<T>(): T {
  return sizeof<T>() == 8 ? <T>((<u64>0x7ff) << 52) : <T>((<u64>0xff) << 23);
}

/** The NaN of an invalid operation (SDM vol. 1, table 4-3): quiet and negative. */
@inline
export function defaultNaN<T>(): T {
  return sizeof<T>() == 8 ? <T>((<u64>0xfff8) << 48) : <T>((<u64>0xffc0) << 16);
}

@inline
export function magnitude<T>(bits: T): T {
  return bits & ~signBit<T>();
}

@inline
export function isNaNBits<T>(bits: T): bool {
  return magnitude<T>(bits) > infinity<T>();
}

@inline
export function quiet<T>(bits: T): T {
  const top = <T>(significandBits<T>() - 1);
  return bits | ((<T>1) << top);
}

@inline
export function isSignaling<T>(bits: T): bool {
  return isNaNBits<T>(bits) && quiet<T>(bits) != bits;
}

@inline
export function isInfinite<T>(bits: T): bool {
  return magnitude<T>(bits) == infinity<T>();
}

@inline
export function isZeroBits<T>(bits: T): bool {
  return magnitude<T>(bits) == 0;
}

@inline
export function isDenormal<T>(bits: T): bool {
  const width = <T>significandBits<T>();
  return magnitude<T>(bits) - 1 < ((<T>1) << width) - 1;
}

/** Denormals become zero of the same sign when `daz` (MXCSR.DAZ). */
@inline
export function flushOperand<T>(bits: T, daz: bool): T {
  return daz && isDenormal<T>(bits) ? bits & signBit<T>() : bits;
}

// Order of floating-point bit patterns. Comparing as floats in wasm is exact, since no comparison makes a NaN.

/** a < b; false for NaNs. */
@inline
export function lessThan<T>(a: T, b: T): bool {
  if (sizeof<T>() == 8) return reinterpret<f64>(<u64>a) < reinterpret<f64>(<u64>b);
  return reinterpret<f32>(<u32>a) < reinterpret<f32>(<u32>b);
}

@inline
export function equal<T>(a: T, b: T): bool {
  if (sizeof<T>() == 8) return reinterpret<f64>(<u64>a) == reinterpret<f64>(<u64>b);
  return reinterpret<f32>(<u32>a) == reinterpret<f32>(<u32>b);
}

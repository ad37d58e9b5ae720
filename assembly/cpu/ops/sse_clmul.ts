// PCLMULQDQ: product of two 64-bit polynomials over GF(2).

import { immediate, source, target } from "./sse_operands";

export function pclmulqdq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const control = <usize>immediate(rec);
  const a = load<u64>(to + ((control & 1) << 3));
  let b = load<u64>(from + ((control & 16) >> 1));
  let low: u64 = 0;
  let high: u64 = 0;
  for (; b != 0; b &= b - 1) {
    const n = ctz(b);
    low ^= a << n;
    // In two steps, since a shift by 64 would be one by 0.
    high ^= (a >> 1) >> (63 - n);
  }
  store<u64>(to, low);
  store<u64>(to, high, 8);
  return true;
}

// Multiplication and division. Division errors raise #DE before anything changes.

import * as Cpu from "../../layout/cpu";
import * as Exception from "../../layout/exception";
import { CF, OF, flagsBits, flagsMul, multiplyHigh, multiplyHighSigned } from "../flags";
import { regGet, regSet, rmHost } from "../operand";
import { raise } from "../state";

/** CF and OF say that the upper half is significant. */
@inline
function flagsWide(cpu: usize, low: i64, overflow: bool): void {
  flagsBits(cpu, low, overflow ? CF | OF : 0);
}

/** IMUL Gv,Ev. */
@inline
export function multiply<T>(cpu: usize, a: T, b: T): T {
  const r = <T>(a * b);
  flagsMul(cpu, <i64>a, <i64>b, <i64>r);
  return r;
}

/** IMUL Gv,Ev,I. */
@inline
export function multiply3<T>(cpu: usize, a: T, b: T): T {
  return multiply<T>(cpu, a, b);
}

export function mulByte(cpu: usize, rec: usize): bool {
  const host = rmHost<u8>(cpu, rec);
  if (host == 0) return false;
  const r = <u16>regGet<u8>(cpu, Cpu.rax) * <u16>load<u8>(host);
  regSet<u16>(cpu, Cpu.rax, r);
  flagsWide(cpu, <i64>(<i8>r), r > 0xff);
  return true;
}

export function imulByte(cpu: usize, rec: usize): bool {
  const host = rmHost<u8>(cpu, rec);
  if (host == 0) return false;
  const r = <i16>regGet<i8>(cpu, Cpu.rax) * <i16>load<i8>(host);
  regSet<u16>(cpu, Cpu.rax, <u16>r);
  flagsWide(cpu, <i64>(<i8>r), <i16>(<i8>r) != r);
  return true;
}

export function mul<T>(cpu: usize, rec: usize): bool {
  const host = rmHost<T>(cpu, rec);
  if (host == 0) return false;
  const a = <u64>regGet<T>(cpu, Cpu.rax);
  const b = <u64>load<T>(host);
  const low = a * b;
  const high = sizeof<T>() == 8 ? multiplyHigh(a, b) : low >> (sizeof<T>() * 8);
  regSet<T>(cpu, Cpu.rax, <T>low);
  regSet<T>(cpu, Cpu.rdx, <T>high);
  flagsWide(cpu, signExtend<T>(low), high != 0);
  return true;
}

@inline
function signExtend<T>(value: u64): i64 {
  const unused: i64 = 64 - sizeof<T>() * 8;
  return ((<i64>value) << unused) >> unused;
}

export function imul<T>(cpu: usize, rec: usize): bool {
  const host = rmHost<T>(cpu, rec);
  if (host == 0) return false;
  const a = signExtend<T>(<u64>regGet<T>(cpu, Cpu.rax));
  const b = signExtend<T>(<u64>load<T>(host));
  const product = a * b;
  const low = signExtend<T>(<u64>product);
  const high = sizeof<T>() == 8 ? multiplyHighSigned(a, b) : product >> (sizeof<T>() * 8);
  regSet<T>(cpu, Cpu.rax, <T>low);
  regSet<T>(cpu, Cpu.rdx, <T>high);
  flagsWide(cpu, low, sizeof<T>() == 8 ? high != low >> 63 : product != low);
  return true;
}

function divideError(cpu: usize): bool {
  raise(cpu, Exception.DE, 0);
  return false;
}

export function divByte(cpu: usize, rec: usize): bool {
  const host = rmHost<u8>(cpu, rec);
  if (host == 0) return false;
  const divisor = <u32>load<u8>(host);
  const dividend = <u32>regGet<u16>(cpu, Cpu.rax);
  if (divisor == 0 || dividend / divisor > 0xff) return divideError(cpu);
  regSet<u16>(cpu, Cpu.rax, <u16>((dividend / divisor) | ((dividend % divisor) << 8)));
  return true;
}

export function idivByte(cpu: usize, rec: usize): bool {
  const host = rmHost<u8>(cpu, rec);
  if (host == 0) return false;
  const divisor = <i32>load<i8>(host);
  const dividend = <i32>regGet<i16>(cpu, Cpu.rax);
  if (divisor == 0) return divideError(cpu);
  const quotient = dividend / divisor;
  if (quotient != <i32>(<i8>quotient)) return divideError(cpu);
  regSet<u16>(cpu, Cpu.rax, <u16>((quotient & 0xff) | ((dividend % divisor) << 8)));
  return true;
}

export function div<T>(cpu: usize, rec: usize): bool {
  const host = rmHost<T>(cpu, rec);
  if (host == 0) return false;
  const divisor = <u64>load<T>(host);
  const high = <u64>regGet<T>(cpu, Cpu.rdx);
  const low = <u64>regGet<T>(cpu, Cpu.rax);
  // The quotient fits exactly when the upper half is below the divisor; this covers division by zero.
  if (high >= divisor) return divideError(cpu);
  if (sizeof<T>() == 8) {
    const quotient = high == 0 ? low / divisor : divideWide(high, low, divisor);
    regSet<u64>(cpu, Cpu.rax, quotient);
    regSet<u64>(cpu, Cpu.rdx, low - quotient * divisor);
  } else {
    const width: u64 = sizeof<T>() * 8;
    const dividend = (high << width) | low;
    regSet<T>(cpu, Cpu.rax, <T>(dividend / divisor));
    regSet<T>(cpu, Cpu.rdx, <T>(dividend % divisor));
  }
  return true;
}

/** Quotient of the 128-bit high:low by divisor, high < divisor (Knuth's algorithm D with 32-bit digits). */
export function divideWide(high: u64, low: u64, divisor: u64): u64 {
  const shift = clz<u64>(divisor);
  const d = divisor << shift;
  const d1 = d >> 32;
  const d0 = d & 0xffffffff;
  const n = shift == 0 ? high : (high << shift) | (low >> (64 - shift));
  const l = low << shift;
  const q1 = quotientDigit(n, l >> 32, d, d1, d0);
  const rest = ((n << 32) | (l >> 32)) - q1 * d;
  const q0 = quotientDigit(rest, l & 0xffffffff, d, d1, d0);
  return (q1 << 32) | q0;
}

/** One 32-bit digit of (n * 2^32 + next) / d. */
function quotientDigit(n: u64, next: u64, d: u64, d1: u64, d0: u64): u64 {
  let q = n / d1;
  let r = n % d1;
  while (q > 0xffffffff || q * d0 > ((r << 32) | next)) {
    q--;
    r += d1;
    if (r > 0xffffffff) break;
  }
  return q;
}

export function idiv<T>(cpu: usize, rec: usize): bool {
  const host = rmHost<T>(cpu, rec);
  if (host == 0) return false;
  const divisor = signExtend<T>(<u64>load<T>(host));
  if (divisor == 0) return divideError(cpu);
  if (sizeof<T>() == 8) return idiv64(cpu, divisor);
  const width: u64 = sizeof<T>() * 8;
  const high = (<u64>regGet<T>(cpu, Cpu.rdx)) << width;
  const bits: i64 = 64 - 16 * sizeof<T>();
  const dividend = ((<i64>(high | (<u64>regGet<T>(cpu, Cpu.rax)))) << bits) >> bits;
  // -2^63 / -1 would trap in wasm; here it is one more quotient that does not fit.
  if (divisor == -1 && dividend == i64.MIN_VALUE) return divideError(cpu);
  const quotient = dividend / divisor;
  if (quotient != signExtend<T>(<u64>quotient)) return divideError(cpu);
  regSet<T>(cpu, Cpu.rax, <T>quotient);
  regSet<T>(cpu, Cpu.rdx, <T>(dividend % divisor));
  return true;
}

function idiv64(cpu: usize, divisor: i64): bool {
  const high = regGet<i64>(cpu, Cpu.rdx);
  const low = regGet<u64>(cpu, Cpu.rax);
  const negative = high < 0;
  const absoluteLow = negative ? 0 - low : low;
  const absoluteHigh = negative ? <u64>~high + <u64>(low == 0) : <u64>high;
  const d = divisor < 0 ? 0 - <u64>divisor : <u64>divisor;
  if (absoluteHigh >= d) return divideError(cpu);
  const q = absoluteHigh == 0 ? absoluteLow / d : divideWide(absoluteHigh, absoluteLow, d);
  const opposite = negative != divisor < 0;
  if (q > (opposite ? (<u64>1) << 63 : <u64>i64.MAX_VALUE)) return divideError(cpu);
  const rest = absoluteLow - q * d;
  regSet<u64>(cpu, Cpu.rax, opposite ? 0 - q : q);
  regSet<u64>(cpu, Cpu.rdx, negative ? 0 - rest : rest);
  return true;
}

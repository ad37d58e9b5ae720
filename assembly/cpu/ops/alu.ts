// Arithmetic and logic. Operations are pure but for the flags: f(cpu, a, b) gives the result; T is a signed type.

import * as Cpu from "../../layout/cpu";
import {
  CF,
  DF,
  ARITHMETIC,
  OF,
  arithmeticFlags,
  carriesAdd,
  carriesSub,
  carryFlags,
  flagsAdd,
  flagsBits,
  flagsLogic,
  flagsSub,
  getCf,
  setArithmeticFlags,
  setFlags,
} from "../flags";
import { regGet, regSet } from "../operand";

@inline
export function add<T>(cpu: usize, a: T, b: T): T {
  const r = <T>(a + b);
  flagsAdd(cpu, <i64>a, <i64>b, <i64>r);
  return r;
}

@inline
export function sub<T>(cpu: usize, a: T, b: T): T {
  const r = <T>(a - b);
  flagsSub(cpu, <i64>a, <i64>b, <i64>r);
  return r;
}

@inline
export function cmp<T>(cpu: usize, a: T, b: T): void {
  flagsSub(cpu, <i64>a, <i64>b, <i64>(<T>(a - b)));
}

@inline
export function and<T>(cpu: usize, a: T, b: T): T {
  const r = <T>(a & b);
  flagsLogic(cpu, <i64>r);
  return r;
}

@inline
export function test<T>(cpu: usize, a: T, b: T): void {
  flagsLogic(cpu, <i64>(<T>(a & b)));
}

@inline
export function or<T>(cpu: usize, a: T, b: T): T {
  const r = <T>(a | b);
  flagsLogic(cpu, <i64>r);
  return r;
}

@inline
export function xor<T>(cpu: usize, a: T, b: T): T {
  const r = <T>(a ^ b);
  flagsLogic(cpu, <i64>r);
  return r;
}

export function adc<T>(cpu: usize, a: T, b: T): T {
  const r = <T>(a + b + <T>getCf(cpu));
  flagsBits(cpu, <i64>r, carryFlags(carriesAdd(<i64>a, <i64>b, <i64>r), sizeof<T>() * 8 - 1));
  return r;
}

export function sbb<T>(cpu: usize, a: T, b: T): T {
  const r = <T>(a - b - <T>getCf(cpu));
  flagsBits(cpu, <i64>r, carryFlags(carriesSub(<i64>a, <i64>b, <i64>r), sizeof<T>() * 8 - 1));
  return r;
}

/** CF stays: it is put aside before the other flags change. */
@inline
export function inc<T>(cpu: usize, a: T): T {
  store<u32>(cpu, getCf(cpu), Cpu.flagBits);
  const r = <T>(a + 1);
  store<i64>(cpu, <i64>r, Cpu.flagResult);
  store<i64>(cpu, <i64>a, Cpu.flagA);
  store<u32>(cpu, Cpu.FLAGS_INC, Cpu.flagKind);
  return r;
}

@inline
export function dec<T>(cpu: usize, a: T): T {
  store<u32>(cpu, getCf(cpu), Cpu.flagBits);
  const r = <T>(a - 1);
  store<i64>(cpu, <i64>r, Cpu.flagResult);
  store<i64>(cpu, <i64>a, Cpu.flagA);
  store<u32>(cpu, Cpu.FLAGS_DEC, Cpu.flagKind);
  return r;
}

@inline
export function neg<T>(cpu: usize, a: T): T {
  return sub<T>(cpu, <T>0, a);
}

@inline
export function not<T>(cpu: usize, a: T): T {
  return <T>~a;
}

/** CBW, CWDE, CDQE: sign-extends the lower half of the accumulator. */
export function widen<T>(cpu: usize, rec: usize): bool {
  if (sizeof<T>() == 2) regSet<u16>(cpu, Cpu.rax, <u16>(<i16>regGet<i8>(cpu, Cpu.rax)));
  else if (sizeof<T>() == 4) regSet<u32>(cpu, Cpu.rax, <u32>(<i32>regGet<i16>(cpu, Cpu.rax)));
  else regSet<u64>(cpu, Cpu.rax, <u64>(<i64>regGet<i32>(cpu, Cpu.rax)));
  return true;
}

/** CWD, CDQ, CQO: fills DX with the sign of the accumulator. */
export function signFill<T>(cpu: usize, rec: usize): bool {
  const negative = regGet<T>(cpu, Cpu.rax) >> (<T>(sizeof<T>() * 8 - 1)) != 0;
  regSet<T>(cpu, Cpu.rdx, negative ? <T>~(<T>0) : <T>0);
  return true;
}

export function cmc(cpu: usize, rec: usize): bool {
  setArithmeticFlags(cpu, arithmeticFlags(cpu) ^ CF);
  return true;
}

export function clc(cpu: usize, rec: usize): bool {
  setArithmeticFlags(cpu, arithmeticFlags(cpu) & ~CF);
  return true;
}

export function stc(cpu: usize, rec: usize): bool {
  setArithmeticFlags(cpu, arithmeticFlags(cpu) | CF);
  return true;
}

export function cld(cpu: usize, rec: usize): bool {
  setFlags(cpu, 0, DF);
  return true;
}

export function std(cpu: usize, rec: usize): bool {
  setFlags(cpu, DF, DF);
  return true;
}

export function sahf(cpu: usize, rec: usize): bool {
  setFlags(cpu, regGet<u8>(cpu, Cpu.rax + 1), ARITHMETIC & ~OF);
  return true;
}

export function lahf(cpu: usize, rec: usize): bool {
  regSet<u8>(cpu, Cpu.rax + 1, <u8>(arithmeticFlags(cpu) | 2));
  return true;
}

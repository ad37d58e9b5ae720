// Operands of SSE instructions, as their handlers use them.

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import { storeLinear, storeLinear128 } from "../access";
import { ea, isRegister, xmmHost } from "../operand";
import { protection, xmmAddress } from "../state";

/** Host address of a full 16-byte source operand, which must be aligned in memory; 0 = fault. */
@inline
export function source(cpu: usize, rec: usize): usize {
  return xmmHost(cpu, rec, 16, true);
}

/** Address of the destination register (modrm.reg). */
@inline
export function target(cpu: usize, rec: usize): usize {
  return xmmAddress(cpu, load<u8>(rec, Record.reg));
}

/** Address of the register that modrm.rm names. */
@inline
export function rmRegister(cpu: usize, rec: usize): usize {
  return xmmAddress(cpu, load<u8>(rec, Record.rm));
}

@inline
export function immediate(rec: usize): u32 {
  return load<u8>(rec, Record.imm);
}

@inline
export function put(address: usize, value: v128): bool {
  v128.store(address, value);
  return true;
}

/** Writes a GPR of 32 or 64 bits; 32 clear the upper half. */
@inline
export function putGeneral<T>(cpu: usize, offset: u32, value: T): bool {
  store<u64>(cpu + <usize>offset, sizeof<T>() == 8 ? <u64>value : (<u64>value) & 0xffffffff);
  return true;
}

/** Stores 16 bytes to the xmm register or memory operand that modrm.rm names; false = fault. */
export function storeVector(cpu: usize, rec: usize, value: v128, aligned: bool): bool {
  if (isRegister(rec)) return put(rmRegister(cpu, rec), value);
  const la = ea(cpu, rec, 16, true);
  if (aligned && (la & 15) != 0) return protection(cpu, 0);
  return storeLinear128(cpu, la, i64x2.extract_lane(value, 0), i64x2.extract_lane(value, 1));
}

/** Stores a scalar to the memory operand. */
export function storeScalar<T>(cpu: usize, rec: usize, value: T): bool {
  return storeLinear<T>(cpu, ea(cpu, rec, sizeof<T>(), true), value);
}

/** Byte n of the result is byte n + `count` of `value`, zero beyond its end. */
@inline
export function bytesDown(value: v128, count: u32): v128 {
  return i8x16.swizzle(value, i8x16.add(iota(), i8x16.splat(<i8>count)));
}

/** Byte n of the result is byte n - `count` of `value`, zero before its start. `count` is at most 128. */
@inline
export function bytesUp(value: v128, count: u32): v128 {
  return i8x16.swizzle(value, i8x16.sub(iota(), i8x16.splat(<i8>count)));
}

@inline
function iota(): v128 {
  return i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

@inline
export function zero128(): v128 {
  return i64x2.splat(0);
}

@inline
export function mxcsrOf(cpu: usize): u32 {
  return load<u32>(cpu, Cpu.mxcsr);
}

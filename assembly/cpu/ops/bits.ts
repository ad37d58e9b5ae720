// Bit tests, scans and counts, byte swaps.

import { commitModify, modifyHost, readHost } from "../access";
import { CF, ZF, arithmeticFlags, flagsBits, setArithmeticFlags } from "../flags";
import { elementAddress, isRegister, reg, rmHost, rmReg, setReg, setRmReg } from "../operand";

@inline
export function bswap<T>(cpu: usize, a: T): T {
  if (sizeof<T>() == 8) return <T>swap64(<u64>a);
  if (sizeof<T>() == 4) return <T>swap32(<u32>a);
  return <T>0; // undefined for 16 bits; processors give zero
}

@inline
export function swap32(v: u32): u32 {
  return rotl<u32>(v & 0xff00ff00, 8) | rotl<u32>(v & 0x00ff00ff, 24);
}

@inline
export function swap64(v: u64): u64 {
  return ((<u64>swap32(<u32>v)) << 32) | (<u64>swap32(<u32>(v >> 32)));
}

function setCarry(cpu: usize, carry: bool): void {
  setArithmeticFlags(cpu, (arithmeticFlags(cpu) & ~CF) | (<u32>carry));
}

@inline
function bitMask<T>(bit: u32): T {
  return <T>((<u64>1) << (bit & (sizeof<T>() * 8 - 1)));
}

export function btImm<T>(cpu: usize, a: T, bit: T): void {
  setCarry(cpu, (a & bitMask<T>(<u32>bit)) != 0);
}

export function btsImm<T>(cpu: usize, a: T, bit: T): T {
  const mask = bitMask<T>(<u32>bit);
  setCarry(cpu, (a & mask) != 0);
  return a | mask;
}

export function btrImm<T>(cpu: usize, a: T, bit: T): T {
  const mask = bitMask<T>(<u32>bit);
  setCarry(cpu, (a & mask) != 0);
  return a & ~mask;
}

export function btcImm<T>(cpu: usize, a: T, bit: T): T {
  const mask = bitMask<T>(<u32>bit);
  setCarry(cpu, (a & mask) != 0);
  return a ^ mask;
}

/** With a register bit offset the memory operand is a bit string: the offset, signed, selects the word. */
@inline
function wordAddress<T>(cpu: usize, rec: usize, write: bool): u64 {
  const offset = reg<T>(cpu, rec);
  const unused: i64 = 64 - sizeof<T>() * 8;
  const wide = ((<i64>offset) << unused) >> unused;
  const shift: i64 = sizeof<T>() == 8 ? 6 : sizeof<T>() == 4 ? 5 : 4;
  return elementAddress(cpu, rec, <u64>((wide >> shift) * sizeof<T>()), sizeof<T>(), write);
}

export function bt<T>(cpu: usize, rec: usize): bool {
  const bit = <u32>reg<T>(cpu, rec);
  let value: T;
  if (isRegister(rec)) value = rmReg<T>(cpu, rec);
  else {
    const host = readHost(cpu, wordAddress<T>(cpu, rec, false), sizeof<T>());
    if (host == 0) return false;
    value = load<T>(host);
  }
  setCarry(cpu, (value & bitMask<T>(bit)) != 0);
  return true;
}

const SET = 0;
const CLEAR = 1;
const COMPLEMENT = 2;

@inline
function changed<T>(value: T, mask: T, how: i32): T {
  if (how == SET) return value | mask;
  return how == CLEAR ? value & ~mask : value ^ mask;
}

@inline
function changeBit<T>(cpu: usize, rec: usize, how: i32): bool {
  const mask = bitMask<T>(<u32>reg<T>(cpu, rec));
  if (isRegister(rec)) {
    const value = rmReg<T>(cpu, rec);
    setRmReg<T>(cpu, rec, changed<T>(value, mask, how));
    setCarry(cpu, (value & mask) != 0);
    return true;
  }
  const host = modifyHost(cpu, wordAddress<T>(cpu, rec, true), sizeof<T>());
  if (host == 0) return false;
  const value = load<T>(host);
  store<T>(host, changed<T>(value, mask, how));
  commitModify(cpu, host);
  setCarry(cpu, (value & mask) != 0);
  return true;
}

export function bts<T>(cpu: usize, rec: usize): bool {
  return changeBit<T>(cpu, rec, SET);
}

export function btr<T>(cpu: usize, rec: usize): bool {
  return changeBit<T>(cpu, rec, CLEAR);
}

export function btc<T>(cpu: usize, rec: usize): bool {
  return changeBit<T>(cpu, rec, COMPLEMENT);
}

@inline
function zeroExtended<T>(a: T): u64 {
  const width: u64 = sizeof<T>() * 8;
  return sizeof<T>() == 8 ? <u64>a : (<u64>a) & (((<u64>1) << width) - 1);
}

/**
 * BSF and BSR: with a source of zero the whole destination register stays, the upper half of 32-bit forms too. The flags
 * but ZF are undefined and stay.
 */
@inline
function scan<T>(cpu: usize, rec: usize, backward: bool): bool {
  const host = rmHost<T>(cpu, rec);
  if (host == 0) return false;
  const source = <u64>load<T>(host);
  setArithmeticFlags(cpu, (arithmeticFlags(cpu) & ~ZF) | (source == 0 ? ZF : 0));
  if (source != 0) setReg<T>(cpu, rec, <T>(backward ? 63 - clz<u64>(source) : ctz<u64>(source)));
  return true;
}

export function bsf<T>(cpu: usize, rec: usize): bool {
  return scan<T>(cpu, rec, false);
}

export function bsr<T>(cpu: usize, rec: usize): bool {
  return scan<T>(cpu, rec, true);
}

export function tzcnt<T>(cpu: usize, rec: usize): bool {
  const host = rmHost<T>(cpu, rec);
  if (host == 0) return false;
  const source = <u64>load<T>(host);
  return setCount<T>(cpu, rec, source, source == 0 ? sizeof<T>() * 8 : ctz<u64>(source));
}

export function lzcnt<T>(cpu: usize, rec: usize): bool {
  const host = rmHost<T>(cpu, rec);
  if (host == 0) return false;
  const source = <u64>load<T>(host);
  return setCount<T>(cpu, rec, source, clz<u64>(source) - (64 - sizeof<T>() * 8));
}

@inline
function setCount<T>(cpu: usize, rec: usize, source: u64, count: u64): bool {
  flagsBits(cpu, <i64>count, source == 0 ? CF : 0);
  setReg<T>(cpu, rec, <T>count);
  return true;
}

export function popcnt<T>(cpu: usize, a: T, b: T): T {
  setArithmeticFlags(cpu, b == <T>0 ? ZF : 0);
  return <T>countBits(zeroExtended<T>(b));
}

@inline
function countBits(v: u64): u64 {
  return i64.popcnt(<i64>v);
}

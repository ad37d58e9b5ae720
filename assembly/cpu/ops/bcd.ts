// Decimal adjustment, BOUND and SALC: 16- and 32-bit modes only.

import * as Cpu from "../../layout/cpu";
import * as Exception from "../../layout/exception";
import * as Record from "../../layout/record";
import { readHost } from "../access";
import { AF, CF, arithmeticFlags, flagsBits, getCf } from "../flags";
import { ea, reg, regGet, regSet } from "../operand";
import { raise } from "../state";

function decimal(cpu: usize, sign: i32): bool {
  const old = regGet<u8>(cpu, Cpu.rax);
  const flags = arithmeticFlags(cpu);
  let al = <i32>old;
  let bits: u32 = 0;
  if ((old & 15) > 9 || (flags & AF) != 0) {
    al += sign * 6;
    bits |= AF | (flags & CF) | (al < 0 || al > 0xff ? CF : 0);
  }
  if (old > 0x99 || (flags & CF) != 0) {
    al += sign * 0x60;
    bits |= CF;
  } else if (sign > 0) bits &= ~CF;
  regSet<u8>(cpu, Cpu.rax, <u8>al);
  flagsBits(cpu, <i64>(<i8>al), bits);
  return true;
}

export function daa(cpu: usize, rec: usize): bool {
  return decimal(cpu, 1);
}

export function das(cpu: usize, rec: usize): bool {
  return decimal(cpu, -1);
}

function ascii(cpu: usize, sign: i32): bool {
  const adjust = (regGet<u8>(cpu, Cpu.rax) & 15) > 9 || (arithmeticFlags(cpu) & AF) != 0;
  const ax = <i32>regGet<u16>(cpu, Cpu.rax) + (adjust ? sign * 0x106 : 0);
  regSet<u16>(cpu, Cpu.rax, <u16>(ax & 0xff0f));
  flagsBits(cpu, <i64>(<i8>(ax & 0x0f)), adjust ? AF | CF : 0);
  return true;
}

export function aaa(cpu: usize, rec: usize): bool {
  return ascii(cpu, 1);
}

export function aas(cpu: usize, rec: usize): bool {
  return ascii(cpu, -1);
}

export function aam(cpu: usize, rec: usize): bool {
  const base = <u32>load<u8>(rec, Record.imm);
  if (base == 0) {
    raise(cpu, Exception.DE, 0);
    return false;
  }
  const al = <u32>regGet<u8>(cpu, Cpu.rax);
  regSet<u16>(cpu, Cpu.rax, <u16>(((al / base) << 8) | (al % base)));
  flagsBits(cpu, <i64>(<i8>(al % base)), 0);
  return true;
}

export function aad(cpu: usize, rec: usize): bool {
  const ax = <u32>regGet<u16>(cpu, Cpu.rax);
  const al = ((ax >> 8) * <u32>load<u8>(rec, Record.imm) + ax) & 0xff;
  regSet<u16>(cpu, Cpu.rax, <u16>al);
  flagsBits(cpu, <i64>(<i8>al), 0);
  return true;
}

export function salc(cpu: usize, rec: usize): bool {
  regSet<u8>(cpu, Cpu.rax, getCf(cpu) != 0 ? 0xff : 0);
  return true;
}

export function bound<T>(cpu: usize, rec: usize): bool {
  const host = readHost(cpu, ea(cpu, rec, 2 * sizeof<T>(), false), 2 * sizeof<T>());
  if (host == 0) return false;
  const value = sizeof<T>() == 2 ? <i32>reg<i16>(cpu, rec) : reg<i32>(cpu, rec);
  const low = sizeof<T>() == 2 ? <i32>load<i16>(host) : load<i32>(host);
  const high = sizeof<T>() == 2 ? <i32>load<i16>(host, 2) : load<i32>(host, 4);
  if (value >= low && value <= high) return true;
  raise(cpu, Exception.BR, 0);
  return false;
}

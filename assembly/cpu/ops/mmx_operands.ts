// MMX registers: register n is the significand of x87 register n. Every MMX instruction but EMMS makes TOP 0 and all tags
// valid, and one that writes a register fills that register's sign and exponent with ones (SDM vol. 1, 9.5).

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import { readHost } from "../access";
import { ea, isRegister } from "../operand";

const FSW_TOP: u32 = 0x3800;

@inline
export function mmAddress(cpu: usize, n: u32): usize {
  return cpu + Cpu.fpr + <usize>(n & 7) * Cpu.FPR_SIZE;
}

/** Address of the register that modrm.reg names. */
@inline
export function mmTarget(cpu: usize, rec: usize): usize {
  return mmAddress(cpu, load<u8>(rec, Record.reg));
}

/** Host address of the mm register or memory operand of `size` bytes; 0 = fault. */
export function mmHost(cpu: usize, rec: usize, size: u32): usize {
  if (isRegister(rec)) return mmAddress(cpu, load<u8>(rec, Record.rm));
  return readHost(cpu, ea(cpu, rec, size, false), size);
}

@inline
export function mmSource(cpu: usize, rec: usize): usize {
  return mmHost(cpu, rec, 8);
}

/** The switch from x87 to MMX. */
export function enterMmx(cpu: usize): void {
  store<u16>(cpu, <u16>(load<u16>(cpu, Cpu.fsw) & ~FSW_TOP), Cpu.fsw);
  store<u8>(cpu, 0xff, Cpu.ftw);
}

/** Writes a register at `to`. */
export function mmWrite(cpu: usize, to: usize, value: u64): bool {
  enterMmx(cpu);
  store<u64>(to, value);
  store<u16>(to, 0xffff, 8);
  return true;
}

/** Writes the low half of a vector. */
@inline
export function mmPut(cpu: usize, to: usize, value: v128): bool {
  return mmWrite(cpu, to, <u64>i64x2.extract_lane(value, 0));
}

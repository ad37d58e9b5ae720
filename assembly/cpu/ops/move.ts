// Moves that are more than a copy: address arithmetic, conditions, exchanges, absolute addresses.

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import { commitModify, modifyHost, orderMemory, readHost, storeLinear } from "../access";
import { condition } from "../flags";
import {
  ea,
  isRegister,
  offsetOf,
  reachesOver,
  reg,
  regGet,
  regSet,
  rmReg,
  segmentAddress,
  segmentOf,
  setReg,
  setRmReg,
} from "../operand";
import { is64 } from "../state";
import { swap32, swap64 } from "./bits";

/** MOV r,imm: in 64 bits the whole immediate lies in the record's displacement and immediate. */
@inline
export function immediate<T>(cpu: usize, rec: usize): bool {
  if (sizeof<T>() == 8) store<u64>(cpu + <usize>load<u8>(rec, Record.rm), load<u64>(rec, Record.disp));
  else setRmReg<T>(cpu, rec, <T>load<u32>(rec, Record.imm));
  return true;
}

@inline
export function lea<T>(cpu: usize, rec: usize): bool {
  setReg<T>(cpu, rec, <T>offsetOf(cpu, rec));
  return true;
}

@inline
export function select<T>(cpu: usize, a: T, b: T, code: i32): T {
  return condition(cpu, <u32>code) ? b : a;
}

@inline
export function setcc<T>(cpu: usize, code: i32): T {
  return <T>condition(cpu, <u32>code);
}

/**
 * Between threads too, as devices set bits that a guest takes by XCHG (QXL's pending interrupts), and a full barrier. What
 * is not aligned is only the barrier.
 */
function swap<T>(cpu: usize, host: usize, value: T): T {
  if ((host & (sizeof<T>() - 1)) == 0) return atomic.xchg<T>(host, value);
  orderMemory(cpu);
  const old = load<T>(host);
  store<T>(host, value);
  return old;
}

export function exchange<T>(cpu: usize, rec: usize): bool {
  const value = reg<T>(cpu, rec);
  if (isRegister(rec)) {
    setReg<T>(cpu, rec, rmReg<T>(cpu, rec));
    setRmReg<T>(cpu, rec, value);
    return true;
  }
  const host = modifyHost(cpu, ea(cpu, rec, sizeof<T>(), true), sizeof<T>());
  if (host == 0) return false;
  const old = swap<T>(cpu, host, value);
  commitModify(cpu, host);
  setReg<T>(cpu, rec, old);
  return true;
}

/** XCHG with the accumulator; 90 itself is NOP and does not clear the upper half. */
export function exchangeAccumulator<T>(cpu: usize, rec: usize): bool {
  if (load<u8>(rec, Record.rm) == Cpu.rax) return true;
  const value = regGet<T>(cpu, Cpu.rax);
  regSet<T>(cpu, Cpu.rax, rmReg<T>(cpu, rec));
  setRmReg<T>(cpu, rec, value);
  return true;
}

/** Linear address of an absolute offset (64 bits across displacement and immediate). */
function absolute(cpu: usize, rec: usize, size: u32, write: bool): u64 {
  const offset = load<u64>(rec, Record.disp);
  const seg = segmentOf(rec);
  if (seg != 0) return segmentAddress(cpu, seg - 1, offset, size, write);
  return reachesOver(cpu, offset, size) ? segmentAddress(cpu, Cpu.DS, offset, size, write) : offset;
}

export function loadOffset<T>(cpu: usize, rec: usize): bool {
  const host = readHost(cpu, absolute(cpu, rec, sizeof<T>(), false), sizeof<T>());
  if (host == 0) return false;
  regSet<T>(cpu, Cpu.rax, load<T>(host));
  return true;
}

export function loadOffsetByte(cpu: usize, rec: usize): bool {
  return loadOffset<u8>(cpu, rec);
}

export function storeOffset<T>(cpu: usize, rec: usize): bool {
  return storeLinear<T>(cpu, absolute(cpu, rec, sizeof<T>(), true), regGet<T>(cpu, Cpu.rax));
}

export function storeOffsetByte(cpu: usize, rec: usize): bool {
  return storeOffset<u8>(cpu, rec);
}

export function xlat(cpu: usize, rec: usize): bool {
  const misc = <u32>load<u8>(rec, Record.misc);
  const form = misc & Record.MISC_FORM;
  let offset = load<u64>(cpu, Cpu.rbx) + <u64>regGet<u8>(cpu, Cpu.rax);
  if (form == Record.FORM_MEM32) offset &= 0xffffffff;
  else if (form == Record.FORM_MEM16) offset &= 0xffff;
  const seg = segmentOf(rec);
  const la = seg == 0 && is64(cpu) ? offset : segmentAddress(cpu, seg == 0 ? Cpu.DS : seg - 1, offset, 1, false);
  const host = readHost(cpu, la, 1);
  if (host == 0) return false;
  regSet<u8>(cpu, Cpu.rax, load<u8>(host));
  return true;
}

@inline
function swapped<T>(v: T): T {
  if (sizeof<T>() == 8) return <T>swap64(<u64>v);
  if (sizeof<T>() == 4) return <T>swap32(<u32>v);
  return <T>(((<u32>v) >> 8) | ((<u32>v) << 8));
}

export function swapLoad<T>(cpu: usize, rec: usize): bool {
  const host = readHost(cpu, ea(cpu, rec, sizeof<T>(), false), sizeof<T>());
  if (host == 0) return false;
  setReg<T>(cpu, rec, swapped<T>(load<T>(host)));
  return true;
}

export function swapStore<T>(cpu: usize, rec: usize): bool {
  return storeLinear<T>(cpu, ea(cpu, rec, sizeof<T>(), true), swapped<T>(reg<T>(cpu, rec)));
}

// CMPXCHG, XADD, CMPXCHG8B and CMPXCHG16B.

import * as Cpu from "../../layout/cpu";
import { commitModify, modifyHost } from "../access";
import { ZF, arithmeticFlags, flagsAdd, flagsSub, setArithmeticFlags } from "../flags";
import { ea, isRegister, reg, regGet, regSet, rmReg, setReg, setRmReg } from "../operand";
import { protection } from "../state";

@inline
function signed<T>(v: T): i64 {
  const unused: i64 = 64 - sizeof<T>() * 8;
  return ((<i64>v) << unused) >> unused;
}

export function cmpxchg<T>(cpu: usize, rec: usize): bool {
  const inRegister = isRegister(rec);
  const host: usize = inRegister ? 0 : modifyHost(cpu, ea(cpu, rec, sizeof<T>(), true), sizeof<T>());
  if (!inRegister && host == 0) return false;
  const value = inRegister ? rmReg<T>(cpu, rec) : load<T>(host);
  const accumulator = regGet<T>(cpu, Cpu.rax);
  if (value == accumulator) {
    const replacement = reg<T>(cpu, rec);
    if (inRegister) setRmReg<T>(cpu, rec, replacement);
    else store<T>(host, replacement);
  } else regSet<T>(cpu, Cpu.rax, value);
  if (!inRegister) commitModify(cpu, host);
  flagsSub(cpu, signed<T>(accumulator), signed<T>(value), signed<T>(<T>(accumulator - value)));
  return true;
}

export function xadd<T>(cpu: usize, rec: usize): bool {
  const b = reg<T>(cpu, rec);
  let a: T;
  if (isRegister(rec)) {
    a = rmReg<T>(cpu, rec);
    setReg<T>(cpu, rec, a);
    setRmReg<T>(cpu, rec, <T>(a + b));
  } else {
    const host = modifyHost(cpu, ea(cpu, rec, sizeof<T>(), true), sizeof<T>());
    if (host == 0) return false;
    a = load<T>(host);
    store<T>(host, <T>(a + b));
    commitModify(cpu, host);
    setReg<T>(cpu, rec, a);
  }
  flagsAdd(cpu, signed<T>(a), signed<T>(b), signed<T>(<T>(a + b)));
  return true;
}

@inline
function setZero(cpu: usize, equal: bool): void {
  setArithmeticFlags(cpu, (arithmeticFlags(cpu) & ~ZF) | (equal ? ZF : 0));
}

export function cmpxchg8b(cpu: usize, rec: usize): bool {
  const host = modifyHost(cpu, ea(cpu, rec, 8, true), 8);
  if (host == 0) return false;
  const value = load<u64>(host);
  const expected = ((<u64>regGet<u32>(cpu, Cpu.rdx)) << 32) | (<u64>regGet<u32>(cpu, Cpu.rax));
  if (value == expected) {
    store<u64>(host, ((<u64>regGet<u32>(cpu, Cpu.rcx)) << 32) | (<u64>regGet<u32>(cpu, Cpu.rbx)));
  } else {
    regSet<u32>(cpu, Cpu.rax, <u32>value);
    regSet<u32>(cpu, Cpu.rdx, <u32>(value >> 32));
  }
  commitModify(cpu, host);
  setZero(cpu, value == expected);
  return true;
}

export function cmpxchg16b(cpu: usize, rec: usize): bool {
  const la = ea(cpu, rec, 16, true);
  if ((<u32>la) & 15) return protection(cpu, 0);
  const host = modifyHost(cpu, la, 16);
  if (host == 0) return false;
  const low = load<u64>(host);
  const high = load<u64>(host, 8);
  const equal = low == regGet<u64>(cpu, Cpu.rax) && high == regGet<u64>(cpu, Cpu.rdx);
  if (equal) {
    store<u64>(host, regGet<u64>(cpu, Cpu.rbx));
    store<u64>(host, regGet<u64>(cpu, Cpu.rcx), 8);
  } else {
    regSet<u64>(cpu, Cpu.rax, low);
    regSet<u64>(cpu, Cpu.rdx, high);
  }
  commitModify(cpu, host);
  setZero(cpu, equal);
  return true;
}

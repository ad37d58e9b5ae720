// PUSH, POP, frames.

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import { checkWrite } from "../access";
import { imm, regGet, regSet, rmHost, rmReg, rmStore, setRmReg } from "../operand";
import { drop, push, setStackPointer, stackAddress, stackFault, stackHost, stackMask, stackRead } from "../stack";

@inline
export function pushReg<T>(cpu: usize, rec: usize): bool {
  return push<T>(cpu, rmReg<T>(cpu, rec));
}

/** POP rSP gives the popped value, not the incremented one: the pointer moves first. */
@inline
export function popReg<T>(cpu: usize, rec: usize): bool {
  const host = stackHost<T>(cpu, 0);
  if (host == 0) return false;
  const value = load<T>(host);
  if (sizeof<T>() == 8) store<u64>(cpu, load<u64>(cpu, Cpu.rsp) + 8, Cpu.rsp);
  else drop(cpu, sizeof<T>());
  setRmReg<T>(cpu, rec, value);
  return true;
}

export function pushImm<T>(cpu: usize, rec: usize): bool {
  return push<T>(cpu, imm<T>(rec));
}

export function pushRm<T>(cpu: usize, rec: usize): bool {
  const host = rmHost<T>(cpu, rec);
  return host != 0 && push<T>(cpu, load<T>(host));
}

/** The address of a memory destination is computed with the incremented stack pointer (SDM, POP). */
export function popRm<T>(cpu: usize, rec: usize): bool {
  const host = stackHost<T>(cpu, 0);
  if (host == 0) return false;
  const value = load<T>(host);
  const old = load<u64>(cpu, Cpu.rsp);
  drop(cpu, sizeof<T>());
  if (rmStore<T>(cpu, rec, value)) return true;
  store<u64>(cpu, old, Cpu.rsp);
  return false;
}

export function pushAll<T>(cpu: usize, rec: usize): bool {
  const old = load<u64>(cpu, Cpu.rsp);
  for (let i: u32 = 0; i < 8; i++) {
    const value = i == 4 ? <T>old : regGet<T>(cpu, i << 3);
    if (!push<T>(cpu, value)) {
      store<u64>(cpu, old, Cpu.rsp);
      return false;
    }
  }
  return true;
}

/** As on processors, a fault leaves what has been popped in the registers, and the stack pointer where it was. */
export function popAll<T>(cpu: usize, rec: usize): bool {
  for (let i: u32 = 0; i < 8; i++) {
    const host = stackHost<T>(cpu, i * sizeof<T>());
    if (host == 0) return false;
    if (i != 3) regSet<T>(cpu, (7 - i) << 3, load<T>(host));
  }
  drop(cpu, 8 * sizeof<T>());
  return true;
}

@inline
export function leave<T>(cpu: usize, rec: usize): bool {
  const mask = stackMask(cpu);
  const frame = load<u64>(cpu, Cpu.rbp) & mask;
  const host = stackRead(cpu, stackAddress(cpu, frame, sizeof<T>(), false), sizeof<T>());
  if (host == 0) return false;
  const value = load<T>(host);
  setStackPointer(cpu, frame + sizeof<T>(), mask);
  regSet<T>(cpu, Cpu.rbp, value);
  return true;
}

export function enter<T>(cpu: usize, rec: usize): bool {
  const locals = <u64>load<u16>(rec, Record.imm);
  const level = (<u32>load<u8>(rec, Record.imm + 2)) & 31;
  const mask = stackMask(cpu);
  const old = load<u64>(cpu, Cpu.rsp);
  const oldFrame = load<u64>(cpu, Cpu.rbp);
  if (enterFrames<T>(cpu, level, oldFrame, mask)) {
    const frame = (old - sizeof<T>()) & mask;
    const top = (load<u64>(cpu, Cpu.rsp) - locals) & mask;
    // The new top must be writable, or the fault belongs to ENTER.
    if (checkWrite(cpu, stackAddress(cpu, top, sizeof<T>(), true), sizeof<T>())) {
      setStackPointer(cpu, top, mask);
      regSet<T>(cpu, Cpu.rbp, <T>frame);
      return true;
    }
    stackFault(cpu, top, sizeof<T>());
  }
  store<u64>(cpu, old, Cpu.rsp);
  return false;
}

/** Pushes rBP, the enclosing frames' pointers and the new frame's own. */
function enterFrames<T>(cpu: usize, level: u32, oldFrame: u64, mask: u64): bool {
  if (!push<T>(cpu, <T>oldFrame)) return false;
  if (level == 0) return true;
  const frame = load<u64>(cpu, Cpu.rsp);
  let from = oldFrame;
  for (let i: u32 = 1; i < level; i++) {
    from = (from - sizeof<T>()) & mask;
    const host = stackRead(cpu, stackAddress(cpu, from, sizeof<T>(), false), sizeof<T>());
    if (host == 0 || !push<T>(cpu, load<T>(host))) return false;
  }
  return push<T>(cpu, <T>frame);
}

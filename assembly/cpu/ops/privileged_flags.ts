// PUSHF and POPF, with their rules about IOPL and virtual-8086 mode (SDM vol. 2, tables 4-15 and 4-16).

import * as Cpu from "../../layout/cpu";
import { CR4_VME } from "../bits";
import { AC, ARITHMETIC, DF, getFlags, ID, IF, IOPL, NT, RF, setFlags, TF, VIF, VIP, VM } from "../flags";
import { frameCommit, popValue, pushValue } from "../frame";
import { ioplOf, isProtected, isV86, updateMode } from "../mode";
import { cplOf, faulted, protection } from "../state";

/** 16-bit PUSHF and POPF of a virtual-8086 program below IOPL 3 work on VIF. */
@inline
function usesVif(cpu: usize, size: u32): bool {
  return size == 2 && (load<u64>(cpu, Cpu.cr4) & CR4_VME) != 0;
}

export function pushf<T>(cpu: usize, rec: usize): bool {
  let flags = getFlags(cpu) & ~(RF | VM);
  if (isV86(cpu) && ioplOf(cpu) < 3) {
    if (!usesVif(cpu, sizeof<T>())) return protection(cpu, 0);
    flags = (flags & ~IF) | IOPL | ((flags & VIF) != 0 ? IF : 0);
  }
  return pushValue(cpu, <u64>flags, sizeof<T>());
}

/** Bits that POPF changes at the current privilege. */
function popMask(cpu: usize, size: u32): u32 {
  let mask = ARITHMETIC | TF | DF | NT;
  if (size != 2) mask |= AC | ID;
  if (!isProtected(cpu) || cplOf(cpu) == 0) return mask | IOPL | IF;
  return cplOf(cpu) <= ioplOf(cpu) ? mask | IF : mask;
}

export function popf<T>(cpu: usize, rec: usize): bool {
  const v86 = isV86(cpu) && ioplOf(cpu) < 3;
  if (v86 && !usesVif(cpu, sizeof<T>())) return protection(cpu, 0);
  let flags = <u32>popValue(cpu, sizeof<T>());
  if (faulted(cpu)) return false;
  let mask = popMask(cpu, sizeof<T>());
  if (v86) {
    const pending = (flags & IF) != 0 && (load<u32>(cpu, Cpu.eflags) & VIP) != 0;
    if (pending || (flags & TF) != 0) return protection(cpu, 0);
    flags = (flags & 0xffff) | ((flags & IF) != 0 ? VIF : 0);
    mask |= VIF;
  }
  frameCommit(cpu);
  const before = load<u32>(cpu, Cpu.eflags);
  // A 32-bit POPF clears RF.
  setFlags(cpu, flags, mask);
  if (sizeof<T>() != 2) store<u32>(cpu, load<u32>(cpu, Cpu.eflags) & ~RF, Cpu.eflags);
  if (((before ^ load<u32>(cpu, Cpu.eflags)) & (TF | AC)) != 0) updateMode(cpu);
  return true;
}

// Branches that the run loop does not have inline. They end their block: Cpu.rip holds the next instruction's address.

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import { isCanonical } from "../../mem/walk";
import { getZf } from "../flags";
import { regGet, regSet } from "../operand";
import { drop, stackHost } from "../stack";
import { checkCodeLimit, protection } from "../state";

export function retImm<T>(cpu: usize, rec: usize): bool {
  const host = stackHost<T>(cpu, 0);
  if (host == 0) return false;
  const target = <u64>load<T>(host);
  if (sizeof<T>() == 8 && !isCanonical(target)) return protection(cpu, 0);
  if (!checkCodeLimit(cpu, target)) return false;
  drop(cpu, sizeof<T>() + <u64>load<u16>(rec, Record.imm));
  store<u64>(cpu, target, Cpu.rip);
  return true;
}

const LOOPNE = 0;
const LOOPE = 1;
const JCXZ = 3;

/** LOOPNE, LOOPE, LOOP, JCXZ; the address size selects the counter. */
export function loop(cpu: usize, rec: usize): bool {
  const kind = load<u8>(rec, Record.reg);
  const form = (<u32>load<u8>(rec, Record.misc)) & Record.MISC_FORM;
  const before = counter(cpu, form);
  if (!taken(cpu, kind, form)) return true;
  const next = load<u64>(cpu, Cpu.codePage) + <u64>(<i64>load<i32>(rec, Record.imm));
  const size = <u32>load<u8>(rec, Record.index);
  const target = size == 3 ? next : size == 2 ? next & 0xffffffff : next & 0xffff;
  if (!checkCodeLimit(cpu, target)) {
    if (kind != JCXZ) setCounter(cpu, form, before);
    return false;
  }
  store<u64>(cpu, target, Cpu.rip);
  return true;
}

function taken(cpu: usize, kind: i32, form: u32): bool {
  if (kind == JCXZ) return counter(cpu, form) == 0;
  setCounter(cpu, form, counter(cpu, form) - 1);
  if (counter(cpu, form) == 0) return false;
  if (kind == LOOPNE) return !getZf(cpu);
  return kind != LOOPE || getZf(cpu);
}

/** rCX in the address size. */
export function counter(cpu: usize, form: u32): u64 {
  if (form == Record.FORM_MEM64) return regGet<u64>(cpu, Cpu.rcx);
  return form == Record.FORM_MEM32 ? <u64>regGet<u32>(cpu, Cpu.rcx) : <u64>regGet<u16>(cpu, Cpu.rcx);
}

export function setCounter(cpu: usize, form: u32, value: u64): void {
  if (form == Record.FORM_MEM64) regSet<u64>(cpu, Cpu.rcx, value);
  else if (form == Record.FORM_MEM32) regSet<u32>(cpu, Cpu.rcx, <u32>value);
  else regSet<u16>(cpu, Cpu.rcx, <u16>value);
}

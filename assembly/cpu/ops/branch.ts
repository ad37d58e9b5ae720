// Branches that the run loop does not have inline. They end their block: Cpu.rip holds the next instruction's address.

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import { getZf } from "../flags";
import { regGet, regSet } from "../operand";
import { checkCodeLimit } from "../state";

/** What a direct branch with an operand of `size` (0..3 for 8..64 bits) makes of its target. */
@inline
export function cutTarget(target: u64, size: u32): u64 {
  if (size == 3) return target;
  return size == 2 ? target & 0xffffffff : target & 0xffff;
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
  const target = cutTarget(next, load<u8>(rec, Record.index));
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

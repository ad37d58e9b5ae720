// Instructions that transfer control to another code segment. Cpu.rip is the address after the instruction.

import * as Cpu from "../../layout/cpu";
import * as Exception from "../../layout/exception";
import * as Record from "../../layout/record";
import { readHost } from "../access";
import { trapStep } from "../debug";
import { finish, INT_ICEBP, INT_N, INT_TRAP, softInterrupt } from "../exceptions";
import { farCall, farJump } from "../far";
import { farReturn, interruptReturn } from "../far_return";
import { getOf, TF } from "../flags";
import { ea } from "../operand";
import { enterFast, exitFast, syscallEntry, syscallExit } from "../fast_call";
import { is64 } from "../state";

/** Offset of a direct far pointer; the selector is in the displacement. */
@inline
function pointerOffset<T>(rec: usize): u64 {
  const offset = load<u32>(rec, Record.imm);
  return sizeof<T>() == 2 ? <u64>(offset & 0xffff) : <u64>offset;
}

@inline
function pointerSelector(rec: usize): u32 {
  return <u32>load<u16>(rec, Record.disp);
}

export function jump<T>(cpu: usize, rec: usize): bool {
  return finish(cpu, farJump(cpu, pointerSelector(rec), pointerOffset<T>(rec)));
}

export function call<T>(cpu: usize, rec: usize): bool {
  return finish(cpu, farCall(cpu, pointerSelector(rec), pointerOffset<T>(rec), sizeof<T>()));
}

export function jumpMem<T>(cpu: usize, rec: usize): bool {
  const host = readHost(cpu, ea(cpu, rec, sizeof<T>() + 2, false), sizeof<T>() + 2);
  if (host == 0) return false;
  return finish(cpu, farJump(cpu, load<u16>(host + sizeof<T>()), <u64>load<T>(host)));
}

export function callMem<T>(cpu: usize, rec: usize): bool {
  const host = readHost(cpu, ea(cpu, rec, sizeof<T>() + 2, false), sizeof<T>() + 2);
  if (host == 0) return false;
  return finish(cpu, farCall(cpu, load<u16>(host + sizeof<T>()), <u64>load<T>(host), sizeof<T>()));
}

export function ret<T>(cpu: usize, rec: usize): bool {
  return farReturn(cpu, sizeof<T>(), 0);
}

export function retImm<T>(cpu: usize, rec: usize): bool {
  return farReturn(cpu, sizeof<T>(), load<u16>(rec, Record.imm));
}

export function iret<T>(cpu: usize, rec: usize): bool {
  return finish(cpu, interruptReturn(cpu, sizeof<T>()));
}

export function interrupt(cpu: usize, rec: usize): bool {
  return softInterrupt(cpu, load<u8>(rec, Record.imm), INT_N);
}

export function int3(cpu: usize, rec: usize): bool {
  return softInterrupt(cpu, Exception.BP, INT_TRAP);
}

export function into(cpu: usize, rec: usize): bool {
  return !getOf(cpu) || softInterrupt(cpu, Exception.OF, INT_TRAP);
}

export function int1(cpu: usize, rec: usize): bool {
  return softInterrupt(cpu, Exception.DB, INT_ICEBP);
}

export function syscall(cpu: usize, rec: usize): bool {
  return syscallEntry(cpu);
}

export function sysret<T>(cpu: usize, rec: usize): bool {
  if (!syscallExit(cpu, sizeof<T>() == 8 && is64(cpu))) return finish(cpu, false);
  // TF counts as it is at the end of SYSRET, other than with IRET and POPF (AMD APM vol. 2, 13.1.4).
  if (load<u32>(cpu, Cpu.eflags) & TF) trapStep(cpu);
  return true;
}

export function sysenter(cpu: usize, rec: usize): bool {
  return enterFast(cpu);
}

export function sysexit<T>(cpu: usize, rec: usize): bool {
  return exitFast(cpu, sizeof<T>() == 8 && is64(cpu));
}

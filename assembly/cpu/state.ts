// Small accessors to the CPU state that every room of the CPU uses.

import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";
import * as Record from "../layout/record";

/** Base address of the machine that the CPU belongs to. */
@inline
export function machineOf(cpu: usize): usize {
  return <usize>load<u32>(cpu, Cpu.machine);
}

/** Raises an exception: the run loop delivers it when the instruction's handler reports failure. The first one stands. */
export function raise(cpu: usize, vector: i32, error: u32): void {
  if (load<i32>(cpu, Cpu.excVector) >= 0) return;
  store<i32>(cpu, vector, Cpu.excVector);
  store<u32>(cpu, error, Cpu.excError);
}

/** Notes causes of #DB, bits of DR6, until it is delivered. */
export function noteDebug(cpu: usize, causes: u64): void {
  store<u64>(cpu, load<u64>(cpu, Cpu.pendingDebug) | causes, Cpu.pendingDebug);
}

export function raiseDebug(cpu: usize, causes: u64): void {
  noteDebug(cpu, causes);
  raise(cpu, Exception.DB, 0);
}

/** Raises #UD and reports failure. */
export function undefined(cpu: usize): bool {
  raise(cpu, Exception.UD, 0);
  return false;
}

/** Raises #GP(error) and reports failure. */
export function protection(cpu: usize, error: u32): bool {
  raise(cpu, Exception.GP, error);
  return false;
}

@inline
export function faulted(cpu: usize): bool {
  return load<i32>(cpu, Cpu.excVector) >= 0;
}

/**
 * Outside 64-bit mode a near branch beyond the limit of CS is #GP(0) of the branch, which then has done nothing; false =
 * raised (SDM vol. 2, JMP, CALL, RET). Canonical addresses are looked at elsewhere.
 */
export function checkCodeLimit(cpu: usize, target: u64): bool {
  return target <= <u64>load<u32>(cpu, Cpu.csLimit) || is64(cpu) || protection(cpu, 0);
}

/** Flat 32-bit code (Record.MODE_FLAT). */
@inline
export function isFlat(cpu: usize): bool {
  return (load<u32>(cpu, Cpu.mode) & Record.MODE_FLAT) != 0;
}

/** 64-bit mode: CS.L under long mode. */
@inline
export function is64(cpu: usize): bool {
  return (load<u32>(cpu, Cpu.mode) & Record.MODE_SIZE) == Record.MODE_64;
}

@inline
export function cplOf(cpu: usize): u32 {
  return load<u32>(cpu, Cpu.cpl);
}

/** Virtual address of a record's instruction, valid while its block runs. */
@inline
export function ripOf(cpu: usize, rec: usize): u64 {
  return load<u64>(cpu, Cpu.codePage) + <u64>(load<u16>(rec, Record.where) & 0xfff);
}

/** Virtual address of the instruction after a record's. */
@inline
export function nextRipOf(cpu: usize, rec: usize): u64 {
  const where = <u32>load<u16>(rec, Record.where);
  return load<u64>(cpu, Cpu.codePage) + <u64>((where & 0xfff) + (where >> 12));
}

/** Address of register n of the XMM file. */
@inline
export function xmmAddress(cpu: usize, n: u32): usize {
  return cpu + Cpu.xmm + ((<usize>n) << 5);
}

// IN and OUT with a register; the string forms are in string_io.ts.

import * as Cpu from "../../layout/cpu";
import * as Machine from "../../layout/machine";
import * as Record from "../../layout/record";
import { flushTlb } from "../../mem/tlb";
import { busPortRead, busPortWrite } from "../../bus";
import { checkIoPermission, watchPort } from "../io_permission";
import { regSet } from "../operand";
import { machineOf } from "../state";

/** Ports are at most 32 bits wide: REX.W changes nothing. */
@inline
function width<T>(): u32 {
  return sizeof<T>() == 8 ? 4 : sizeof<T>();
}

function read<T>(cpu: usize, port: u32): bool {
  if (!checkIoPermission(cpu, port, width<T>())) return false;
  watchPort(cpu, port, width<T>());
  const value = busPortRead(cpu, port, width<T>());
  if (sizeof<T>() == 1) store<u8>(cpu, <u8>value, Cpu.rax);
  else if (sizeof<T>() == 2) store<u16>(cpu, <u16>value, Cpu.rax);
  else regSet<u32>(cpu, Cpu.rax, value);
  return true;
}

function write<T>(cpu: usize, port: u32): bool {
  if (!checkIoPermission(cpu, port, width<T>())) return false;
  watchPort(cpu, port, width<T>());
  const m = machineOf(cpu);
  const a20 = load<u32>(m, Machine.a20Off);
  busPortWrite(cpu, port, width<T>(), <u32>load<T>(cpu, Cpu.rax));
  // The A20 gate: the instructions behind this one see it already.
  if (load<u32>(m, Machine.a20Off) != a20) flushTlb(cpu, false);
  return true;
}

@inline
function portDx(cpu: usize): u32 {
  return load<u16>(cpu, Cpu.rdx);
}

@inline
function portImm(rec: usize): u32 {
  return load<u8>(rec, Record.imm);
}

export function inByteImm(cpu: usize, rec: usize): bool {
  return read<u8>(cpu, portImm(rec));
}

export function inImm<T>(cpu: usize, rec: usize): bool {
  return read<T>(cpu, portImm(rec));
}

export function inByte(cpu: usize, rec: usize): bool {
  return read<u8>(cpu, portDx(cpu));
}

export function inDx<T>(cpu: usize, rec: usize): bool {
  return read<T>(cpu, portDx(cpu));
}

export function outByteImm(cpu: usize, rec: usize): bool {
  return write<u8>(cpu, portImm(rec));
}

export function outImm<T>(cpu: usize, rec: usize): bool {
  return write<T>(cpu, portImm(rec));
}

export function outByte(cpu: usize, rec: usize): bool {
  return write<u8>(cpu, portDx(cpu));
}

export function outDx<T>(cpu: usize, rec: usize): bool {
  return write<T>(cpu, portDx(cpu));
}

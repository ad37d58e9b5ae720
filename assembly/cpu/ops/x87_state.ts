// The x87 register stack, its status word and pointers, as the handlers of x87 instructions use them.

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import * as Soft from "../../layout/softfloat";
import { copy80, putIndefinite } from "../../softfloat/float80";
import { readHost } from "../access";
import { defaultSegment, ea, offsetOf } from "../operand";
import { is64, ripOf } from "../state";

export const C0: u32 = 0x100;
export const C1: u32 = 0x200;
export const C2: u32 = 0x400;
export const C3: u32 = 0x4000;
export const CONDITIONS: u32 = 0x4700;
export const STACK_FAULT: u32 = 0x40;
export const SUMMARY: u32 = 0x80;
export const BUSY: u32 = 0x8000;
export const EXCEPTIONS: u32 = 0x3f;
export const TOP_MASK: u32 = 0x3800;
export const TOP_SHIFT: u32 = 11;

@inline
export function fswOf(cpu: usize): u32 {
  return <u32>load<u16>(cpu, Cpu.fsw);
}

@inline
export function setFsw(cpu: usize, value: u32): void {
  store<u16>(cpu, <u16>value, Cpu.fsw);
}

@inline
export function fcwOf(cpu: usize): u32 {
  return <u32>load<u16>(cpu, Cpu.fcw);
}

/** Physical number of ST(i). */
@inline
export function physical(cpu: usize, i: u32): u32 {
  return ((fswOf(cpu) >> TOP_SHIFT) + i) & 7;
}

/** Address of ST(i). */
@inline
export function st(cpu: usize, i: u32): usize {
  return cpu + Cpu.fpr + ((<usize>physical(cpu, i)) << 4);
}

/** The i of an instruction's ST(i). */
@inline
export function stIndex(rec: usize): u32 {
  return (<u32>load<u8>(rec, Record.rm)) & 7;
}

@inline
export function isEmpty(cpu: usize, i: u32): bool {
  return (((<u32>load<u8>(cpu, Cpu.ftw)) >> physical(cpu, i)) & 1) == 0;
}

@inline
export function markValid(cpu: usize, i: u32): void {
  store<u8>(cpu, <u8>((<u32>load<u8>(cpu, Cpu.ftw)) | (1 << physical(cpu, i))), Cpu.ftw);
}

@inline
export function markEmpty(cpu: usize, i: u32): void {
  store<u8>(cpu, <u8>((<u32>load<u8>(cpu, Cpu.ftw)) & ~(1 << physical(cpu, i))), Cpu.ftw);
}

@inline
export function turn(cpu: usize, by: u32): void {
  const fsw = fswOf(cpu);
  setFsw(cpu, (fsw & ~TOP_MASK) | ((fsw + (by << TOP_SHIFT)) & TOP_MASK));
}

@inline
export function popStack(cpu: usize): void {
  markEmpty(cpu, 0);
  turn(cpu, 1);
}

/** Makes room for a new ST(0) and returns its address. */
@inline
export function pushStack(cpu: usize): usize {
  turn(cpu, 7);
  markValid(cpu, 0);
  return st(cpu, 0);
}

/** Remembers the instruction for FIP, FCS and FOP. */
@inline
export function noteInstruction(cpu: usize, rec: usize): void {
  store<u64>(cpu, ripOf(cpu, rec), Cpu.fip);
  store<u16>(cpu, load<u16>(cpu, Cpu.csSelector), Cpu.fipSelector);
  store<u16>(cpu, load<u16>(rec, Record.imm), Cpu.fop);
}

/** The same with the memory operand at linear address `la` for FDP and FDS. */
@inline
export function noteOperand(cpu: usize, rec: usize, la: u64): void {
  noteInstruction(cpu, rec);
  const seg = (<u32>load<u8>(rec, Record.misc)) & Record.MISC_SEG;
  if (seg == 0) {
    store<u64>(cpu, la, Cpu.fdp);
    const normal: u32 = is64(cpu) ? Cpu.DS : defaultSegment(rec);
    store<u16>(cpu, load<u16>(cpu + Cpu.seg + <usize>normal * Cpu.SEG_SIZE), Cpu.fdpSelector);
  } else noteSegment(cpu, rec, (seg >> Record.MISC_SEG_SHIFT) - 1);
}

function noteSegment(cpu: usize, rec: usize, seg: u32): void {
  store<u64>(cpu, offsetOf(cpu, rec), Cpu.fdp);
  store<u16>(cpu, load<u16>(cpu + Cpu.seg + <usize>seg * Cpu.SEG_SIZE), Cpu.fdpSelector);
}

/** Host address of a memory operand to read, noted in the pointers; 0 = fault. */
@inline
export function memoryOperand(cpu: usize, rec: usize, size: u32): usize {
  const la = ea(cpu, rec, size, false);
  const host = readHost(cpu, la, size);
  if (host != 0) noteOperand(cpu, rec, la);
  return host;
}

/** Precision control: 24, 53 or 64 bits; the reserved value acts as 64. */
@inline
function precisionOf(fcw: u32): u32 {
  const control = fcw & 0x300;
  return control == 0 ? 24 : control == 0x200 ? 53 : 64;
}

/** Readies the software floating point; returns its work area. */
export function begin(cpu: usize): usize {
  const sf = cpu + Soft.BASE;
  const fcw = fcwOf(cpu);
  store<u32>(sf, 0, Soft.flags);
  store<u32>(sf, (fcw >> 10) & 3, Soft.rounding);
  store<u32>(sf, ~fcw & EXCEPTIONS, Soft.unmasked);
  store<u32>(sf, 0, Soft.flush);
  store<u32>(sf, 0, Soft.roundedUp);
  store<u32>(sf, precisionOf(fcw), Soft.precision);
  return sf;
}

/** Error summary and busy bit after an exception that the control word does not mask. */
export function raiseSummary(cpu: usize): void {
  setFsw(cpu, fswOf(cpu) | SUMMARY | BUSY);
  store<u32>(cpu, 1, Cpu.fpuTrap);
}

/** Brings exceptions to the status word, C1 cleared or set with `rounded`. */
@inline
export function signal(cpu: usize, flags: u32, rounded: u32): void {
  setFsw(cpu, (fswOf(cpu) & ~C1) | flags | rounded);
  if ((flags & EXCEPTIONS & ~fcwOf(cpu)) != 0) raiseSummary(cpu);
}

/** The same with what the software floating point found. */
export function settle(cpu: usize, sf: usize): void {
  signal(cpu, load<u32>(sf, Soft.flags), load<u32>(sf, Soft.roundedUp) != 0 ? C1 : 0);
}

/** Whether one of the exceptions in `kinds` has happened that is not masked: then an instruction delivers no result. */
@inline
export function blocked(sf: usize, kinds: u32): bool {
  return (load<u32>(sf, Soft.flags) & load<u32>(sf, Soft.unmasked) & kinds) != 0;
}

/** Exceptions that are found before the operation. */
export const BEFORE: u32 = 7; // IE DE ZE

/** True if the invalid operation is masked and the instruction goes on with an indefinite value. */
export function stackUnderflow(cpu: usize): bool {
  signal(cpu, Soft.IE | STACK_FAULT, 0);
  return (fcwOf(cpu) & Soft.IE) != 0;
}

export function stackOverflow(cpu: usize): bool {
  signal(cpu, Soft.IE | STACK_FAULT, C1);
  return (fcwOf(cpu) & Soft.IE) != 0;
}

/** The answer to an empty source register: ST(i) becomes indefinite, and `pops` registers are popped, if masked. */
export function underflowTo(cpu: usize, i: u32, pops: u32): bool {
  if (stackUnderflow(cpu)) {
    putIndefinite(st(cpu, i));
    markValid(cpu, i);
    for (; pops != 0; pops--) popStack(cpu);
  }
  return true;
}

/** Pushes the extended number at `from`; with the stack full, the masked answer is an indefinite value. */
export function pushFrom(cpu: usize, from: usize, flags: u32, rounded: u32): bool {
  if (!isEmpty(cpu, 7)) return pushOverflow(cpu);
  signal(cpu, flags, rounded);
  // A denormal is pushed even if its exception is not masked.
  if ((flags & Soft.IE & ~fcwOf(cpu)) == 0) copy80(pushStack(cpu), from);
  return true;
}

export function pushOverflow(cpu: usize): bool {
  if (stackOverflow(cpu)) putIndefinite(pushStack(cpu));
  return true;
}

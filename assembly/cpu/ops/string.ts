// MOVS, CMPS, STOS, LODS, SCAS. A repetition works in runs that stay within a page, so that copies and fills are bulk
// operations, and gives up after a bounded number of elements: Cpu.rip is set back and the run loop polls in between.

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import { rangeHasCode } from "../../mem/code_marks";
import { ACCESS_READ, ACCESS_WRITE, dataSet } from "../../mem/walk";
import { readHost, storeLinear, translateOrHit } from "../access";
import { invalidateCode } from "../code_cache";
import { DF, flagsSub, RF } from "../flags";
import { regGet, regSet, segmentAddress, segmentOf } from "../operand";
import { faulted, is64, isFlat, ripOf } from "../state";
import { counter, setCounter } from "./branch";

/** Elements after which an instruction lets the run loop look for interrupts. */
const PATIENCE: u64 = 4096;

/** The same, or a single element when every iteration traps. */
@inline
export function patienceOf(cpu: usize, most: u64): u64 {
  return (load<u32>(cpu, Cpu.mode) & Record.MODE_STEP) != 0 ? 1 : most;
}

@inline
function formOf(rec: usize): u32 {
  return (<u32>load<u8>(rec, Record.misc)) & Record.MISC_FORM;
}

/** An index register in the address size. */
@inline
export function indexOf(cpu: usize, register: u32, form: u32): u64 {
  if (form == Record.FORM_MEM64) return regGet<u64>(cpu, register);
  return form == Record.FORM_MEM32 ? <u64>regGet<u32>(cpu, register) : <u64>regGet<u16>(cpu, register);
}

export function setIndex(cpu: usize, register: u32, form: u32, value: u64): void {
  if (form == Record.FORM_MEM64) regSet<u64>(cpu, register, value);
  else if (form == Record.FORM_MEM32) regSet<u32>(cpu, register, <u32>value);
  else regSet<u16>(cpu, register, <u16>value);
}

/** Linear address of the source element: DS or the overriding segment. */
export function sourceAddress(cpu: usize, rec: usize, form: u32, size: u32): u64 {
  const offset = indexOf(cpu, Cpu.rsi, form);
  const seg = segmentOf(rec);
  if (seg == 0) return is64(cpu) ? offset : segmentAddress(cpu, Cpu.DS, offset, size, false);
  return segmentAddress(cpu, seg - 1, offset, size, false);
}

/** Linear address of the destination element: always ES. */
export function destinationAddress(cpu: usize, form: u32, size: u32, write: bool): u64 {
  const offset = indexOf(cpu, Cpu.rdi, form);
  return is64(cpu) ? offset : segmentAddress(cpu, Cpu.ES, offset, size, write);
}

/** Distance from one element to the next. */
@inline
export function step<T>(cpu: usize): u64 {
  return (load<u32>(cpu, Cpu.eflags) & DF) != 0 ? <u64>0 - sizeof<T>() : sizeof<T>();
}

/** Leaves an unfinished repetition: the instruction runs again. */
export function again(cpu: usize, rec: usize): bool {
  // A breakpoint on the instruction hits at its first iteration only.
  if (load<u32>(cpu, Cpu.mode) & Record.MODE_STEP) store<u32>(cpu, load<u32>(cpu, Cpu.eflags) | RF, Cpu.eflags);
  store<u64>(cpu, ripOf(cpu, rec), Cpu.rip);
  // The run loop reads the clock after so many instructions, and this one has taken as long as thousands of others.
  store<i32>(cpu, Cpu.REQUESTED, Cpu.exitRequest);
  return true;
}

/** Elements of `size` bytes from `la` upwards that lie wholly in its page. */
@inline
function elementsInPage(la: u64, size: u32): u64 {
  return (4096 - (la & 4095)) / size;
}

/** Length of the run that a bulk operation may do: upwards, in a flat address space, within one page of `la`. */
@inline
function runLength(cpu: usize, rec: usize, la: u64, size: u32, count: u64): u64 {
  if (load<u32>(cpu, Cpu.slow) != 0 || (load<u32>(cpu, Cpu.eflags) & DF) != 0 || !isLinear(cpu, rec)) return 1;
  return min<u64>(count, elementsInPage(la, size));
}

/** Whether the next elements are the next linear addresses: 64-bit ones, or those of flat code without a prefix. */
@inline
function isLinear(cpu: usize, rec: usize): bool {
  const misc = load<u8>(rec, Record.misc);
  if ((misc & Record.MISC_FORM) == Record.FORM_MEM64) return true;
  return misc == Record.FORM_MEM32 && isFlat(cpu);
}

export function movs<T>(cpu: usize, rec: usize): bool {
  const form = formOf(rec);
  if (load<i32>(rec, Record.imm) == 0) return moveOne<T>(cpu, rec, form);
  let patience = patienceOf(cpu, PATIENCE);
  while (true) {
    const count = counter(cpu, form);
    if (count == 0) return true;
    if (patience == 0) return again(cpu, rec);
    const done = moveRun<T>(cpu, rec, form, min<u64>(count, patience));
    if (done == 0) return false;
    setCounter(cpu, form, count - done);
    patience -= done;
  }
}

/** Moves at least one element and at most `count`; 0 = fault raised. */
function moveRun<T>(cpu: usize, rec: usize, form: u32, count: u64): u64 {
  const from = sourceAddress(cpu, rec, form, sizeof<T>());
  const to = destinationAddress(cpu, form, sizeof<T>(), true);
  const run = min<u64>(runLength(cpu, rec, from, sizeof<T>(), count), elementsInPage(to, sizeof<T>()));
  if (run > 1) {
    const bytes = <u32>(run * sizeof<T>());
    const source = plainSource(cpu, from);
    const target: usize = source == 0 ? 0 : bulkTarget(cpu, to, bytes);
    if (faulted(cpu)) return 0;
    // A destination that starts inside the source repeats what was just written: element by element.
    if (target != 0 && (target <= source || target >= source + bytes)) {
      memory.copy(target, source, bytes);
      setIndex(cpu, Cpu.rsi, form, indexOf(cpu, Cpu.rsi, form) + bytes);
      setIndex(cpu, Cpu.rdi, form, indexOf(cpu, Cpu.rdi, form) + bytes);
      return run;
    }
  }
  return moveOne<T>(cpu, rec, form) ? 1 : 0;
}

/** Host address of memory to read; 0 for MMIO, which is not touched, or after a fault. */
function plainSource(cpu: usize, la: u64): usize {
  return translateOrHit(cpu, la, ACCESS_READ, dataSet(cpu));
}

/** Host address of `bytes` bytes to write within a page; 0 for MMIO or after a fault. */
function bulkTarget(cpu: usize, la: u64, bytes: u32): usize {
  const host = translateOrHit(cpu, la, ACCESS_WRITE, dataSet(cpu));
  if (host != 0 && rangeHasCode(host, bytes)) invalidateCode(cpu, host);
  return host;
}

function moveOne<T>(cpu: usize, rec: usize, form: u32): bool {
  const source = readHost(cpu, sourceAddress(cpu, rec, form, sizeof<T>()), sizeof<T>());
  if (source == 0) return false;
  if (!storeLinear<T>(cpu, destinationAddress(cpu, form, sizeof<T>(), true), load<T>(source))) return false;
  const by = step<T>(cpu);
  setIndex(cpu, Cpu.rsi, form, indexOf(cpu, Cpu.rsi, form) + by);
  setIndex(cpu, Cpu.rdi, form, indexOf(cpu, Cpu.rdi, form) + by);
  return true;
}

export function stos<T>(cpu: usize, rec: usize): bool {
  const form = formOf(rec);
  if (load<i32>(rec, Record.imm) == 0) return storeOne<T>(cpu, form);
  let patience = patienceOf(cpu, PATIENCE);
  while (true) {
    const count = counter(cpu, form);
    if (count == 0) return true;
    if (patience == 0) return again(cpu, rec);
    const done = storeRun<T>(cpu, rec, form, min<u64>(count, patience));
    if (done == 0) return false;
    setCounter(cpu, form, count - done);
    patience -= done;
  }
}

function storeRun<T>(cpu: usize, rec: usize, form: u32, count: u64): u64 {
  const to = destinationAddress(cpu, form, sizeof<T>(), true);
  const run = runLength(cpu, rec, to, sizeof<T>(), count);
  if (run > 1) {
    const target = bulkTarget(cpu, to, <u32>(run * sizeof<T>()));
    if (faulted(cpu)) return 0;
    if (target != 0) {
      fill<T>(target, regGet<T>(cpu, Cpu.rax), <u32>run);
      setIndex(cpu, Cpu.rdi, form, indexOf(cpu, Cpu.rdi, form) + run * sizeof<T>());
      return run;
    }
  }
  return storeOne<T>(cpu, form) ? 1 : 0;
}

function fill<T>(target: usize, value: T, count: u32): void {
  const byte = <u8>value;
  if (value == <T>(<u64>byte * 0x0101010101010101)) {
    memory.fill(target, byte, count * sizeof<T>());
    return;
  }
  for (let i: u32 = 0; i < count; i++) store<T>(target + <usize>i * sizeof<T>(), value);
}

function storeOne<T>(cpu: usize, form: u32): bool {
  if (!storeLinear<T>(cpu, destinationAddress(cpu, form, sizeof<T>(), true), regGet<T>(cpu, Cpu.rax))) return false;
  setIndex(cpu, Cpu.rdi, form, indexOf(cpu, Cpu.rdi, form) + step<T>(cpu));
  return true;
}

export function lods<T>(cpu: usize, rec: usize): bool {
  const form = formOf(rec);
  const repeated = load<i32>(rec, Record.imm) != 0;
  let patience = patienceOf(cpu, PATIENCE);
  while (true) {
    if (repeated && counter(cpu, form) == 0) return true;
    if (patience-- == 0) return again(cpu, rec);
    const source = readHost(cpu, sourceAddress(cpu, rec, form, sizeof<T>()), sizeof<T>());
    if (source == 0) return false;
    regSet<T>(cpu, Cpu.rax, load<T>(source));
    setIndex(cpu, Cpu.rsi, form, indexOf(cpu, Cpu.rsi, form) + step<T>(cpu));
    if (!repeated) return true;
    setCounter(cpu, form, counter(cpu, form) - 1);
  }
}

@inline
function signed<T>(v: T): i64 {
  const unused: i64 = 64 - sizeof<T>() * 8;
  return ((<i64>v) << unused) >> unused;
}

/** Flags of the last comparison; a fault leaves those in front of the instruction (SDM, REP). */
@inline
function setCompareFlags<T>(cpu: usize, a: T, b: T): void {
  flagsSub(cpu, signed<T>(a), signed<T>(b), signed<T>(<T>(a - b)));
}

/** Ends CMPS or SCAS, finished or not; `compared` says whether any element has been looked at. */
function endCompare<T>(cpu: usize, a: T, b: T, compared: bool): bool {
  if (compared) setCompareFlags<T>(cpu, a, b);
  return true;
}

/** REPE (1) goes on while equal, REPNE (2) while different. */
@inline
function goesOn(equal: bool, rep: i32): bool {
  return equal == (rep == 1);
}

export function cmps<T>(cpu: usize, rec: usize): bool {
  const form = formOf(rec);
  const rep = load<i32>(rec, Record.imm);
  let a: T = 0;
  let b: T = 0;
  let compared = false;
  let patience = patienceOf(cpu, PATIENCE);
  while (true) {
    if (rep != 0 && counter(cpu, form) == 0) return endCompare<T>(cpu, a, b, compared);
    if (patience-- == 0) return endCompare<T>(cpu, a, b, true) && again(cpu, rec);
    // Of two faults processors raise that of the destination.
    const right = readHost(cpu, destinationAddress(cpu, form, sizeof<T>(), false), sizeof<T>());
    if (right == 0) return false;
    const second = load<T>(right);
    const left = readHost(cpu, sourceAddress(cpu, rec, form, sizeof<T>()), sizeof<T>());
    if (left == 0) return false;
    a = load<T>(left);
    b = second;
    compared = true;
    const by = step<T>(cpu);
    setIndex(cpu, Cpu.rsi, form, indexOf(cpu, Cpu.rsi, form) + by);
    setIndex(cpu, Cpu.rdi, form, indexOf(cpu, Cpu.rdi, form) + by);
    if (rep == 0) return endCompare<T>(cpu, a, b, true);
    setCounter(cpu, form, counter(cpu, form) - 1);
    if (!goesOn(a == b, rep)) return endCompare<T>(cpu, a, b, true);
  }
}

export function scas<T>(cpu: usize, rec: usize): bool {
  const form = formOf(rec);
  const rep = load<i32>(rec, Record.imm);
  const a = regGet<T>(cpu, Cpu.rax);
  let b: T = 0;
  let compared = false;
  let patience = patienceOf(cpu, PATIENCE);
  while (true) {
    if (rep != 0 && counter(cpu, form) == 0) return endCompare<T>(cpu, a, b, compared);
    if (patience-- == 0) return endCompare<T>(cpu, a, b, true) && again(cpu, rec);
    const host = readHost(cpu, destinationAddress(cpu, form, sizeof<T>(), false), sizeof<T>());
    if (host == 0) return false;
    b = load<T>(host);
    compared = true;
    setIndex(cpu, Cpu.rdi, form, indexOf(cpu, Cpu.rdi, form) + step<T>(cpu));
    if (rep == 0) return endCompare<T>(cpu, a, b, true);
    setCounter(cpu, form, counter(cpu, form) - 1);
    if (!goesOn(a == b, rep)) return endCompare<T>(cpu, a, b, true);
  }
}

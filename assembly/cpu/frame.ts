// Stack frames of far transfers and interrupts: several pushes or pops on the current stack or a new one, of which the
// stack pointer is changed only at the end (frameCommit), so that a fault leaves the CPU as it was.

import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import * as Exception from "../layout/exception";
import { isCanonical } from "../mem/walk";
import { readHost, storeLinear } from "./access";
import { ATTR_CODE, ATTR_CONFORMING, ATTR_DB } from "./bits";
import { segmentOf } from "./descriptor";
import { setStackPointer, stackMask } from "./stack";
import { raise } from "./state";

const MASK_16: u64 = 0xffff;
const MASK_32: u64 = 0xffffffff;
export const MASK_64: u64 = <u64>-1;

/** Width of the stack pointer for the stack segment (or image of one) at `stack`. */
@inline
function maskOf(stack: usize): u64 {
  return (load<u32>(stack, Cpu.segAttr) & ATTR_DB) != 0 ? MASK_32 : MASK_16;
}

/** Starts a frame on the current stack. */
export function frameCurrent(cpu: usize): void {
  memory.copy(cpu + CpuSystem.frameStack, segmentOf(cpu, Cpu.SS), Cpu.SEG_SIZE);
  store<u64>(cpu, stackMask(cpu), CpuSystem.frameMask);
  store<u64>(cpu, load<u64>(cpu, Cpu.rsp), CpuSystem.frameSp);
  store<u32>(cpu, 0, CpuSystem.frameError);
}

/** Starts a frame on the legacy stack whose segment image is in CpuSystem.frameStack. */
export function frameSegment(cpu: usize, sp: u64, error: u32): void {
  store<u64>(cpu, maskOf(cpu + CpuSystem.frameStack), CpuSystem.frameMask);
  store<u64>(cpu, sp, CpuSystem.frameSp);
  store<u32>(cpu, error, CpuSystem.frameError);
}

/** Starts a frame on a 64-bit stack. */
export function frameWide(cpu: usize, sp: u64): void {
  store<u64>(cpu, MASK_64, CpuSystem.frameMask);
  store<u64>(cpu, sp, CpuSystem.frameSp);
  store<u32>(cpu, 0, CpuSystem.frameError);
}

/** Whether `size` bytes at offset `sp` lie within the frame's stack. */
function fits(cpu: usize, sp: u64, size: u32): bool {
  const last = sp + size - 1;
  if (load<u64>(cpu, CpuSystem.frameMask) == MASK_64) return isCanonical(sp) && isCanonical(last);
  const stack = cpu + CpuSystem.frameStack;
  const attr = load<u32>(stack, Cpu.segAttr);
  const limit = <u64>load<u32>(stack, Cpu.segLimit);
  if ((attr & (ATTR_CODE | ATTR_CONFORMING)) != ATTR_CONFORMING) return last <= limit;
  return sp > limit && last <= maskOf(stack);
}

/** Linear address of offset `sp`. */
function linear(cpu: usize, sp: u64): u64 {
  if (load<u64>(cpu, CpuSystem.frameMask) == MASK_64) return sp;
  return (load<u64>(cpu + CpuSystem.frameStack, Cpu.segBase) + sp) & MASK_32;
}

function checked(cpu: usize, sp: u64, size: u32): bool {
  if (fits(cpu, sp, size)) return true;
  raise(cpu, Exception.SS, load<u32>(cpu, CpuSystem.frameError));
  return false;
}

/** Pushes `size` (2, 4 or 8) bytes; false = fault raised. */
export function framePush(cpu: usize, value: u64, size: u32): bool {
  const sp = (load<u64>(cpu, CpuSystem.frameSp) - size) & load<u64>(cpu, CpuSystem.frameMask);
  if (!checked(cpu, sp, size)) return false;
  store<u64>(cpu, sp, CpuSystem.frameSp);
  const la = linear(cpu, sp);
  if (size == 8) return storeLinear<u64>(cpu, la, value);
  if (size == 4) return storeLinear<u32>(cpu, la, <u32>value);
  return storeLinear<u16>(cpu, la, <u16>value);
}

/** Pops `size` bytes; after a fault faulted(cpu) is true. */
export function framePop(cpu: usize, size: u32): u64 {
  const mask = load<u64>(cpu, CpuSystem.frameMask);
  const sp = load<u64>(cpu, CpuSystem.frameSp) & mask;
  if (!checked(cpu, sp, size)) return 0;
  const host = readHost(cpu, linear(cpu, sp), size);
  if (host == 0) return 0;
  store<u64>(cpu, (sp + size) & mask, CpuSystem.frameSp);
  if (size == 8) return load<u64>(host);
  return size == 4 ? <u64>load<u32>(host) : <u64>load<u16>(host);
}

/** Leaves out `bytes` bytes: the parameters that RET n releases. */
export function frameSkip(cpu: usize, bytes: u32): void {
  store<u64>(cpu, load<u64>(cpu, CpuSystem.frameSp) + bytes, CpuSystem.frameSp);
}

/** Makes the frame's stack pointer the current one. */
export function frameCommit(cpu: usize): void {
  setStackPointer(cpu, load<u64>(cpu, CpuSystem.frameSp), load<u64>(cpu, CpuSystem.frameMask));
}

/** Pushes one value on the current stack. */
export function pushValue(cpu: usize, value: u64, size: u32): bool {
  frameCurrent(cpu);
  if (!framePush(cpu, value, size)) return false;
  frameCommit(cpu);
  return true;
}

/** Reads the value at the top of the current stack; frameCommit then pops it. */
export function popValue(cpu: usize, size: u32): u64 {
  frameCurrent(cpu);
  return framePop(cpu, size);
}

// The stack as instructions see it: its width follows the mode (64 bits) or SS.B.

import * as Cpu from "../layout/cpu";
import * as Record from "../layout/record";
import * as Exception from "../layout/exception";
import * as Tlb from "../layout/tlb";
import { dataSet, isCanonical } from "../mem/walk";
import { readSlow, storeLinear, writeSlow } from "./access";
import { segmentAddress } from "./operand";
import { isFlat } from "./state";

const PAGE_BASE: u64 = ~0xfff;

/** Mask of the stack pointer: 64, 32 or 16 bits. */
export function stackMask(cpu: usize): u64 {
  if ((load<u32>(cpu, Cpu.mode) & Record.MODE_SIZE) == Record.MODE_64) return ~(<u64>0);
  return (load<u32>(cpu, Cpu.ssAttr) & 0x4000) != 0 ? 0xffffffff : 0xffff;
}

/** Sets rsp, esp or sp; outside 64-bit mode the upper part stays. */
export function setStackPointer(cpu: usize, value: u64, mask: u64): void {
  if (mask == 0xffff) store<u16>(cpu, <u16>value, Cpu.rsp);
  else store<u64>(cpu, value & mask, Cpu.rsp);
}

/** Linear address of `offset` in the stack segment. */
@inline
export function stackAddress(cpu: usize, offset: u64, size: u32, write: bool): u64 {
  if ((load<u32>(cpu, Cpu.mode) & Record.MODE_SIZE) == Record.MODE_64) return offset;
  return segmentAddress(cpu, Cpu.SS, offset, size, write);
}

/** Turns the #GP of a stack access at a non-canonical address into #SS (SDM vol. 3, 3.3.7.1). */
export function stackFault(cpu: usize, la: u64, size: u32): void {
  if (load<i32>(cpu, Cpu.excVector) != Exception.GP) return;
  if (!isCanonical(la) || !isCanonical(la + size - 1)) store<i32>(cpu, Exception.SS, Cpu.excVector);
}

/** readHost for the stack. */
@inline
export function stackRead(cpu: usize, la: u64, size: u32): usize {
  const entry = <usize>load<u32>(cpu, Cpu.tlb) + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  if (((la + size - 1) & PAGE_BASE) == load<u64>(entry, Tlb.READ + Tlb.tag)) {
    return <usize>(<u32>la + load<u32>(entry, Tlb.READ + Tlb.addend));
  }
  return stackReadSlow(cpu, la, size);
}

function stackReadSlow(cpu: usize, la: u64, size: u32): usize {
  const host = readSlow(cpu, la, size, dataSet(cpu));
  if (host == 0) stackFault(cpu, la, size);
  return host;
}

function pushSlow(cpu: usize, la: u64, value: u64): bool {
  if (writeSlow(cpu, la, value, 8, dataSet(cpu))) return true;
  stackFault(cpu, la, 8);
  return false;
}

@inline
function storeStack(cpu: usize, la: u64, value: u64): bool {
  const entry = <usize>load<u32>(cpu, Cpu.tlb) + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  if (((la + 7) & PAGE_BASE) == load<u64>(entry, Tlb.WRITE + Tlb.tag)) {
    store<u64>(<usize>(<u32>la + load<u32>(entry, Tlb.WRITE + Tlb.addend)), value);
    return true;
  }
  return pushSlow(cpu, la, value);
}

/** Pushes a value; false = fault raised, nothing changed. */
@inline
export function push<T>(cpu: usize, value: T): bool {
  if (sizeof<T>() == 8) {
    // Eight bytes are pushed in 64-bit mode only.
    const rsp = load<u64>(cpu, Cpu.rsp) - 8;
    if (!storeStack(cpu, rsp, <u64>value)) return false;
    store<u64>(cpu, rsp, Cpu.rsp);
    return true;
  }
  return pushNarrow(cpu, <u64>value, sizeof<T>());
}

/** The highest address in flat code at which four bytes do not reach over 4 GiB. */
const LAST: u64 = 0xfffffffc;

function pushNarrow(cpu: usize, value: u64, size: u32): bool {
  if (size == 4 && isFlat(cpu)) {
    const esp = (load<u64>(cpu, Cpu.rsp) - 4) & 0xffffffff;
    if (esp <= LAST) {
      if (!storeLinear<u32>(cpu, esp, <u32>value)) return false;
      store<u64>(cpu, esp, Cpu.rsp);
      return true;
    }
  }
  const mask = stackMask(cpu);
  const sp = (load<u64>(cpu, Cpu.rsp) - size) & mask;
  const la = stackAddress(cpu, sp, size, true);
  if (!(size == 2 ? storeLinear<u16>(cpu, la, <u16>value) : storeLinear<u32>(cpu, la, <u32>value))) {
    stackFault(cpu, la, size);
    return false;
  }
  setStackPointer(cpu, sp, mask);
  return true;
}

/** Host address of the value on top, `above` bytes further up; 0 = fault raised. Nothing is popped. */
@inline
export function stackHost<T>(cpu: usize, above: u64): usize {
  if (sizeof<T>() == 8) return stackRead(cpu, load<u64>(cpu, Cpu.rsp) + above, 8);
  if (sizeof<T>() == 4 && isFlat(cpu)) {
    const esp = (load<u64>(cpu, Cpu.rsp) + above) & 0xffffffff;
    if (esp <= LAST) return stackRead(cpu, esp, 4);
  }
  const sp = (load<u64>(cpu, Cpu.rsp) + above) & stackMask(cpu);
  return stackRead(cpu, stackAddress(cpu, sp, sizeof<T>(), false), sizeof<T>());
}

/** Moves the stack pointer up. */
@inline
export function drop(cpu: usize, bytes: u64): void {
  if (isFlat(cpu)) {
    store<u64>(cpu, (load<u64>(cpu, Cpu.rsp) + bytes) & 0xffffffff, Cpu.rsp);
    return;
  }
  const mask = stackMask(cpu);
  setStackPointer(cpu, (load<u64>(cpu, Cpu.rsp) + bytes) & mask, mask);
}

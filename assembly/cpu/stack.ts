// The stack as instructions see it: its width follows the mode (64 bits) or SS.B.

import * as Cpu from "../layout/cpu";
import * as Record from "../layout/record";
import { readHost, storeLinear } from "./access";
import { segmentAddress } from "./operand";

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

/** Pushes a value; false = fault raised, nothing changed. */
@inline
export function push<T>(cpu: usize, value: T): bool {
  if (sizeof<T>() == 8) {
    // Eight bytes are pushed in 64-bit mode only.
    const rsp = load<u64>(cpu, Cpu.rsp) - 8;
    if (!storeLinear<T>(cpu, rsp, value)) return false;
    store<u64>(cpu, rsp, Cpu.rsp);
    return true;
  }
  return pushNarrow(cpu, <u64>value, sizeof<T>());
}

function pushNarrow(cpu: usize, value: u64, size: u32): bool {
  const mask = stackMask(cpu);
  const sp = (load<u64>(cpu, Cpu.rsp) - size) & mask;
  const la = stackAddress(cpu, sp, size, true);
  if (!(size == 2 ? storeLinear<u16>(cpu, la, <u16>value) : storeLinear<u32>(cpu, la, <u32>value))) return false;
  setStackPointer(cpu, sp, mask);
  return true;
}

/** Host address of the value on top, `above` bytes further up; 0 = fault raised. Nothing is popped. */
@inline
export function stackHost<T>(cpu: usize, above: u64): usize {
  if (sizeof<T>() == 8) return readHost(cpu, load<u64>(cpu, Cpu.rsp) + above, 8);
  const sp = (load<u64>(cpu, Cpu.rsp) + above) & stackMask(cpu);
  return readHost(cpu, stackAddress(cpu, sp, sizeof<T>(), false), sizeof<T>());
}

/** Moves the stack pointer up. */
@inline
export function drop(cpu: usize, bytes: u64): void {
  const mask = stackMask(cpu);
  setStackPointer(cpu, (load<u64>(cpu, Cpu.rsp) + bytes) & mask, mask);
}

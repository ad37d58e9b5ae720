// What the tests of the decoder and of the run loop call.

import * as Cpu from "../layout/cpu";
import * as Record from "../layout/record";
import { decodeInstruction, LOCKED, NEED_MORE } from "./decode";
import * as Ops from "./generated/ops";
import { updateMode } from "./mode";

/**
 * Length of the instruction whose 15 bytes lie in the CPU's scratch area, 0 if it is undefined or too long. The decoded
 * record is left in the CPU's scratch records.
 */
export function testDecodeLength(cpu: usize, mode: u32): u32 {
  const rec = cpu + Cpu.scratchRecords;
  const result = decodeInstruction(cpu, cpu + Cpu.scratch, 15, mode, 0, rec);
  if (result == NEED_MORE || load<u16>(rec, Record.op) == Ops.UNDEFINED) return 0;
  return result & 0xff;
}

/** Whether the instruction in the scratch area has a fence before it. */
export function testDecodeLocks(cpu: usize, mode: u32): bool {
  return (decodeInstruction(cpu, cpu + Cpu.scratch, 15, mode, 0, cpu + Cpu.scratchRecords) & LOCKED) != 0;
}

export function testScratch(cpu: usize): usize {
  return cpu + Cpu.scratch;
}

export function testScratchOperation(cpu: usize): u32 {
  return load<u16>(cpu + Cpu.scratchRecords, Record.op);
}

/** After a test has written CPL or EFLAGS: derives the mode and keeps the TLB. */
export function testKeepTlb(cpu: usize): void {
  updateMode(cpu);
}

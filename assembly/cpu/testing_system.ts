// What the tests of the CPU's system side call: delivery, segment loads and handlers without the run loop.

import * as Cpu from "../layout/cpu";
import { flushTlb, resetTlb } from "../mem/tlb";
import { loadDirectoryPointers } from "../mem/walk";
import { deliverInterrupt, deliverNmi, deliverPending, softInterrupt } from "./exceptions";
import { farCall, farJump } from "./far";
import { farReturn, interruptReturn } from "./far_return";
import { syscallEntry, syscallExit } from "./fast_call";
import { getFlags, setFlags } from "./flags";
import { checkIoPermission } from "./io_permission";
import { setDefaultModel, setFeature } from "./model";
import { updateMode } from "./mode";
import { readMsr, writeMsr } from "./msr";
import * as fpuState from "./ops/fpu_state";
import * as xsaveOps from "./ops/xsave";
import * as segmentOps from "./ops/segment";
import * as system from "./ops/system";
import { cpuResetState, handleInit, handleSipi } from "./reset";
import { loadSegment } from "./segments";

export function testCpuReset(cpu: usize, isBsp: bool): void {
  resetTlb(cpu);
  cpuResetState(cpu, isBsp);
}

export function testUpdateMode(cpu: usize): void {
  flushTlb(cpu, false);
  loadDirectoryPointers(cpu, load<u64>(cpu, Cpu.cr3));
  updateMode(cpu);
}

export function testDeliverPending(cpu: usize): void {
  deliverPending(cpu);
}

export function testDeliverInterrupt(cpu: usize, vector: i32): void {
  deliverInterrupt(cpu, vector);
}

export function testDeliverNmi(cpu: usize): void {
  deliverNmi(cpu);
}

export function testSoftInterrupt(cpu: usize, vector: i32, kind: u32): bool {
  return softInterrupt(cpu, vector, kind);
}

export function testLoadSegment(cpu: usize, seg: u32, selector: u32): bool {
  return loadSegment(cpu, seg, selector);
}

export function testFarJump(cpu: usize, selector: u32, offset: u32): bool {
  return farJump(cpu, selector, <u64>offset);
}

export function testFarCall(cpu: usize, selector: u32, offset: u32, size: u32): bool {
  return farCall(cpu, selector, <u64>offset, size);
}

export function testFarReturn(cpu: usize, size: u32, bytes: u32): bool {
  return farReturn(cpu, size, bytes);
}

export function testInterruptReturn(cpu: usize, size: u32): bool {
  return interruptReturn(cpu, size);
}

export function testSyscall(cpu: usize): bool {
  return syscallEntry(cpu);
}

export function testSysret(cpu: usize, wide: bool): bool {
  return syscallExit(cpu, wide);
}

export function testGetFlags(cpu: usize): u32 {
  return getFlags(cpu);
}

export function testSetFlags(cpu: usize, value: u32): void {
  setFlags(cpu, value, <u32>-1);
}

export function testIoPermission(cpu: usize, port: u32, size: u32): bool {
  return checkIoPermission(cpu, port, size);
}

export function testSetFeature(cpu: usize, feature: u32, on: bool): void {
  setFeature(cpu, feature, on);
}

export function testDefaultModel(cpu: usize): void {
  setDefaultModel(cpu);
}

/** MSR number in ecx, value in edx:eax. */
export function testRdmsr(cpu: usize): bool {
  return system.rdmsr(cpu, 0);
}

export function testWrmsr(cpu: usize): bool {
  return system.wrmsr(cpu, 0);
}

export function testReadMsr(cpu: usize, index: u32): bool {
  return readMsr(cpu, index);
}

export function testWriteMsr(cpu: usize, index: u32): bool {
  return writeMsr(cpu, index, load<u64>(cpu, Cpu.msrValue));
}

export function testCpuid(cpu: usize): void {
  system.identify(cpu, 0);
}

/** MOV CRn,r64 with the value in rax; `rec` is a record that the test has made. */
export function testMovToCr(cpu: usize, rec: usize): bool {
  return system.movToCr(cpu, rec);
}

export function testMovToDr(cpu: usize, rec: usize): bool {
  return system.movToDr(cpu, rec);
}

export function testMovFromDr(cpu: usize, rec: usize): bool {
  return system.movFromDr(cpu, rec);
}

export function testLar(cpu: usize, rec: usize): bool {
  return segmentOps.lar<u32>(cpu, rec);
}

export function testLsl(cpu: usize, rec: usize): bool {
  return segmentOps.lsl<u32>(cpu, rec);
}

export function testFxsave64(cpu: usize, rec: usize): bool {
  return fpuState.fxsave<u64>(cpu, rec);
}

export function testFxrstor64(cpu: usize, rec: usize): bool {
  return fpuState.fxrstor<u64>(cpu, rec);
}

export function testXsave64(cpu: usize, rec: usize): bool {
  return xsaveOps.xsave<u64>(cpu, rec);
}

export function testXsaveopt64(cpu: usize, rec: usize): bool {
  return xsaveOps.xsaveopt<u64>(cpu, rec);
}

export function testXsavec64(cpu: usize, rec: usize): bool {
  return xsaveOps.xsavec<u64>(cpu, rec);
}

export function testXsaves64(cpu: usize, rec: usize): bool {
  return xsaveOps.xsaves<u64>(cpu, rec);
}

export function testXrstors64(cpu: usize, rec: usize): bool {
  return xsaveOps.xrstors<u64>(cpu, rec);
}

export function testXrstor64(cpu: usize, rec: usize): bool {
  return xsaveOps.xrstor<u64>(cpu, rec);
}

export function testHandleInit(cpu: usize): void {
  handleInit(cpu);
}

export function testHandleSipi(cpu: usize): void {
  handleSipi(cpu);
}

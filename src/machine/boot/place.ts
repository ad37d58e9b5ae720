// Carries out a boot plan: bytes into guest memory, registers into the state of CPU 0.

import * as Cpu from "../../../assembly/layout/cpu";
import type { ConfigIssue } from "../../shared/config_issue";
import { gpa, type Gpa } from "../../shared/units";
import { kernelIssue, type BootEntry, type BootPlan, type BootRegisters } from "./boot_plan";
import {
  CODE32,
  CODE64,
  CODE_SELECTOR,
  DATA32,
  DATA_SELECTOR,
  GDT_SIZE,
  TSS32_BUSY,
  TSS_LIMIT,
  TSS_SELECTOR,
} from "./flat_segments";

/** What of GuestMemory loading needs. */
export interface LoadTarget {
  write(gpa: Gpa, source: Uint8Array): boolean;
  fill(gpa: Gpa, length: number, value: number): boolean;
}

/** `fresh`: the memory has never been used, so that what must be zero already is. */
export function placeBytes(plan: BootPlan, target: LoadTarget, fresh: boolean): ConfigIssue | undefined {
  for (const range of fresh ? [] : plan.zero) {
    if (!target.fill(gpa(range.gpa), range.length, 0)) return outOfMemory(range.gpa);
  }
  for (const part of plan.load) {
    if (!target.write(gpa(part.gpa), part.bytes)) return outOfMemory(part.gpa);
  }
  return undefined;
}

/** Planned into RAM, and yet there was no page: the pool is empty. */
function outOfMemory(at: number): ConfigIssue {
  return kernelIssue(`there was no memory left for what belongs at 0x${at.toString(16)}`);
}

const PROTECTION = 0x11;
const PAGING = 0x80000000;
const CR4_PAE = 0x20;
const EFER_LONG_MODE = 0x500;
const EFLAGS_RESERVED = 2;

/** Writes the entry state over a CPU that has just been reset. The caller then calls `cpuSync`. */
export function placeRegisters(entry: BootEntry, data: DataView<ArrayBufferLike>, cpu: number): void {
  const u32 = (offset: number, value: number) => data.setUint32(cpu + offset, value, true);
  const u64 = (offset: number, value: number) => data.setBigUint64(cpu + offset, BigInt(value), true);
  const long = entry.mode === "long";
  u64(Cpu.cr0, long ? PAGING + PROTECTION : PROTECTION);
  u64(Cpu.cr3, long ? entry.pageTables : 0);
  u64(Cpu.cr4, long ? CR4_PAE : 0);
  u64(Cpu.efer, long ? EFER_LONG_MODE : 0);
  u64(Cpu.gdtBase, entry.gdt);
  u32(Cpu.gdtLimit, GDT_SIZE - 1);
  u64(Cpu.idtBase, 0);
  u32(Cpu.idtLimit, 0);
  u32(Cpu.eflags, EFLAGS_RESERVED);
  placeGprs(entry.registers, u64);
  const segment = (index: number, selector: number, attributes: number, limit: number) => {
    const at = Cpu.seg + index * Cpu.SEG_SIZE;
    data.setUint16(cpu + at + Cpu.segSelector, selector, true);
    u32(at + Cpu.segAttr, attributes);
    u64(at + Cpu.segBase, 0);
    u32(at + Cpu.segLimit, limit);
  };
  segment(Cpu.CS, CODE_SELECTOR, long ? CODE64 : CODE32, 0xffffffff);
  for (const index of [Cpu.ES, Cpu.SS, Cpu.DS, Cpu.FS, Cpu.GS]) segment(index, DATA_SELECTOR, DATA32, 0xffffffff);
  segment(Cpu.TR, TSS_SELECTOR, TSS32_BUSY, TSS_LIMIT);
  segment(Cpu.LDTR, 0, 0, 0);
}

function placeGprs(registers: BootRegisters, u64: (offset: number, value: number) => void): void {
  for (let i = 0; i < 16; i++) u64(Cpu.gpr + i * 8, 0);
  u64(Cpu.rip, registers.rip);
  u64(Cpu.rax, registers.rax ?? 0);
  u64(Cpu.rbx, registers.rbx ?? 0);
  u64(Cpu.rsi, registers.rsi ?? 0);
}

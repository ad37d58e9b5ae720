// Reads a CPU's registers and counters out of shared memory for the crash report: works while or after its worker died.

import * as Counters from "../../assembly/layout/counters";
import * as Cpu from "../../assembly/layout/cpu";
import * as Jit from "../../assembly/layout/jit";
import * as Profile from "../../assembly/layout/profile";
import { codeAround } from "../machine/guest_code";
import { registerName } from "../shared/disassemble";

export interface CpuReport {
  readonly index: number;
  readonly rip: string;
  readonly registers: Readonly<Record<string, string>>;
  readonly counters: Readonly<Record<string, number>>;
  /** The instructions around rip; empty if the CPU has forgotten where they are. */
  readonly code: readonly string[];
}

const segmentNames = ["es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"];
const wide: readonly (readonly [string, number])[] = [
  ["cr0", Cpu.cr0],
  ["cr2", Cpu.cr2],
  ["cr3", Cpu.cr3],
  ["cr4", Cpu.cr4],
  ["efer", Cpu.efer],
  ["gdtr", Cpu.gdtBase],
  ["idtr", Cpu.idtBase],
];
const counterOffsets: readonly (readonly [string, number])[] = [
  ["instructions in translations", Counters.inTranslations],
  ["translations entered", Counters.translationsEntered],
  ["TLB misses", Counters.tlbMisses],
  ["page walks", Counters.pageWalks],
  ["blocks decoded", Counters.blocksDecoded],
  ["jump cache misses", Counters.jumpCacheMisses],
  ["code invalidations", Counters.codeInvalidations],
  ["decode cache flushes", Counters.decodeFlushes],
  ["interrupts", Counters.interrupts],
  ["exceptions", Counters.exceptions],
  ["page faults", Counters.pageFaults],
  ["mailbox exits", Counters.mailboxExits],
  ["doorbells", Counters.doorbells],
  ["halts", Counters.halts],
  ["TLB flushes", Counters.tlbFlushes],
  ["unimplemented instructions", Counters.unimplemented],
];

/** Offsets from the translator's memory. */
const translatorOffsets: readonly (readonly [string, number])[] = [
  ["translated regions", Jit.regionsTranslated],
  ["translated instructions", Jit.instructionsTranslated],
  ["bytes of translations", Jit.bytesEmitted],
  ["translated modules", Jit.modules],
  ["regions not translated", Jit.refused],
  ["translated modules dropped", Jit.modulesDropped],
  ["translated regions evicted", Jit.regionsEvicted],
];

export function inspectCpu(view: DataView, cpu: number): CpuReport {
  const registers: Record<string, string> = {};
  for (let i = 0; i < 16; i++) registers[registerName(i)] = hex64(view, cpu + Cpu.gpr + i * 8);
  // Without the arithmetic flags, which the CPU keeps as the operands that they follow from.
  registers["eflags"] = hex(view.getUint32(cpu + Cpu.eflags, true), 8);
  for (const [name, offset] of wide) registers[name] = hex64(view, cpu + offset);
  segmentNames.forEach((name, i) => (registers[name] = segment(view, cpu + Cpu.seg + i * Cpu.SEG_SIZE)));
  return {
    index: view.getUint32(cpu + Cpu.index, true),
    rip: hex64(view, cpu + Cpu.rip),
    registers,
    counters: cpuCounters(view, cpu),
    code: codeAround(view, cpu),
  };
}

export function cpuCounters(view: DataView, cpu: number): Record<string, number> {
  const counters: Record<string, number> = { instructions: count(view, cpu + Cpu.instructions) };
  for (const [name, offset] of counterOffsets) counters[name] = count(view, cpu + Cpu.counters + offset);
  for (const [name, offset] of translatorOffsets) counters[name] = count(view, cpu + Cpu.jit + offset);
  counters["compile time, ms"] = Math.round(view.getFloat64(cpu + Cpu.jit + Profile.compileTime, true));
  for (let vector = 0; vector < 32; vector++) {
    const times = count(view, cpu + Cpu.counters + Counters.exceptionByVector + vector * 8);
    if (times !== 0) counters[`exception ${vector}`] = times;
  }
  return counters;
}

export interface Unimplemented {
  readonly count: number;
  readonly bytes: string;
  readonly rip: string;
}

/** Instructions that raised #UD because they are not implemented, and the first bytes of the last one. */
export function unimplementedOf(view: DataView, cpu: number): Unimplemented {
  const total = count(view, cpu + Cpu.counters + Counters.unimplemented);
  if (total === 0) return { count: 0, bytes: "", rip: "" };
  const bytes: string[] = [];
  for (let i = 0; i < 15; i++) bytes.push(hex(view.getUint8(cpu + Cpu.counters + Counters.lastUnimplemented + i), 2));
  return { count: total, bytes: bytes.join(" "), rip: hex64(view, cpu + Cpu.counters + Counters.lastUnimplementedRip) };
}

function segment(view: DataView, address: number): string {
  const selector = hex(view.getUint16(address + Cpu.segSelector, true), 4);
  const attributes = hex(view.getUint32(address + Cpu.segAttr, true), 4);
  const limit = hex(view.getUint32(address + Cpu.segLimit, true), 8);
  return `${selector} base ${hex64(view, address + Cpu.segBase)} limit ${limit} attr ${attributes}`;
}

function count(view: DataView, address: number): number {
  return Number(view.getBigUint64(address, true));
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}

function hex64(view: DataView, address: number): string {
  return view.getBigUint64(address, true).toString(16).padStart(16, "0");
}

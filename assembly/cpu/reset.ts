// Power-on, INIT and SIPI (SDM vol. 3, 9.1.1 and 8.4.3).

import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import { flushTlb } from "../mem/tlb";
import { lapicInit, lapicReset } from "../platform/lapic";
import { CR0_CD, CR0_ET, CR0_NW, DR6_FIXED } from "./bits";
import { describeNull, describeParagraph, segmentOf } from "./descriptor";
import { setFlags } from "./flags";
import { setDefaultModel } from "./model";
import { updateMode } from "./mode";

const PAT_DEFAULT: u64 = 0x0007040600070406;
/** MTRRs enabled with write-back as the default type: how firmware would leave them, which we do without. */
const MTRR_DEFAULT: u64 = 0x806;
const MISC_ENABLE_FAST_STRINGS: u64 = 1;
/** HWCR.TscFreqSel: the TSC runs at the P0 frequency; without it Linux reports a firmware bug. */
const HWCR_DEFAULT: u64 = 0x1000000;
/** DE_CFG: LFENCE is serializing. */
const DE_CFG_DEFAULT: u64 = 2;
const MXCSR_DEFAULT: u32 = 0x1f80;
const BASE_BSP: u64 = 0x100;
/** Instructions to the first looks at the clock (cpu/poll.ts). */
const POLL_INTERVAL: u32 = 16384;

/** Power-on or machine reset. The model stays; the first call chooses the default one. */
export function cpuResetState(cpu: usize, isBsp: bool): void {
  if (load<u32>(cpu, CpuSystem.signature) == 0) setDefaultModel(cpu);
  store<u64>(cpu, CR0_CD | CR0_NW | CR0_ET, Cpu.cr0);
  resetCore(cpu);
  resetVectors(cpu);
  resetMsrs(cpu);
  lapicReset(cpu, isBsp);
  store<u32>(cpu, POLL_INTERVAL, Cpu.pollInterval);
  atomic.store<i32>(cpu, 0, Cpu.initRequest);
  atomic.store<i32>(cpu, 0, Cpu.sipiRequest);
  store<u32>(cpu, isBsp ? Cpu.RUN_RUNNING : Cpu.RUN_WAIT_SIPI, Cpu.runState);
}

/** What both power-on and INIT set. */
function resetCore(cpu: usize): void {
  memory.fill(cpu + Cpu.gpr, 0, 136);
  store<u64>(cpu, <u64>load<u32>(cpu, CpuSystem.signature), Cpu.rdx);
  setFlags(cpu, 2, <u32>-1);
  resetSegments(cpu);
  store<u64>(cpu, 0xfff0, Cpu.rip);
  store<u64>(cpu, (load<u64>(cpu, Cpu.cr0) & (CR0_CD | CR0_NW)) | CR0_ET, Cpu.cr0);
  store<u64>(cpu, 0, Cpu.cr2);
  store<u64>(cpu, 0, Cpu.cr3);
  store<u64>(cpu, 0, Cpu.cr4);
  store<u64>(cpu, 0, Cpu.efer);
  memory.fill(cpu + Cpu.dr, 0, 64);
  store<u64>(cpu, DR6_FIXED, Cpu.dr6);
  store<u64>(cpu, 0x400, Cpu.dr7);
  store<i32>(cpu, -1, Cpu.excVector);
  store<u32>(cpu, 0, Cpu.cpl);
  store<u32>(cpu, 0, Cpu.nmiBlocked);
  store<u32>(cpu, 0, Cpu.shadow);
  store<u64>(cpu, 0, Cpu.pendingDebug);
  store<u32>(cpu, 0, Cpu.delivering);
  atomic.store<i32>(cpu, 0, Cpu.nmiPending);
  flushTlb(cpu, false);
  updateMode(cpu);
}

/** CS at FFFF0000 with selector F000; the others at 0; tables empty but for the IVT. */
function resetSegments(cpu: usize): void {
  for (let seg: u32 = 0; seg < 6; seg++) describeParagraph(segmentOf(cpu, seg), 0, 0x93, 0xffff);
  const cs = segmentOf(cpu, Cpu.CS);
  describeParagraph(cs, 0xf000, 0x9b, 0xffff);
  store<u64>(cs, 0xffff0000, Cpu.segBase);
  resetSystemSegment(cpu, Cpu.LDTR, 0x82);
  resetSystemSegment(cpu, Cpu.TR, 0x8b);
  store<u64>(cpu, 0, Cpu.gdtBase);
  store<u32>(cpu, 0xffff, Cpu.gdtLimit);
  store<u64>(cpu, 0, Cpu.idtBase);
  store<u32>(cpu, 0xffff, Cpu.idtLimit);
}

function resetSystemSegment(cpu: usize, seg: u32, attr: u32): void {
  const s = segmentOf(cpu, seg);
  describeNull(s, 0);
  store<u32>(s, attr, Cpu.segAttr);
  store<u32>(s, 0xffff, Cpu.segLimit);
}

/** x87, SSE and XCR0: INIT leaves them alone. */
function resetVectors(cpu: usize): void {
  memory.fill(cpu + Cpu.xmm, 0, 16 * Cpu.XMM_SIZE);
  memory.fill(cpu + Cpu.fpr, 0, 8 * Cpu.FPR_SIZE);
  store<u16>(cpu, 0x37f, Cpu.fcw);
  store<u16>(cpu, 0, Cpu.fsw);
  store<u8>(cpu, 0, Cpu.ftw);
  store<u16>(cpu, 0, Cpu.fop);
  store<u16>(cpu, 0, Cpu.fipSelector);
  store<u16>(cpu, 0, Cpu.fdpSelector);
  store<u64>(cpu, 0, Cpu.fip);
  store<u64>(cpu, 0, Cpu.fdp);
  store<u32>(cpu, MXCSR_DEFAULT, Cpu.mxcsr);
  store<u64>(cpu, 1, Cpu.xcr0);
}

function resetMsrs(cpu: usize): void {
  // STAR to TSC_AUX follow each other.
  memory.fill(cpu + Cpu.star, 0, Cpu.pat - Cpu.star);
  store<u64>(cpu, PAT_DEFAULT, Cpu.pat);
  store<u64>(cpu, MISC_ENABLE_FAST_STRINGS, Cpu.miscEnable);
  store<u64>(cpu, MTRR_DEFAULT, Cpu.mtrrDefType);
  memory.fill(cpu + Cpu.mtrrVar, 0, 128);
  memory.fill(cpu + Cpu.mtrrFixed, 0, 88);
  store<u64>(cpu, HWCR_DEFAULT, CpuSystem.hwcr);
  store<u64>(cpu, DE_CFG_DEFAULT, CpuSystem.deCfg);
  store<u64>(cpu, 0, CpuSystem.debugCtl);
}

/** INIT: the boot processor starts over at the reset vector, the others wait for a SIPI. */
export function handleInit(cpu: usize): void {
  atomic.store<i32>(cpu, 0, Cpu.initRequest);
  resetCore(cpu);
  lapicInit(cpu);
  const isBsp = (load<u64>(cpu, Cpu.apicBase) & BASE_BSP) != 0;
  // The firmware lies below 1 MiB only, without its image at the end of the 4 GiB.
  if (isBsp) store<u64>(segmentOf(cpu, Cpu.CS), 0xf0000, Cpu.segBase);
  store<u32>(cpu, isBsp ? Cpu.RUN_RUNNING : Cpu.RUN_WAIT_SIPI, Cpu.runState);
}

/** Start-up IPI: real mode at vector * 4096. Only a CPU that waits for it takes it. */
export function handleSipi(cpu: usize): void {
  const request = atomic.xchg<i32>(cpu, 0, Cpu.sipiRequest);
  if (request == 0 || load<u32>(cpu, Cpu.runState) != Cpu.RUN_WAIT_SIPI) return;
  const vector = (<u32>(request - 1)) & 0xff;
  describeParagraph(segmentOf(cpu, Cpu.CS), vector << 8, 0x9b, 0xffff);
  store<u64>(cpu, 0, Cpu.rip);
  store<u32>(cpu, Cpu.RUN_RUNNING, Cpu.runState);
  updateMode(cpu);
}

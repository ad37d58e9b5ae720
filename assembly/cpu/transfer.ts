// The parts that far jumps, calls, returns and interrupts share: checking and entering a code segment, finding the stack
// of an inner privilege (SDM vol. 3, 5.8 and 6.12).

import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import * as Exception from "../layout/exception";
import { isCanonical } from "../mem/walk";
import { readSystem } from "./access";
import { ATTR_CODE, ATTR_CONFORMING, ATTR_DB, ATTR_L, ATTR_P } from "./bits";
import {
  attrOf,
  describe,
  describeNull,
  dplOf,
  isNull,
  isSystem,
  limitOf,
  markAccessed,
  rawOf,
  segmentOf,
  selectorError,
  selectorOf,
} from "./descriptor";
import { frameSegment, frameWide } from "./frame";
import { isLong, updateMode } from "./mode";
import { checkStackSegment } from "./segments";
import { faulted, protection, raise } from "./state";

/** Bit of a TSS type that says 32-bit. */
const WIDE: u32 = 8;

@inline
export function isCode(attr: u32): bool {
  return !isSystem(attr) && (attr & ATTR_CODE) != 0;
}

@inline
export function isConforming(attr: u32): bool {
  return (attr & ATTR_CONFORMING) != 0;
}

/** Present, and not both 64-bit and 32-bit. The descriptor is in hand; its type and privilege have been checked. */
export function checkPresentCode(cpu: usize, selector: u32): bool {
  const attr = attrOf(rawOf(cpu));
  if (isLong(cpu) && (attr & ATTR_L) != 0 && (attr & ATTR_DB) != 0) return protection(cpu, selectorError(selector));
  if (attr & ATTR_P) return true;
  raise(cpu, Exception.NP, selectorError(selector));
  return false;
}

/** Whether `offset` may become the instruction pointer in the code segment in hand; otherwise #GP(0). */
export function checkTarget(cpu: usize, offset: u64): bool {
  const raw = rawOf(cpu);
  const wide = isLong(cpu) && (attrOf(raw) & ATTR_L) != 0;
  if (wide ? isCanonical(offset) : offset <= <u64>limitOf(raw)) return true;
  return protection(cpu, 0);
}

/** Keeps the code segment in hand for enterCode; false = fault raised while it was marked accessed. */
export function holdCode(cpu: usize, selector: u32): bool {
  if (!markAccessed(cpu)) return false;
  describe(cpu, cpu + CpuSystem.newCode, selector);
  return true;
}

/** Loads CS from the segment held, and rip, with the privilege in the selector's low bits. */
export function enterCode(cpu: usize, rip: u64): void {
  memory.copy(segmentOf(cpu, Cpu.CS), cpu + CpuSystem.newCode, Cpu.SEG_SIZE);
  store<u32>(cpu, load<u16>(cpu + CpuSystem.newCode, Cpu.segSelector) & 3, Cpu.cpl);
  store<u64>(cpu, rip, Cpu.rip);
  updateMode(cpu);
}

/** Changes the privilege in the selector of the code segment held. */
export function setHeldPrivilege(cpu: usize, cpl: u32): void {
  const code = cpu + CpuSystem.newCode;
  store<u16>(code, <u16>((load<u16>(code, Cpu.segSelector) & 0xfffc) | cpl), Cpu.segSelector);
}

/** True if the TSS is too short for `last`, after raising #TS with its selector. */
function tssShort(cpu: usize, last: u32): bool {
  if (last <= load<u32>(segmentOf(cpu, Cpu.TR), Cpu.segLimit)) return false;
  raise(cpu, Exception.TS, selectorError(selectorOf(cpu, Cpu.TR)));
  return true;
}

/** Starts a frame on the stack at offset `field` of the 64-bit TSS: RSP0..2 or IST1..7. The new SS is null. */
export function frameFromTss64(cpu: usize, field: u32, cpl: u32): bool {
  if (tssShort(cpu, field + 7)) return false;
  const sp = readSystem<u64>(cpu, load<u64>(segmentOf(cpu, Cpu.TR), Cpu.segBase) + field);
  if (faulted(cpu)) return false;
  if (!isCanonical(sp)) {
    raise(cpu, Exception.SS, 0);
    return false;
  }
  describeNull(cpu + CpuSystem.frameStack, cpl);
  frameWide(cpu, sp);
  return true;
}

/** Starts a frame on the stack that the 16- or 32-bit TSS gives for privilege `cpl`. */
export function frameFromTss(cpu: usize, cpl: u32): bool {
  const tr = segmentOf(cpu, Cpu.TR);
  const wide = (load<u32>(tr, Cpu.segAttr) & WIDE) != 0;
  const field = wide ? 4 + cpl * 8 : 2 + cpl * 4;
  if (tssShort(cpu, field + (wide ? 5 : 3))) return false;
  const base = load<u64>(tr, Cpu.segBase) + field;
  const sp: u64 = wide ? <u64>readSystem<u32>(cpu, base) : <u64>readSystem<u16>(cpu, base);
  if (faulted(cpu)) return false;
  const selector = <u32>readSystem<u16>(cpu, base + (wide ? 4 : 2));
  if (faulted(cpu)) return false;
  if (isNull(selector)) {
    raise(cpu, Exception.TS, 0);
    return false;
  }
  if (!checkStackSegment(cpu, selector, cpl, Exception.TS)) return false;
  describe(cpu, cpu + CpuSystem.frameStack, selector);
  frameSegment(cpu, sp, selectorError(selector));
  return true;
}

/** Loads SS from the frame's stack segment. */
export function enterStack(cpu: usize): void {
  memory.copy(segmentOf(cpu, Cpu.SS), cpu + CpuSystem.frameStack, Cpu.SEG_SIZE);
}

/** Checks DPL of a direct transfer's code segment: conforming at most CPL, else equal, with RPL at most CPL. */
export function mayEnterDirectly(attr: u32, selector: u32, cpl: u32): bool {
  const dpl = dplOf(attr);
  return isConforming(attr) ? dpl <= cpl : dpl == cpl && (selector & 3) <= cpl;
}

// Delivery through the gates of an IDT: protected mode with 16- and 32-bit gates and task gates, and IA-32e mode
// (SDM vol. 3, 6.12 to 6.14). The event is described in CpuSystem.event*.

import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import * as Exception from "../layout/exception";
import { isCanonical } from "../mem/walk";
import { readSystem } from "./access";
import { ATTR_DB, ATTR_L, ATTR_P, TYPE_INTERRUPT_GATE, TYPE_INTERRUPT_GATE16, TYPE_TASK_GATE } from "./bits";
import {
  attrOf,
  describeNull,
  dplOf,
  fetchDescriptor,
  isNull,
  rawOf,
  segmentOf,
  selectorError,
  selectorOf,
  systemType,
} from "./descriptor";
import { IF, NT, RF, TF, VM } from "./flags";
import { frameCommit, frameCurrent, framePush, frameWide } from "./frame";
import { isV86, setPrivilege } from "./mode";
import { cplOf, faulted, protection, raise } from "./state";
import { pushTaskError, taskFromGate } from "./task";
import {
  checkPresentCode,
  checkTarget,
  enterCode,
  enterStack,
  frameFromTss,
  frameFromTss64,
  holdCode,
  isCode,
  isConforming,
  setHeldPrivilege,
} from "./transfer";

@inline
function hasError(cpu: usize): bool {
  return load<u32>(cpu, CpuSystem.eventHasError) != 0;
}

/** Error code that names a vector: index and the IDT bit. */
@inline
function vectorError(vector: i32): u32 {
  return ((<u32>vector) << 3) | 2;
}

/** Privilege of the gate against INT n, and presence. */
function checkGate(cpu: usize, vector: i32, gate: u64): bool {
  const attr = attrOf(gate);
  const software = load<u32>(cpu, CpuSystem.eventSoftware) != 0;
  if (software && dplOf(attr) < cplOf(cpu)) return protection(cpu, vectorError(vector));
  if (attr & ATTR_P) return true;
  raise(cpu, Exception.NP, vectorError(vector));
  return false;
}

/** Fetches the handler's code segment, which may not be less privileged than the code it interrupts. */
function fetchHandler(cpu: usize, selector: u32): bool {
  if (isNull(selector)) return protection(cpu, 0);
  if (!fetchDescriptor(cpu, selector, Exception.GP)) return false;
  const attr = attrOf(rawOf(cpu));
  if (!isCode(attr) || dplOf(attr) > cplOf(cpu)) return protection(cpu, selectorError(selector));
  return true;
}

/** Flags that every gate clears, and IF for interrupt gates. */
function clearForHandler(cpu: usize, interruptGate: bool): void {
  const mask = TF | NT | RF | VM | (interruptGate ? IF : 0);
  store<u32>(cpu, load<u32>(cpu, Cpu.eflags) & ~mask, Cpu.eflags);
}

export function deliverLong(cpu: usize, vector: i32): bool {
  if (<u32>vector * 16 + 15 > load<u32>(cpu, Cpu.idtLimit)) return protection(cpu, vectorError(vector));
  const address = load<u64>(cpu, Cpu.idtBase) + ((<u64>vector) << 4);
  const gate = readSystem<u64>(cpu, address);
  const upper = readSystem<u64>(cpu, address + 8);
  if (faulted(cpu)) return false;
  // Only 64-bit interrupt and trap gates exist here; the S bit is part of the comparison.
  if ((((<u32>(gate >> 40)) & 0x1f) | 1) != 15) return protection(cpu, vectorError(vector));
  if (!checkGate(cpu, vector, gate)) return false;
  const selector = (<u32>(gate >> 16)) & 0xffff;
  if (!fetchHandler(cpu, selector)) return false;
  const attr = attrOf(rawOf(cpu));
  if ((attr & (ATTR_L | ATTR_DB)) != ATTR_L) return protection(cpu, selectorError(selector));
  if (!checkPresentCode(cpu, selector)) return false;
  const rip = (gate & 0xffff) | ((gate >> 32) & 0xffff0000) | (upper << 32);
  if (!isCanonical(rip)) return protection(cpu, 0);
  const cpl = cplOf(cpu);
  const newCpl = isConforming(attr) ? cpl : dplOf(attr);
  if (!holdCode(cpu, (selector & 0xfffc) | newCpl)) return false;
  if (!startFrame64(cpu, (<u32>(gate >> 32)) & 7, newCpl)) return false;
  setPrivilege(cpu, newCpl);
  if (!pushFrame64(cpu)) {
    setPrivilege(cpu, cpl);
    return false;
  }
  if (newCpl != cpl) describeNull(segmentOf(cpu, Cpu.SS), newCpl);
  frameCommit(cpu);
  clearForHandler(cpu, systemType(gate) == TYPE_INTERRUPT_GATE);
  enterCode(cpu, rip);
  return true;
}

/** The stack of a 64-bit handler: IST, the TSS's for an inner privilege, or the current one; aligned to 16 bytes. */
function startFrame64(cpu: usize, ist: u32, newCpl: u32): bool {
  if (ist != 0) {
    if (!frameFromTss64(cpu, 28 + ist * 8, newCpl)) return false;
  } else if (newCpl < cplOf(cpu)) {
    if (!frameFromTss64(cpu, 4 + newCpl * 8, newCpl)) return false;
  } else {
    frameWide(cpu, load<u64>(cpu, Cpu.rsp));
  }
  store<u64>(cpu, load<u64>(cpu, CpuSystem.frameSp) & ~(<u64>15), CpuSystem.frameSp);
  return true;
}

function pushFrame64(cpu: usize): bool {
  if (!framePush(cpu, <u64>selectorOf(cpu, Cpu.SS), 8)) return false;
  if (!framePush(cpu, load<u64>(cpu, Cpu.rsp), 8)) return false;
  return pushReturn(cpu, 8);
}

/** FLAGS, CS, IP and the error code, if there is one. */
function pushReturn(cpu: usize, size: u32): bool {
  if (!framePush(cpu, <u64>load<u32>(cpu, CpuSystem.eventFlags), size)) return false;
  if (!framePush(cpu, <u64>selectorOf(cpu, Cpu.CS), size)) return false;
  if (!framePush(cpu, load<u64>(cpu, Cpu.rip), size)) return false;
  return !hasError(cpu) || framePush(cpu, <u64>load<u32>(cpu, CpuSystem.eventError), size);
}

export function deliverProtected(cpu: usize, vector: i32): bool {
  if (<u32>vector * 8 + 7 > load<u32>(cpu, Cpu.idtLimit)) return protection(cpu, vectorError(vector));
  const gate = readSystem<u64>(cpu, load<u64>(cpu, Cpu.idtBase) + ((<u64>vector) << 3));
  if (faulted(cpu)) return false;
  // 00101 task gate, 0x11y interrupt and trap gates of both sizes.
  const type = (<u32>(gate >> 40)) & 0x1f;
  const known = type == TYPE_TASK_GATE || (type & 0x16) == TYPE_INTERRUPT_GATE16;
  if (!known) return protection(cpu, vectorError(vector));
  if (!checkGate(cpu, vector, gate)) return false;
  const selector = (<u32>(gate >> 16)) & 0xffff;
  if (type == TYPE_TASK_GATE) {
    if (!taskFromGate(cpu, selector)) return false;
    return !hasError(cpu) || pushTaskError(cpu, load<u32>(cpu, CpuSystem.eventError));
  }
  return deliverGate(cpu, gate, selector);
}

function deliverGate(cpu: usize, gate: u64, selector: u32): bool {
  if (!fetchHandler(cpu, selector)) return false;
  if (!checkPresentCode(cpu, selector)) return false;
  const attr = attrOf(rawOf(cpu));
  const cpl = cplOf(cpu);
  const newCpl = isConforming(attr) ? cpl : dplOf(attr);
  // From virtual-8086 mode only handlers of privilege 0 may be entered.
  if (isV86(cpu) && newCpl != 0) return protection(cpu, selectorError(selector));
  const wide = (systemType(gate) & 8) != 0;
  const offset = (gate & 0xffff) | (wide ? (gate >> 32) & 0xffff0000 : 0);
  if (!checkTarget(cpu, offset)) return false;
  if (!holdCode(cpu, (selector & 0xfffc) | newCpl)) return false;
  const size: u32 = wide ? 4 : 2;
  const done = newCpl < cpl ? pushInnerFrame(cpu, newCpl, size) : pushSameFrame(cpu, size);
  if (!done) return false;
  clearForHandler(cpu, (systemType(gate) & 7) == TYPE_INTERRUPT_GATE16);
  setHeldPrivilege(cpu, newCpl);
  enterCode(cpu, offset);
  return true;
}

function pushSameFrame(cpu: usize, size: u32): bool {
  frameCurrent(cpu);
  if (!pushReturn(cpu, size)) return false;
  frameCommit(cpu);
  return true;
}

function pushInnerFrame(cpu: usize, newCpl: u32, size: u32): bool {
  const cpl = cplOf(cpu);
  if (!frameFromTss(cpu, newCpl)) return false;
  setPrivilege(cpu, newCpl);
  const done = (!isV86(cpu) || pushDataSegments(cpu, size)) && pushOuterStack(cpu, size) && pushReturn(cpu, size);
  if (!done) {
    setPrivilege(cpu, cpl);
    return false;
  }
  if (isV86(cpu)) dropDataSegments(cpu);
  enterStack(cpu);
  frameCommit(cpu);
  return true;
}

function pushOuterStack(cpu: usize, size: u32): bool {
  if (!framePush(cpu, <u64>selectorOf(cpu, Cpu.SS), size)) return false;
  return framePush(cpu, load<u64>(cpu, Cpu.rsp), size);
}

/** The data segments of virtual-8086 mode mean nothing to the handler: it gets them on the stack. */
function pushDataSegments(cpu: usize, size: u32): bool {
  return (
    framePush(cpu, <u64>selectorOf(cpu, Cpu.GS), size) &&
    framePush(cpu, <u64>selectorOf(cpu, Cpu.FS), size) &&
    framePush(cpu, <u64>selectorOf(cpu, Cpu.DS), size) &&
    framePush(cpu, <u64>selectorOf(cpu, Cpu.ES), size)
  );
}

function dropDataSegments(cpu: usize): void {
  describeNull(segmentOf(cpu, Cpu.GS), 0);
  describeNull(segmentOf(cpu, Cpu.FS), 0);
  describeNull(segmentOf(cpu, Cpu.DS), 0);
  describeNull(segmentOf(cpu, Cpu.ES), 0);
}

// Far jumps and calls: direct, through call gates, to other tasks (SDM vol. 2, JMP and CALL; vol. 3, 5.8).
// `size` is the operand size in bytes. Cpu.rip is the address after the instruction.

import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import * as Exception from "../layout/exception";
import {
  ATTR_DB,
  ATTR_L,
  ATTR_P,
  TYPE_CALL_GATE,
  TYPE_CALL_GATE16,
  TYPE_TASK_GATE,
  TYPE_TSS,
  TYPE_TSS16,
} from "./bits";
import {
  attrOf,
  dplOf,
  fetchDescriptor,
  fetchUpper,
  isNull,
  isSystem,
  rawOf,
  segmentOf,
  selectorError,
  selectorOf,
  systemType,
} from "./descriptor";
import { frameCommit, frameCurrent, framePush, frameWide } from "./frame";
import { isLong, isRealOrV86, setPrivilege, updateMode } from "./mode";
import { loadParagraph } from "./segments";
import { stackAddress, stackMask, stackRead } from "./stack";
import { cplOf, protection, raise } from "./state";
import { BY_CALL, BY_JUMP, switchThrough } from "./task";
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
  mayEnterDirectly,
} from "./transfer";

export function farJump(cpu: usize, selector: u32, offset: u64): bool {
  if (isRealOrV86(cpu)) return enterRealCode(cpu, selector, offset);
  return farTransfer(cpu, selector, offset, 0);
}

export function farCall(cpu: usize, selector: u32, offset: u64, size: u32): bool {
  if (!isRealOrV86(cpu)) return farTransfer(cpu, selector, offset, size);
  if (offset > <u64>load<u32>(cpu, Cpu.csLimit)) return protection(cpu, 0);
  frameCurrent(cpu);
  if (!pushReturnAddress(cpu, size)) return false;
  frameCommit(cpu);
  return enterRealCode(cpu, selector, offset);
}

/** Loads CS and IP in real or virtual-8086 mode. */
export function enterRealCode(cpu: usize, selector: u32, offset: u64): bool {
  if (offset > <u64>load<u32>(cpu, Cpu.csLimit)) return protection(cpu, 0);
  loadParagraph(cpu, Cpu.CS, selector);
  store<u64>(cpu, offset, Cpu.rip);
  updateMode(cpu);
  return true;
}

function pushReturnAddress(cpu: usize, size: u32): bool {
  return framePush(cpu, <u64>selectorOf(cpu, Cpu.CS), size) && framePush(cpu, load<u64>(cpu, Cpu.rip), size);
}

/** A far jump (callSize 0) or call in protected mode. */
function farTransfer(cpu: usize, selector: u32, offset: u64, callSize: u32): bool {
  if (isNull(selector)) return protection(cpu, 0);
  if (!fetchDescriptor(cpu, selector, Exception.GP)) return false;
  const attr = attrOf(rawOf(cpu));
  if (isSystem(attr)) return systemTransfer(cpu, selector, callSize);
  const cpl = cplOf(cpu);
  if (!isCode(attr) || !mayEnterDirectly(attr, selector, cpl)) return protection(cpu, selectorError(selector));
  if (!checkPresentCode(cpu, selector)) return false;
  if (!checkTarget(cpu, offset)) return false;
  if (!holdCode(cpu, (selector & 0xfffc) | cpl)) return false;
  if (callSize != 0) {
    frameCurrent(cpu);
    if (!pushReturnAddress(cpu, callSize)) return false;
    frameCommit(cpu);
  }
  enterCode(cpu, offset);
  return true;
}

/** The selector names a gate or a TSS; the offset does not count. */
function systemTransfer(cpu: usize, selector: u32, callSize: u32): bool {
  const raw = rawOf(cpu);
  const attr = attrOf(raw);
  const type = systemType(raw);
  const callGate = type == TYPE_CALL_GATE || (type == TYPE_CALL_GATE16 && !isLong(cpu));
  const task = !isLong(cpu) && (type == TYPE_TASK_GATE || type == TYPE_TSS || type == TYPE_TSS16);
  if (!callGate && !task) return protection(cpu, selectorError(selector));
  if (dplOf(attr) < max<u32>(cplOf(cpu), selector & 3)) return protection(cpu, selectorError(selector));
  if (callGate && isLong(cpu) && !fetchUpper(cpu, selector, Exception.GP)) return false;
  if (!(attr & ATTR_P)) {
    raise(cpu, Exception.NP, selectorError(selector));
    return false;
  }
  if (callGate) return throughCallGate(cpu, raw, callSize != 0);
  const tss = type == TYPE_TASK_GATE ? (<u32>(raw >> 16)) & 0xffff : selector;
  return switchThrough(cpu, tss, callSize != 0 ? BY_CALL : BY_JUMP);
}

function throughCallGate(cpu: usize, gate: u64, call: bool): bool {
  const selector = (<u32>(gate >> 16)) & 0xffff;
  const wide = (systemType(gate) & 8) != 0;
  let offset = (gate & 0xffff) | (wide ? (gate >> 32) & 0xffff0000 : 0);
  if (isLong(cpu)) offset |= load<u64>(cpu, CpuSystem.rawUpper) << 32;
  if (!fetchGateTarget(cpu, selector)) return false;
  const attr = attrOf(rawOf(cpu));
  const cpl = cplOf(cpu);
  const inner = call && !isConforming(attr) && dplOf(attr) < cpl;
  if (!inner && !isConforming(attr) && dplOf(attr) != cpl) return protection(cpu, selectorError(selector));
  if (!checkPresentCode(cpu, selector) || !checkTarget(cpu, offset)) return false;
  const newCpl = inner ? dplOf(attr) : cpl;
  if (!holdCode(cpu, (selector & 0xfffc) | newCpl)) return false;
  if (inner) {
    if (!pushInner(cpu, gate, newCpl)) return false;
  } else if (call) {
    frameCurrent(cpu);
    if (isLong(cpu)) frameWide(cpu, load<u64>(cpu, Cpu.rsp));
    if (!pushReturnAddress(cpu, isLong(cpu) ? 8 : wide ? 4 : 2)) return false;
    frameCommit(cpu);
  }
  enterCode(cpu, offset);
  return true;
}

/** The code segment that a call gate names: not less privileged than CPL, 64-bit in IA-32e mode. */
function fetchGateTarget(cpu: usize, selector: u32): bool {
  if (isNull(selector)) return protection(cpu, 0);
  if (!fetchDescriptor(cpu, selector, Exception.GP)) return false;
  const attr = attrOf(rawOf(cpu));
  if (!isCode(attr) || dplOf(attr) > cplOf(cpu)) return protection(cpu, selectorError(selector));
  if (isLong(cpu) && (attr & (ATTR_L | ATTR_DB)) != ATTR_L) return protection(cpu, selectorError(selector));
  return true;
}

/** The frame of a call to an inner privilege, on that privilege's stack: SS, SP, parameters, CS, IP. */
function pushInner(cpu: usize, gate: u64, newCpl: u32): bool {
  const cpl = cplOf(cpu);
  const long = isLong(cpu);
  const size: u32 = long ? 8 : (systemType(gate) & 8) != 0 ? 4 : 2;
  const parameters: u32 = long ? 0 : (<u32>(gate >> 32)) & 31;
  if (!readParameters(cpu, parameters, size)) return false;
  if (!(long ? frameFromTss64(cpu, 4 + newCpl * 8, newCpl) : frameFromTss(cpu, newCpl))) return false;
  setPrivilege(cpu, newCpl);
  const done =
    framePush(cpu, <u64>selectorOf(cpu, Cpu.SS), size) &&
    framePush(cpu, load<u64>(cpu, Cpu.rsp), size) &&
    pushParameters(cpu, parameters, size) &&
    pushReturnAddress(cpu, size);
  if (!done) {
    setPrivilege(cpu, cpl);
    return false;
  }
  enterStack(cpu);
  frameCommit(cpu);
  return true;
}

/** Copies up to 31 parameters from the caller's stack, within its limits, to the image area, before the privilege changes. */
function readParameters(cpu: usize, count: u32, size: u32): bool {
  const mask = stackMask(cpu);
  const sp = load<u64>(cpu, Cpu.rsp);
  for (let i: u32 = 0; i < count; i++) {
    const host = stackRead(cpu, stackAddress(cpu, (sp + i * size) & mask, size, false), size);
    if (host == 0) return false;
    const value = size == 4 ? load<u32>(host) : <u32>load<u16>(host);
    store<u32>(cpu + CpuSystem.image + ((<usize>i) << 2), value);
  }
  return true;
}

function pushParameters(cpu: usize, count: u32, size: u32): bool {
  for (let i = count; i != 0; i--) {
    if (!framePush(cpu, <u64>load<u32>(cpu + CpuSystem.image + ((<usize>(i - 1)) << 2)), size)) return false;
  }
  return true;
}

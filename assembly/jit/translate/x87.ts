// x87 instructions in a region that has the stack in locals (x87_plan.ts). Moves and conversions are done here, arithmetic by
// functions that take and return numbers by value (x87_helpers.ts): the significand as their result, sign and exponent with
// the bits for the status word beside, in memory.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import * as Record from "../../layout/record";
import * as Soft from "../../layout/softfloat";
import { defaultSegment, segmentOf } from "../../cpu/operand";
import { FCW_BITS, FCW_FIXED } from "../../cpu/ops/x87_control";
import { C1, CONDITIONS, EXCEPTIONS, stIndex } from "../../cpu/ops/x87_state";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import * as L from "../locals";
import { argOf, behind, opcodeOf } from "../region";
import { exitTo } from "../state";
import { BIAS } from "../../softfloat/float80";
import { IMPOSSIBLE, physical, stateAfter } from "../x87_plan";
import {
  forgetNotes,
  getHead,
  getSig,
  hasStack,
  loadStack,
  loadStackState,
  pushMisfit,
  pushStatus,
  setHead,
  setMode,
  setSig,
  setStack,
  storeStack,
} from "../x87_state";
import { pushCondition, setExplicit } from "./flags";
import { callHandler } from "./handler";
import * as O from "./operand";
import { hostOfOperand } from "./shared_host";
import { pushReal, pushWhole } from "./x87_convert";
import { endSlowly, slowly, startAdd, startMultiply, startNarrow } from "./x87_inline";
import * as X from "./x87_operands";

const MUL: u32 = 1;
const SUB: u32 = 2;
const DIV: u32 = 3;
const INLINED_MAX: u32 = 80;
const TO_FLAGS: u32 = 2;
/** The flags where they are in C3, C2 and C0, shifted by 8: ZF, PF and CF. */
const ORDER_FLAGS: i32 = 0x45;

/** The place behind the registers, for an operand from memory. */
const OPERAND: u32 = 8;

export function translateX87(j: usize, kind: u32, entry: usize): void {
  const rec = O.recordOf(j);
  if (!hasStack(j)) {
    callHandler(j);
    return;
  }
  const before = load<u32>(j, Jit.stackState);
  const after = stateAfter(before, rec);
  if (after == IMPOSSIBLE) {
    O.exitHere(j);
    return;
  }
  if (kind == K.kX87Wait) return;
  if (kind == K.kX87Call || !hasPlainSegment(j, rec)) {
    callAside(j, after);
    return;
  }
  if (kind >= K.kX87Status) {
    translateControl(j, kind, entry);
    return;
  }
  translateOperation(j, kind, entry, before, after);
  note(j, rec);
  if (after != before) setStack(j, after);
}

function translateOperation(j: usize, kind: u32, entry: usize, before: u32, after: u32): void {
  const rec = O.recordOf(j);
  const opcode = opcodeOf(entry);
  const top = physical(before, 0);
  const other = physical(before, stIndex(rec));
  switch (kind) {
    case K.kX87Load:
      loadNumber(j, entry, physical(after, 0));
      return;
    case K.kX87Store:
      storeNumber(j, entry, top);
      return;
    case K.kX87Arithmetic:
      arithmetic(j, entry, top, other);
      return;
    case K.kX87Compare:
      compare(j, entry, top, other);
      return;
    case K.kX87Root:
      L.pushCpu(j);
      getSig(j, top);
      getHead(j, top);
      E.call(j, L.FN_X87_ROOT);
      takeResult(j, top);
      return;
    case K.kX87Select:
      selectIf(j, opcode, top, other);
      return;
    case K.kX87Copy:
      if (opcode == 0) copy(j, physical(after, 0), other);
      else copy(j, other, top);
      break;
    case K.kX87Exchange:
      exchange(j, top, other);
      break;
    case K.kX87Constant:
      E.i64Const(j, opcode != 0 ? i64.MIN_VALUE : 0);
      setSig(j, physical(after, 0));
      E.i32Const(j, opcode != 0 ? 0x3fff : 0);
      setHead(j, physical(after, 0));
      break;
    default:
      // FABS and FCHS.
      getSig(j, top);
      setSig(j, top);
      getHead(j, top);
      E.i32Const(j, opcode != 0 ? 0x8000 : 0x7fff);
      E.op(j, opcode != 0 ? E.I32_XOR : E.I32_AND);
      setHead(j, top);
  }
  clearC1(j);
}

/** Whether there is no memory operand, or one in a segment that does not matter. */
function hasPlainSegment(j: usize, rec: usize): bool {
  if (O.isRegisterForm(rec)) return true;
  const seg = segmentOf(rec);
  return seg == 0 || (L.isFlat(j) && seg <= <u32>Cpu.DS + 1 && seg != <u32>Cpu.CS + 1);
}

/** Remembers the instruction, and its memory operand whose offset is in NOTE_ADDRESS already, for the pointers. */
function note(j: usize, rec: usize): void {
  const where = (<i32>load<u16>(rec, Record.where)) & 0xfff;
  E.i32Const(j, where | ((<i32>load<u16>(rec, Record.imm)) << L.NOTE_OPCODE) | i32.MIN_VALUE);
  E.set(j, L.NOTE);
}

/** Remembers where the memory operand is; nothing can fault any more. */
function noteAddress(j: usize): void {
  const rec = O.recordOf(j);
  O.pushOffset(j);
  E.set(j, L.NOTE_ADDRESS);
  const seg = segmentOf(rec);
  const segment: u32 = seg != 0 ? seg - 1 : L.isFlat(j) ? defaultSegment(rec) : <u32>Cpu.DS;
  E.i32Const(j, Cpu.seg + <i32>segment * Cpu.SEG_SIZE);
  E.set(j, L.NOTE_SEGMENT);
}

function clearC1(j: usize): void {
  E.get(j, L.FSW);
  E.i32Const(j, ~C1);
  E.op(j, E.I32_AND);
  E.set(j, L.FSW);
}

/** With the status bits of a result, from bit 16 on, in ENTRY: C1 is theirs, exceptions stay. */
function takeStatus(j: usize): void {
  E.get(j, L.FSW);
  E.i32Const(j, ~C1);
  E.op(j, E.I32_AND);
  E.get(j, L.ENTRY);
  E.i32Const(j, 16);
  E.op(j, E.I32_SHR_U);
  E.op(j, E.I32_OR);
  E.set(j, L.FSW);
}

/** ENTRY = what came with the significand. */
function takeBeside(j: usize): void {
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Soft.BASE + Soft.head80);
  E.set(j, L.ENTRY);
}

/** Makes the result of a helper, whose significand is on the stack, the value of a register. */
function takeResult(j: usize, n: u32): void {
  setSig(j, n);
  takeBeside(j);
  E.get(j, L.ENTRY);
  E.i32Const(j, 0xffff);
  E.op(j, E.I32_AND);
  setHead(j, n);
  takeStatus(j);
}

// Moves.

/** Makes HOST the ten bytes of the memory operand. */
function hostOfExtended(j: usize, write: bool): void {
  O.pushLinear(j, 10);
  E.set(j, L.LA);
  O.hostOfRange(j, 10, write);
}

function loadNumber(j: usize, entry: usize, to: u32): void {
  const format = X.formatOf(argOf(entry));
  if (format == X.F80) {
    hostOfExtended(j, false);
    noteAddress(j);
    E.get(j, L.HOST);
    E.memory(j, E.I64_LOAD, 0);
    setSig(j, to);
    E.get(j, L.HOST);
    E.memory(j, E.I32_LOAD16_U, 8);
    setHead(j, to);
    clearC1(j);
    return;
  }
  readNumber(j, entry);
  if (format > X.F64) {
    widenInteger(j, to);
    clearC1(j);
    return;
  }
  widenReal(j, format, to);
}

/** X = the memory operand, an integer sign-extended. */
function readNumber(j: usize, entry: usize): void {
  const format = X.formatOf(argOf(entry));
  hostOfOperand(j, X.sizeOf(entry), false);
  noteAddress(j);
  O.pushMemory(j, X.sizeOf(entry), format == X.F32);
  E.set(j, L.X);
}

function widenInteger(j: usize, to: u32): void {
  pushWhole(j);
  setHead(j, to);
  setSig(j, to);
}

/** Widens X; for a register with what loading does to the status word. */
function widenReal(j: usize, format: u32, to: u32): void {
  pushReal(j, format);
  E.ifHinted(j, E.VOID, true);
  setRealParts(j, format, to);
  if (to != OPERAND) clearC1(j);
  E.elseThen(j);
  L.pushCpu(j);
  E.get(j, L.X);
  E.i32Const(j, <i32>format);
  E.call(j, to == OPERAND ? L.FN_X87_WIDEN : L.FN_X87_LOAD);
  if (to != OPERAND) takeResult(j, to);
  else {
    setSig(j, to);
    takeBeside(j);
    E.get(j, L.ENTRY);
    setHead(j, to);
  }
  E.end(j);
}

/** The parts of the normal number X, whose exponent field is in ENTRY. */
function setRealParts(j: usize, format: u32, to: u32): void {
  const double = format == X.F64;
  E.get(j, L.X);
  E.i64Const(j, double ? 11 : 40);
  E.op(j, E.I64_SHL);
  E.i64Const(j, i64.MIN_VALUE);
  E.op(j, E.I64_OR);
  setSig(j, to);
  E.get(j, L.ENTRY);
  E.i32Const(j, double ? BIAS - 1023 : BIAS - 127);
  E.op(j, E.I32_ADD);
  E.get(j, L.X);
  E.i64Const(j, double ? 48 : 16);
  E.op(j, E.I64_SHR_U);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, 0x8000);
  E.op(j, E.I32_AND);
  E.op(j, E.I32_OR);
  setHead(j, to);
}

function storeNumber(j: usize, entry: usize, top: u32): void {
  const arg = argOf(entry);
  const format = X.formatOf(arg);
  if (format == X.F80) {
    hostOfExtended(j, true);
    E.get(j, L.HOST);
    getSig(j, top);
    E.memory(j, E.I64_STORE, 0);
    E.get(j, L.HOST);
    getHead(j, top);
    E.memory(j, E.I32_STORE16, 8);
    noteAddress(j);
    clearC1(j);
    return;
  }
  hostOfOperand(j, X.sizeOf(entry), true);
  noteAddress(j);
  const inlined = format == X.F64 && isInlined(j);
  if (inlined) {
    startNarrow(j, top);
    slowly(j);
  }
  L.pushCpu(j);
  getSig(j, top);
  getHead(j, top);
  E.i32Const(j, <i32>((format | (arg & X.TRUNCATE)) << 16));
  E.op(j, E.I32_OR);
  E.call(j, L.FN_X87_STORE);
  E.set(j, L.X);
  O.storeAtHost(j, L.X, X.sizeOf(entry));
  takeBeside(j);
  takeStatus(j);
  if (inlined) endSlowly(j);
}

function copy(j: usize, to: u32, from: u32): void {
  getSig(j, from);
  setSig(j, to);
  getHead(j, from);
  setHead(j, to);
}

function exchange(j: usize, a: u32, b: u32): void {
  getSig(j, a);
  getSig(j, b);
  setSig(j, a);
  setSig(j, b);
  getHead(j, a);
  getHead(j, b);
  setHead(j, a);
  setHead(j, b);
}

function selectIf(j: usize, code: u32, top: u32, other: u32): void {
  pushCondition(j, code);
  E.set(j, L.ENTRY);
  getSig(j, other);
  getSig(j, top);
  E.get(j, L.ENTRY);
  E.select(j);
  setSig(j, top);
  getHead(j, other);
  getHead(j, top);
  E.get(j, L.ENTRY);
  E.select(j);
  setHead(j, top);
}

// Arithmetic and comparisons.

/** Reads the operand beside ST(0); returns the register or place where it is. */
function secondOperand(j: usize, entry: usize, other: u32): u32 {
  const arg = argOf(entry);
  if (!X.readsMemory(arg)) return other;
  readNumber(j, entry);
  if (X.formatOf(arg) > X.F64) widenInteger(j, OPERAND);
  else widenReal(j, X.formatOf(arg), OPERAND);
  return OPERAND;
}

/** Calls a helper on two numbers; `more` goes with the second's sign and exponent. */
function callOnTwo(j: usize, fn: u32, a: u32, b: u32, more: i32): void {
  L.pushCpu(j);
  getHead(j, a);
  getSig(j, a);
  getHead(j, b);
  if (more != 0) {
    E.i32Const(j, more);
    E.op(j, E.I32_OR);
  }
  getSig(j, b);
  E.call(j, fn);
}

function arithmetic(j: usize, entry: usize, top: u32, register: u32): void {
  const arg = argOf(entry);
  const opcode = opcodeOf(entry);
  const other = secondOperand(j, entry, register);
  const toOther = X.goesToOther(arg);
  // Reversed: the source minus the destination.
  const swapped = ((arg & X.REVERSE) != 0) != toOther;
  const a = swapped ? other : top;
  const b = swapped ? top : other;
  const to = toOther ? other : top;
  const fn = opcode == MUL ? L.FN_X87_MUL : opcode == DIV ? L.FN_X87_DIV : L.FN_X87_ADD;
  const inlined = opcode != DIV && isInlined(j);
  if (inlined) {
    if (opcode == MUL) startMultiply(j, a, b, to);
    else startAdd(j, a, b, to, opcode == SUB);
    slowly(j);
  }
  callOnTwo(j, fn, a, b, opcode == SUB ? Jit.X87_SUBTRACT : 0);
  takeResult(j, to);
  if (inlined) endSlowly(j);
}

/** Whether operations are written into the region: not where there are so many that it would become too large. */
function isInlined(j: usize): bool {
  return load<u32>(j, Jit.operations) <= INLINED_MAX;
}

function compare(j: usize, entry: usize, top: u32, register: u32): void {
  const opcode = opcodeOf(entry);
  const other = secondOperand(j, entry, register);
  callOnTwo(j, L.FN_X87_COMPARE, top, other, (opcode & 1) != 0 ? Jit.X87_QUIET : 0);
  E.op(j, E.I32_WRAP_I64);
  E.set(j, L.ENTRY);
  const toFlags = (opcode & TO_FLAGS) != 0;
  // FCOMI and FUCOMI leave C1 as it is.
  E.get(j, L.FSW);
  if (!toFlags) {
    E.i32Const(j, ~CONDITIONS);
    E.op(j, E.I32_AND);
  }
  E.get(j, L.ENTRY);
  if (toFlags) {
    E.i32Const(j, ~CONDITIONS);
    E.op(j, E.I32_AND);
  }
  E.op(j, E.I32_OR);
  E.set(j, L.FSW);
  if (!toFlags) return;
  E.get(j, L.ENTRY);
  E.i32Const(j, 8);
  E.op(j, E.I32_SHR_U);
  E.i32Const(j, ORDER_FLAGS);
  E.op(j, E.I32_AND);
  E.set(j, L.FLAG_BITS);
  setExplicit(j);
}

// Control and status word.

function translateControl(j: usize, kind: u32, entry: usize): void {
  if (kind == K.kX87Status && opcodeOf(entry) == 0) {
    pushStatus(j);
    E.op(j, E.I64_EXTEND_I32_U);
    O.popRegister(j, Cpu.rax, 1);
    return;
  }
  if (kind == K.kX87LoadControl) {
    loadControl(j);
    return;
  }
  hostOfOperand(j, 1, true);
  E.get(j, L.HOST);
  if (kind == K.kX87Status) pushStatus(j);
  else {
    L.pushCpu(j);
    E.memory(j, E.I32_LOAD16_U, Cpu.fcw);
  }
  E.memory(j, E.I32_STORE16, O.hostAt(j));
}

/** As long as all exceptions stay masked, only rounding and precision change. */
function loadControl(j: usize): void {
  hostOfOperand(j, 1, false);
  E.get(j, L.HOST);
  E.memory(j, E.I32_LOAD16_U, O.hostAt(j));
  E.tee(j, L.ENTRY);
  E.i32Const(j, EXCEPTIONS);
  E.op(j, E.I32_AND);
  E.i32Const(j, EXCEPTIONS);
  E.op(j, E.I32_NE);
  E.ifHinted(j, E.VOID, false);
  O.exitHere(j);
  E.end(j);
  L.pushCpu(j);
  E.get(j, L.ENTRY);
  E.i32Const(j, FCW_BITS);
  E.op(j, E.I32_AND);
  E.i32Const(j, FCW_FIXED);
  E.op(j, E.I32_OR);
  E.memory(j, E.I32_STORE16, Cpu.fcw);
  E.get(j, L.ENTRY);
  setMode(j);
  L.pushCpu(j);
  E.i32Const(j, 0);
  E.memory(j, E.I32_STORE, Cpu.ignne);
}

/** Calls the handler, with the x87 in the CPU's memory, and leaves behind it if the stack is not as planned. */
function callAside(j: usize, after: u32): void {
  storeStack(j);
  forgetNotes(j);
  callHandler(j);
  loadStack(j);
  store<u32>(j, after, Jit.stackState);
  pushMisfit(j);
  E.ifHinted(j, E.VOID, false);
  loadStackState(j);
  exitTo(j, <i32>behind(O.recordOf(j)), L.EXIT_LOOKUP);
  E.end(j);
  setStack(j, after);
}

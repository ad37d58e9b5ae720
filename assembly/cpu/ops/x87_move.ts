// FLD, FST, FSTP, FILD, FIST, FISTP, FISTTP, FXCH, FCMOVcc, the constants, FFREE and the moves of the stack pointer.

import * as Soft from "../../layout/softfloat";
import {
  copy80,
  headOf,
  put80,
  putIndefinite,
  QUIET_BIT,
  significandOf,
  widen,
  widenInteger,
} from "../../softfloat/float80";
import { defaultNaN } from "../../softfloat/bits";
import {
  BEFORE_STORE,
  canNarrow,
  narrow,
  narrowQuick,
  narrowQuickFlags,
  toInteger,
} from "../../softfloat/float80_convert";
import { checkWrite, storeLinear } from "../access";
import { getBelow, getPf, getZf } from "../flags";
import { ea } from "../operand";
import { faulted } from "../state";
import {
  begin,
  blocked,
  fcwOf,
  isEmpty,
  markEmpty,
  markValid,
  memoryOperand,
  noteInstruction,
  noteOperand,
  popStack,
  pushFrom,
  pushOverflow,
  pushStack,
  settle,
  signal,
  st,
  stackUnderflow,
  STACK_FAULT,
  stIndex,
  turn,
  underflowTo,
} from "./x87_state";

@inline
function loadReal<T>(cpu: usize, rec: usize): bool {
  const host = memoryOperand(cpu, rec, sizeof<T>());
  if (host == 0) return false;
  const number = cpu + Soft.BASE + Soft.operand80;
  const flags = widen<T>(number, load<T>(host));
  if (flags & Soft.IE) store<u64>(number, significandOf(number) | QUIET_BIT);
  return pushFrom(cpu, number, flags, 0);
}

export function fld32(cpu: usize, rec: usize): bool {
  return loadReal<u32>(cpu, rec);
}

export function fld64(cpu: usize, rec: usize): bool {
  return loadReal<u64>(cpu, rec);
}

/** The extended format is loaded as it is: not even signaling NaNs are noticed. */
export function fld80(cpu: usize, rec: usize): bool {
  const host = memoryOperand(cpu, rec, 10);
  if (host == 0) return false;
  return pushFrom(cpu, host, 0, 0);
}

export function fldSt(cpu: usize, rec: usize): bool {
  const i = stIndex(rec);
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, i)) {
    // The underflow comes first, but its answer is pushed.
    if (stackUnderflow(cpu)) putIndefinite(pushStack(cpu));
    return true;
  }
  return pushFrom(cpu, st(cpu, i), 0, 0);
}

@inline
function loadInteger<T>(cpu: usize, rec: usize): bool {
  const host = memoryOperand(cpu, rec, sizeof<T>());
  if (host == 0) return false;
  const number = cpu + Soft.BASE + Soft.operand80;
  widenInteger(number, <i64>load<T>(host));
  return pushFrom(cpu, number, 0, 0);
}

export function fild16(cpu: usize, rec: usize): bool {
  return loadInteger<i16>(cpu, rec);
}

export function fild32(cpu: usize, rec: usize): bool {
  return loadInteger<i32>(cpu, rec);
}

export function fild64(cpu: usize, rec: usize): bool {
  return loadInteger<i64>(cpu, rec);
}

/** Ends a store: `value` goes to memory unless an unmasked exception forbids it, then status and stack change. */
@inline
function deliver<T>(cpu: usize, rec: usize, la: u64, sf: usize, value: T, pops: u32): bool {
  const held = blocked(sf, BEFORE_STORE);
  if (held) {
    // Nothing was rounded into the memory operand.
    store<u32>(sf, load<u32>(sf, Soft.flags) & ~Soft.PE, Soft.flags);
    store<u32>(sf, 0, Soft.roundedUp);
  }
  if (held ? faulted(cpu) : !storeLinear<T>(cpu, la, value)) return false;
  noteOperand(cpu, rec, la);
  settle(cpu, sf);
  if (pops != 0 && !held) popStack(cpu);
  return true;
}

@inline
function storeReal<T>(cpu: usize, rec: usize, pops: u32): bool {
  const la = ea(cpu, rec, sizeof<T>(), true);
  const head = headOf(st(cpu, 0));
  const sig = significandOf(st(cpu, 0));
  if (!isEmpty(cpu, 0) && canNarrow<T>(head, sig, fcwOf(cpu))) {
    const flags = narrowQuickFlags<T>(sig);
    if (!storeLinear<T>(cpu, la, narrowQuick<T>(head, sig))) return false;
    noteOperand(cpu, rec, la);
    signal(cpu, flags, 0);
    if (pops != 0) popStack(cpu);
    return true;
  }
  return storeRealExact<T>(cpu, rec, la, pops);
}

function storeRealExact<T>(cpu: usize, rec: usize, la: u64, pops: u32): bool {
  const sf = begin(cpu);
  let value: T;
  if (isEmpty(cpu, 0)) {
    store<u32>(sf, Soft.IE | STACK_FAULT, Soft.flags);
    value = defaultNaN<T>();
  } else value = narrow<T>(sf, st(cpu, 0));
  return deliver<T>(cpu, rec, la, sf, value, pops);
}

export function fst32(cpu: usize, rec: usize): bool {
  return storeReal<u32>(cpu, rec, 0);
}

export function fst64(cpu: usize, rec: usize): bool {
  return storeReal<u64>(cpu, rec, 0);
}

export function fstp32(cpu: usize, rec: usize): bool {
  return storeReal<u32>(cpu, rec, 1);
}

export function fstp64(cpu: usize, rec: usize): bool {
  return storeReal<u64>(cpu, rec, 1);
}

export function fstp80(cpu: usize, rec: usize): bool {
  const la = ea(cpu, rec, 10, true);
  if (faulted(cpu)) return false;
  const empty = isEmpty(cpu, 0);
  const from = empty ? cpu + Soft.BASE + Soft.result80 : st(cpu, 0);
  if (empty) putIndefinite(from);
  const held = empty && (fcwOf(cpu) & Soft.IE) == 0;
  if (!held && !store80(cpu, la, from)) return false;
  noteOperand(cpu, rec, la);
  if (empty) signal(cpu, Soft.IE | STACK_FAULT, 0);
  else signal(cpu, 0, 0);
  if (!held) popStack(cpu);
  return true;
}

/** Writes the ten bytes of a number; false = fault, nothing written. */
export function store80(cpu: usize, la: u64, from: usize): bool {
  const sig = significandOf(from);
  const head = headOf(from);
  if (!checkWrite(cpu, la, 10)) return false;
  return storeLinear<u64>(cpu, la, sig) && storeLinear<u16>(cpu, la + 8, <u16>head);
}

@inline
function storeRegister(cpu: usize, rec: usize, pops: u32): bool {
  const i = stIndex(rec);
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0)) return underflowTo(cpu, i, pops);
  copy80(st(cpu, i), st(cpu, 0));
  markValid(cpu, i);
  signal(cpu, 0, 0);
  if (pops != 0) popStack(cpu);
  return true;
}

export function fstSt(cpu: usize, rec: usize): bool {
  return storeRegister(cpu, rec, 0);
}

export function fstpSt(cpu: usize, rec: usize): bool {
  return storeRegister(cpu, rec, 1);
}

/** FIST and FISTP; FISTTP always rounds towards zero. */
@inline
function storeInteger<T>(cpu: usize, rec: usize, truncate: bool, pops: u32): bool {
  const la = ea(cpu, rec, sizeof<T>(), true);
  const sf = begin(cpu);
  if (truncate) store<u32>(sf, Soft.ROUND_ZERO, Soft.rounding);
  let value: i64;
  if (isEmpty(cpu, 0)) {
    store<u32>(sf, Soft.IE | STACK_FAULT, Soft.flags);
    const top: u64 = sizeof<T>() * 8 - 1;
    value = 0 - <i64>((<u64>1) << top);
  } else value = toInteger(sf, st(cpu, 0), sizeof<T>() * 8);
  return deliver<T>(cpu, rec, la, sf, <T>value, pops);
}

export function fist16(cpu: usize, rec: usize): bool {
  return storeInteger<i16>(cpu, rec, false, 0);
}

export function fist32(cpu: usize, rec: usize): bool {
  return storeInteger<i32>(cpu, rec, false, 0);
}

export function fistp16(cpu: usize, rec: usize): bool {
  return storeInteger<i16>(cpu, rec, false, 1);
}

export function fistp32(cpu: usize, rec: usize): bool {
  return storeInteger<i32>(cpu, rec, false, 1);
}

export function fistp64(cpu: usize, rec: usize): bool {
  return storeInteger<i64>(cpu, rec, false, 1);
}

export function fisttp16(cpu: usize, rec: usize): bool {
  return storeInteger<i16>(cpu, rec, true, 1);
}

export function fisttp32(cpu: usize, rec: usize): bool {
  return storeInteger<i32>(cpu, rec, true, 1);
}

export function fisttp64(cpu: usize, rec: usize): bool {
  return storeInteger<i64>(cpu, rec, true, 1);
}

/** An empty register counts as indefinite after a masked stack underflow. */
function fillIfEmpty(cpu: usize, i: u32): void {
  if (!isEmpty(cpu, i)) return;
  putIndefinite(st(cpu, i));
  markValid(cpu, i);
}

export function fxch(cpu: usize, rec: usize): bool {
  const i = stIndex(rec);
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0) || isEmpty(cpu, i)) {
    if (!stackUnderflow(cpu)) return true;
    fillIfEmpty(cpu, 0);
    fillIfEmpty(cpu, i);
  } else signal(cpu, 0, 0);
  const top = st(cpu, 0);
  const other = st(cpu, i);
  const head = headOf(top);
  const sig = significandOf(top);
  copy80(top, other);
  put80(other, head, sig);
  return true;
}

@inline
function moveIf(cpu: usize, rec: usize, condition: bool): bool {
  const i = stIndex(rec);
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0) || isEmpty(cpu, i)) return underflowTo(cpu, 0, 0);
  if (condition) copy80(st(cpu, 0), st(cpu, i));
  return true;
}

export function fcmovb(cpu: usize, rec: usize): bool {
  return moveIf(cpu, rec, getBelow(cpu));
}

export function fcmove(cpu: usize, rec: usize): bool {
  return moveIf(cpu, rec, getZf(cpu));
}

export function fcmovbe(cpu: usize, rec: usize): bool {
  return moveIf(cpu, rec, getZf(cpu) || getBelow(cpu));
}

export function fcmovu(cpu: usize, rec: usize): bool {
  return moveIf(cpu, rec, getPf(cpu));
}

export function fcmovnb(cpu: usize, rec: usize): bool {
  return moveIf(cpu, rec, !getBelow(cpu));
}

export function fcmovne(cpu: usize, rec: usize): bool {
  return moveIf(cpu, rec, !getZf(cpu));
}

export function fcmovnbe(cpu: usize, rec: usize): bool {
  return moveIf(cpu, rec, !getZf(cpu) && !getBelow(cpu));
}

export function fcmovnu(cpu: usize, rec: usize): bool {
  return moveIf(cpu, rec, !getPf(cpu));
}

/** Pushes a constant given rounded down; `up` and `nearest` tell when the last bit goes up (SDM vol. 1, 8.3.8). */
function loadConstant(cpu: usize, rec: usize, head: u32, sig: u64, inexact: bool, nearestUp: bool): bool {
  noteInstruction(cpu, rec);
  if (!isEmpty(cpu, 7)) return pushOverflow(cpu);
  const mode = (fcwOf(cpu) >> 10) & 3;
  const up = inexact && (mode == Soft.ROUND_UP || (mode == Soft.ROUND_NEAREST && nearestUp));
  signal(cpu, 0, 0);
  put80(pushStack(cpu), head, sig + u64(up));
  return true;
}

export function fld1(cpu: usize, rec: usize): bool {
  return loadConstant(cpu, rec, 0x3fff, 0x8000000000000000, false, false);
}

export function fldl2t(cpu: usize, rec: usize): bool {
  return loadConstant(cpu, rec, 0x4000, 0xd49a784bcd1b8afe, true, false);
}

export function fldl2e(cpu: usize, rec: usize): bool {
  return loadConstant(cpu, rec, 0x3fff, 0xb8aa3b295c17f0bb, true, true);
}

export function fldpi(cpu: usize, rec: usize): bool {
  return loadConstant(cpu, rec, 0x4000, 0xc90fdaa22168c234, true, true);
}

export function fldlg2(cpu: usize, rec: usize): bool {
  return loadConstant(cpu, rec, 0x3ffd, 0x9a209a84fbcff798, true, true);
}

export function fldln2(cpu: usize, rec: usize): bool {
  return loadConstant(cpu, rec, 0x3ffe, 0xb17217f7d1cf79ab, true, true);
}

export function fldz(cpu: usize, rec: usize): bool {
  return loadConstant(cpu, rec, 0, 0, false, false);
}

export function ffree(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  signal(cpu, 0, 0);
  markEmpty(cpu, stIndex(rec));
  return true;
}

export function ffreep(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  signal(cpu, 0, 0);
  markEmpty(cpu, stIndex(rec));
  popStack(cpu);
  return true;
}

export function fincstp(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  signal(cpu, 0, 0);
  turn(cpu, 1);
  return true;
}

export function fdecstp(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  signal(cpu, 0, 0);
  turn(cpu, 7);
  return true;
}

export function fnop(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  return true;
}

/** The undocumented D9 D8+i: a store and pop that only pops when ST(0) is empty. */
export function fstpnce(cpu: usize, rec: usize): bool {
  const i = stIndex(rec);
  noteInstruction(cpu, rec);
  if (!isEmpty(cpu, 0)) {
    copy80(st(cpu, i), st(cpu, 0));
    markValid(cpu, i);
  }
  signal(cpu, 0, 0);
  popStack(cpu);
  return true;
}

// x87 arithmetic for translated code, by value: operands as sign and exponent (`head`) and significand, the result as its
// significand, with the head and, from bit 16 on, exceptions and C1 in Soft.head80. All exceptions are masked.

import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";
import * as Soft from "../layout/softfloat";
import { compared } from "../cpu/ops/x87_compare";
import { begin, C1, fcwOf } from "../cpu/ops/x87_state";
import { jumpKey, translationEntry } from "../cpu/code_cache";
import { headOf, put80, QUIET_BIT, significandOf, widen } from "../softfloat/float80";
import { ADD, arithmetic, DIV, MUL, squareRoot80, SUB } from "../softfloat/float80_arith";
import { canNarrow, narrow, narrowQuick, narrowQuickFlags, toInteger } from "../softfloat/float80_convert";
import { isQuickMode, NOT_QUICK, quickAdd, quickDiv, quickMul, quickSqrt } from "../softfloat/float80_quick";
import { EXIT_INTERPRET, EXIT_LOOKUP } from "./locals";
import { F64, I16, I32, TRUNCATE } from "./translate/x87_operands";
import { planAnew } from "./x87_plan";

@inline
function areaOf(cpu: usize): usize {
  return cpu + Soft.BASE;
}

/** The exceptions that the software floating point found, with C1, as they go to the status word. */
function statusOf(sf: usize): u32 {
  return load<u32>(sf, Soft.flags) | (load<u32>(sf, Soft.roundedUp) != 0 ? C1 : 0);
}

/** Hands on the number at `at`. */
function handOn(sf: usize, at: usize): u64 {
  store<u32>(sf, headOf(at) | (statusOf(sf) << 16), Soft.head80);
  return significandOf(at);
}

/** The exact way; the operands' heads may tell of a memory operand that is denormal in its own format. */
function exactly(cpu: usize, op: u32, headA: u32, sigA: u64, headB: u32, sigB: u64): u64 {
  const sf = begin(cpu);
  put80(sf + Soft.operand80, headA, sigA);
  put80(sf + Soft.second80, headB, sigB);
  const denormal = ((headA | headB) & (<u32>Jit.X87_DENORMAL)) != 0;
  arithmetic(sf, op, sf + Soft.operand80, sf + Soft.second80, sf + Soft.result80, denormal);
  return handOn(sf, sf + Soft.result80);
}

@inline
function isQuick(cpu: usize, headA: u32, headB: u32): bool {
  return isQuickMode(fcwOf(cpu)) && ((headA | headB) & (<u32>Jit.X87_DENORMAL)) == 0;
}

@inline
function hasResult(cpu: usize): bool {
  return load<i32>(cpu, Soft.BASE + Soft.head80) != NOT_QUICK;
}

/** a + b, or with X87_SUBTRACT a - b. */
export function jitX87Add(cpu: usize, headA: u32, sigA: u64, headB: u32, sigB: u64): u64 {
  if (isQuick(cpu, headA, headB)) {
    const flip: u32 = (headB & (<u32>Jit.X87_SUBTRACT)) != 0 ? 0x8000 : 0;
    const sig = quickAdd(areaOf(cpu), headA, sigA, (headB ^ flip) & 0xffff, sigB);
    if (hasResult(cpu)) return sig;
  }
  return exactly(cpu, (headB & (<u32>Jit.X87_SUBTRACT)) != 0 ? SUB : ADD, headA, sigA, headB, sigB);
}

export function jitX87Mul(cpu: usize, headA: u32, sigA: u64, headB: u32, sigB: u64): u64 {
  if (isQuick(cpu, headA, headB)) {
    const sig = quickMul(areaOf(cpu), headA, sigA, headB, sigB);
    if (hasResult(cpu)) return sig;
  }
  return exactly(cpu, MUL, headA, sigA, headB, sigB);
}

export function jitX87Div(cpu: usize, headA: u32, sigA: u64, headB: u32, sigB: u64): u64 {
  if (isQuick(cpu, headA, headB)) {
    const sig = quickDiv(areaOf(cpu), headA, sigA, headB, sigB);
    if (hasResult(cpu)) return sig;
  }
  return exactly(cpu, DIV, headA, sigA, headB, sigB);
}

/** C3, C2 and C0, and the exceptions; with X87_QUIET, a quiet NaN is none. */
export function jitX87Compare(cpu: usize, headA: u32, sigA: u64, headB: u32, sigB: u64): u64 {
  const quiet = (headB & (<u32>Jit.X87_QUIET)) != 0;
  const denormal = (headB & (<u32>Jit.X87_DENORMAL)) != 0;
  return compared(headA, sigA, headB & 0xffff, sigB, quiet, denormal);
}

export function jitX87Root(cpu: usize, sig: u64, head: u32): u64 {
  const sf = areaOf(cpu);
  if (isQuickMode(fcwOf(cpu))) {
    const root = quickSqrt(sf, head, sig);
    if (hasResult(cpu)) return root;
  }
  begin(cpu);
  put80(sf + Soft.operand80, head, sig);
  squareRoot80(sf, sf + Soft.operand80, sf + Soft.result80);
  return handOn(sf, sf + Soft.result80);
}

@inline
function widenTo(to: usize, bits: u64, format: u32): u32 {
  return format == F64 ? widen<u64>(to, bits) : widen<u32>(to, <u32>bits);
}

/** A real number from memory, as FLD loads it. */
export function jitX87Load(cpu: usize, bits: u64, format: u32): u64 {
  const sf = areaOf(cpu);
  const at = sf + Soft.operand80;
  const flags = widenTo(at, bits, format);
  store<u32>(sf, headOf(at) | (flags << 16), Soft.head80);
  return (flags & Soft.IE) != 0 ? significandOf(at) | QUIET_BIT : significandOf(at);
}

/** The same as an operand of arithmetic: X87_DENORMAL goes with its head. */
export function jitX87Widen(cpu: usize, bits: u64, format: u32): u64 {
  const sf = areaOf(cpu);
  const at = sf + Soft.operand80;
  const denormal = (widenTo(at, bits, format) & Soft.DE) != 0;
  store<u32>(sf, headOf(at) | (denormal ? <u32>Jit.X87_DENORMAL : 0), Soft.head80);
  return significandOf(at);
}

/** A number in the format of a memory operand, which is in the bits of `what` above the head; in Soft.head80, only the status. */
export function jitX87Store(cpu: usize, sig: u64, what: u32): u64 {
  const format = what >> 16;
  const head = what & 0xffff;
  if (format == F64) return storeReal<u64>(cpu, head, sig);
  if (format == 0) return storeReal<u32>(cpu, head, sig);
  const sf = begin(cpu);
  if ((format & TRUNCATE) != 0) store<u32>(sf, Soft.ROUND_ZERO, Soft.rounding);
  put80(sf + Soft.operand80, head, sig);
  const value = toInteger(sf, sf + Soft.operand80, bitsOf(format & 7));
  store<u32>(sf, statusOf(sf) << 16, Soft.head80);
  return value;
}

function bitsOf(format: u32): u32 {
  return format == I16 ? 16 : format == I32 ? 32 : 64;
}

@inline
function storeReal<T>(cpu: usize, head: u32, sig: u64): u64 {
  if (canNarrow<T>(head, sig, fcwOf(cpu))) {
    store<u32>(areaOf(cpu), narrowQuickFlags<T>(sig) << 16, Soft.head80);
    return <u64>narrowQuick<T>(head, sig);
  }
  return storeRealExactly<T>(cpu, head, sig);
}

function storeRealExactly<T>(cpu: usize, head: u32, sig: u64): u64 {
  const sf = begin(cpu);
  put80(sf + Soft.operand80, head, sig);
  const value = narrow<T>(sf, sf + Soft.operand80);
  store<u32>(sf, statusOf(sf) << 16, Soft.head80);
  return <u64>value;
}

/** The region of the block `head` was entered with the x87 not in the state that it is for; returns how it is left. */
export function jitMisfit(cpu: usize, head: usize): i32 {
  if (!planAnew(cpu, head)) return EXIT_INTERPRET;
  const rip = load<u64>(cpu, Cpu.rip);
  const entry = translationEntry(cpu, rip);
  if (load<u64>(entry, Jit.jcRip) == rip) store<u32>(entry, ~jumpKey(cpu), Jit.jcKey);
  return EXIT_LOOKUP;
}

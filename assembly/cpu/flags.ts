// Lazy arithmetic flags. An operation stores its sign-extended operands and result with the kind of operation; a flag is
// computed only when somebody reads it. Sign extension keeps unsigned order, so no formula needs the operand size.
// The translator spills flags in the same form, but with some of it left open (settleFlags).

import * as Cpu from "../layout/cpu";

export const CF: u32 = 1;
export const PF: u32 = 4;
export const AF: u32 = 0x10;
export const ZF: u32 = 0x40;
export const SF: u32 = 0x80;
export const TF: u32 = 0x100;
export const IF: u32 = 0x200;
export const DF: u32 = 0x400;
export const OF: u32 = 0x800;
export const IOPL: u32 = 0x3000;
export const NT: u32 = 0x4000;
export const RF: u32 = 0x10000;
export const VM: u32 = 0x20000;
export const AC: u32 = 0x40000;
export const VIF: u32 = 0x80000;
export const VIP: u32 = 0x100000;
export const ID: u32 = 0x200000;
export const ARITHMETIC: u32 = 0x8d5;

/**
 * Works out what translated code has left open: of a difference the result, of a sum the second operand, of narrow values
 * the extension. Whoever reads or changes flags by handlers, or interprets, calls this first.
 */
export function settleFlags(cpu: usize): void {
  const raw = load<u32>(cpu, Cpu.flagKind);
  if (raw < <u32>Cpu.FLAGS_RAW) return;
  const kind = raw & Cpu.FLAGS_KIND;
  const shift = <i64>(64 - ((<u32>64) >> ((raw >> Cpu.FLAGS_NARROW_SHIFT) & 3)));
  const a = (load<i64>(cpu, Cpu.flagA) << shift) >> shift;
  let b = (load<i64>(cpu, Cpu.flagB) << shift) >> shift;
  let result = (load<i64>(cpu, Cpu.flagResult) << shift) >> shift;
  if (kind == Cpu.FLAGS_SUB) result = ((a - b) << shift) >> shift;
  else if (kind == Cpu.FLAGS_ADD) b = ((result - a) << shift) >> shift;
  store<i64>(cpu, a, Cpu.flagA);
  store<i64>(cpu, b, Cpu.flagB);
  store<i64>(cpu, result, Cpu.flagResult);
  store<u32>(cpu, kind, Cpu.flagKind);
}

/** Flags of a + b = result. */
@inline
export function flagsAdd(cpu: usize, a: i64, b: i64, result: i64): void {
  store<i64>(cpu, result, Cpu.flagResult);
  store<i64>(cpu, a, Cpu.flagA);
  store<i64>(cpu, b, Cpu.flagB);
  store<u32>(cpu, Cpu.FLAGS_ADD, Cpu.flagKind);
}

/** Flags of a - b = result. */
@inline
export function flagsSub(cpu: usize, a: i64, b: i64, result: i64): void {
  store<i64>(cpu, result, Cpu.flagResult);
  store<i64>(cpu, a, Cpu.flagA);
  store<i64>(cpu, b, Cpu.flagB);
  store<u32>(cpu, Cpu.FLAGS_SUB, Cpu.flagKind);
}

/** Flags of a logical operation: CF, OF and AF clear. */
@inline
export function flagsLogic(cpu: usize, result: i64): void {
  store<i64>(cpu, result, Cpu.flagResult);
  store<u32>(cpu, Cpu.FLAGS_LOGIC, Cpu.flagKind);
}

/** ZF, SF, PF from the result; CF, OF, AF as given. */
@inline
export function flagsBits(cpu: usize, result: i64, bits: u32): void {
  store<i64>(cpu, result, Cpu.flagResult);
  store<u32>(cpu, bits, Cpu.flagBits);
  store<u32>(cpu, Cpu.FLAGS_BITS, Cpu.flagKind);
}

/** CF as given; ZF stays, which is all that is defined after a bit test: SF, OF and AF are clear, PF is ZF. */
@inline
export function flagsCarry(cpu: usize, carry: bool): void {
  flagsBits(cpu, <i64>(load<i64>(cpu, Cpu.flagResult) != 0), <u32>carry);
}

/** Carry vector of a + b (+ carry in) = r: bit n is the carry out of bit n. */
@inline
export function carriesAdd(a: i64, b: i64, r: i64): u64 {
  return <u64>((a & b) | ((a | b) & ~r));
}

/** Borrow vector of a - b (- borrow in) = r. */
@inline
export function carriesSub(a: i64, b: i64, r: i64): u64 {
  return <u64>((~a & b) | ((~a | b) & r));
}

/** CF, OF and AF from a carry vector of sign-extended operands; `top` is the operand's sign bit number. */
@inline
export function carryFlags(carries: u64, top: u32): u32 {
  const carry = (<u32>(carries >> top)) & 1;
  const into = (<u32>(carries >> (top - 1))) & 1;
  return carry | ((carry ^ into) << 11) | (((<u32>carries) & 8) << 1);
}

@inline
export function getZf(cpu: usize): bool {
  return load<i64>(cpu, Cpu.flagResult) == 0;
}

export function getCf(cpu: usize): u32 {
  const kind = load<u32>(cpu, Cpu.flagKind);
  if (kind == Cpu.FLAGS_SUB) return <u32>(load<u64>(cpu, Cpu.flagA) < load<u64>(cpu, Cpu.flagB));
  if (kind == Cpu.FLAGS_LOGIC) return 0;
  if (kind == Cpu.FLAGS_ADD) return <u32>(load<u64>(cpu, Cpu.flagResult) < load<u64>(cpu, Cpu.flagA));
  if (kind == Cpu.FLAGS_MUL) return <u32>productOverflows(cpu);
  return load<u32>(cpu, Cpu.flagBits) & CF;
}

/** Upper 64 bits of the unsigned product. */
@inline
export function multiplyHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const middle = a1 * b0 + ((a0 * b0) >> 32);
  return a1 * b1 + (middle >> 32) + (((middle & 0xffffffff) + a0 * b1) >> 32);
}

/** Upper 64 bits of the signed product. */
@inline
export function multiplyHighSigned(a: i64, b: i64): i64 {
  return <i64>multiplyHigh(<u64>a, <u64>b) - ((a >> 63) & b) - ((b >> 63) & a);
}

/** Whether flagA * flagB differs from its sign-extended lower part. */
function productOverflows(cpu: usize): bool {
  const a = load<i64>(cpu, Cpu.flagA);
  const b = load<i64>(cpu, Cpu.flagB);
  const product = a * b;
  return product != load<i64>(cpu, Cpu.flagResult) || multiplyHighSigned(a, b) != product >> 63;
}

/** Flags of a signed product that was cut to the operand size. */
@inline
export function flagsMul(cpu: usize, a: i64, b: i64, result: i64): void {
  store<i64>(cpu, result, Cpu.flagResult);
  store<i64>(cpu, a, Cpu.flagA);
  store<i64>(cpu, b, Cpu.flagB);
  store<u32>(cpu, Cpu.FLAGS_MUL, Cpu.flagKind);
}

export function getSf(cpu: usize): bool {
  if (load<u32>(cpu, Cpu.flagKind) == Cpu.FLAGS_EXPLICIT) return (load<u32>(cpu, Cpu.flagBits) & SF) != 0;
  return load<i64>(cpu, Cpu.flagResult) < 0;
}

export function getOf(cpu: usize): bool {
  const kind = load<u32>(cpu, Cpu.flagKind);
  const a = load<i64>(cpu, Cpu.flagA);
  const r = load<i64>(cpu, Cpu.flagResult);
  if (kind == Cpu.FLAGS_SUB) return ((a ^ load<i64>(cpu, Cpu.flagB)) & (a ^ r)) < 0;
  if (kind == Cpu.FLAGS_LOGIC) return false;
  if (kind == Cpu.FLAGS_ADD) return ((a ^ r) & (load<i64>(cpu, Cpu.flagB) ^ r)) < 0;
  // INC and DEC keep the operand in flagA.
  if (kind == Cpu.FLAGS_INC) return (~a & r) < 0;
  if (kind == Cpu.FLAGS_DEC) return (a & ~r) < 0;
  if (kind == Cpu.FLAGS_MUL) return productOverflows(cpu);
  return (load<u32>(cpu, Cpu.flagBits) & OF) != 0;
}

export function getPf(cpu: usize): bool {
  if (load<u32>(cpu, Cpu.flagKind) == Cpu.FLAGS_EXPLICIT) return (load<u32>(cpu, Cpu.flagBits) & PF) != 0;
  return (popcnt<u32>(load<u32>(cpu, Cpu.flagResult) & 0xff) & 1) == 0;
}

export function getAf(cpu: usize): bool {
  const kind = load<u32>(cpu, Cpu.flagKind);
  if (kind == Cpu.FLAGS_LOGIC || kind == Cpu.FLAGS_MUL) return false;
  const mixed = load<u32>(cpu, Cpu.flagA) ^ load<u32>(cpu, Cpu.flagResult);
  if (kind == Cpu.FLAGS_ADD || kind == Cpu.FLAGS_SUB) return ((mixed ^ load<u32>(cpu, Cpu.flagB)) & AF) != 0;
  if (kind == Cpu.FLAGS_INC || kind == Cpu.FLAGS_DEC) return ((mixed ^ 1) & AF) != 0;
  return (load<u32>(cpu, Cpu.flagBits) & AF) != 0;
}

/** Signed less-than: SF != OF. */
@inline
export function getLess(cpu: usize): bool {
  if (load<u32>(cpu, Cpu.flagKind) == Cpu.FLAGS_SUB) return load<i64>(cpu, Cpu.flagA) < load<i64>(cpu, Cpu.flagB);
  return getSf(cpu) != getOf(cpu);
}

/** Unsigned below: CF. */
@inline
export function getBelow(cpu: usize): bool {
  if (load<u32>(cpu, Cpu.flagKind) == Cpu.FLAGS_SUB) return load<u64>(cpu, Cpu.flagA) < load<u64>(cpu, Cpu.flagB);
  return getCf(cpu) != 0;
}

/** The six arithmetic flags as EFLAGS bits. */
export function arithmeticFlags(cpu: usize): u32 {
  if (load<u32>(cpu, Cpu.flagKind) == Cpu.FLAGS_EXPLICIT) return load<u32>(cpu, Cpu.flagBits) & ARITHMETIC;
  let flags = getCf(cpu);
  if (getPf(cpu)) flags |= PF;
  if (getAf(cpu)) flags |= AF;
  if (getZf(cpu)) flags |= ZF;
  if (getSf(cpu)) flags |= SF;
  if (getOf(cpu)) flags |= OF;
  return flags;
}

/** Sets all six arithmetic flags. flagResult is kept such that ZF can be read from it alone. */
export function setArithmeticFlags(cpu: usize, flags: u32): void {
  store<u32>(cpu, flags & ARITHMETIC, Cpu.flagBits);
  store<i64>(cpu, (flags & ZF) != 0 ? 0 : 1, Cpu.flagResult);
  store<u32>(cpu, Cpu.FLAGS_EXPLICIT, Cpu.flagKind);
}

/** EFLAGS, complete. */
export function getFlags(cpu: usize): u32 {
  return load<u32>(cpu, Cpu.eflags) | arithmeticFlags(cpu);
}

/** Changes the EFLAGS bits in `mask` to those of `value`. Bit 1 stays set. The caller looks after IF, TF, VM and AC. */
export function setFlags(cpu: usize, value: u32, mask: u32): void {
  if (mask & ARITHMETIC) {
    const kept = (mask & ARITHMETIC) == ARITHMETIC ? 0 : arithmeticFlags(cpu) & ~mask;
    setArithmeticFlags(cpu, kept | (value & mask));
  }
  const system = mask & ~ARITHMETIC;
  store<u32>(cpu, (load<u32>(cpu, Cpu.eflags) & ~system) | (value & system) | 2, Cpu.eflags);
}

/** Condition code 0..15 of Jcc, SETcc and CMOVcc. */
export function condition(cpu: usize, code: u32): bool {
  let met: bool;
  switch (code >> 1) {
    case 0:
      met = getOf(cpu);
      break;
    case 1:
      met = getBelow(cpu);
      break;
    case 2:
      met = getZf(cpu);
      break;
    case 3:
      met = getZf(cpu) || getBelow(cpu);
      break;
    case 4:
      met = getSf(cpu);
      break;
    case 5:
      met = getPf(cpu);
      break;
    case 6:
      met = getLess(cpu);
      break;
    default:
      met = getZf(cpu) || getLess(cpu);
      break;
  }
  return met != ((code & 1) != 0);
}

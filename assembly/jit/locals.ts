// The locals of a translated region and the functions that it imports.

import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";
import * as Record from "../layout/record";
import * as Flow from "./flow";
import { get, i32Const, I32_WRAP_I64, I64_EXTEND_I32_U, memory, op, set } from "./emit";

// Parameter 0 is the CPU's base address, which translations have as a constant (pushCpu). What few regions use comes last:
// locals behind the last one that is used are not declared, and cost the engine's compilers nothing wherever paths meet.
/** Parameter: where execution starts; later, where it goes on after the region. */
export const RIP: u32 = 1;
/** Parameter: how many calls may still be nested. */
export const DEPTH: u32 = 2;
export const PARAMETERS: u32 = 3;
export const TLB: u32 = 3;
/** Instructions left before the region must leave. */
export const FUEL: u32 = 4;
/** Address of a TLB or jump cache entry. */
export const ENTRY: u32 = 5;
/** Host address of the memory operand. */
export const HOST: u32 = 6;
/** How the region is left: EXIT_. */
export const EXIT: u32 = 7;
/** Flags: kind (FLAGS_IN_MEMORY: the other locals mean nothing), known bits, result, operands (layout/cpu.ts). */
export const FLAG_KIND: u32 = 8;
export const FLAG_BITS: u32 = 9;
/**
 * Host address of the first of the bytes that accesses with a shared look-up touch, 0 = not in the TLB or in two pages: of those
 * by rsp, and of two more groups.
 */
export const HOST_SHARED: u32 = 10;
/** Cpu.jitKey as it was when the region was entered. */
export const KEY: u32 = 13;
/** Which registers are stored on the way out: bit n = general register n, 16 + n = xmm n. */
export const MASK: u32 = 14;
export const I32_LOCALS: u32 = 12;
/** gva of the page that the code runs at. */
export const PAGE: u32 = 15;
/** Linear address of the memory operand. */
export const LA: u32 = 16;
export const FLAG_RESULT: u32 = 17;
export const FLAG_A: u32 = 18;
export const FLAG_B: u32 = 19;
/** Work: X and Y are the operands of the instruction. */
export const X: u32 = 20;
export const Y: u32 = 21;
export const Z: u32 = 22;
export const W: u32 = 23;
export const I64_LOCALS: u32 = 9;
/** General registers 0..15, i64; in flat 32-bit code i32. */
export const GPR: u32 = 24;
export const GPR_LOCALS: u32 = 16;
/** xmm registers 0..15. */
export const XMM: u32 = GPR + GPR_LOCALS;
/** Work: VB is the source operand of a vector instruction when it comes from memory, VR its result. */
export const VB: u32 = XMM + 16;
export const VR: u32 = XMM + 17;
export const VT: u32 = XMM + 18;
export const V128_LOCALS: u32 = 19;
/** What COMIS or UCOMIS compared last. */
export const ORDER_A: u32 = XMM + V128_LOCALS;
export const ORDER_B: u32 = ORDER_A + 1;
/** Work. */
export const NUMBER: u32 = ORDER_A + 2;
export const F64_LOCALS: u32 = 3;
/** 0 = WebAssembly's floating-point arithmetic may be used (translate/sse_plain.ts). */
export const MX: u32 = ORDER_A + F64_LOCALS;
/** Only in regions that have the x87 in locals (x87_state.ts): significands of the physical registers, and of an operand. */
export const SIG: u32 = MX + 1;
/** Offset of the last memory operand. */
export const NOTE_ADDRESS: u32 = SIG + 9;
/** Work: what is below the significand of a result. */
export const LOW: u32 = NOTE_ADDRESS + 1;
export const X87_I64_LOCALS: u32 = 11;
/** Their signs and exponents. */
export const HEAD: u32 = LOW + 1;
/** Status word without TOP. */
export const FSW: u32 = HEAD + 9;
/** TOP and the registers that are not empty, as layout/jit.ts STACK_KNOWN says. */
export const STACK: u32 = HEAD + 10;
/** The last instruction that the pointers are for: page offset, from NOTE_OPCODE on its opcode, bit 31; 0 = that in memory. */
export const NOTE: u32 = HEAD + 11;
export const NOTE_OPCODE: i32 = 12;
/** Offset of its operand's segment selector in the CPU's memory; 0 = the pointers in memory are the true ones. */
export const NOTE_SEGMENT: u32 = HEAD + 12;
/** 0 = results are rounded to nearest, with 64 bits. */
export const X87_MODE: u32 = HEAD + 13;
/** Work: heads of two operands, and more. */
export const HEAD_A: u32 = HEAD + 14;
export const HEAD_B: u32 = HEAD + 15;
export const T: u32 = HEAD + 16;
export const T2: u32 = HEAD + 17;
export const X87_I32_LOCALS: u32 = 18;

/** Value of FLAG_KIND while the flags in the CPU's memory are the true ones: on entry, and after whoever changed them there. */
export const FLAGS_IN_MEMORY: i32 = -1;

/** Types of the module. */
export const TYPE_REGION: u32 = 0;
export const TYPE_ACCESS: u32 = 1;
export const TYPE_RECORD: u32 = 2;
export const TYPE_CONDITION: u32 = 3;
export const TYPE_VECTOR: u32 = 4;
export const TYPE_ORDER: u32 = 5;
/** CPU, head and significand of two numbers of the x87. */
export const TYPE_X87: u32 = 6;
export const TYPE_COUNT: u32 = 7;

/** Imported functions. */
export const FN_READ: u32 = 0;
export const FN_WRITE: u32 = 1;
export const FN_COLD: u32 = 2;
export const FN_END: u32 = 3;
export const FN_CONDITION: u32 = 4;
export const FN_VECTOR: u32 = 5;
export const FN_ORDER: u32 = 6;
export const FN_INTERPRET: u32 = 7;
export const FN_MISFIT: u32 = 8;
export const FN_X87_ADD: u32 = 9;
export const FN_X87_MUL: u32 = 10;
export const FN_X87_DIV: u32 = 11;
export const FN_X87_COMPARE: u32 = 12;
/** These have the type of regions: CPU, significand or bits, head or format. */
export const FN_X87_ROOT: u32 = 13;
export const FN_X87_LOAD: u32 = 14;
export const FN_X87_WIDEN: u32 = 15;
export const FN_X87_STORE: u32 = 16;
export const FN_STRING: u32 = 17;
export const FN_ALIGNMENT: u32 = 18;
export const FN_CALL: u32 = 19;
export const FN_IMPORTS: u32 = 20;

/** The region is left to the instruction at RIP, wherever that is. */
export const EXIT_LOOKUP: i32 = 0;
/** An exception was raised, or the interpreter shall execute the instruction at RIP. */
export const EXIT_INTERPRET: i32 = 1;
/** Only from FN_END: the instruction did not branch, go on behind it. */
export const EXIT_RESUME: i32 = 2;
/** Only from FN_END: interrupts wait for one more instruction, the interpreter knows how. */
export const EXIT_SHADOW: i32 = 4;

/** Bit of what a slow access is told (helpers.ts): it is that of several instructions. */
export const SLOW_RUN: i32 = 0x100000;
/** Bit of what FN_STRING is told, above log2 of the element's size: MOVS, else STOS. */
export const STRING_MOVES: i32 = 4;
/** Added to the operation for FN_END: execution goes on in the region, and nobody looks for interrupts on the way. */
export const END_GOES_ON: i32 = 0x10000;

/**
 * Pushes the CPU's base address: a constant, since a CPU has translations of its own. The engine then needs no register for
 * it, and knows that what is there can be accessed.
 */
export function pushCpu(j: usize): void {
  i32Const(j, <i32>(j - Cpu.jit));
}

/** Loads a local from the CPU's memory. */
export function loadLocal(j: usize, local: u32, opcode: u32, offset: u32): void {
  pushCpu(j);
  memory(j, opcode, offset);
  set(j, local);
}

/** Stores a local in the CPU's memory. */
export function storeLocal(j: usize, local: u32, opcode: u32, offset: u32): void {
  pushCpu(j);
  get(j, local);
  memory(j, opcode, offset);
}

function mark(j: usize, word: usize, bit: u32): void {
  store<u32>(j + word, load<u32>(j + word) | bit);
}

/** Whether the region is flat 32-bit code (Record.MODE_FLAT): linear addresses, slots of the stack and registers have 32 bits. */
@inline
export function isFlat(j: usize): bool {
  return (load<u32>(j, Jit.mode) & Record.MODE_FLAT) != 0;
}

/** Whether translations are compared with the interpreter (jit/check.ts). */
export function isChecked(j: usize): bool {
  return load<u32>(j - Cpu.jit, Cpu.jitMode) == Cpu.JIT_CHECK;
}

/** Whether the region is code of privilege 3 that may use the users' TLB at once (Record.MODE_USER); not on copies. */
@inline
export function isUser(j: usize): bool {
  return (load<u32>(j, Jit.mode) & Record.MODE_USER) != 0 && !isChecked(j);
}

/**
 * Pushes a general register as i64. In flat code its local is an i32, so that the engine sees that the upper half is zero;
 * whatever was there is undefined in 32-bit modes (SDM vol. 1, 3.4.1.1).
 */
export function getGpr(j: usize, n: u32): void {
  mark(j, Jit.used, (<u32>1) << n);
  Flow.reads(j, (<u64>1) << n);
  get(j, GPR + n);
  if (isFlat(j)) op(j, I64_EXTEND_I32_U);
}

export function setGpr(j: usize, n: u32): void {
  mark(j, Jit.used, (<u32>1) << n);
  mark(j, Jit.dirty, (<u32>1) << n);
  Flow.writes(j, (<u64>1) << n);
  if (isFlat(j)) op(j, I32_WRAP_I64);
  set(j, GPR + n);
}

export function changesFlags(j: usize): void {
  mark(j, Jit.dirty, <u32>Flow.FLAGS);
  Flow.writes(j, Flow.FLAGS);
}

export function usesXmm(j: usize, n: u32): void {
  mark(j, Jit.usedXmm, (<u32>1) << n);
  Flow.reads(j, (<u64>1) << (Flow.VECTORS_SHIFT + n));
}

export function getXmm(j: usize, n: u32): void {
  usesXmm(j, n);
  get(j, XMM + n);
}

export function setXmm(j: usize, n: u32): void {
  mark(j, Jit.usedXmm, (<u32>1) << n);
  mark(j, Jit.dirtyXmm, (<u32>1) << n);
  Flow.writes(j, (<u64>1) << (Flow.VECTORS_SHIFT + n));
  const shapes: u64 = 0x0001000100010001;
  store<u64>(j, load<u64>(j, Jit.plain) & ~(shapes << n), Jit.plain);
  set(j, XMM + n);
}

export function isXmmUsed(j: usize, n: u32): bool {
  return ((load<u32>(j, Jit.usedXmm) >> n) & 1) != 0;
}

export function isXmmDirty(j: usize, n: u32): bool {
  return ((load<u32>(j, Jit.dirtyXmm) >> n) & 1) != 0;
}

export function isUsed(j: usize, n: u32): bool {
  return ((load<u32>(j, Jit.used) >> n) & 1) != 0;
}

export function isDirty(j: usize, n: u32): bool {
  return ((load<u32>(j, Jit.dirty) >> n) & 1) != 0;
}

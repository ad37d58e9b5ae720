// Registers, addresses and memory of translated instructions. Values on the wasm stack are i64, sign-extended from the
// operand size; sizes are 0..3 for 8..64 bits.

import { segmentOf } from "../../cpu/operand";
import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import * as Record from "../../layout/record";
import * as Tlb from "../../layout/tlb";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import * as L from "../locals";
import { behind, kindOfRecord } from "../region";
import { cutAddress, cutToHalf, exitWith, pushAddress, setMask, setRip, slotSize } from "../state";

/** The record under translation. */
@inline
export function recordOf(j: usize): usize {
  return <usize>load<u32>(j, Jit.record);
}

@inline
export function isRegisterForm(rec: usize): bool {
  return (load<u8>(rec, Record.misc) & Record.MISC_FORM) == Record.FORM_REGISTER;
}

/** The address form of the record under translation: Record.FORM_. */
export function formOf(j: usize): u32 {
  return (<u32>load<u8>(recordOf(j), Record.misc)) & Record.MISC_FORM;
}

@inline
export function bitsOf(size: u32): u32 {
  return 8 << size;
}

/** Cuts the value on the stack to the operand size and sign-extends it. */
export function extend(j: usize, size: u32): void {
  if (size == 0) E.op(j, E.I64_EXTEND8_S);
  else if (size == 1) E.op(j, E.I64_EXTEND16_S);
  else if (size == 2) E.op(j, E.I64_EXTEND32_S);
}

/** Cuts the value on the stack to the operand size and zero-extends it. */
export function extendZero(j: usize, size: u32): void {
  if (size == 3) return;
  if (size == 2) {
    cutToHalf(j);
    return;
  }
  E.i64Const(j, <i64>(((<u64>1) << bitsOf(size)) - 1));
  E.op(j, E.I64_AND);
}

/** From the opcode of an operation on i64 to that of the same on i32. */
const TO_I32: u32 = E.I64_ADD - E.I32_ADD;

/**
 * Pushes X op Y, cut to the operand size and sign-extended. 32 bits are done as i32: the engine then leaves out what
 * extends operands that come from registers.
 */
export function pushXopY(j: usize, opcode: u32, size: u32): void {
  pushX(j, size);
  E.get(j, L.Y);
  if (size == 2) E.op(j, E.I32_WRAP_I64);
  endXop(j, opcode, size, E.I64_EXTEND_I32_S);
}

/** The same, but with 32 bits zero-extended, as the register has it that the result goes to. */
export function pushRawXopY(j: usize, opcode: u32, size: u32): void {
  pushX(j, size);
  E.get(j, L.Y);
  if (size == 2) E.op(j, E.I32_WRAP_I64);
  endXop(j, opcode, size, E.I64_EXTEND_I32_U);
}

/** The same with a constant. */
export function pushRawXopConstant(j: usize, opcode: u32, size: u32, value: i32): void {
  pushX(j, size);
  pushConstant(j, value, size == 2);
  endXop(j, opcode, size, E.I64_EXTEND_I32_U);
}

function pushX(j: usize, size: u32): void {
  E.get(j, L.X);
  if (size == 2) E.op(j, E.I32_WRAP_I64);
}

function endXop(j: usize, opcode: u32, size: u32, widen: u32): void {
  E.op(j, size == 2 ? opcode - TO_I32 : opcode);
  if (size == 2) E.op(j, widen);
  else extend(j, size);
}

/** Pushes a general register named by its byte offset, unextended. */
export function pushRaw(j: usize, offset: u32): void {
  L.getGpr(j, offset >> 3);
  if ((offset & 7) == 0) return;
  E.i64Const(j, 8);
  E.op(j, E.I64_SHR_U);
}

/** Pushes a general register, sign-extended. */
export function pushRegister(j: usize, offset: u32, size: u32): void {
  pushRaw(j, offset);
  extend(j, size);
}

/** Pops the value of a general register; 32-bit values clear the upper half, narrower ones leave the rest. */
export function popRegister(j: usize, offset: u32, size: u32): void {
  const n = offset >> 3;
  if (size < 2) insert(j, offset, size);
  else extendZero(j, size);
  L.setGpr(j, n);
}

function insert(j: usize, offset: u32, size: u32): void {
  const high = (offset & 7) != 0;
  const mask: i64 = size == 1 ? 0xffff : high ? 0xff00 : 0xff;
  if (high) {
    E.i64Const(j, 8);
    E.op(j, E.I64_SHL);
  }
  E.i64Const(j, mask);
  E.op(j, E.I64_AND);
  L.getGpr(j, offset >> 3);
  E.i64Const(j, ~mask);
  E.op(j, E.I64_AND);
  E.op(j, E.I64_OR);
}

/** Pushes a pointer register + `by`, as an address of the mode. */
export function pushPointer(j: usize, register: u32, by: i32): void {
  const half = L.isFlat(j);
  L.getGpr(j, register);
  if (by == 0) return;
  if (half) E.op(j, E.I32_WRAP_I64);
  pushConstant(j, by, half);
  E.op(j, half ? E.I32_ADD : E.I64_ADD);
  if (half) E.op(j, E.I64_EXTEND_I32_U);
}

/** Pushes a part of an address, as i32 where no more than that matters. */
function pushPart(j: usize, register: u32, half: bool): void {
  L.getGpr(j, register >> 3);
  if (half) E.op(j, E.I32_WRAP_I64);
}

/** Pushes base + index * scale + displacement, cut to the address size. */
export function pushOffset(j: usize): void {
  const rec = recordOf(j);
  const misc = <u32>load<u8>(rec, Record.misc);
  const base = <u32>load<u8>(rec, Record.rm);
  const index = <u32>load<u8>(rec, Record.index);
  const half = (misc & Record.MISC_FORM) != Record.FORM_MEM64;
  const add = half ? E.I32_ADD : E.I64_ADD;
  let parts = 0;
  if (base == Cpu.codePage) {
    E.get(j, L.PAGE);
    if (half) E.op(j, E.I32_WRAP_I64);
    parts++;
  } else if (base != Cpu.zero) {
    pushPart(j, base, half);
    parts++;
  }
  if (index != Cpu.zero) {
    pushPart(j, index, half);
    if (misc & Record.MISC_SCALE) {
      pushConstant(j, misc & Record.MISC_SCALE, half);
      E.op(j, half ? E.I32_SHL : E.I64_SHL);
    }
    if (parts++ != 0) E.op(j, add);
  }
  const disp = load<i32>(rec, Record.disp);
  if (disp != 0 || parts == 0) {
    pushConstant(j, disp, half);
    if (parts != 0) E.op(j, add);
  }
  if (half) E.op(j, E.I64_EXTEND_I32_U);
  if ((misc & Record.MISC_FORM) == Record.FORM_MEM16) extendZero(j, 1);
}

function pushConstant(j: usize, value: i32, half: bool): void {
  if (half) E.i32Const(j, value);
  else E.i64Const(j, value);
}

/** Pushes the linear address of the memory operand, which has `bytes` bytes. */
export function pushLinear(j: usize, bytes: i32): void {
  pushOffset(j);
  addSegment(j, bytes);
}

/** Makes a linear address of the offset on the stack. */
export function addSegment(j: usize, bytes: i32): void {
  const seg = segmentOf(recordOf(j));
  if (seg == 0) return;
  if (L.isFlat(j)) {
    if (seg <= <u32>Cpu.DS + 1) return;
    requireOpen(j, seg - 1, bytes);
  }
  L.pushCpu(j);
  E.memory(j, E.I64_LOAD, Cpu.seg + (seg - 1) * Cpu.SEG_SIZE + Cpu.segBase);
  E.op(j, E.I64_ADD);
  cutAddress(j);
}

/** Leaves the segment's limits and rights to the interpreter if they matter for the offset on the stack. */
function requireOpen(j: usize, seg: u32, bytes: i32): void {
  E.set(j, L.LA);
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.openSegments);
  E.i32Const(j, 1 << seg);
  E.op(j, E.I32_AND);
  E.op(j, E.I32_EQZ);
  E.get(j, L.LA);
  E.i64Const(j, 0x100000000 - bytes);
  E.op(j, E.I64_GT_U);
  E.op(j, E.I32_OR);
  E.ifHinted(j, E.VOID, false);
  exitHere(j);
  E.end(j);
  E.get(j, L.LA);
}

/**
 * Turns the linear address in the local LA into a host address in the local HOST: one compare against the TLB; else the
 * slow way, which may leave the region.
 */
export function hostOfLa(j: usize, size: u32, write: bool): void {
  hostOfRange(j, 1 << size, write);
}

/** The same for up to 64 bytes. */
export function hostOfRange(j: usize, bytes: i32, write: bool): void {
  pushHit(j, bytes, write, true);
  E.ifHinted(j, E.I32, true);
  pushHostOfEntry(j, write);
  E.elseThen(j);
  L.pushCpu(j);
  E.get(j, L.LA);
  E.get(j, L.W);
  callSlowAccess(j, bytes, write);
  E.end(j);
  setHost(j, 0);
}

/** Where a TLB table is: from the local TLB on; users' translations know the address. */
function tableOf(j: usize, write: bool): u32 {
  const table: u32 = write ? Tlb.WRITE : Tlb.READ;
  return L.isUser(j) ? <u32>(j - Cpu.jit + Cpu.tlbTables + Tlb.USER) + table : table;
}

/** Pushes the host address of LA by the TLB entry in ENTRY. */
function pushHostOfEntry(j: usize, write: bool): void {
  E.get(j, L.LA);
  E.op(j, E.I32_WRAP_I64);
  E.get(j, L.ENTRY);
  E.memory(j, E.I32_LOAD, tableOf(j, write) + Tlb.addend);
  E.op(j, E.I32_ADD);
}

/**
 * Makes ENTRY the TLB entry of the address in LA and pushes whether it is for all bytes of the access (i32). With
 * `keepTag`, W is its tag.
 */
function pushHit(j: usize, bytes: i32, write: bool, keepTag: bool): void {
  E.get(j, L.LA);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, 8);
  E.op(j, E.I32_SHR_U);
  E.i32Const(j, Tlb.INDEX_MASK);
  E.op(j, E.I32_AND);
  if (!L.isUser(j)) {
    E.get(j, L.TLB);
    E.op(j, E.I32_ADD);
  }
  E.tee(j, L.ENTRY);
  E.memory(j, E.I64_LOAD, tableOf(j, write) + Tlb.tag);
  if (keepTag) E.tee(j, L.W);
  E.get(j, L.LA);
  if (bytes > 1) {
    E.i64Const(j, bytes - 1);
    E.op(j, E.I64_ADD);
  }
  E.i64Const(j, -4096);
  E.op(j, E.I64_AND);
  E.op(j, E.I64_EQ);
}

/** Pushes the host address of `bytes` bytes at the linear address in LA; 0 if the TLB does not have it. */
export function pushHostOrZero(j: usize, bytes: i32, write: bool): void {
  pushHit(j, bytes, write, false);
  E.ifHinted(j, E.I32, true);
  pushHostOfEntry(j, write);
  E.elseThen(j);
  E.i32Const(j, 0);
  E.end(j);
}

/** Whether an access is that of several PUSH or POP (stack_run.ts), of which the first is under translation. */
function isRun(j: usize, bytes: i32): bool {
  const kind = kindOfRecord(recordOf(j));
  return bytes > 1 << slotSize(j) && (kind == K.kPushReg || kind == K.kPushImm || kind == K.kPopReg);
}

/** With the CPU, a linear address and the tag of its TLB entry on the stack (jit/helpers.ts): pushes the host address found the slow way, or leaves the region. */
export function callSlowAccess(j: usize, bytes: i32, write: bool): void {
  setMask(j, load<u64>(j, Jit.pendingBefore));
  const where = (<i32>load<u16>(recordOf(j), Record.where)) & 0xfff;
  E.i32Const(j, bytes | (where << 8) | (isRun(j, bytes) ? L.SLOW_RUN : 0));
  E.call(j, write ? L.FN_WRITE : L.FN_READ);
  E.op(j, E.I32_EQZ);
  E.brIfHinted(j, load<u32>(j, Jit.faultDepth), false);
  // The engine knows that what is loaded has 32 bits: it need not cut the address again where the two ways meet.
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.slowHost);
}

/** Leaves before the instruction under translation: a fault, or one for the interpreter. */
export function exitHere(j: usize): void {
  setRip(j, <i32>(load<u16>(recordOf(j), Record.where) & 0xfff));
  exitWith(j, L.EXIT_INTERPRET, load<u64>(j, Jit.pendingBefore));
}

/** Pushes the address behind the instruction under translation. */
export function pushNext(j: usize): void {
  pushAddress(j, <i32>behind(recordOf(j)));
}

/** Where the memory operand is from HOST on: the offset of loads and stores, which costs the host nothing. */
@inline
export function hostAt(j: usize): u32 {
  return load<u32>(j, Jit.hostAt);
}

/** Pops HOST, from where the memory operand is `at` bytes away. */
export function setHost(j: usize, at: u32): void {
  E.set(j, L.HOST);
  store<u32>(j, at, Jit.hostAt);
}

/** Pushes the value of the memory operand, whose host address is in HOST, extended. */
export function pushMemory(j: usize, size: u32, unsignedValue: bool): void {
  E.get(j, L.HOST);
  let opcode = E.I64_LOAD;
  if (size == 0) opcode = E.I64_LOAD8_U;
  else if (size == 1) opcode = E.I64_LOAD16_U;
  else if (size == 2) opcode = E.I64_LOAD32_U;
  E.memory(j, opcode, hostAt(j));
  // Instructions that load and extend to 64 bits are two for the engine, of which it folds one into the other and keeps both.
  if (!unsignedValue) extend(j, size);
}

/** Stores a local in the memory operand. */
export function storeAtHost(j: usize, local: u32, size: u32): void {
  E.get(j, L.HOST);
  E.get(j, local);
  E.memory(
    j,
    size == 0 ? E.I64_STORE8 : size == 1 ? E.I64_STORE16 : size == 2 ? E.I64_STORE32 : E.I64_STORE,
    hostAt(j),
  );
}

/** Writes a local to the operand that modrm.rm names; memory has its host address in HOST already. */
export function writeRm(j: usize, local: u32, size: u32): void {
  const rec = recordOf(j);
  if (!isRegisterForm(rec)) {
    storeAtHost(j, local, size);
    return;
  }
  E.get(j, local);
  popRegister(j, load<u8>(rec, Record.rm), size);
}

// Operand codes of generated/kinds.ts (tools/isa/kinds.mjs).
export const OPERAND_NONE: u32 = 0;
export const OPERAND_E: u32 = 1;
export const OPERAND_G: u32 = 2;
export const OPERAND_Z: u32 = 3;
export const OPERAND_A: u32 = 4;
export const OPERAND_I: u32 = 5;
export const OPERAND_1: u32 = 6;
export const OPERAND_CL: u32 = 7;

/** Whether the operand is the memory operand. */
@inline
export function isMemory(operand: u32, form: u32): bool {
  return operand == OPERAND_E && form == 1;
}

/** Byte offset of a register operand. */
export function offsetOfOperand(j: usize, operand: u32): u32 {
  const rec = recordOf(j);
  if (operand == OPERAND_G) return load<u8>(rec, Record.reg);
  if (operand == OPERAND_A) return Cpu.rax;
  return load<u8>(rec, Record.rm);
}

/** Pushes a 32-bit operand with whatever is in its upper half; memory must have its host address in HOST already. */
export function pushRawOperand(j: usize, operand: u32, form: u32): void {
  if (operand == OPERAND_I || operand == OPERAND_1 || operand == OPERAND_CL || isMemory(operand, form)) {
    pushOperand(j, operand, form, 2, true);
  } else pushRaw(j, offsetOfOperand(j, operand));
}

/** Pushes an operand, extended; memory must have its host address in HOST already. */
export function pushOperand(j: usize, operand: u32, form: u32, size: u32, unsignedValue: bool): void {
  if (operand == OPERAND_I) E.i64Const(j, load<i32>(recordOf(j), Record.imm));
  else if (operand == OPERAND_1) E.i64Const(j, 1);
  else if (operand == OPERAND_CL) {
    L.getGpr(j, 1);
    extendZero(j, 0);
  } else if (isMemory(operand, form)) pushMemory(j, size, unsignedValue);
  else {
    pushRaw(j, offsetOfOperand(j, operand));
    if (unsignedValue) extendZero(j, size);
    else extend(j, size);
  }
}

// The decoder's second half: operand and address sizes, registers, memory operands, immediates.

import * as Cpu from "../layout/cpu";
import * as Record from "../layout/record";
import * as I from "./decode_state";

/** Operand size index of the instruction by a candidate's rule. */
export function operandSize(cpu: usize, candidate: usize): u32 {
  const mode = I.modeOf(cpu);
  const narrow = load<u8>(cpu, I.pOperand) != 0;
  if (mode != Record.MODE_64) {
    if (<u32>load<u8>(candidate, I.cSize) == I.SIZE_Y) return I.SIZE_32;
    return (mode == Record.MODE_32) != narrow ? I.SIZE_32 : I.SIZE_16;
  }
  const wide = ((<u32>load<u8>(cpu, I.pRex)) & 8) != 0;
  if (<u32>load<u8>(candidate, I.cSize) == I.SIZE_Y) return wide ? I.SIZE_64 : I.SIZE_32;
  if (wide || (load<u8>(candidate, I.cFlags2) & I.FLAG2_F64) != 0) return I.SIZE_64;
  if (narrow) return I.SIZE_16;
  return (load<u8>(candidate, I.cFlags) & I.FLAG_D64) != 0 ? I.SIZE_64 : I.SIZE_32;
}

/** Byte offset of an 8-bit register: without REX, 4..7 are AH, CH, DH, BH. */
@inline
function offset8(n: u32, rex: u32): u32 {
  return rex != 0 || n < 4 ? n << 3 : ((n - 4) << 3) + 1;
}

@inline
function registerField(n: u32, extension: u32, rex: u32, kind: u32): u32 {
  if (kind == I.CLASS_GPR) return (n | extension) << 3;
  if (kind == I.CLASS_GPR8) return offset8(n | extension, rex);
  return kind == I.CLASS_NUMBER3 ? n : n | extension;
}

export function setRegField(cpu: usize, candidate: usize, n: u32, rec: usize): void {
  const rex = <u32>load<u8>(cpu, I.pRex);
  store<u8>(rec, <u8>registerField(n, (rex & 4) << 1, rex, load<u8>(candidate, I.cReg)), Record.reg);
}

export function setRegisterForm(cpu: usize, candidate: usize, n: u32, rec: usize): void {
  const rex = <u32>load<u8>(cpu, I.pRex);
  store<u8>(rec, <u8>registerField(n, (rex & 1) << 3, rex, load<u8>(candidate, I.cRm)), Record.rm);
  store<u8>(rec, Record.FORM_REGISTER, Record.misc);
}

/** FORM_ of the address size. */
export function addressForm(cpu: usize): u32 {
  const mode = I.modeOf(cpu);
  const other = load<u8>(cpu, I.pAddress) != 0;
  if (mode == Record.MODE_64) return other ? Record.FORM_MEM32 : Record.FORM_MEM64;
  return (mode == Record.MODE_32) != other ? Record.FORM_MEM32 : Record.FORM_MEM16;
}

/** The segment bits of misc: the override, or where it matters the default. */
export function segmentField(cpu: usize, normal: u32): u32 {
  const chosen = <u32>load<u8>(cpu, I.pSegment);
  if (chosen != 0) return chosen << Record.MISC_SEG_SHIFT;
  return load<u8>(cpu, I.pFlat) != 0 ? 0 : (normal + 1) << Record.MISC_SEG_SHIFT;
}

/** Decodes the memory form of the modrm byte at position `at`; returns the position after it, 0 = more bytes needed. */
export function decodeMemory(cpu: usize, at: u32, rec: usize): u32 {
  const form = addressForm(cpu);
  if (form == Record.FORM_MEM16) return decodeMemory16(cpu, at, rec);
  const rex = <u32>load<u8>(cpu, I.pRex);
  const modrm = <u32>load<u8>(I.byteAt(cpu, at++));
  const mod = modrm >> 6;
  let base = modrm & 7;
  let index: u32 = Cpu.zero;
  let scale: u32 = 0;
  let wide = mod == 2;
  let baseField: u32;
  if (base == 4) {
    if (!I.reaches(cpu, at + 1)) return 0;
    const sib = <u32>load<u8>(I.byteAt(cpu, at++));
    base = sib & 7;
    scale = sib >> 6;
    const i = ((sib >> 3) & 7) | ((rex & 2) << 2);
    if (i != 4) index = i << 3;
    baseField = base == 5 && mod == 0 ? Cpu.zero : (base | ((rex & 1) << 3)) << 3;
    wide = wide || (base == 5 && mod == 0);
  } else if (base == 5 && mod == 0) {
    baseField = I.modeOf(cpu) == Record.MODE_64 ? Cpu.codePage : Cpu.zero;
    wide = true;
  } else baseField = (base | ((rex & 1) << 3)) << 3;
  const stack = baseField == Cpu.rsp || baseField == Cpu.rbp;
  store<u8>(rec, <u8>baseField, Record.rm);
  store<u8>(rec, <u8>index, Record.index);
  store<u8>(rec, <u8>(scale | form | segmentField(cpu, stack ? Cpu.SS : Cpu.DS)), Record.misc);
  if (wide) {
    if (!I.reaches(cpu, at + 4)) return 0;
    store<i32>(rec, load<i32>(I.byteAt(cpu, at)), Record.disp);
    return at + 4;
  }
  if (mod == 1) {
    if (!I.reaches(cpu, at + 1)) return 0;
    store<i32>(rec, <i32>load<i8>(I.byteAt(cpu, at)), Record.disp);
    return at + 1;
  }
  return at;
}

/** The 16-bit forms: BX+SI, BX+DI, BP+SI, BP+DI, SI, DI, BP or disp16, BX. */
function decodeMemory16(cpu: usize, at: u32, rec: usize): u32 {
  const modrm = <u32>load<u8>(I.byteAt(cpu, at++));
  const mod = modrm >> 6;
  const rm = modrm & 7;
  const direct = rm == 6 && mod == 0;
  let base: u32 = rm == 2 || rm == 3 || rm == 6 ? Cpu.rbp : Cpu.rbx;
  let index: u32 = (rm & 1) != 0 ? Cpu.rdi : Cpu.rsi;
  if (rm == 4 || rm == 5) {
    base = index;
    index = Cpu.zero;
  } else if (rm >= 6) index = Cpu.zero;
  if (direct) base = Cpu.zero;
  store<u8>(rec, <u8>base, Record.rm);
  store<u8>(rec, <u8>index, Record.index);
  const segment = segmentField(cpu, base == Cpu.rbp ? Cpu.SS : Cpu.DS);
  store<u8>(rec, <u8>(Record.FORM_MEM16 | segment), Record.misc);
  if (mod == 2 || direct) {
    if (!I.reaches(cpu, at + 2)) return 0;
    store<i32>(rec, <i32>load<i16>(I.byteAt(cpu, at)), Record.disp);
    return at + 2;
  }
  if (mod == 1) {
    if (!I.reaches(cpu, at + 1)) return 0;
    store<i32>(rec, <i32>load<i8>(I.byteAt(cpu, at)), Record.disp);
    return at + 1;
  }
  return at;
}

/** Decodes the immediate; returns the position after it = the length of the instruction, 0 = more bytes needed. */
export function decodeImmediate(cpu: usize, at: u32, candidate: usize, size: u32, rec: usize): u32 {
  const kind = <u32>load<u8>(candidate, I.cImmediate);
  if (kind == 0) return at;
  const from = I.byteAt(cpu, at);
  const length = immediateLength(cpu, kind, size);
  const next = at + length;
  if (!I.reaches(cpu, next)) return 0;
  if (kind == I.IMM_IB) store<i32>(rec, <i32>load<i8>(from), Record.imm);
  else if (kind == I.IMM_IW) store<i32>(rec, <i32>load<u16>(from), Record.imm);
  else if (kind == I.IMM_IZ) store<i32>(rec, length == 2 ? <i32>load<i16>(from) : load<i32>(from), Record.imm);
  else if (kind == I.IMM_IV) {
    if (length == 8) store<u64>(rec, load<u64>(from), Record.disp);
    else store<i32>(rec, length == 2 ? <i32>load<i16>(from) : load<i32>(from), Record.imm);
  } else if (kind == I.IMM_ENTER)
    store<u32>(rec, (<u32>load<u16>(from)) | ((<u32>load<u8>(from, 2)) << 16), Record.imm);
  else if (kind == I.IMM_FAR) {
    store<u32>(rec, length == 4 ? <u32>load<u16>(from) : load<u32>(from), Record.imm);
    store<u32>(rec, <u32>load<u16>(from + length - 2), Record.disp);
  } else if (kind == I.IMM_OFFSET) {
    const absolute = length == 8 ? load<u64>(from) : length == 4 ? <u64>load<u32>(from) : <u64>load<u16>(from);
    store<u64>(rec, absolute, Record.disp);
  } else {
    const distance = length == 1 ? <i32>load<i8>(from) : length == 2 ? <i32>load<i16>(from) : load<i32>(from);
    store<i32>(rec, <i32>(load<u16>(cpu, I.pOffset) + next) + distance, Record.imm);
    // LOOP and JCXZ have the operand size here; the inlined branches get it in the register field.
    store<u8>(rec, <u8>size, Record.index);
  }
  return next;
}

export function immediateLength(cpu: usize, kind: u32, size: u32): u32 {
  switch (kind) {
    case I.IMM_IB:
    case I.IMM_JB:
      return 1;
    case I.IMM_IW:
      return 2;
    case I.IMM_IZ:
    case I.IMM_JZ:
      return size == I.SIZE_16 ? 2 : 4;
    case I.IMM_IV:
      return size == I.SIZE_16 ? 2 : size == I.SIZE_32 ? 4 : 8;
    case I.IMM_ENTER:
      return 3;
    case I.IMM_FAR:
      return size == I.SIZE_16 ? 4 : 6;
    default: {
      const form = addressForm(cpu);
      return form == Record.FORM_MEM64 ? 8 : form == Record.FORM_MEM32 ? 4 : 2;
    }
  }
}

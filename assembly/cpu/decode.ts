// The decoder: instruction bytes -> a record (layout/record.ts), driven by the tables that tools/isa generates.

import * as Cpu from "../layout/cpu";
import * as Record from "../layout/record";
import { CANDIDATES, OPCODES } from "./generated/decode_tables";
import * as Ops from "./generated/ops";
import { hasFeature } from "./model";

/** More bytes are needed than are available. */
export const NEED_MORE: i32 = 0;
/** Set in the result beside the length: the instruction ends its block. */
export const ENDS_BLOCK: i32 = 0x100;
/** Set in the result: the instruction has a LOCK prefix. XCHG with memory locks by itself (ops/move.ts). */
export const LOCKED: i32 = 0x200;
/** Longest instruction; a longer one raises #GP. */
export const MAX_LENGTH: u32 = 15;

// What the prefixes said; lives in the CPU's scratch area, since a function returns one value.
const STATE: usize = 0x30c0; // Cpu.scratch + 192
const pOperand = STATE; // u8 66 seen
const pAddress = STATE + 1; // u8 67 seen
const pRep = STATE + 2; // u8 1: F3, 2: F2, the last one seen
const pLock = STATE + 3; // u8
const pSegment = STATE + 4; // u8 segment + 1
const pRex = STATE + 5; // u8 REX byte or 0
const pModrm = STATE + 6; // u8
const pFlat = STATE + 7; // u8 default segments do not matter

// A candidate: 32 bytes, see tools/isa/generate.mjs.
const cPrefix = 0;
const cMod = 1;
const cRegExt = 2;
const cRmExt = 3;
const cModes = 4;
const cW = 5;
const cSize = 6;
const cFlags = 7;
const cImmediate = 8;
const cReg = 9;
const cRm = 10;
const cFlags2 = 11;
const cConstant = 12;
const cFeature = 13;
const cOps = 16;
const CANDIDATE_SIZE = 32;

const ANY: u32 = 255;
const FLAG_MODRM: u32 = 1;
const FLAG_LOCK: u32 = 2;
const FLAG_END: u32 = 4;
const FLAG_SWAP: u32 = 8;
const FLAG_IN_OPCODE: u32 = 16;
const FLAG_REP: u32 = 32;
const FLAG_SPECIAL: u32 = 64;
const FLAG_D64: u32 = 128;
const FLAG2_F64: u32 = 1;
const FLAG2_KIND: u32 = 2;
const FLAG2_IMM: u32 = 4;
const FLAG2_IMPLICIT: u32 = 16;

const SIZE_NONE: u32 = 0;
const SIZE_BYTE: u32 = 1;
const SIZE_Y: u32 = 3;

/** Operand size index: 0 = 8, 1 = 16, 2 = 32, 3 = 64 bits. */
const SIZE_16: u32 = 1;
const SIZE_32: u32 = 2;
const SIZE_64: u32 = 3;

const CLASS_GPR: u32 = 1;
const CLASS_GPR8: u32 = 2;
const CLASS_NUMBER3: u32 = 3;
const CLASS_FIXED: u32 = 4;

const IMM_IB: u32 = 1;
const IMM_IW: u32 = 2;
const IMM_IZ: u32 = 3;
const IMM_IV: u32 = 4;
const IMM_ENTER: u32 = 5;
const IMM_JB: u32 = 6;
const IMM_JZ: u32 = 7;
const IMM_FAR: u32 = 8;
const IMM_OFFSET: u32 = 9;

/**
 * Decodes the instruction at `bytes`, of which `available` are readable, into `rec`. `offset` is the instruction's offset
 * in its page. `key` is of MODE_DECODE. Returns the length, perhaps with ENDS_BLOCK, or NEED_MORE.
 */
export function decodeInstruction(cpu: usize, bytes: usize, available: u32, key: u32, offset: u32, rec: usize): i32 {
  store<u64>(rec, 0);
  store<u64>(rec, 0, 8);
  const mode = key & Record.MODE_SIZE;
  let at = readPrefixes(cpu, bytes, available, mode);
  store<u8>(cpu, mode == Record.MODE_64 || (key & Record.MODE_FLAT) != 0 ? 1 : 0, pFlat);
  if (at >= available) return more(available, offset, rec);
  let map: u32 = 0;
  let opcode = <u32>load<u8>(bytes + at++);
  if (opcode == 0x0f) {
    if (at >= available) return more(available, offset, rec);
    opcode = <u32>load<u8>(bytes + at++);
    map = 1;
    if (opcode == 0x38 || opcode == 0x3a) {
      map = opcode == 0x38 ? 2 : 3;
      if (at >= available) return more(available, offset, rec);
      opcode = <u32>load<u8>(bytes + at++);
    }
  }
  const slot = OPCODES + <usize>(((map << 8) | opcode) << 2);
  const hasModrm = load<u8>(slot, 3) != 0 || isReserved(map, opcode);
  if (hasModrm) {
    if (at >= available) return more(available, offset, rec);
    const modrm = load<u8>(bytes + at);
    store<u8>(cpu, map == 1 && isControlMove(opcode) ? modrm | 0xc0 : modrm, pModrm);
  }
  const candidate = findCandidate(cpu, slot, mode);
  if (candidate == 0) return unknown(cpu, bytes, at, available, hasModrm, map == 3, slot, mode, offset, rec);
  const flags = <u32>load<u8>(candidate, cFlags);
  const size = operandSize(cpu, candidate, mode);
  let register = false;
  if (flags & FLAG_MODRM) {
    const modrm = <u32>load<u8>(cpu, pModrm);
    register = modrm >= 0xc0;
    setRegField(cpu, candidate, (modrm >> 3) & 7, rec);
    if (register) {
      setRegisterForm(cpu, candidate, modrm & 7, rec);
      if (load<u8>(candidate, cFlags2) & FLAG2_IMPLICIT) {
        store<u8>(rec, addressForm(cpu, mode) | segmentField(cpu, Cpu.DS), Record.index);
      }
      at++;
    } else {
      at = decodeMemory(cpu, bytes, at, available, mode, rec);
      if (at == 0) return more(available, offset, rec);
    }
  } else if (flags & FLAG_IN_OPCODE) {
    register = true;
    setRegisterForm(cpu, candidate, opcode & 7, rec);
  } else if (load<u8>(candidate, cRm) == CLASS_FIXED) {
    register = true;
    store<u8>(rec, Record.FORM_REGISTER, Record.misc);
  } else {
    store<u8>(rec, addressForm(cpu, mode) | segmentField(cpu, Cpu.DS), Record.misc);
  }
  const end = decodeImmediate(cpu, bytes, at, available, candidate, size, mode, offset, rec);
  if (end == 0) return more(available, offset, rec);
  if (end > MAX_LENGTH) return tooLong(offset, rec);
  // x87: what the opcode register (FOP) gets.
  if (map == 0 && (opcode & 0xf8) == 0xd8) store<u32>(rec, ((opcode & 7) << 8) | load<u8>(cpu, pModrm), Record.imm);
  if (load<u8>(cpu, pLock) != 0 && ((flags & FLAG_LOCK) == 0 || register)) return undefinedInstruction(offset, rec);
  return finish(cpu, candidate, register, size, offset, end, rec);
}

/**
 * An opcode without a meaning. Processors find out how long an instruction is before they look at what it does: #GP for one
 * that is too long, and page faults, come before #UD.
 */
function unknown(
  cpu: usize,
  bytes: usize,
  at: u32,
  available: u32,
  hasModrm: bool,
  hasByte: bool,
  slot: usize,
  mode: u32,
  offset: u32,
  rec: usize,
): i32 {
  if (hasModrm) {
    at = load<u8>(cpu, pModrm) >= 0xc0 ? at + 1 : decodeMemory(cpu, bytes, at, available, mode, rec);
    if (at == 0) return more(available, offset, rec);
  }
  if (hasByte) at++;
  else if (load<u8>(slot, 2) != 0) {
    const other = CANDIDATES + <usize>load<u16>(slot) * CANDIDATE_SIZE;
    const kind = <u32>load<u8>(other, cImmediate);
    if (kind != 0) at += immediateLength(cpu, kind, operandSize(cpu, other, mode), mode);
  }
  if (at > available) return more(available, offset, rec);
  return at > MAX_LENGTH ? tooLong(offset, rec) : undefinedInstruction(offset, rec);
}

/** Fills in the operation and what depends on the length. */
function finish(cpu: usize, candidate: usize, register: bool, size: u32, offset: u32, length: u32, rec: usize): i32 {
  const flags = <u32>load<u8>(candidate, cFlags);
  const flags2 = <u32>load<u8>(candidate, cFlags2);
  const op = load<u16>(candidate + cOps + <usize>(((register ? 4 : 0) + sizeSlot(candidate, size)) << 1));
  if (op == 0) return undefinedInstruction(offset, rec);
  store<u16>(rec, op, Record.op);
  store<u16>(rec, <u16>(offset | (length << 12)), Record.where);
  if (!register && (flags & FLAG_MODRM) != 0 && load<u8>(rec, Record.rm) == Cpu.codePage) {
    store<i32>(rec, load<i32>(rec, Record.disp) + <i32>(offset + length), Record.disp);
  }
  if (flags2 & FLAG2_IMM) store<i32>(rec, <i32>load<u8>(candidate, cConstant), Record.imm);
  if (flags2 & FLAG2_KIND) store<u8>(rec, load<u8>(candidate, cConstant), Record.reg);
  if (flags & FLAG_REP) store<i32>(rec, <i32>load<u8>(cpu, pRep), Record.imm);
  if (flags & FLAG_SPECIAL) store<u8>(rec, <u8>size, Record.reg);
  if (register && (flags & FLAG_SWAP) != 0) {
    const reg = load<u8>(rec, Record.reg);
    store<u8>(rec, load<u8>(rec, Record.rm), Record.reg);
    store<u8>(rec, reg, Record.rm);
  }
  const locks = !register && load<u8>(cpu, pLock) != 0;
  return (<i32>length) | ((flags & FLAG_END) != 0 ? ENDS_BLOCK : 0) | (locks ? LOCKED : 0);
}

/** Which of the four operations of a form an operand size selects. */
@inline
function sizeSlot(candidate: usize, size: u32): u32 {
  const rule = <u32>load<u8>(candidate, cSize);
  return rule == SIZE_NONE ? SIZE_32 : rule == SIZE_BYTE ? 0 : size;
}

/**
 * Fewer bytes than needed: either more are to come, or the instruction is longer than any may be. If the page ends just there,
 * processors look at the next one first.
 */
function more(available: u32, offset: u32, rec: usize): i32 {
  return available > MAX_LENGTH ? tooLong(offset, rec) : NEED_MORE;
}

/** An UNDEFINED record with a non-zero immediate raises #GP. */
function tooLong(offset: u32, rec: usize): i32 {
  const result = undefinedInstruction(offset, rec);
  store<i32>(rec, 1, Record.imm);
  return result;
}

function undefinedInstruction(offset: u32, rec: usize): i32 {
  store<u16>(rec, <u16>Ops.UNDEFINED, Record.op);
  store<i32>(rec, 0, Record.imm);
  store<u16>(rec, <u16>(offset | (1 << 12)), Record.where);
  return 1 | ENDS_BLOCK;
}

/** Reads the prefixes into the state; returns the position of the opcode. */
function readPrefixes(cpu: usize, bytes: usize, available: u32, mode: u32): u32 {
  store<u64>(cpu, 0, STATE);
  let at: u32 = 0;
  for (; at < available && at < MAX_LENGTH; at++) {
    const byte = <u32>load<u8>(bytes + at);
    if (mode == Record.MODE_64 && (byte & 0xf0) == 0x40) {
      // REX counts only directly before the opcode: any other prefix after it annuls it.
      store<u8>(cpu, <u8>byte, pRex);
      continue;
    }
    if (!readLegacyPrefix(cpu, byte, mode)) break;
    store<u8>(cpu, 0, pRex);
  }
  return at;
}

function readLegacyPrefix(cpu: usize, byte: u32, mode: u32): bool {
  switch (byte) {
    case 0x66:
      store<u8>(cpu, 1, pOperand);
      return true;
    case 0x67:
      store<u8>(cpu, 1, pAddress);
      return true;
    case 0xf3:
      store<u8>(cpu, 1, pRep);
      return true;
    case 0xf2:
      store<u8>(cpu, 2, pRep);
      return true;
    case 0xf0:
      store<u8>(cpu, 1, pLock);
      return true;
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
      // ES, CS, SS, DS: ignored in 64-bit mode, but they do not cancel FS or GS before them.
      if (mode != Record.MODE_64) store<u8>(cpu, <u8>(((byte >> 3) & 3) + 1), pSegment);
      return true;
    case 0x64:
    case 0x65:
      store<u8>(cpu, <u8>(byte - 0x64 + Cpu.FS + 1), pSegment);
      return true;
  }
  return false;
}

/** MOV to and from control and debug registers, 0F 20 to 23: processors ignore modrm.mod (SDM vol. 2, MOV). */
@inline
function isControlMove(opcode: u32): bool {
  return (opcode & 0xfc) == 0x20;
}

/** Opcodes that have modrm, though they mean nothing here: all of the later maps, and 0F 78 to 7B, A6, A7. */
@inline
function isReserved(map: u32, opcode: u32): bool {
  return map >= 2 || (map == 1 && ((opcode & 0xfc) == 0x78 || (opcode & 0xfe) == 0xa6));
}

/** The first candidate that fits prefixes, mode, modrm and the CPU's model; 0 = undefined instruction. */
function findCandidate(cpu: usize, slot: usize, mode: u32): usize {
  let candidate = CANDIDATES + <usize>load<u16>(slot) * CANDIDATE_SIZE;
  const end = candidate + <usize>load<u8>(slot, 2) * CANDIDATE_SIZE;
  for (; candidate < end; candidate += CANDIDATE_SIZE) {
    if (fits(cpu, candidate, mode)) return candidate;
  }
  return 0;
}

function fits(cpu: usize, candidate: usize, mode: u32): bool {
  if (!(load<u8>(candidate, cModes) & (mode == Record.MODE_64 ? 2 : 1))) return false;
  const w = <u32>load<u8>(candidate, cW);
  if (w != ANY && w != (((<u32>load<u8>(cpu, pRex)) >> 3) & 1)) return false;
  const feature = <u32>load<u8>(candidate, cFeature);
  if (feature != 0 && !hasFeature(cpu, feature - 1)) return false;
  const prefix = <u32>load<u8>(candidate, cPrefix);
  if (prefix != 0 && prefix != mandatoryPrefix(cpu, prefix)) return false;
  if (!(load<u8>(candidate, cFlags) & FLAG_MODRM)) return true;
  const modrm = <u32>load<u8>(cpu, pModrm);
  const mod = <u32>load<u8>(candidate, cMod);
  if (mod != 0 && (mod == 2) != modrm >= 0xc0) return false;
  const ext = <u32>load<u8>(candidate, cRegExt);
  if (ext != ANY && ext != ((modrm >> 3) & 7)) return false;
  const rm = <u32>load<u8>(candidate, cRmExt);
  return rm == ANY || rm == (modrm & 7);
}

/** F3 and F2 go before 66. Where 66 is asked for it may stand with REP prefixes only as operand size. */
function mandatoryPrefix(cpu: usize, wanted: u32): u32 {
  const rep = <u32>load<u8>(cpu, pRep);
  if (rep != 0) return rep == 1 ? 3 : 4;
  return load<u8>(cpu, pOperand) != 0 ? 2 : 1;
}

function operandSize(cpu: usize, candidate: usize, mode: u32): u32 {
  const narrow = load<u8>(cpu, pOperand) != 0;
  if (mode != Record.MODE_64) {
    if (<u32>load<u8>(candidate, cSize) == SIZE_Y) return SIZE_32;
    return (mode == Record.MODE_32) != narrow ? SIZE_32 : SIZE_16;
  }
  const wide = ((<u32>load<u8>(cpu, pRex)) & 8) != 0;
  if (<u32>load<u8>(candidate, cSize) == SIZE_Y) return wide ? SIZE_64 : SIZE_32;
  if (wide || (load<u8>(candidate, cFlags2) & FLAG2_F64) != 0) return SIZE_64;
  if (narrow) return SIZE_16;
  return (load<u8>(candidate, cFlags) & FLAG_D64) != 0 ? SIZE_64 : SIZE_32;
}

/** Byte offset of an 8-bit register: without REX, 4..7 are AH, CH, DH, BH. */
@inline
function offset8(n: u32, rex: u32): u32 {
  return rex != 0 || n < 4 ? n << 3 : ((n - 4) << 3) + 1;
}

@inline
function registerField(n: u32, extension: u32, rex: u32, kind: u32): u32 {
  if (kind == CLASS_GPR) return (n | extension) << 3;
  if (kind == CLASS_GPR8) return offset8(n | extension, rex);
  return kind == CLASS_NUMBER3 ? n : n | extension;
}

function setRegField(cpu: usize, candidate: usize, n: u32, rec: usize): void {
  const rex = <u32>load<u8>(cpu, pRex);
  store<u8>(rec, <u8>registerField(n, (rex & 4) << 1, rex, load<u8>(candidate, cReg)), Record.reg);
}

function setRegisterForm(cpu: usize, candidate: usize, n: u32, rec: usize): void {
  const rex = <u32>load<u8>(cpu, pRex);
  store<u8>(rec, <u8>registerField(n, (rex & 1) << 3, rex, load<u8>(candidate, cRm)), Record.rm);
  store<u8>(rec, Record.FORM_REGISTER, Record.misc);
}

/** FORM_ of the address size. */
function addressForm(cpu: usize, mode: u32): u32 {
  const other = load<u8>(cpu, pAddress) != 0;
  if (mode == Record.MODE_64) return other ? Record.FORM_MEM32 : Record.FORM_MEM64;
  return (mode == Record.MODE_32) != other ? Record.FORM_MEM32 : Record.FORM_MEM16;
}

/** The segment bits of misc: the override, or where it matters the default. */
function segmentField(cpu: usize, normal: u32): u32 {
  const chosen = <u32>load<u8>(cpu, pSegment);
  if (chosen != 0) return chosen << Record.MISC_SEG_SHIFT;
  return load<u8>(cpu, pFlat) != 0 ? 0 : (normal + 1) << Record.MISC_SEG_SHIFT;
}

/** Decodes the memory form at `bytes + at` (the modrm byte); returns the position after it, 0 = more bytes needed. */
function decodeMemory(cpu: usize, bytes: usize, at: u32, available: u32, mode: u32, rec: usize): u32 {
  const form = addressForm(cpu, mode);
  if (form == Record.FORM_MEM16) return decodeMemory16(cpu, bytes, at, available, mode, rec);
  const rex = <u32>load<u8>(cpu, pRex);
  const modrm = <u32>load<u8>(bytes + at++);
  const mod = modrm >> 6;
  let base = modrm & 7;
  let index: u32 = Cpu.zero;
  let scale: u32 = 0;
  let wide = mod == 2;
  let baseField: u32;
  if (base == 4) {
    if (at >= available) return 0;
    const sib = <u32>load<u8>(bytes + at++);
    base = sib & 7;
    scale = sib >> 6;
    const i = ((sib >> 3) & 7) | ((rex & 2) << 2);
    if (i != 4) index = i << 3;
    baseField = base == 5 && mod == 0 ? Cpu.zero : (base | ((rex & 1) << 3)) << 3;
    wide = wide || (base == 5 && mod == 0);
  } else if (base == 5 && mod == 0) {
    baseField = mode == Record.MODE_64 ? Cpu.codePage : Cpu.zero;
    wide = true;
  } else baseField = (base | ((rex & 1) << 3)) << 3;
  const stack = baseField == Cpu.rsp || baseField == Cpu.rbp;
  store<u8>(rec, <u8>baseField, Record.rm);
  store<u8>(rec, <u8>index, Record.index);
  store<u8>(rec, <u8>(scale | form | segmentField(cpu, stack ? Cpu.SS : Cpu.DS)), Record.misc);
  if (wide) {
    if (at + 4 > available) return 0;
    store<i32>(rec, load<i32>(bytes + at), Record.disp);
    return at + 4;
  }
  if (mod == 1) {
    if (at + 1 > available) return 0;
    store<i32>(rec, <i32>load<i8>(bytes + at), Record.disp);
    return at + 1;
  }
  return at;
}

/** The 16-bit forms: BX+SI, BX+DI, BP+SI, BP+DI, SI, DI, BP or disp16, BX. */
function decodeMemory16(cpu: usize, bytes: usize, at: u32, available: u32, mode: u32, rec: usize): u32 {
  const modrm = <u32>load<u8>(bytes + at++);
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
    if (at + 2 > available) return 0;
    store<i32>(rec, <i32>load<i16>(bytes + at), Record.disp);
    return at + 2;
  }
  if (mod == 1) {
    if (at + 1 > available) return 0;
    store<i32>(rec, <i32>load<i8>(bytes + at), Record.disp);
    return at + 1;
  }
  return at;
}

/** Decodes the immediate; returns the position after it = the length of the instruction, 0 = more bytes needed. */
function decodeImmediate(
  cpu: usize,
  bytes: usize,
  at: u32,
  available: u32,
  candidate: usize,
  size: u32,
  mode: u32,
  offset: u32,
  rec: usize,
): u32 {
  const kind = <u32>load<u8>(candidate, cImmediate);
  if (kind == 0) return at;
  const from = bytes + at;
  const length = immediateLength(cpu, kind, size, mode);
  if (at + length > available) return 0;
  const next = at + length;
  if (kind == IMM_IB) store<i32>(rec, <i32>load<i8>(from), Record.imm);
  else if (kind == IMM_IW) store<i32>(rec, <i32>load<u16>(from), Record.imm);
  else if (kind == IMM_IZ) store<i32>(rec, length == 2 ? <i32>load<i16>(from) : load<i32>(from), Record.imm);
  else if (kind == IMM_IV) {
    if (length == 8) store<u64>(rec, load<u64>(from), Record.disp);
    else store<i32>(rec, length == 2 ? <i32>load<i16>(from) : load<i32>(from), Record.imm);
  } else if (kind == IMM_ENTER) store<u32>(rec, (<u32>load<u16>(from)) | ((<u32>load<u8>(from, 2)) << 16), Record.imm);
  else if (kind == IMM_FAR) {
    store<u32>(rec, length == 4 ? <u32>load<u16>(from) : load<u32>(from), Record.imm);
    store<u32>(rec, <u32>load<u16>(from + length - 2), Record.disp);
  } else if (kind == IMM_OFFSET) {
    const absolute = length == 8 ? load<u64>(from) : length == 4 ? <u64>load<u32>(from) : <u64>load<u16>(from);
    store<u64>(rec, absolute, Record.disp);
  } else {
    const distance = length == 1 ? <i32>load<i8>(from) : length == 2 ? <i32>load<i16>(from) : load<i32>(from);
    store<i32>(rec, <i32>(offset + next) + distance, Record.imm);
    // LOOP and JCXZ have the operand size here; the inlined branches get it in the register field.
    store<u8>(rec, <u8>size, Record.index);
  }
  return next;
}

function immediateLength(cpu: usize, kind: u32, size: u32, mode: u32): u32 {
  switch (kind) {
    case IMM_IB:
    case IMM_JB:
      return 1;
    case IMM_IW:
      return 2;
    case IMM_IZ:
    case IMM_JZ:
      return size == SIZE_16 ? 2 : 4;
    case IMM_IV:
      return size == SIZE_16 ? 2 : size == SIZE_32 ? 4 : 8;
    case IMM_ENTER:
      return 3;
    case IMM_FAR:
      return size == SIZE_16 ? 4 : 6;
    default: {
      const form = addressForm(cpu, mode);
      return form == Record.FORM_MEM64 ? 8 : form == Record.FORM_MEM32 ? 4 : 2;
    }
  }
}

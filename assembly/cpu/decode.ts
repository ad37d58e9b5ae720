// The decoder: instruction bytes -> a record (layout/record.ts), driven by the tables that tools/isa generates.

import * as Cpu from "../layout/cpu";
import * as Record from "../layout/record";
import { CANDIDATES, OPCODES } from "./generated/decode_tables";
import {
  addressForm,
  decodeImmediate,
  decodeMemory,
  immediateLength,
  operandSize,
  segmentField,
  setRegField,
  setRegisterForm,
} from "./decode_operands";
import * as I from "./decode_state";
import * as Ops from "./generated/ops";
import { hasFeature } from "./model";

/** More bytes are needed than are available. */
export const NEED_MORE: i32 = 0;
/** Set in the result beside the length: the instruction ends its block. */
export const ENDS_BLOCK: i32 = 0x100;
/** Set in the result: the instruction has a LOCK prefix. XCHG with memory locks by itself (ops/move.ts). */
export const LOCKED: i32 = 0x200;

/**
 * Decodes the instruction at `bytes`, of which `available` are readable, into `rec`. `offset` is the instruction's offset
 * in its page. `key` is of MODE_DECODE. Returns the length, perhaps with ENDS_BLOCK, or NEED_MORE.
 */
export function decodeInstruction(cpu: usize, bytes: usize, available: u32, key: u32, offset: u32, rec: usize): i32 {
  store<u64>(rec, 0);
  store<u64>(rec, 0, 8);
  let at = I.readPrefixes(cpu, bytes, available, key);
  store<u16>(cpu, <u16>offset, I.pOffset);
  if (at >= available) return more(cpu, rec);
  let map: u32 = 0;
  let opcode = <u32>load<u8>(bytes + at++);
  if (opcode == 0x0f) {
    if (at >= available) return more(cpu, rec);
    opcode = <u32>load<u8>(bytes + at++);
    map = 1;
    if (opcode == 0x38 || opcode == 0x3a) {
      map = opcode == 0x38 ? 2 : 3;
      if (at >= available) return more(cpu, rec);
      opcode = <u32>load<u8>(bytes + at++);
    }
  }
  const slot = OPCODES + <usize>(((map << 8) | opcode) << 2);
  const hasModrm = load<u8>(slot, 3) != 0 || isReserved(map, opcode);
  if (hasModrm) {
    if (at >= available) return more(cpu, rec);
    const modrm = load<u8>(bytes + at);
    store<u8>(cpu, map == 1 && isControlMove(opcode) ? modrm | 0xc0 : modrm, I.pModrm);
  }
  const candidate = findCandidate(cpu, slot);
  if (candidate == 0) return unknown(cpu, hasModrm ? skipModrm(cpu, at, rec) : at, slot, rec);
  const flags = <u32>load<u8>(candidate, I.cFlags);
  const size = operandSize(cpu, candidate);
  let register = false;
  if (flags & I.FLAG_MODRM) {
    const modrm = <u32>load<u8>(cpu, I.pModrm);
    register = modrm >= 0xc0;
    setRegField(cpu, candidate, (modrm >> 3) & 7, rec);
    if (register) {
      setRegisterForm(cpu, candidate, modrm & 7, rec);
      if (load<u8>(candidate, I.cFlags2) & I.FLAG2_IMPLICIT) {
        store<u8>(rec, addressForm(cpu) | segmentField(cpu, Cpu.DS), Record.index);
      }
      at++;
    } else {
      at = decodeMemory(cpu, at, rec);
      if (at == 0) return more(cpu, rec);
    }
  } else if (flags & I.FLAG_IN_OPCODE) {
    register = true;
    setRegisterForm(cpu, candidate, opcode & 7, rec);
  } else if (load<u8>(candidate, I.cRm) == I.CLASS_FIXED) {
    register = true;
    store<u8>(rec, Record.FORM_REGISTER, Record.misc);
  } else {
    store<u8>(rec, addressForm(cpu) | segmentField(cpu, Cpu.DS), Record.misc);
  }
  const end = decodeImmediate(cpu, at, candidate, size, rec);
  if (end == 0) return more(cpu, rec);
  if (end > I.MAX_LENGTH) return tooLong(cpu, rec);
  // x87: what the opcode register (FOP) gets.
  if (map == 0 && (opcode & 0xf8) == 0xd8) store<u32>(rec, ((opcode & 7) << 8) | load<u8>(cpu, I.pModrm), Record.imm);
  if (load<u8>(cpu, I.pLock) != 0 && ((flags & I.FLAG_LOCK) == 0 || register)) return undefinedInstruction(cpu, rec);
  return finish(cpu, candidate, register, size, end, rec);
}

/** The position behind the modrm byte at `at` and what belongs to it; 0 = more bytes needed. */
function skipModrm(cpu: usize, at: u32, rec: usize): u32 {
  return load<u8>(cpu, I.pModrm) >= 0xc0 ? at + 1 : decodeMemory(cpu, at, rec);
}

/**
 * An opcode without a meaning, whose immediate would be at position `at`, 0 = beyond what is readable. Processors find out
 * how long an instruction is before they look at what it does: #GP for one that is too long, and page faults, come before #UD.
 */
function unknown(cpu: usize, at: u32, slot: usize, rec: usize): i32 {
  if (at == 0) return more(cpu, rec);
  // All behind 0F 3A have an immediate of one byte.
  if (slot >= OPCODES + ((<usize>3) << 10)) at++;
  else if (load<u8>(slot, 2) != 0) {
    const other = CANDIDATES + <usize>load<u16>(slot) * I.CANDIDATE_SIZE;
    const kind = <u32>load<u8>(other, I.cImmediate);
    if (kind != 0) at += immediateLength(cpu, kind, operandSize(cpu, other));
  }
  if (!I.reaches(cpu, at)) return more(cpu, rec);
  return at > I.MAX_LENGTH ? tooLong(cpu, rec) : undefinedInstruction(cpu, rec);
}

/** Fills in the operation and what depends on the length. */
function finish(cpu: usize, candidate: usize, register: bool, size: u32, length: u32, rec: usize): i32 {
  const offset = <u32>load<u16>(cpu, I.pOffset);
  const flags = <u32>load<u8>(candidate, I.cFlags);
  const flags2 = <u32>load<u8>(candidate, I.cFlags2);
  const op = load<u16>(candidate + I.cOps + <usize>(((register ? 4 : 0) + sizeSlot(candidate, size)) << 1));
  if (op == 0) return undefinedInstruction(cpu, rec);
  store<u16>(rec, op, Record.op);
  store<u16>(rec, <u16>(offset | (length << 12)), Record.where);
  if (!register && (flags & I.FLAG_MODRM) != 0 && load<u8>(rec, Record.rm) == Cpu.codePage) {
    store<i32>(rec, load<i32>(rec, Record.disp) + <i32>(offset + length), Record.disp);
  }
  if (flags2 & I.FLAG2_IMM) store<i32>(rec, <i32>load<u8>(candidate, I.cConstant), Record.imm);
  if (flags2 & I.FLAG2_KIND) store<u8>(rec, load<u8>(candidate, I.cConstant), Record.reg);
  if (flags & I.FLAG_REP) store<i32>(rec, <i32>load<u8>(cpu, I.pRep), Record.imm);
  if (flags & I.FLAG_SPECIAL) store<u8>(rec, <u8>size, Record.reg);
  if (register && (flags & I.FLAG_SWAP) != 0) {
    const reg = load<u8>(rec, Record.reg);
    store<u8>(rec, load<u8>(rec, Record.rm), Record.reg);
    store<u8>(rec, reg, Record.rm);
  }
  const locks = !register && load<u8>(cpu, I.pLock) != 0;
  return (<i32>length) | ((flags & I.FLAG_END) != 0 ? ENDS_BLOCK : 0) | (locks ? LOCKED : 0);
}

/** Which of the four operations of a form an operand size selects. */
@inline
function sizeSlot(candidate: usize, size: u32): u32 {
  const rule = <u32>load<u8>(candidate, I.cSize);
  return rule == I.SIZE_NONE ? I.SIZE_32 : rule == I.SIZE_BYTE ? 0 : size;
}

/**
 * Fewer bytes than needed: either more are to come, or the instruction is longer than any may be. If the page ends just there,
 * processors look at the next one first.
 */
function more(cpu: usize, rec: usize): i32 {
  return I.reaches(cpu, I.MAX_LENGTH + 1) ? tooLong(cpu, rec) : NEED_MORE;
}

/** An UNDEFINED record with a non-zero immediate raises #GP. */
function tooLong(cpu: usize, rec: usize): i32 {
  const result = undefinedInstruction(cpu, rec);
  store<i32>(rec, 1, Record.imm);
  return result;
}

function undefinedInstruction(cpu: usize, rec: usize): i32 {
  store<u16>(rec, <u16>Ops.UNDEFINED, Record.op);
  store<i32>(rec, 0, Record.imm);
  store<u16>(rec, load<u16>(cpu, I.pOffset) | (1 << 12), Record.where);
  return 1 | ENDS_BLOCK;
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
function findCandidate(cpu: usize, slot: usize): usize {
  let candidate = CANDIDATES + <usize>load<u16>(slot) * I.CANDIDATE_SIZE;
  const end = candidate + <usize>load<u8>(slot, 2) * I.CANDIDATE_SIZE;
  for (; candidate < end; candidate += I.CANDIDATE_SIZE) {
    if (fits(cpu, candidate)) return candidate;
  }
  return 0;
}

function fits(cpu: usize, candidate: usize): bool {
  if (!(load<u8>(candidate, I.cModes) & (I.modeOf(cpu) == Record.MODE_64 ? 2 : 1))) return false;
  const w = <u32>load<u8>(candidate, I.cW);
  if (w != I.ANY && w != (((<u32>load<u8>(cpu, I.pRex)) >> 3) & 1)) return false;
  const feature = <u32>load<u8>(candidate, I.cFeature);
  if (feature != 0 && !hasFeature(cpu, feature - 1)) return false;
  const prefix = <u32>load<u8>(candidate, I.cPrefix);
  if (prefix != 0 && prefix != mandatoryPrefix(cpu, prefix)) return false;
  if (!(load<u8>(candidate, I.cFlags) & I.FLAG_MODRM)) return true;
  const modrm = <u32>load<u8>(cpu, I.pModrm);
  const mod = <u32>load<u8>(candidate, I.cMod);
  if (mod != 0 && (mod == 2) != modrm >= 0xc0) return false;
  const ext = <u32>load<u8>(candidate, I.cRegExt);
  if (ext != I.ANY && ext != ((modrm >> 3) & 7)) return false;
  const rm = <u32>load<u8>(candidate, I.cRmExt);
  return rm == I.ANY || rm == (modrm & 7);
}

/** F3 and F2 go before 66. Where 66 is asked for it may stand with REP prefixes only as operand size. */
function mandatoryPrefix(cpu: usize, wanted: u32): u32 {
  const rep = <u32>load<u8>(cpu, I.pRep);
  if (rep != 0) return rep == 1 ? 3 : 4;
  return load<u8>(cpu, I.pOperand) != 0 ? 2 : 1;
}

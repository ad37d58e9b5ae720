// What the decoder knows of the instruction in hand: where it is, what its prefixes said. It lives in the CPU's scratch area,
// since functions return one value. And the fields of the tables' candidates (tools/isa/generate.mjs).

import * as Cpu from "../layout/cpu";
import * as Record from "../layout/record";

/** Longest instruction; a longer one raises #GP. */
export const MAX_LENGTH: u32 = 15;

const STATE: usize = 0x30c0; // Cpu.scratch + 192
export const pOperand = STATE; // u8 66 seen
export const pAddress = STATE + 1; // u8 67 seen
export const pRep = STATE + 2; // u8 1: F3, 2: F2, the last one seen
export const pLock = STATE + 3; // u8
export const pSegment = STATE + 4; // u8 segment + 1
export const pRex = STATE + 5; // u8 REX byte or 0
export const pModrm = STATE + 6; // u8
export const pFlat = STATE + 7; // u8 default segments do not matter
export const pMode = STATE + 8; // u8 MODE_SIZE of the code
export const pOffset = STATE + 10; // u16 its offset in its page
export const pBytes = STATE + 12; // u32 where its bytes are
export const pAvailable = STATE + 16; // u32 how many of them are readable

// A candidate: 32 bytes, see tools/isa/generate.mjs.
export const cPrefix = 0;
export const cMod = 1;
export const cRegExt = 2;
export const cRmExt = 3;
export const cModes = 4;
export const cW = 5;
export const cSize = 6;
export const cFlags = 7;
export const cImmediate = 8;
export const cReg = 9;
export const cRm = 10;
export const cFlags2 = 11;
export const cConstant = 12;
export const cFeature = 13;
export const cOps = 16;
export const CANDIDATE_SIZE = 32;

export const ANY: u32 = 255;
export const FLAG_MODRM: u32 = 1;
export const FLAG_LOCK: u32 = 2;
export const FLAG_END: u32 = 4;
export const FLAG_SWAP: u32 = 8;
export const FLAG_IN_OPCODE: u32 = 16;
export const FLAG_REP: u32 = 32;
export const FLAG_SPECIAL: u32 = 64;
export const FLAG_D64: u32 = 128;
export const FLAG2_F64: u32 = 1;
export const FLAG2_KIND: u32 = 2;
export const FLAG2_IMM: u32 = 4;
export const FLAG2_IMPLICIT: u32 = 16;

export const SIZE_NONE: u32 = 0;
export const SIZE_BYTE: u32 = 1;
export const SIZE_Y: u32 = 3;

/** Operand size index: 0 = 8, 1 = 16, 2 = 32, 3 = 64 bits. */
export const SIZE_16: u32 = 1;
export const SIZE_32: u32 = 2;
export const SIZE_64: u32 = 3;

export const CLASS_GPR: u32 = 1;
export const CLASS_GPR8: u32 = 2;
export const CLASS_NUMBER3: u32 = 3;
export const CLASS_FIXED: u32 = 4;

export const IMM_IB: u32 = 1;
export const IMM_IW: u32 = 2;
export const IMM_IZ: u32 = 3;
export const IMM_IV: u32 = 4;
export const IMM_ENTER: u32 = 5;
export const IMM_JB: u32 = 6;
export const IMM_JZ: u32 = 7;
export const IMM_FAR: u32 = 8;
export const IMM_OFFSET: u32 = 9;

/** The code size: MODE_16, MODE_32 or MODE_64. */
@inline
export function modeOf(cpu: usize): u32 {
  return load<u8>(cpu, pMode);
}

/** Address of the byte at position `at`. */
@inline
export function byteAt(cpu: usize, at: u32): usize {
  return <usize>load<u32>(cpu, pBytes) + at;
}

/** Whether the bytes up to position `end` are readable. */
@inline
export function reaches(cpu: usize, end: u32): bool {
  return end <= load<u32>(cpu, pAvailable);
}

/**
 * Begins with the instruction at `bytes`, of which `available` are readable: reads its prefixes; returns the position of the
 * opcode. `key` is of MODE_DECODE.
 */
export function readPrefixes(cpu: usize, bytes: usize, available: u32, key: u32): u32 {
  const mode = key & Record.MODE_SIZE;
  store<u64>(cpu, 0, STATE);
  store<u8>(cpu, mode == Record.MODE_64 || (key & Record.MODE_FLAT) != 0 ? 1 : 0, pFlat);
  store<u8>(cpu, <u8>mode, pMode);
  store<u32>(cpu, <u32>bytes, pBytes);
  store<u32>(cpu, available, pAvailable);
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

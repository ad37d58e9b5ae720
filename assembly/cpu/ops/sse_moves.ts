// SSE loads, stores and register moves without arithmetic (SDM vol. 1, 10.4.1 and 11.4.1).

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import { checkWrite, storeLinear } from "../access";
import { ea, isRegister, rmHost, rmStore, segmentAddress, xmmHost } from "../operand";
import { indexOf } from "./string";
import { immediate, put, rmRegister, source, storeScalar, storeVector, target, zero128 } from "./sse_operands";

// Whole registers.

export function loadAligned(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  return from != 0 && put(target(cpu, rec), v128.load(from));
}

export function loadUnaligned(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 16, false);
  return from != 0 && put(target(cpu, rec), v128.load(from));
}

export function storeAligned(cpu: usize, rec: usize): bool {
  return storeVector(cpu, rec, v128.load(target(cpu, rec)), true);
}

export function storeUnaligned(cpu: usize, rec: usize): bool {
  return storeVector(cpu, rec, v128.load(target(cpu, rec)), false);
}

// Scalars. A load from memory clears the rest of the register, a move between registers keeps it.

export function load32(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 4, false);
  return from != 0 && put(target(cpu, rec), v128.load32_zero(from));
}

export function load64(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  return from != 0 && put(target(cpu, rec), v128.load64_zero(from));
}

/** MOVSS xmm, xmm. */
export function move32(cpu: usize, rec: usize): bool {
  store<u32>(target(cpu, rec), load<u32>(rmRegister(cpu, rec)));
  return true;
}

/** MOVSD xmm, xmm. */
export function move64(cpu: usize, rec: usize): bool {
  store<u64>(target(cpu, rec), load<u64>(rmRegister(cpu, rec)));
  return true;
}

/** The register form with the roles of modrm.reg and modrm.rm exchanged. */
export function move32Back(cpu: usize, rec: usize): bool {
  store<u32>(rmRegister(cpu, rec), load<u32>(target(cpu, rec)));
  return true;
}

export function move64Back(cpu: usize, rec: usize): bool {
  store<u64>(rmRegister(cpu, rec), load<u64>(target(cpu, rec)));
  return true;
}

export function store32(cpu: usize, rec: usize): bool {
  return storeScalar<u32>(cpu, rec, load<u32>(target(cpu, rec)));
}

/** MOVSD, MOVLPS, MOVLPD to memory. */
export function store64(cpu: usize, rec: usize): bool {
  return storeScalar<u64>(cpu, rec, load<u64>(target(cpu, rec)));
}

/** MOVQ to xmm or memory: unlike MOVSD, the register form clears the upper half. */
export function movqStore(cpu: usize, rec: usize): bool {
  const value = load<u64>(target(cpu, rec));
  if (!isRegister(rec)) return storeScalar<u64>(cpu, rec, value);
  const to = rmRegister(cpu, rec);
  store<u64>(to, value);
  store<u64>(to, 0, 8);
  return true;
}

// Halves.

/** MOVLPS, MOVLPD from memory. */
export function loadLow(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  if (from == 0) return false;
  store<u64>(target(cpu, rec), load<u64>(from));
  return true;
}

/** MOVHPS, MOVHPD from memory; MOVLHPS. */
export function loadHigh(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  if (from == 0) return false;
  store<u64>(target(cpu, rec), load<u64>(from), 8);
  return true;
}

export function storeHigh(cpu: usize, rec: usize): bool {
  return storeScalar<u64>(cpu, rec, load<u64>(target(cpu, rec), 8));
}

export function movhlps(cpu: usize, rec: usize): bool {
  store<u64>(target(cpu, rec), load<u64>(rmRegister(cpu, rec), 8));
  return true;
}

// General registers.

/** MOVD and MOVQ from a general register or memory. */
export function fromGeneral<T>(cpu: usize, rec: usize): bool {
  const from = rmHost<T>(cpu, rec);
  if (from == 0) return false;
  const value = <u64>load<T>(from);
  return put(target(cpu, rec), i64x2.replace_lane(zero128(), 0, value));
}

export function toGeneral<T>(cpu: usize, rec: usize): bool {
  return rmStore<T>(cpu, rec, load<T>(target(cpu, rec)));
}

export function movnti<T>(cpu: usize, rec: usize): bool {
  return storeLinear<T>(cpu, ea(cpu, rec, sizeof<T>(), true), load<T>(cpu + <usize>load<u8>(rec, Record.reg)));
}

// Duplicating loads of SSE3.

export function movddup(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  return from != 0 && put(target(cpu, rec), v128.load64_splat(from));
}

export function movsldup(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const value = v128.load(from);
  return put(target(cpu, rec), v128.shuffle<i32>(value, value, 0, 0, 2, 2));
}

export function movshdup(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const value = v128.load(from);
  return put(target(cpu, rec), v128.shuffle<i32>(value, value, 1, 1, 3, 3));
}

// Sign masks.

export function movmskps(cpu: usize, rec: usize): bool {
  return putMask(cpu, rec, i32x4.bitmask(v128.load(rmRegister(cpu, rec))));
}

export function movmskpd(cpu: usize, rec: usize): bool {
  return putMask(cpu, rec, i64x2.bitmask(v128.load(rmRegister(cpu, rec))));
}

export function pmovmskb(cpu: usize, rec: usize): bool {
  return putMask(cpu, rec, i8x16.bitmask(v128.load(rmRegister(cpu, rec))));
}

@inline
function putMask(cpu: usize, rec: usize, mask: i32): bool {
  store<u64>(cpu + <usize>load<u8>(rec, Record.reg), <u64>(<u32>mask));
  return true;
}

// Lanes from and to general registers or memory.

export function pinsrb(cpu: usize, rec: usize): bool {
  return insertLane<u8>(cpu, rec, 15);
}

export function pinsrw(cpu: usize, rec: usize): bool {
  return insertLane<u16>(cpu, rec, 7);
}

/** PINSRD and PINSRQ. */
export function pinsr<T>(cpu: usize, rec: usize): bool {
  return insertLane<T>(cpu, rec, 16 / sizeof<T>() - 1);
}

function insertLane<T>(cpu: usize, rec: usize, last: u32): bool {
  // A byte register here is the low byte of any GPR, so it is read by its offset, as the wider ones are.
  const from = rmHost<T>(cpu, rec);
  if (from == 0) return false;
  store<T>(target(cpu, rec) + <usize>((immediate(rec) & last) * sizeof<T>()), load<T>(from));
  return true;
}

export function pextrb(cpu: usize, rec: usize): bool {
  return extractLane<u8>(cpu, rec, 15);
}

/** The form 0F 3A 15, which also stores to memory. */
export function pextrw(cpu: usize, rec: usize): bool {
  return extractLane<u16>(cpu, rec, 7);
}

/** PEXTRD, PEXTRQ, and EXTRACTPS with T = u32. */
export function pextr<T>(cpu: usize, rec: usize): bool {
  return extractLane<T>(cpu, rec, 16 / sizeof<T>() - 1);
}

export function extractps(cpu: usize, rec: usize): bool {
  return extractLane<u32>(cpu, rec, 3);
}

function extractLane<T>(cpu: usize, rec: usize, last: u32): bool {
  const value = load<T>(target(cpu, rec) + <usize>((immediate(rec) & last) * sizeof<T>()));
  if (!isRegister(rec)) return storeScalar<T>(cpu, rec, value);
  store<u64>(cpu + <usize>load<u8>(rec, Record.rm), <u64>value);
  return true;
}

/** PEXTRW r32, xmm, imm8 (0F C5): here modrm.rm names the vector. */
export function pextrwRegister(cpu: usize, rec: usize): bool {
  const value = load<u16>(rmRegister(cpu, rec) + <usize>((immediate(rec) & 7) << 1));
  store<u64>(cpu + <usize>load<u8>(rec, Record.reg), <u64>value);
  return true;
}

// Masked stores.

/** MASKMOVDQU: stores the bytes whose mask has bit 7 set at DS:rDI. */
export function maskmovdqu(cpu: usize, rec: usize): bool {
  const mask = i8x16.bitmask(v128.load(rmRegister(cpu, rec)));
  return storeBytes(cpu, implicitDestination(cpu, rec), target(cpu, rec), mask);
}

/** Linear address of the implicit operand seg:rDI of a masked store; the segment is DS unless a prefix says otherwise. */
export function implicitDestination(cpu: usize, rec: usize): u64 {
  const form = <u32>load<u8>(rec, Record.index);
  const prefix = (form & Record.MISC_SEG) >> Record.MISC_SEG_SHIFT;
  const rdi = indexOf(cpu, Cpu.rdi, form & Record.MISC_FORM);
  return segmentAddress(cpu, prefix == 0 ? Cpu.DS : prefix - 1, rdi, 16, true);
}

/** Stores byte n of `from` at la + n where bit n of `mask` is set; none after a fault on any. */
export function storeBytes(cpu: usize, la: u64, from: usize, mask: u32): bool {
  if (mask == 0) return true;
  const first = ctz(mask);
  const count = 32 - clz(mask) - first;
  if (!checkWrite(cpu, la + <u64>first, <i32>count)) return false;
  for (let rest = mask; rest != 0; rest &= rest - 1) {
    const n = ctz(rest);
    if (!storeLinear<u8>(cpu, la + <u64>n, load<u8>(from + <usize>n))) return false;
  }
  return true;
}

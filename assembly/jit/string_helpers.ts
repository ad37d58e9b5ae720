// MOVS and STOS for translated code: upwards, through the TLB, in runs that stay within pages. Everything else is the
// handler's (cpu/ops/string.ts), which begins where this ended.

import * as Cpu from "../layout/cpu";
import * as Record from "../layout/record";
import * as Tlb from "../layout/tlb";
import { DF } from "../cpu/flags";
import { isFlat } from "../cpu/state";
import { STRING_MOVES } from "./locals";

/** Bytes after which the handler takes over, which lets the run loop look for interrupts. */
const BYTES_MAX: u64 = 32768;
/** log2 of the bytes that are paid for like one instruction. */
const BYTES_PAID: u32 = 6;
/** From so many bytes on a call of the engine's bulk operation is faster. */
const BULK: u32 = 96;
const PAGE_BASE: u64 = ~0xfff;

/** Host address of memory to access, as far as its page reaches; 0 = not in the TLB. */
@inline
function hostInTlb(cpu: usize, la: u64, table: usize): usize {
  const entry = <usize>load<u32>(cpu, Cpu.tlb) + table + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  return (la & PAGE_BASE) == load<u64>(entry, Tlb.tag) ? <usize>(<u32>la + load<u32>(entry, Tlb.addend)) : 0;
}

@inline
function toPageEnd(la: u64): u32 {
  return 4096 - ((<u32>la) & 4095);
}

/** Like memory.copy between places that do not overlap, or overlap with `to` below `from`. */
@inline
function copy(to: usize, from: usize, bytes: u32): void {
  if (bytes >= BULK) {
    memory.copy(to, from, bytes);
    return;
  }
  let at: u32 = 0;
  for (; at + 8 <= bytes; at += 8) store<u64>(to + at, load<u64>(from + at));
  if (bytes & 4) {
    store<u32>(to + at, load<u32>(from + at));
    at += 4;
  }
  if (bytes & 2) {
    store<u16>(to + at, load<u16>(from + at));
    at += 2;
  }
  if (bytes & 1) store<u8>(to + at, load<u8>(from + at));
}

/** `pattern`: the element as often as it fits. */
@inline
function fill(to: usize, pattern: u64, bytes: u32): void {
  const byte = pattern & 0xff;
  if (bytes >= BULK && pattern == byte * 0x0101010101010101) {
    memory.fill(to, <u8>byte, bytes);
    return;
  }
  let at: u32 = 0;
  for (; at + 8 <= bytes; at += 8) store<u64>(to + at, pattern);
  if (bytes & 4) {
    store<u32>(to + at, <u32>pattern);
    at += 4;
  }
  if (bytes & 2) {
    store<u16>(to + at, <u16>pattern);
    at += 2;
  }
  if (bytes & 1) store<u8>(to + at, <u8>pattern);
}

function patternOf(value: u64, shift: u32): u64 {
  if (shift == 0) return (value & 0xff) * 0x0101010101010101;
  if (shift == 1) return (value & 0xffff) * 0x0001000100010001;
  return shift == 2 ? (value & 0xffffffff) * 0x0000000100000001 : value;
}

/**
 * Executes MOVS or STOS, of which `what` says the element's size (log2) and STRING_MOVES; registers are in memory. Returns 1
 * if the handler must go on, or begin, else 0; and from bit 1 on what it cost, in instructions.
 */
export function jitString(cpu: usize, rec: usize, what: u32): u32 {
  if ((load<u32>(cpu, Cpu.eflags) & DF) != 0) return 1;
  const half = load<u8>(rec, Record.misc) == <u8>Record.FORM_MEM32;
  if (half && !isFlat(cpu)) return 1;
  const mask: u64 = half ? 0xffffffff : u64.MAX_VALUE;
  const shift = what & 3;
  const repeats = load<i32>(rec, Record.imm) != 0;
  const count: u64 = repeats ? load<u64>(cpu, Cpu.rcx) & mask : 1;
  const wanted = count > BYTES_MAX >> shift ? BYTES_MAX : count << shift;
  const done =
    (what & (<u32>STRING_MOVES)) != 0 ? move(cpu, mask, shift, <u32>wanted) : set(cpu, mask, shift, <u32>wanted);
  const left = count - ((<u64>done) >> shift);
  if (repeats) store<u64>(cpu, left, Cpu.rcx);
  return ((done >> BYTES_PAID) << 1) | u32(left != 0);
}

/** Bytes that were moved: whole elements, as far as the TLB has both pages and they do not overlap in the wrong way. */
function move(cpu: usize, mask: u64, shift: u32, wanted: u32): u32 {
  let done: u32 = 0;
  let from = load<u64>(cpu, Cpu.rsi) & mask;
  let to = load<u64>(cpu, Cpu.rdi) & mask;
  while (done < wanted) {
    const source = hostInTlb(cpu, from, Tlb.READ);
    const target = hostInTlb(cpu, to, Tlb.WRITE);
    if (source == 0 || target == 0) break;
    const bytes = (min<u32>(min<u32>(wanted - done, toPageEnd(from)), toPageEnd(to)) >> shift) << shift;
    if (bytes == 0 || (target > source && target < source + bytes)) break;
    copy(target, source, bytes);
    done += bytes;
    from = (from + bytes) & mask;
    to = (to + bytes) & mask;
  }
  store<u64>(cpu, from, Cpu.rsi);
  store<u64>(cpu, to, Cpu.rdi);
  return done;
}

/** Bytes that were set, in the same way. */
function set(cpu: usize, mask: u64, shift: u32, wanted: u32): u32 {
  const pattern = patternOf(load<u64>(cpu, Cpu.rax), shift);
  let done: u32 = 0;
  let to = load<u64>(cpu, Cpu.rdi) & mask;
  while (done < wanted) {
    const target = hostInTlb(cpu, to, Tlb.WRITE);
    const bytes = (min<u32>(wanted - done, toPageEnd(to)) >> shift) << shift;
    if (target == 0 || bytes == 0) break;
    fill(target, pattern, bytes);
    done += bytes;
    to = (to + bytes) & mask;
  }
  store<u64>(cpu, to, Cpu.rdi);
  return done;
}

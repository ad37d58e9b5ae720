// The four breakpoints of DR0 to DR3 (SDM vol. 3, 17.2): which of them an instruction, an access or a port hits.

import * as Cpu from "../layout/cpu";
import { CR4_DE } from "./bits";
import { is64, noteDebug } from "./state";

const ON_EXECUTION: u32 = 0;
const ON_WRITE: u32 = 1;
const ON_IO: u32 = 2;

/** The R/W field of breakpoint `n`, or -1 if it is not enabled. */
function kindOf(dr7: u32, n: u32): i32 {
  if (((dr7 >> (n << 1)) & 3) == 0) return -1;
  return <i32>((dr7 >> (16 + (n << 2))) & 3);
}

/** The range in bytes: LEN 00, 01, 11 and (64-bit only) 10 mean 1, 2, 4 and 8. */
function lengthOf(dr7: u32, n: u32): u64 {
  const field = (dr7 >> (18 + (n << 2))) & 3;
  return field == 2 ? 8 : <u64>(field + 1);
}

/** Whether the range of breakpoint `n`, aligned to its length, touches [start, start + size). */
function touches(cpu: usize, dr7: u32, n: u32, start: u64, size: u64): bool {
  const length = lengthOf(dr7, n);
  const base = load<u64>(cpu + <usize>(n << 3), Cpu.dr) & ~(length - 1);
  return start < base + length && base < start + size;
}

/** The breakpoints (bits of DR6) that the instruction at Cpu.rip hits. */
export function matchCode(cpu: usize): u64 {
  const dr7 = load<u32>(cpu, Cpu.dr7);
  let la = load<u64>(cpu, Cpu.rip);
  if (!is64(cpu)) la = (la + load<u64>(cpu, Cpu.csBase)) & 0xffffffff;
  let hits: u64 = 0;
  for (let n: u32 = 0; n < 4; n++) {
    if (kindOf(dr7, n) != ON_EXECUTION || lengthOf(dr7, n) != 1) continue;
    if (load<u64>(cpu + <usize>(n << 3), Cpu.dr) == la) hits |= (<u64>1) << n;
  }
  return hits;
}

/** Whether a breakpoint of this kind is for data: R/W 01 or 11. */
@inline
function isData(kind: i32): bool {
  return kind > 0 && (kind & 1) != 0;
}

/** Whether any breakpoint on data is enabled. */
export function watchesData(cpu: usize): bool {
  const dr7 = load<u32>(cpu, Cpu.dr7);
  for (let n: u32 = 0; n < 4; n++) if (isData(kindOf(dr7, n))) return true;
  return false;
}

/** Notes the breakpoints that an access to data hits: a trap after the instruction. */
export function matchData(cpu: usize, la: u64, size: u32, write: bool): void {
  const dr7 = load<u32>(cpu, Cpu.dr7);
  for (let n: u32 = 0; n < 4; n++) {
    const kind = kindOf(dr7, n);
    if (!isData(kind) || (kind == ON_WRITE && !write)) continue;
    if (touches(cpu, dr7, n, la, size)) noteDebug(cpu, (<u64>1) << n);
  }
}

/** Notes the breakpoints that an access to a port hits. */
export function matchPort(cpu: usize, port: u32, size: u32): void {
  if (!(load<u64>(cpu, Cpu.cr4) & CR4_DE)) return;
  const dr7 = load<u32>(cpu, Cpu.dr7);
  for (let n: u32 = 0; n < 4; n++) {
    if (kindOf(dr7, n) == ON_IO && touches(cpu, dr7, n, port, size)) noteDebug(cpu, (<u64>1) << n);
  }
}

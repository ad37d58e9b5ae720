// Who may use which I/O port (SDM vol. 1, 18.5).

import * as Cpu from "../layout/cpu";
import * as Tss from "../layout/tss";
import { readSystem } from "./access";
import * as Record from "../layout/record";
import { ATTR_P } from "./bits";
import { matchPort } from "./breakpoints";
import { segmentOf } from "./descriptor";
import { ioplOf, isProtected, isV86 } from "./mode";
import { cplOf, faulted, protection } from "./state";

/** True if `size` ports from `port` may be used; otherwise #GP(0), or the fault of reading the map, is raised. */
export function checkIoPermission(cpu: usize, port: u32, size: u32): bool {
  if (!isProtected(cpu)) return true;
  if (cplOf(cpu) <= ioplOf(cpu) && !isV86(cpu)) return true;
  if (mapAllows(cpu, port & 0xffff, size)) return true;
  return faulted(cpu) ? false : protection(cpu, 0);
}

/** All the bits of the ports are clear in the TSS's map. Two bytes are read, and both must lie within the limit. */
function mapAllows(cpu: usize, port: u32, size: u32): bool {
  const tr = segmentOf(cpu, Cpu.TR);
  const limit = load<u32>(tr, Cpu.segLimit);
  const attr = load<u32>(tr, Cpu.segAttr);
  // A 16-bit TSS has no map.
  if ((attr & ATTR_P) == 0 || (attr & 8) == 0 || limit < <u32>(Tss.ioMap + 1)) return false;
  const base = load<u64>(tr, Cpu.segBase);
  const at = <u32>readSystem<u16>(cpu, base + Tss.ioMap) + (port >> 3);
  if (faulted(cpu) || at + 1 > limit) return false;
  const bits = (<u32>readSystem<u16>(cpu, base + at)) >> (port & 7);
  return !faulted(cpu) && (bits & ((1 << size) - 1)) == 0;
}

/** Breakpoints on ports; only while DR7 enables any do instructions run alone. */
@inline
export function watchPort(cpu: usize, port: u32, size: u32): void {
  if (load<u32>(cpu, Cpu.mode) & Record.MODE_STEP) matchPort(cpu, port, size);
}

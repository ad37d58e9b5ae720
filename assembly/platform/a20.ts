// The A20 gate: masks bit 20 of the addresses that CPUs put out, as on an 8086. Port 92 and the keyboard controller both
// switch it, and the last one counts. The CPU that does it sees it at once, the others from their next block on.

import * as Machine from "../layout/machine";
import { requestTlbFlush } from "./tlb_flush";

export function setA20(m: usize, on: bool): void {
  const off: u32 = on ? 0 : 1;
  if (load<u32>(m, Machine.a20Off) == off) return;
  store<u32>(m, off, Machine.a20Off);
  requestTlbFlush(m);
}

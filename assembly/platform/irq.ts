// Interrupt lines: from the chips here (ISA) and from devices in other workers (INTx) to both interrupt controllers.

import * as Hpet from "../layout/hpet";
import * as Machine from "../layout/machine";
import * as Platform from "../layout/platform";
import { ioapicSetPin } from "./ioapic";
import { cpuAt, kickCpu } from "./kick";
import { picSetPin } from "./pic";

/** Drives an ISA line of a chip here; wants the lock. The HPET may have taken the place of the 8254 and the clock. */
export function setIsaIrq(m: usize, irq: u32, level: bool): void {
  const replaced = (irq == 0 || irq == 8) && (load<u64>(m + Machine.hpet, Hpet.config) & Hpet.CONFIG_LEGACY) != 0;
  if (!replaced) driveIsaIrq(m, irq, level);
}

/** IRQ 0 is wired to GSI 2 (MADT override). */
export function driveIsaIrq(m: usize, irq: u32, level: bool): void {
  picSetPin(m, irq, level);
  ioapicSetPin(m, irq == 0 ? 2 : irq, level);
}

/** Drives the line of a GSI; any worker may call. Lines that are shared must be joined by the caller. */
export function setIrqLine(m: usize, gsi: u32, level: bool): void {
  if (gsi >= 24) return;
  const bit: u32 = 1 << gsi;
  const before = level ? atomic.or<u32>(m, bit, Machine.irqLines) : atomic.and<u32>(m, ~bit, Machine.irqLines);
  if (((before & bit) != 0) != level) kickCpu(cpuAt(m, 0));
}

@inline
export function linesChanged(m: usize): bool {
  return atomic.load<u32>(m, Machine.irqLines) != load<u32>(m, Platform.linesTaken);
}

/** Brings what devices drive to the controllers; wants the lock. Before an EOI looks at a level, it must be current. */
export function takeLines(m: usize): void {
  const lines = atomic.load<u32>(m, Machine.irqLines);
  const changed = lines ^ load<u32>(m, Platform.linesTaken);
  if (changed == 0) return;
  store<u32>(m, lines, Platform.linesTaken);
  for (let gsi: u32 = 0; gsi < 24; gsi++) {
    if (((changed >> gsi) & 1) == 0) continue;
    const level = ((lines >> gsi) & 1) != 0;
    ioapicSetPin(m, gsi, level);
    if (gsi < 16 && gsi != 2 && gsi != 0) picSetPin(m, gsi, level);
  }
}

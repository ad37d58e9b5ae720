// The IOAPIC: 24 pins to interrupt messages (82093AA data sheet; EOI register as of version 0x20). All functions want
// the lock of the chips.

import * as Ioapic from "../layout/ioapic";
import * as Lapic from "../layout/lapic";
import * as Machine from "../layout/machine";
import { deliver, wideDestination } from "./delivery";
import { cpuAt } from "./kick";
import { isBusy } from "./lapic";

@inline
function entryAddress(m: usize, pin: u32): usize {
  return m + Machine.ioapic + Ioapic.redirection + ((<usize>pin) << 3);
}

@inline
function entryOf(m: usize, pin: u32): u64 {
  return load<u64>(entryAddress(m, pin));
}

/** Sends the message of a pin. A level-triggered one waits for its EOI, if any CPU took it. */
function send(m: usize, pin: u32): void {
  const entry = entryOf(m, pin);
  const level = (entry & Ioapic.ENTRY_LEVEL) != 0;
  const dest = wideDestination(<u32>(entry >> 56));
  const mode = (<u32>(entry >> 8)) & 7;
  const taken = deliver(m, dest, (entry & Ioapic.ENTRY_LOGICAL) != 0, mode, (<u32>entry) & 0xff, level);
  if (taken && level && mode <= <u32>Lapic.DELIVER_LOWEST) {
    store<u64>(entryAddress(m, pin), entry | Ioapic.ENTRY_REMOTE_IRR);
  }
}

/** Sends a level-triggered pin that is high, unmasked and not waiting for an EOI. */
function sendIfHigh(m: usize, pin: u32): void {
  const entry = entryOf(m, pin);
  if (((load<u32>(m + Machine.ioapic, Ioapic.lines) >> pin) & 1) == 0) return;
  if ((entry & Ioapic.ENTRY_LEVEL) == 0) return;
  if ((entry & (Ioapic.ENTRY_MASKED | Ioapic.ENTRY_REMOTE_IRR)) == 0) send(m, pin);
}

/** Drives a pin. Edges that meet a masked entry are lost, as in hardware. */
export function ioapicSetPin(m: usize, pin: u32, level: bool): void {
  if (pin >= <u32>Ioapic.PINS) return;
  const chip = m + Machine.ioapic;
  const lines = load<u32>(chip, Ioapic.lines);
  const bit: u32 = 1 << pin;
  if (((lines & bit) != 0) == level) return;
  store<u32>(chip, lines ^ bit, Ioapic.lines);
  if (!level) return;
  const entry = entryOf(m, pin);
  if (entry & Ioapic.ENTRY_LEVEL) sendIfHigh(m, pin);
  else if ((entry & Ioapic.ENTRY_MASKED) == 0) send(m, pin);
}

/** EOI of a level-triggered vector, broadcast by a local APIC or written to the EOI register. */
export function ioapicEoi(m: usize, vector: u32): void {
  for (let pin: u32 = 0; pin < <u32>Ioapic.PINS; pin++) {
    const entry = entryOf(m, pin);
    if (((<u32>entry) & 0xff) != vector || (entry & Ioapic.ENTRY_REMOTE_IRR) == 0) continue;
    store<u64>(entryAddress(m, pin), entry & ~(<u64>Ioapic.ENTRY_REMOTE_IRR));
    sendIfHigh(m, pin);
  }
}

/** Whether the last interrupt of an edge-triggered pin has not been handled yet. */
export function ioapicBusy(m: usize, pin: u32): bool {
  const entry = entryOf(m, pin);
  const dest = <u32>(entry >> 56);
  if (entry & Ioapic.ENTRY_MASKED) return false;
  const target = (entry & Ioapic.ENTRY_LOGICAL) == 0 && dest < load<u32>(m, Machine.cpuCount) ? dest : 0;
  return isBusy(cpuAt(m, target), (<u32>entry) & 0xff);
}

function readRegister(m: usize): u32 {
  const chip = m + Machine.ioapic;
  const select = load<u32>(chip, Ioapic.select);
  switch (select) {
    case 0:
    case 2:
      return load<u32>(chip, Ioapic.id);
    case 1:
      return Ioapic.VERSION | ((Ioapic.PINS - 1) << 16);
    default: {
      if (select < 0x10 || select >= <u32>(0x10 + 2 * Ioapic.PINS)) return 0;
      const entry = entryOf(m, (select - 0x10) >> 1);
      return <u32>((select & 1) != 0 ? entry >> 32 : entry);
    }
  }
}

function writeRegister(m: usize, value: u32): void {
  const chip = m + Machine.ioapic;
  const select = load<u32>(chip, Ioapic.select);
  if (select == 0) store<u32>(chip, value & 0xf000000, Ioapic.id);
  if (select < 0x10 || select >= <u32>(0x10 + 2 * Ioapic.PINS)) return;
  const pin = (select - 0x10) >> 1;
  if (select & 1) {
    // Bits 32-55 are reserved.
    store<u32>(entryAddress(m, pin), value & 0xff000000, 4);
    return;
  }
  const readOnly: u32 = Ioapic.ENTRY_DELIVERY_STATUS | Ioapic.ENTRY_REMOTE_IRR;
  let low = (value & 0x1ffff & ~readOnly) | (load<u32>(entryAddress(m, pin)) & readOnly);
  // Linux clears a stuck Remote IRR by switching to edge and back.
  if ((low & Ioapic.ENTRY_LEVEL) == 0) low &= ~Ioapic.ENTRY_REMOTE_IRR;
  store<u32>(entryAddress(m, pin), low);
  sendIfHigh(m, pin);
}

export function ioapicRead(m: usize, offset: u32): u32 {
  if (offset == 0) return load<u32>(m + Machine.ioapic, Ioapic.select);
  return offset == 0x10 ? readRegister(m) : 0;
}

export function ioapicWrite(m: usize, offset: u32, value: u32): void {
  if (offset == 0) store<u32>(m + Machine.ioapic, value & 0xff, Ioapic.select);
  else if (offset == 0x10) writeRegister(m, value);
  else if (offset == 0x40) ioapicEoi(m, value & 0xff);
}

export function ioapicReset(m: usize): void {
  const chip = m + Machine.ioapic;
  memory.fill(chip, 0, Ioapic.SIZE);
  for (let pin: u32 = 0; pin < <u32>Ioapic.PINS; pin++) store<u64>(entryAddress(m, pin), Ioapic.ENTRY_MASKED);
}

// The two cascaded 8259A (Intel 8259A data sheet). All functions want the lock of the chips.

import * as Machine from "../layout/machine";
import * as Pic from "../layout/pic";
import { cpuAt, kickCpu } from "./kick";
import { acceptsPic } from "./lapic";

@inline
function master(m: usize): usize {
  return m + Machine.pic;
}

@inline
function slave(m: usize): usize {
  return m + Machine.pic + Pic.CHIP_SIZE;
}

/** How far the input with the highest priority in `mask` is behind the first one; 8 if there is none. */
function rank(chip: usize, mask: u32): u32 {
  if (mask == 0) return 8;
  const first = <u32>load<u8>(chip, Pic.first);
  return ctz<u32>((mask >> first) | (mask << (8 - first)));
}

/** The input that the chip would interrupt for now, -1 if none. */
function pending(chip: usize, isMaster: bool): i32 {
  const imr = <u32>load<u8>(chip, Pic.imr);
  const request = rank(chip, (<u32>load<u8>(chip, Pic.irr)) & ~imr);
  if (request == 8) return -1;
  let inService = <u32>load<u8>(chip, Pic.isr);
  if (load<u8>(chip, Pic.specialMask)) inService &= ~imr;
  // Special fully nested: a slave in service may interrupt again.
  if (isMaster && load<u8>(chip, Pic.fullyNested)) inService &= ~4;
  if (request >= rank(chip, inService)) return -1;
  return <i32>((request + load<u8>(chip, Pic.first)) & 7);
}

function setPin(chip: usize, irq: u32, level: bool): void {
  const bit: u32 = 1 << irq;
  const lines = <u32>load<u8>(chip, Pic.lines);
  let irr = <u32>load<u8>(chip, Pic.irr);
  if ((<u32>load<u8>(chip, Pic.elcr)) & bit) irr = level ? irr | bit : irr & ~bit;
  else if (level && (lines & bit) == 0) irr |= bit;
  store<u8>(chip, <u8>irr, Pic.irr);
  store<u8>(chip, <u8>(level ? lines | bit : lines & ~bit), Pic.lines);
}

/** The slave's INT follows into input 2 of the master, whose own INT goes to the CPUs. */
function update(m: usize): void {
  const first = master(m);
  const irr = (<u32>load<u8>(first, Pic.irr)) & ~4;
  store<u8>(first, <u8>(pending(slave(m), false) >= 0 ? irr | 4 : irr), Pic.irr);
  const output: u32 = pending(first, true) >= 0 ? 1 : 0;
  if (atomic.load<u32>(first, Pic.output) == output) return;
  atomic.store<u32>(first, output, Pic.output);
  const count = load<u32>(m, Machine.cpuCount);
  for (let i: u32 = 0; i < count; i++) {
    if (acceptsPic(cpuAt(m, i))) kickCpu(cpuAt(m, i));
  }
}

export function picSetPin(m: usize, irq: u32, level: bool): void {
  setPin(irq < 8 ? master(m) : slave(m), irq & 7, level);
  update(m);
}

/** Whether the last edge of an input has not been handled yet. */
export function picBusy(m: usize, irq: u32): bool {
  const chip = irq < 8 ? master(m) : slave(m);
  const bit: u32 = 1 << (irq & 7);
  if ((<u32>load<u8>(chip, Pic.imr)) & bit) return false;
  return ((<u32>(load<u8>(chip, Pic.irr) | load<u8>(chip, Pic.isr))) & bit) != 0;
}

/** The first INTA cycle: the request becomes in service. */
function intake(chip: usize, irq: u32): void {
  const bit: u32 = 1 << irq;
  if (load<u8>(chip, Pic.autoEoi) == 0) store<u8>(chip, <u8>((<u32>load<u8>(chip, Pic.isr)) | bit), Pic.isr);
  else if (load<u8>(chip, Pic.rotateOnAutoEoi)) store<u8>(chip, <u8>((irq + 1) & 7), Pic.first);
  if (((<u32>load<u8>(chip, Pic.elcr)) & bit) == 0)
    store<u8>(chip, <u8>((<u32>load<u8>(chip, Pic.irr)) & ~bit), Pic.irr);
}

/** Both INTA cycles; the vector to deliver, which is input 7's if the request has gone away. */
export function picAcknowledge(m: usize): i32 {
  const irq = pending(master(m), true);
  let vector = <i32>load<u8>(master(m), Pic.base) + (irq < 0 ? 7 : irq);
  if (irq >= 0) intake(master(m), irq);
  if (irq == 2) {
    const second = pending(slave(m), false);
    if (second >= 0) intake(slave(m), second);
    vector = <i32>load<u8>(slave(m), Pic.base) + (second < 0 ? 7 : second);
  }
  update(m);
  return vector;
}

function initialise(chip: usize, icw1: u32): void {
  const mask = load<u8>(chip, Pic.elcrMask);
  const elcr = load<u8>(chip, Pic.elcr);
  const lines = load<u8>(chip, Pic.lines);
  memory.fill(chip, 0, Pic.CHIP_SIZE);
  store<u8>(chip, mask, Pic.elcrMask);
  store<u8>(chip, elcr, Pic.elcr);
  store<u8>(chip, lines, Pic.lines);
  store<u8>(chip, lines & elcr, Pic.irr);
  store<u8>(chip, <u8>(icw1 & 1), Pic.icw4Needed);
  store<u8>(chip, <u8>((icw1 >> 1) & 1), Pic.single);
  store<u8>(chip, 2, Pic.expect);
}

function endOfInterrupt(chip: usize, irq: u32, rotate: bool): void {
  store<u8>(chip, <u8>((<u32>load<u8>(chip, Pic.isr)) & ~(1 << irq)), Pic.isr);
  if (rotate) store<u8>(chip, <u8>((irq + 1) & 7), Pic.first);
}

function writeOcw2(chip: usize, value: u32): void {
  const named = value & 7;
  switch (value >> 5) {
    case 0:
    case 4:
      store<u8>(chip, <u8>(value >> 7), Pic.rotateOnAutoEoi);
      break;
    case 1:
    case 5: {
      const mask = load<u8>(chip, Pic.specialMask) ? ~(<u32>load<u8>(chip, Pic.imr)) : 0xff;
      const place = rank(chip, (<u32>load<u8>(chip, Pic.isr)) & mask);
      if (place != 8) endOfInterrupt(chip, (place + load<u8>(chip, Pic.first)) & 7, (value & 0x80) != 0);
      break;
    }
    case 3:
    case 7:
      endOfInterrupt(chip, named, (value & 0x80) != 0);
      break;
    case 6:
      store<u8>(chip, <u8>((named + 1) & 7), Pic.first);
      break;
    default:
      break;
  }
}

function writeOcw3(chip: usize, value: u32): void {
  if (value & 4) store<u8>(chip, 1, Pic.poll);
  if (value & 2) store<u8>(chip, <u8>(value & 1), Pic.readIsr);
  if (value & 0x40) store<u8>(chip, <u8>((value >> 5) & 1), Pic.specialMask);
}

function writeOdd(chip: usize, value: u32): void {
  const icw4Needed = load<u8>(chip, Pic.icw4Needed) != 0;
  switch (load<u8>(chip, Pic.expect)) {
    case 2:
      store<u8>(chip, <u8>(value & 0xf8), Pic.base);
      store<u8>(chip, load<u8>(chip, Pic.single) == 0 ? 3 : icw4Needed ? 4 : 0, Pic.expect);
      break;
    case 3:
      store<u8>(chip, icw4Needed ? 4 : 0, Pic.expect);
      break;
    case 4:
      store<u8>(chip, <u8>((value >> 4) & 1), Pic.fullyNested);
      store<u8>(chip, <u8>((value >> 1) & 1), Pic.autoEoi);
      store<u8>(chip, 0, Pic.expect);
      break;
    default:
      store<u8>(chip, <u8>value, Pic.imr);
  }
}

@inline
function chipOf(m: usize, port: u32): usize {
  return (port & 0x80) != 0 ? slave(m) : master(m);
}

/** Ports 20, 21, A0, A1. */
export function picWrite(m: usize, port: u32, value: u32): void {
  const chip = chipOf(m, port);
  if (port & 1) writeOdd(chip, value);
  else if (value & 0x10) initialise(chip, value);
  else if (value & 8) writeOcw3(chip, value);
  else writeOcw2(chip, value);
  update(m);
}

export function picRead(m: usize, port: u32): u32 {
  const chip = chipOf(m, port);
  if (load<u8>(chip, Pic.poll)) return pollRead(m, chip);
  if (port & 1) return load<u8>(chip, Pic.imr);
  return load<u8>(chip, Pic.readIsr) ? load<u8>(chip, Pic.isr) : load<u8>(chip, Pic.irr);
}

/** A read after OCW3's poll command acts as INTA and names the input. */
function pollRead(m: usize, chip: usize): u32 {
  store<u8>(chip, 0, Pic.poll);
  const irq = pending(chip, chip == master(m));
  if (irq < 0) return 0;
  intake(chip, irq);
  update(m);
  return 0x80 | irq;
}

/** Ports 4D0 and 4D1. */
export function elcrRead(m: usize, port: u32): u32 {
  return load<u8>((port & 1) != 0 ? slave(m) : master(m), Pic.elcr);
}

export function elcrWrite(m: usize, port: u32, value: u32): void {
  const chip = (port & 1) != 0 ? slave(m) : master(m);
  store<u8>(chip, <u8>(value & load<u8>(chip, Pic.elcrMask)), Pic.elcr);
}

export function picReset(m: usize): void {
  memory.fill(m + Machine.pic, 0, Pic.SIZE);
  store<u8>(master(m), 0xf8, Pic.elcrMask);
  store<u8>(slave(m), 0xde, Pic.elcrMask);
  // As firmware would: the lines that PCI and the SCI may use are level-triggered (the MADT says the same).
  store<u8>(master(m), 0x20, Pic.elcr);
  store<u8>(slave(m), 0x0e, Pic.elcr);
}

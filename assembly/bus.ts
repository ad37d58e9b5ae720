// One switch: port or MMIO address to a chip of the platform, a doorbell, or the mailbox of the CPU. The upper bits of
// values beyond `size` are ignored in writes and 0 in reads.

import { hostMailbox } from "./host";
import * as Counters from "./layout/counters";
import * as Cpu from "./layout/cpu";
import * as Machine from "./layout/machine";
import * as Mailbox from "./layout/mailbox";
import * as MemoryMap from "./layout/memory_map";
import * as Platform from "./layout/platform";
import { ringQueue } from "./platform/doorbell";
import { hpetRead, hpetWrite } from "./platform/hpet";
import { ioapicRead, ioapicWrite } from "./platform/ioapic";
import { takeLines } from "./platform/irq";
import { lockChips, unlockChips } from "./platform/kick";
import { lapicMapped, lapicMmioRead, lapicMmioWrite } from "./platform/lapic_registers";
import {
  debugExit,
  FPU_PORT,
  pmPortRead,
  pmPortWrite,
  PORT_BYTES,
  PORT_DEBUG_EXIT,
  PORT_MODEL,
  PORT_NONE,
  PORT_PM,
  portOwner,
  readPortByte,
  writePortByte,
} from "./platform/ports";
import { deviceTimerChanged, updateDeviceTimer } from "./platform/timers";

const IOAPIC_BASE: u64 = 0xfec00000;
const HPET_BASE: u64 = 0xfed00000;
/** Chips and firmware: from the IOAPIC to 4 GiB there is nothing of the device model. */
const CHIPSET_BASE: u64 = 0xfec00000;
const CHIPSET_END: u64 = 0x100000000;
const LOW_END: u64 = 0x100000;

@inline
function machineOf(cpu: usize): usize {
  return <usize>load<u32>(cpu, Cpu.machine);
}

@inline
function count(cpu: usize, counter: usize): void {
  const at = cpu + Cpu.counters + counter;
  store<u64>(at, load<u64>(at) + 1);
}

/** All ones of an access of `size` bytes: what an empty bus reads as. */
function ones(size: u32): u64 {
  return size >= 8 ? u64.MAX_VALUE : ((<u64>1) << ((<u64>size) << 3)) - 1;
}

/** An exit to the device model; returns when it has answered. */
function exit(cpu: usize, kind: u32, write: u32, address: u64, size: u32, value: u64): u64 {
  const box = cpu + Cpu.mailbox;
  store<u32>(box, kind, Mailbox.kind);
  store<u32>(box, write, Mailbox.write);
  store<u32>(box, size, Mailbox.size);
  store<u64>(box, address, Mailbox.address);
  store<u64>(box, value, Mailbox.value);
  count(cpu, Counters.mailboxExits);
  hostMailbox(<i32>cpu);
  return load<u64>(box, Mailbox.value) & ones(size);
}

/** Tells the machine that something happened: Mailbox.EVENT_ and its value. */
export function postEvent(cpu: usize, event: u32, value: u32): void {
  exit(cpu, Mailbox.KIND_EVENT, 1, event, 8, value);
  // What the machine decides reaches the CPU through Machine.control: leave the block and look.
  atomic.store<i32>(cpu, Cpu.REQUESTED, Cpu.exitRequest);
}

/** After an access to the chips: deadlines may have moved, and one of them may have asked for an event. */
function leaveChips(cpu: usize, m: usize, changed: bool): void {
  const before = atomic.load<u64>(m, Platform.deviceTimer);
  if (changed) updateDeviceTimer(m);
  unlockChips(m);
  if (changed) deviceTimerChanged(cpu, m, before);
  if (atomic.load<i32>(m, Platform.event) == 0) return;
  const value = load<u32>(m, Platform.eventValue);
  const event = atomic.xchg<i32>(m, 0, Platform.event);
  if (event != 0) postEvent(cpu, event, value);
}

/** Notify window that holds an address, 0 if none. */
function findWindow(m: usize, isPort: u32, address: u64): usize {
  const windows = min<u32>(atomic.load<u32>(m, Machine.notifyWindows), Machine.NOTIFY_WINDOWS);
  for (let i: u32 = 0; i < windows; i++) {
    const window = m + Machine.notifyWindow + <usize>i * Machine.NOTIFY_WINDOW_SIZE;
    if (load<u32>(window, Machine.notifyIsPort) != isPort) continue;
    if (address - load<u64>(window, Machine.notifyStart) < <u64>load<u32>(window, Machine.notifyLength)) return window;
  }
  return 0;
}

/** A write to a notify window kicks a queue and does not wait. False if the address is in none. */
function ringDoorbell(cpu: usize, isPort: u32, address: u64, value: u64): bool {
  const m = machineOf(cpu);
  const window = findWindow(m, isPort, address);
  if (window == 0) return false;
  const shift = load<u32>(window, Machine.notifyShift);
  const slot = load<u32>(window, Machine.notifySlot);
  const offset = <u32>(address - load<u64>(window, Machine.notifyStart));
  const queue = shift == Machine.NOTIFY_BY_VALUE ? (<u32>value) & 0xffff : shift < 32 ? offset >> shift : 0;
  if (slot >= <u32>Machine.DOORBELL_SLOTS || queue >= 256) return true;
  ringQueue(m, slot, queue);
  count(cpu, Counters.doorbells);
  return true;
}

export function busPortRead(cpu: usize, port: u32, size: u32): u32 {
  const m = machineOf(cpu);
  const owner = portOwner(m, port, size);
  if (owner == PORT_MODEL) return <u32>exit(cpu, Mailbox.KIND_PORT, 0, port, size, 0);
  if (owner == PORT_NONE) return <u32>ones(size);
  if (owner == PORT_DEBUG_EXIT) return 0;
  lockChips(m);
  const value = owner == PORT_PM ? pmPortRead(m, port) : readBytes(m, port, size);
  leaveChips(cpu, m, false);
  return value & (<u32>ones(size));
}

/** Byte registers one after the other; where the next port is no chip's, it reads as an empty bus. */
function readBytes(m: usize, port: u32, size: u32): u32 {
  let value: u32 = 0;
  for (let i: u32 = 0; i < size && i < 4; i++) {
    const byte: u32 = portOwner(m, port + i, 1) == PORT_BYTES ? readPortByte(m, port + i) & 0xff : 0xff;
    value |= byte << (i << 3);
  }
  return value;
}

export function busPortWrite(cpu: usize, port: u32, size: u32, value: u32): void {
  const m = machineOf(cpu);
  value &= <u32>ones(size);
  const owner = portOwner(m, port, size);
  if (owner == PORT_NONE) return;
  if (port == FPU_PORT) store<u32>(cpu, 1, Cpu.ignne);
  if (owner == PORT_MODEL) {
    if (!ringDoorbell(cpu, 1, port, value)) exit(cpu, Mailbox.KIND_PORT, 1, port, size, value);
    return;
  }
  lockChips(m);
  if (owner == PORT_DEBUG_EXIT) debugExit(m, value);
  else if (owner == PORT_PM) pmPortWrite(m, port, size, value);
  else writeBytes(m, port, size, value);
  leaveChips(cpu, m, true);
}

function writeBytes(m: usize, port: u32, size: u32, value: u32): void {
  for (let i: u32 = 0; i < size && i < 4; i++) {
    if (portOwner(m, port + i, 1) == PORT_BYTES) writePortByte(m, port + i, (value >> (i << 3)) & 0xff);
  }
}

@inline
function isLapic(cpu: usize, gpa: u64): bool {
  return (gpa ^ load<u64>(cpu, Cpu.apicBase)) >> 12 == 0 && lapicMapped(cpu);
}

/** Addresses that no device of the model can have: the hole below 1 MiB and the chip set's space below 4 GiB. */
@inline
function isEmpty(cpu: usize, gpa: u64): bool {
  return (gpa < LOW_END && !isVgaWindow(cpu, gpa)) || (gpa >= CHIPSET_BASE && gpa < CHIPSET_END);
}

function isVgaWindow(cpu: usize, gpa: u64): bool {
  if ((gpa >> MemoryMap.PAGE_SHIFT) - MemoryMap.VGA_PAGE >= <u64>MemoryMap.VGA_PAGES) return false;
  return load<u32>(machineOf(cpu), Machine.vga) != 0;
}

export function busMmioRead(cpu: usize, gpa: u64, size: u32): u64 {
  if (isLapic(cpu, gpa)) return (<u64>lapicMmioRead(cpu, (<u32>gpa) & 0xfff)) & ones(size);
  if (gpa >> 12 == IOAPIC_BASE >> 12) return (<u64>readIoapic(cpu, (<u32>gpa) & 0xfff)) & ones(size);
  if (gpa >> 12 == HPET_BASE >> 12) return readHpet(cpu, (<u32>gpa) & 0xfff) & ones(size);
  if (isEmpty(cpu, gpa)) return ones(size);
  return exit(cpu, Mailbox.KIND_MMIO, 0, gpa, size, 0);
}

export function busMmioWrite(cpu: usize, gpa: u64, size: u32, value: u64): void {
  value &= ones(size);
  if (isLapic(cpu, gpa)) {
    lapicMmioWrite(cpu, (<u32>gpa) & 0xfff, <u32>value);
  } else if (gpa >> 12 == IOAPIC_BASE >> 12) {
    writeIoapic(cpu, (<u32>gpa) & 0xfff, <u32>value);
  } else if (gpa >> 12 == HPET_BASE >> 12) {
    writeHpet(cpu, (<u32>gpa) & 0xfff, size, value);
  } else if (!isEmpty(cpu, gpa) && !ringDoorbell(cpu, 0, gpa, value)) {
    exit(cpu, Mailbox.KIND_MMIO, 1, gpa, size, value);
  }
}

function readIoapic(cpu: usize, offset: u32): u32 {
  const m = machineOf(cpu);
  lockChips(m);
  takeLines(m);
  const value = ioapicRead(m, offset);
  unlockChips(m);
  return value;
}

function writeIoapic(cpu: usize, offset: u32, value: u32): void {
  const m = machineOf(cpu);
  lockChips(m);
  takeLines(m);
  ioapicWrite(m, offset, value);
  unlockChips(m);
}

function readHpet(cpu: usize, offset: u32): u64 {
  const m = machineOf(cpu);
  lockChips(m);
  const value = hpetRead(m, offset);
  unlockChips(m);
  return value;
}

function writeHpet(cpu: usize, offset: u32, size: u32, value: u64): void {
  const m = machineOf(cpu);
  const shift = <u64>((offset & 7) << 3);
  lockChips(m);
  takeLines(m);
  hpetWrite(m, offset & ~7, value << shift, ones(size) << shift);
  leaveChips(cpu, m, true);
}

// KVM's paravirtual clock, wall clock and steal time (Documentation/virt/kvm/x86/msr.rst, cpuid.rst of Linux).
//
// TSC and guest time tick alike (1 GHz) and stop together, so one tuple (anchor) stays true for the machine's life: a
// time page is written when the guest registers it, when a TSC moves, and after a pause, to say that there was one.

import { hostRealtime } from "../host";
import * as Clock from "../layout/clock";
import * as Cpu from "../layout/cpu";
import * as Kvmclock from "../layout/kvmclock";
import * as Machine from "../layout/machine";
import { noteDeviceWrite } from "../mem/code_marks";
import { hostForWrite } from "../mem/page_map";
import { copyToGuest, readPhys, writePhys } from "../mem/phys";
import { alignTsc, clockStart, clockStop, guestNow, tscOffset } from "./clock";
import { cpuAt, lockChips, unlockChips } from "./kick";

/** 1 GHz: delta << 1, times 2^31, >> 32 (kvm_get_time_scale of Linux). */
const SHIFT: u8 = 1;
const MUL: u32 = 0x80000000;

@inline
function machineOf(cpu: usize): usize {
  return <usize>load<u32>(cpu, Cpu.machine);
}

/** All TSCs agree: only then the guest may compare the clocks of different CPUs. */
function isStable(m: usize): bool {
  const count = load<u32>(m, Machine.cpuCount);
  const first = tscOffset(cpuAt(m, 0));
  for (let i: u32 = 1; i < count; i++) {
    if (tscOffset(cpuAt(m, i)) != first) return false;
  }
  return true;
}

/** Stores a version; atomic, so that it is ordered with the fields it guards. */
function writeVersion(m: usize, gpa: u64, version: u32): bool {
  const host = hostForWrite(m, gpa);
  if (host == 0) return false;
  noteDeviceWrite(m, host, 4);
  atomic.store<u32>(host, version);
  return true;
}

/** Copies `len` bytes to `body` behind `gpa`, with the version at `gpa + versionAt` odd meanwhile. */
function publish(m: usize, gpa: u64, versionAt: u32, body: u32, from: usize, len: u32): void {
  const version = (readPhys<u32>(m, gpa + versionAt) + 1) | 1;
  if (!writeVersion(m, gpa + versionAt, version)) return;
  copyToGuest(m, gpa + body, from, len);
  writeVersion(m, gpa + versionAt, version + 1);
}

/** Writes the time page of a CPU if the guest has registered one. */
function writeTimePage(cpu: usize, stopped: bool): void {
  const state = cpu + Cpu.kvmclock;
  const msr = load<u64>(state, Kvmclock.systemTime);
  // The area is aligned to 4 (Linux: 64); KVM ignores others as well.
  if ((msr & 3) != 1) return;
  const m = machineOf(cpu);
  const gpa = msr & ~(<u64>1);
  const anchor = load<u64>(m + Machine.clock, Clock.anchor);
  const image = state + Kvmclock.image;
  // The guest has not seen an earlier stop yet: keep telling.
  let flags = (<u32>readPhys<u8>(m, gpa + Kvmclock.timeFlags)) & Kvmclock.FLAG_GUEST_STOPPED;
  if (stopped) flags |= Kvmclock.FLAG_GUEST_STOPPED;
  if (isStable(m)) flags |= Kvmclock.FLAG_TSC_STABLE;
  memory.fill(image, 0, Kvmclock.TIME_SIZE);
  store<u64>(image, anchor + tscOffset(cpu), Kvmclock.timeTscTimestamp);
  store<u64>(image, anchor, Kvmclock.timeSystemTime);
  store<u32>(image, MUL, Kvmclock.timeMul);
  store<u8>(image, SHIFT, Kvmclock.timeShift);
  store<u8>(image, <u8>flags, Kvmclock.timeFlags);
  publish(m, gpa, 0, 8, image + 8, Kvmclock.TIME_SIZE - 8);
}

export function writeSystemTime(cpu: usize, value: u64): void {
  store<u64>(cpu + Cpu.kvmclock, value, Kvmclock.systemTime);
  const m = machineOf(cpu);
  lockChips(m);
  if (value & 1) clearStopped(m, value & ~(<u64>1));
  writeTimePage(cpu, false);
  unlockChips(m);
}

/** A page that is registered anew holds no stop of this guest. */
function clearStopped(m: usize, gpa: u64): void {
  const flags = readPhys<u8>(m, gpa + Kvmclock.timeFlags);
  if (flags & Kvmclock.FLAG_GUEST_STOPPED) {
    writePhys<u8>(m, gpa + Kvmclock.timeFlags, <u8>(flags & ~Kvmclock.FLAG_GUEST_STOPPED));
  }
}

/** {u32 version, u32 sec, u32 nsec}: the host's time at guest time 0. */
export function writeWallClock(m: usize, gpa: u64): void {
  lockChips(m);
  publishWallClock(m, gpa);
  unlockChips(m);
}

function publishWallClock(m: usize, gpa: u64): void {
  store<u64>(m + Machine.clock, gpa, Clock.wallClock);
  if (gpa == 0 || gpa & 3) return;
  const boot = <i64>(hostRealtime() * 1000000.0) - <i64>guestNow(m);
  if (boot < 0) return;
  const image = cpuAt(m, 0) + Cpu.kvmclock + Kvmclock.image;
  store<u32>(image, <u32>(boot / 1000000000));
  store<u32>(image, <u32>(boot % 1000000000), 4);
  publish(m, gpa, 0, 4, image, 8);
}

/** False = #GP: bits 1-5 are reserved. */
export function writeStealTime(cpu: usize, value: u64): bool {
  if (value & 0x3e) return false;
  store<u64>(cpu + Cpu.kvmclock, value, Kvmclock.stealTime);
  updateStealTime(cpu);
  return true;
}

/** Brings Kvmclock.stolen to the guest. */
function updateStealTime(cpu: usize): void {
  const state = cpu + Cpu.kvmclock;
  const msr = load<u64>(state, Kvmclock.stealTime);
  if ((msr & 1) == 0) return;
  const gpa = msr & ~(<u64>0x3f);
  publish(machineOf(cpu), gpa, Kvmclock.stealVersion, Kvmclock.stealSteal, state + Kvmclock.stolen, 8);
}

/** The TSC of some CPU has moved: stability and that CPU's tuple follow. */
export function tscMoved(cpu: usize): void {
  const m = machineOf(cpu);
  lockChips(m);
  writeTimePages(m, false);
  unlockChips(m);
}

function writeTimePages(m: usize, stopped: bool): void {
  const count = load<u32>(m, Machine.cpuCount);
  for (let i: u32 = 0; i < count; i++) writeTimePage(cpuAt(m, i), stopped);
}

/** Stops guest time; the CPUs stand still. */
export function clockPause(m: usize): void {
  clockStop(m);
}

/** Continues guest time before the CPUs run again, and tells the guest that it was stopped. */
export function clockResume(m: usize): void {
  if (!clockStart(m)) return;
  lockChips(m);
  writeTimePages(m, true);
  publishWallClock(m, load<u64>(m + Machine.clock, Clock.wallClock));
  unlockChips(m);
}

/** All TSCs at 0, and nothing registered. */
export function kvmclockReset(m: usize): void {
  const count = load<u32>(m, Machine.cpuCount);
  for (let i: u32 = 0; i < count; i++) memory.fill(cpuAt(m, i) + Cpu.kvmclock, 0, Kvmclock.image);
  store<u64>(m + Machine.clock, 0, Clock.wallClock);
  alignTsc(m, 0);
}

// The MSRs of the platform: TSC, APIC, kvmclock. The value goes through Cpu.msrValue; false = not ours, or #GP.

import * as Clock from "../layout/clock";
import * as Cpu from "../layout/cpu";
import * as F from "../layout/cpu_features";
import * as CpuSystem from "../layout/cpu_system";
import * as Kvmclock from "../layout/kvmclock";
import * as Lapic from "../layout/lapic";
import * as Machine from "../layout/machine";
import { moveTsc, tscNow } from "./clock";
import { tscMoved, writeStealTime, writeSystemTime, writeWallClock } from "./kvmclock";
import { inX2apic, lapicInit } from "./lapic";
import { apicModeChanged, x2apicRead, x2apicWrite } from "./lapic_registers";
import { rearmTscDeadline, updateNextTimer, writeTscDeadline } from "./lapic_timer";

const IA32_TSC: u32 = 0x10;
const KVM_WALL_CLOCK: u32 = 0x11;
const KVM_SYSTEM_TIME: u32 = 0x12;
const IA32_APIC_BASE: u32 = 0x1b;
const IA32_TSC_ADJUST: u32 = 0x3b;
const IA32_TSC_DEADLINE: u32 = 0x6e0;
const KVM_WALL_CLOCK_NEW: u32 = 0x4b564d00;
const KVM_SYSTEM_TIME_NEW: u32 = 0x4b564d01;
const KVM_STEAL_TIME: u32 = 0x4b564d03;

@inline
function isX2apic(index: u32): bool {
  return index - 0x800 < 0x40;
}

/** CPUID offers it. */
function hasStealTime(cpu: usize): bool {
  const word = load<u32>(cpu + CpuSystem.features + (F.WORD_KVM << 2));
  return ((word >> (F.KVM_STEAL_TIME & 31)) & 1) != 0;
}

function give(cpu: usize, value: u64): bool {
  store<u64>(cpu, value, Cpu.msrValue);
  return true;
}

export function platformReadMsr(cpu: usize, index: u32): bool {
  const state = cpu + Cpu.kvmclock;
  if (isX2apic(index)) return inX2apic(cpu) && x2apicRead(cpu, index);
  switch (index) {
    case IA32_TSC:
      return give(cpu, tscNow(cpu));
    case IA32_APIC_BASE:
      return give(cpu, load<u64>(cpu, Cpu.apicBase));
    case IA32_TSC_ADJUST:
      return give(cpu, load<u64>(state, Kvmclock.tscAdjust));
    case IA32_TSC_DEADLINE:
      return give(cpu, load<u64>(cpu, Cpu.tscDeadline));
    case KVM_WALL_CLOCK:
    case KVM_WALL_CLOCK_NEW:
      return give(cpu, load<u64>(<usize>load<u32>(cpu, Cpu.machine) + Machine.clock, Clock.wallClock));
    case KVM_SYSTEM_TIME:
    case KVM_SYSTEM_TIME_NEW:
      return give(cpu, load<u64>(state, Kvmclock.systemTime));
    case KVM_STEAL_TIME:
      return hasStealTime(cpu) && give(cpu, load<u64>(state, Kvmclock.stealTime));
    default:
      return false;
  }
}

export function platformWriteMsr(cpu: usize, index: u32): bool {
  const value = load<u64>(cpu, Cpu.msrValue);
  if (isX2apic(index)) return inX2apic(cpu) && x2apicWrite(cpu, index);
  switch (index) {
    case IA32_TSC:
      writeTsc(cpu, value);
      return true;
    case IA32_APIC_BASE:
      return writeApicBase(cpu, value);
    case IA32_TSC_ADJUST:
      shiftTsc(cpu, value - load<u64>(cpu + Cpu.kvmclock, Kvmclock.tscAdjust));
      return true;
    default:
      return writeTimer(cpu, index, value);
  }
}

function writeTimer(cpu: usize, index: u32, value: u64): bool {
  switch (index) {
    case IA32_TSC_DEADLINE:
      writeTscDeadline(cpu, value);
      return true;
    case KVM_WALL_CLOCK:
    case KVM_WALL_CLOCK_NEW:
      writeWallClock(<usize>load<u32>(cpu, Cpu.machine), value);
      return true;
    case KVM_SYSTEM_TIME:
    case KVM_SYSTEM_TIME_NEW:
      writeSystemTime(cpu, value);
      return true;
    case KVM_STEAL_TIME:
      return hasStealTime(cpu) && writeStealTime(cpu, value);
    default:
      return false;
  }
}

/** WRMSR to IA32_TSC. */
export function writeTsc(cpu: usize, value: u64): void {
  shiftTsc(cpu, value - tscNow(cpu));
}

function shiftTsc(cpu: usize, by: u64): void {
  if (by == 0) return;
  moveTsc(cpu, by);
  rearmTscDeadline(cpu);
  tscMoved(cpu);
}

/** IA32_APIC_BASE: reserved bits and the moves that SDM figure 11-27 forbids are #GP. */
function writeApicBase(cpu: usize, value: u64): bool {
  const before = load<u64>(cpu, Cpu.apicBase);
  const modes: u64 = Lapic.BASE_ENABLED | Lapic.BASE_X2APIC;
  // 40 bits of physical address; bits 0-7 and 9 are reserved.
  if (value >> 40 != 0 || value & 0x2ff) return false;
  const from = before & modes;
  const to = value & modes;
  if (to == Lapic.BASE_X2APIC) return false;
  if (from == modes && to == Lapic.BASE_ENABLED) return false;
  if (from == 0 && to == modes) return false;
  store<u64>(cpu, value, Cpu.apicBase);
  if (from == to) return true;
  // What was disabled comes back in its power-on state.
  if (to == 0) lapicInit(cpu);
  apicModeChanged(cpu);
  updateNextTimer(cpu);
  return true;
}

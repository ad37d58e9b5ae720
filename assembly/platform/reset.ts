// Power-on and reset of the platform. No CPU runs meanwhile.

import * as Cpu from "../layout/cpu";
import * as Machine from "../layout/machine";
import * as Platform from "../layout/platform";
import { setA20 } from "./a20";
import { clockInit } from "./clock";
import { hpetReset } from "./hpet";
import { i8042Reset } from "./i8042";
import { ioapicReset } from "./ioapic";
import { cpuAt } from "./kick";
import { kvmclockReset } from "./kvmclock";
import { lapicReset } from "./lapic";
import { disarmMachine, updateNextTimer } from "./lapic_timer";
import { picReset } from "./pic";
import { pitReset } from "./pit";
import { pmReset } from "./pm";
import { rtcReset } from "./rtc";
import { updateDeviceTimer } from "./timers";
import { uartReset } from "./uart";

/** A new machine: guest time starts. */
export function platformInit(m: usize): void {
  atomic.store<i32>(m, 0, Platform.lock);
  const count = load<u32>(m, Machine.cpuCount);
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(cpuAt(m, i), <u32>m, Cpu.machine);
    store<u32>(cpuAt(m, i), i, Cpu.index);
  }
  clockInit(m);
  platformReset(m);
}

/** All chips to their power-on state; guest time goes on, the TSCs start at 0. */
export function platformReset(m: usize): void {
  // Lines of devices are theirs to lower: what they still drive is taken in again.
  store<u32>(m, 0, Platform.linesTaken);
  atomic.store<i32>(m, 0, Platform.event);
  kvmclockReset(m);
  picReset(m);
  ioapicReset(m);
  disarmMachine(m);
  hpetReset(m);
  pitReset(m);
  rtcReset(m);
  uartReset(m);
  i8042Reset(m);
  setA20(m, true);
  pmReset(m);
  updateDeviceTimer(m);
  const count = load<u32>(m, Machine.cpuCount);
  for (let i: u32 = 0; i < count; i++) resetCpu(cpuAt(m, i), i == 0);
}

function resetCpu(cpu: usize, isBsp: bool): void {
  atomic.store<i32>(cpu, 0, Cpu.initRequest);
  atomic.store<i32>(cpu, 0, Cpu.sipiRequest);
  atomic.store<i32>(cpu, 0, Cpu.nmiPending);
  lapicReset(cpu, isBsp);
  updateNextTimer(cpu);
}

import { describe, expect, it } from "vitest";
import * as Counters from "../../assembly/layout/counters";
import * as Cpu from "../../assembly/layout/cpu";
import * as CpuHost from "../../assembly/layout/cpu_host";
import * as Machine from "../../assembly/layout/machine";
import type { ModelCounters } from "../machine/machine";
import { takeSample } from "./sample";

const machine = 0;
const cpus = [Machine.SIZE, Machine.SIZE + 0x4000];
const model: ModelCounters = {
  diskRead: 1,
  diskWritten: 2,
  diskFetched: 3,
  consoleIn: 4,
  consoleOut: 5,
  balloonBytes: undefined,
  guestMemory: {},
  counters: { "kicks of vda": 6 },
};

function memory(): DataView {
  const view = new DataView(new ArrayBuffer(Machine.SIZE + Cpu.jit + 0x20000));
  view.setUint32(machine + Machine.lowRamEnd, 100, true);
  view.setUint32(machine + Machine.highRamEnd, 0x100000 + 10, true);
  view.setUint32(machine + Machine.mappedPages, 7, true);
  return view;
}

describe("takeSample", () => {
  it("counts RAM below and above 4 GiB, and what of it is mapped", () => {
    const sample = takeSample(memory(), { machine, cpus }, model, 1000);
    expect(sample.memoryBytes).toBe(110 * 4096);
    expect(sample.mappedBytes).toBe(7 * 4096);
    expect(sample.counters["kicks of vda"]).toBe(6);
  });

  it("sums the CPUs and counts a sleep that still goes on", () => {
    const view = memory();
    const [first = 0, second = 0] = cpus;
    view.setBigUint64(first + Cpu.instructions, 30n, true);
    view.setBigUint64(second + Cpu.instructions, 12n, true);
    view.setFloat64(first + CpuHost.idle, 100, true);
    view.setFloat64(second + CpuHost.idle, 50, true);
    view.setFloat64(second + CpuHost.asleepSince, 900, true);
    const sample = takeSample(view, { machine, cpus }, model, 1000);
    expect(sample.instructions).toBe(42);
    expect(sample.idle).toBe(250);
    expect(sample.cpus).toBe(2);
  });

  it("tells the unimplemented instructions of any CPU", () => {
    const view = memory();
    view.setBigUint64((cpus[1] ?? 0) + Cpu.counters + Counters.unimplemented, 3n, true);
    expect(takeSample(view, { machine, cpus }, model, 0).unimplemented.count).toBe(3);
  });
});

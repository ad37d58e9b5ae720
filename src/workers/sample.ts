// The counters in shared memory as one sample for stats(). Read without locks: each number is right by itself.

import * as CpuHost from "../../assembly/layout/cpu_host";
import * as Machine from "../../assembly/layout/machine";
import { PAGE_SIZE } from "../../assembly/layout/memory_map";
import type { ModelCounters } from "../machine/machine";
import { cpuCounters, unimplementedOf, type Unimplemented } from "./inspect";
import type { Sample } from "./protocol";

const exitNames = ["budget", "halt", "asked", "shutdown"];

export function takeSample(
  view: DataView,
  place: { readonly machine: number; readonly cpus: readonly number[] },
  model: ModelCounters,
  time: number,
): Sample {
  const counters: Record<string, number> = {};
  let idle = 0;
  let unimplemented: Unimplemented = { count: 0, bytes: "", rip: "" };
  for (const cpu of place.cpus) {
    idle += idleOf(view, cpu, time);
    add(counters, cpuCounters(view, cpu));
    add(counters, exitCounters(view, cpu));
    const found = unimplementedOf(view, cpu);
    if (found.count > 0) unimplemented = { ...found, count: found.count + unimplemented.count };
  }
  return {
    ...model,
    time,
    instructions: counters["instructions"] ?? 0,
    idle,
    cpus: place.cpus.length,
    memoryBytes: ramPages(view, place.machine) * PAGE_SIZE,
    mappedBytes: view.getUint32(place.machine + Machine.mappedPages, true) * PAGE_SIZE,
    unimplemented,
    counters: { ...counters, ...model.counters },
  };
}

/** Time asleep until now, the present sleep included. */
function idleOf(view: DataView, cpu: number, time: number): number {
  const since = view.getFloat64(cpu + CpuHost.asleepSince, true);
  return view.getFloat64(cpu + CpuHost.idle, true) + (since > 0 ? Math.max(0, time - since) : 0);
}

function ramPages(view: DataView, machine: number): number {
  const high = view.getUint32(machine + Machine.highRamEnd, true);
  return view.getUint32(machine + Machine.lowRamEnd, true) + Math.max(0, high - 0x100000);
}

function exitCounters(view: DataView, cpu: number): Record<string, number> {
  const counters: Record<string, number> = {};
  exitNames.forEach((name, reason) => {
    counters[`returns of the run loop: ${name}`] = Number(view.getBigUint64(cpu + CpuHost.exits + reason * 8, true));
  });
  return counters;
}

function add(sums: Record<string, number>, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) sums[name] = (sums[name] ?? 0) + value;
}

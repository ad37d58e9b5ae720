// Lays out the shared memory of a machine above the fixed regions of layout/memory_map.ts, and writes the pointers by
// which everybody finds the parts. Pages that nobody touches cost nothing: browsers commit shared memory lazily.
//
//   CARVE_START ┌────────────────────┐
//               │ machine            │ layout/machine.ts
//               │ CPUs               │ layout/cpu.ts, one after the other
//               │ page map           │ u32 per guest page: 0..4 GiB and RAM above
//               │ virtqueues         │ layout/vring.ts
//               │ memory of devices  │ BARs and ROMs, if asked for
//               ├────────────────────┤
//               │ page pool          │ to the end
//               └────────────────────┘

import * as ByteRing from "../../assembly/layout/byte_ring";
import * as Cpu from "../../assembly/layout/cpu";
import * as Machine from "../../assembly/layout/machine";
import * as MemoryMap from "../../assembly/layout/memory_map";
import * as Pool from "../../assembly/layout/pool";
import * as Vring from "../../assembly/layout/vring";
import { err, ok, type Result } from "../shared/result";

export const WASM_PAGE_SIZE = 65536;
export const MAX_WASM_PAGES = 65536;
/** RAM below 4 GiB ends here at the latest; above lie BARs and the APICs. */
export const LOW_RAM_LIMIT = 0xc0000000;
const HIGH_RAM_START_PAGE = 0x100000;
/** Code-invalidation rings that fit into the machine's struct. */
export const MAX_CPUS = Math.floor((Machine.SIZE - Machine.codeRing) / Machine.CODE_RING_SIZE);

export interface MemoryRequest {
  readonly ramBytes: number;
  readonly cpus: number;
  /** Memory for BARs and ROMs, which the page pool never gives out. */
  readonly deviceBytes?: number;
}

export interface MemoryPlan {
  readonly machine: number;
  readonly cpuCount: number;
  /** Host address of CPU 0; CPU n is `n * Cpu.SIZE` further. */
  readonly cpus: number;
  readonly pageMap: number;
  readonly pageMapEntries: number;
  readonly vrings: number;
  readonly deviceMemory: number;
  readonly deviceBytes: number;
  /** Guest page numbers, as in layout/machine.ts. */
  readonly lowRamEnd: number;
  readonly highRamEnd: number;
  /** Host page numbers. */
  readonly poolStart: number;
  readonly poolEnd: number;
  /** Size of the WebAssembly.Memory. */
  readonly wasmPages: number;
}

export type PlanError = "no-cpus" | "too-many-cpus" | "no-ram" | "too-much-memory";

export function planMemory(request: MemoryRequest): Result<MemoryPlan, PlanError> {
  const { ramBytes, cpus: cpuCount, deviceBytes = 0 } = request;
  if (cpuCount < 1) return err("no-cpus");
  if (cpuCount > MAX_CPUS) return err("too-many-cpus");
  if (ramBytes < MemoryMap.PAGE_SIZE) return err("no-ram");
  const ramPages = Math.floor(ramBytes / MemoryMap.PAGE_SIZE);
  const lowRamEnd = Math.min(ramPages, LOW_RAM_LIMIT / MemoryMap.PAGE_SIZE);
  const highRamEnd = HIGH_RAM_START_PAGE + ramPages - lowRamEnd;

  let top = MemoryMap.CARVE_START;
  const carve = (bytes: number): number => {
    const start = top;
    top += Math.ceil(bytes / WASM_PAGE_SIZE) * WASM_PAGE_SIZE;
    return start;
  };
  const machine = carve(Machine.SIZE);
  const cpus = carve(Cpu.SIZE * cpuCount);
  const pageMap = carve(highRamEnd * 4);
  const vrings = carve(Vring.SIZE * Vring.QUEUES);
  const deviceMemory = carve(deviceBytes);
  const pool = carve(ramPages * MemoryMap.PAGE_SIZE);
  const wasmPages = top / WASM_PAGE_SIZE;
  if (wasmPages > MAX_WASM_PAGES) return err("too-much-memory");
  return ok({
    machine,
    cpuCount,
    cpus,
    pageMap,
    pageMapEntries: highRamEnd,
    vrings,
    deviceMemory,
    deviceBytes,
    lowRamEnd,
    highRamEnd,
    poolStart: pool / MemoryMap.PAGE_SIZE,
    poolEnd: top / MemoryMap.PAGE_SIZE,
    wasmPages,
  });
}

/** Largest RAM in bytes that a machine with so many CPUs can have. */
export function maxRamBytes(cpus: number, deviceBytes = 0): number {
  const smallest = planMemory({ ramBytes: MemoryMap.PAGE_SIZE, cpus, deviceBytes });
  if (!smallest.ok) return 0;
  // One wasm page of RAM is in the smallest plan already; RAM above 4 GiB costs four more bytes of page map per page.
  const free = (MAX_WASM_PAGES - smallest.value.wasmPages) * WASM_PAGE_SIZE;
  return free <= LOW_RAM_LIMIT ? free : LOW_RAM_LIMIT + Math.floor((free - LOW_RAM_LIMIT) / 1025) * 1024;
}

/** Writes the plan into a fresh memory, before anything else touches it. */
export function writePlan(memory: WebAssembly.Memory, plan: MemoryPlan): void {
  const words = new Uint32Array(memory.buffer);
  const put = (address: number, value: number): void => {
    words[address / 4] = value;
  };
  put(MemoryMap.POOL + Pool.next, plan.poolStart);
  put(MemoryMap.POOL + Pool.end, plan.poolEnd);
  put(MemoryMap.POOL + Pool.free, 0);
  put(MemoryMap.POOL + Pool.freeCount, 0);
  put(plan.machine + Machine.pageMap, plan.pageMap);
  put(plan.machine + Machine.pageMapEntries, plan.pageMapEntries);
  put(plan.machine + Machine.cpuCount, plan.cpuCount);
  put(plan.machine + Machine.cpus, plan.cpus);
  put(plan.machine + Machine.lowRamEnd, plan.lowRamEnd);
  put(plan.machine + Machine.highRamEnd, plan.highRamEnd);
  put(plan.machine + Machine.vrings, plan.vrings);
  for (const [ring, end] of byteRings(plan.cpuCount)) {
    put(plan.machine + ring + ByteRing.capacity, ringCapacity(end - ring));
  }
  for (let i = 0; i < plan.cpuCount; i++) {
    put(plan.cpus + i * Cpu.SIZE + Cpu.machine, plan.machine);
    put(plan.cpus + i * Cpu.SIZE + Cpu.index, i);
  }
}

/** Start and end of every byte ring of the machine's struct. */
function byteRings(cpuCount: number): (readonly [number, number])[] {
  const codeRings = Array.from({ length: cpuCount }, (_, i) => {
    const start = Machine.codeRing + i * Machine.CODE_RING_SIZE;
    return [start, start + Machine.CODE_RING_SIZE] as const;
  });
  return [
    [Machine.uartOut, Machine.uartIn],
    [Machine.uartIn, Machine.i8042In],
    [Machine.i8042In, Machine.codeRing],
    ...codeRings,
  ];
}

/** The largest power of two that fits behind a ring's header. */
export function ringCapacity(bytes: number): number {
  return 2 ** Math.floor(Math.log2(bytes - ByteRing.data));
}

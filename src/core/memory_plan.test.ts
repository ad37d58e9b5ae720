import { describe, expect, it } from "vitest";
import * as ByteRing from "../../assembly/layout/byte_ring";
import * as Machine from "../../assembly/layout/machine";
import { testGuest } from "../../tests/guest";
import { MAX_CPUS, maxRamBytes, type MemoryPlan, planMemory, ringCapacity, WASM_PAGE_SIZE } from "./memory_plan";

const GiB = 2 ** 30;

function plan(ramBytes: number, cpus = 1, deviceBytes = 0): MemoryPlan {
  const result = planMemory({ ramBytes, cpus, deviceBytes });
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

describe("planMemory", () => {
  it("keeps the parts apart and the pool at the end, as large as the RAM", () => {
    const p = plan(256 * 2 ** 20, 2, 5000);
    const starts = [p.machine, p.cpus, p.pageMap, p.vrings, p.deviceMemory, p.poolStart * 4096];
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(new Set(starts).size).toBe(starts.length);
    expect(starts.every((start) => start % WASM_PAGE_SIZE === 0)).toBe(true);
    expect(p.poolEnd - p.poolStart).toBe(65536);
    expect(p.wasmPages * 16).toBe(p.poolEnd);
    expect(p.pageMapEntries).toBe(0x100000);
  });

  it("puts what exceeds 3 GiB above 4 GiB", () => {
    const p = plan(3.5 * GiB);
    expect(p.lowRamEnd).toBe(0xc0000);
    expect(p.highRamEnd).toBe(0x100000 + 0x20000);
    expect(p.pageMapEntries).toBe(p.highRamEnd);
  });

  it("refuses what cannot be", () => {
    expect(planMemory({ ramBytes: 4 * GiB, cpus: 1 })).toEqual({ ok: false, error: "too-much-memory" });
    expect(planMemory({ ramBytes: GiB, cpus: 0 })).toEqual({ ok: false, error: "no-cpus" });
    expect(planMemory({ ramBytes: GiB, cpus: MAX_CPUS + 1 })).toEqual({ ok: false, error: "too-many-cpus" });
    expect(planMemory({ ramBytes: 100, cpus: 1 })).toEqual({ ok: false, error: "no-ram" });
  });

  it.each([1, 2, 8, 24])("knows the largest RAM for %d CPUs", (cpus) => {
    const most = maxRamBytes(cpus);
    expect(planMemory({ ramBytes: most, cpus }).ok).toBe(true);
    expect(planMemory({ ramBytes: most + 4 * 2 ** 20, cpus }).ok).toBe(false);
  });
});

describe("writePlan", () => {
  it("writes pointers and ring capacities where the module looks for them", () => {
    const { plan: p, view } = testGuest({ cpus: 2 });
    const word = (offset: number): number => view.getUint32(p.machine + offset, true);
    expect(word(Machine.cpus)).toBe(p.cpus);
    expect(word(Machine.vrings)).toBe(p.vrings);
    expect(word(Machine.uartOut + ByteRing.capacity)).toBe(0x8000);
    expect(word(Machine.codeRing + Machine.CODE_RING_SIZE + ByteRing.capacity)).toBe(0x1000);
  });

  it("takes powers of two that fit", () => {
    expect(ringCapacity(0x1100)).toBe(0x1000);
    expect(ringCapacity(0x1000)).toBe(0x800);
  });
});

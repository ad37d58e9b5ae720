// Translations over a long time: what they may take of the engine's memory has an end, and the function table too.
import { expect, it } from "vitest";
import { le } from "../../tests/bytes";
import { CODE, runToHalt, translatedCpu } from "../../tests/translated_cpu";
import type { SystemCpu } from "../../tests/system_cpu";
import * as Counters from "../layout/counters";
import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";

const freeSlots = Cpu.jit + Jit.freeSlots;
const bytesKept = Cpu.jit + Jit.bytesKept;
const bytesAllowed = Cpu.jit + Jit.bytesAllowed;
const regions = Cpu.jit + Jit.regionsTranslated;
const evicted = Cpu.jit + Jit.regionsEvicted;
const dropped = Cpu.jit + Jit.modulesDropped;

/** Counts ecx down from n, adding up in eax. */
const sumUpTo = (n: number): number[] => [0x31, 0xc0, 0xb9, ...le(n), 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xfa];

function sum(t: SystemCpu, n: number, page = 0): void {
  expect(runToHalt(t, sumUpTo(n), CODE + page * 0x1000)).toBeUndefined();
  expect(t.get64(Cpu.rax)).toBe(BigInt((n * (n + 1)) / 2));
}

/** Executes a program of the same length anew, without writing it: what is translated is not translated again. */
function again(t: SystemCpu, page: number): bigint {
  const before = t.get64(regions);
  t.set64(Cpu.rip, CODE + page * 0x1000);
  t.set32(Cpu.runState, Cpu.RUN_RUNNING);
  expect(t.calls.cpuRun(t.cpu, 100_000)).toBe(1);
  return t.get64(regions) - before;
}

it("drops translations when the function table is full, and goes on translating", () => {
  const t = translatedCpu(0);
  sum(t, 200);
  const flushes = t.get64(Cpu.counters + Counters.decodeFlushes);
  const before = t.get64(regions);
  t.set32(freeSlots, Jit.BATCH_MAX - 1);
  sum(t, 300, 1);
  expect(t.get64(regions)).toBeGreaterThan(before);
  expect(t.get64(evicted)).toBeGreaterThan(0n);
  expect(t.get64(Cpu.counters + Counters.decodeFlushes)).toBe(flushes);
});

it("drops those that were not used for the longest time when all are too large", () => {
  const t = translatedCpu(0);
  const pages = 40;
  sum(t, 100, 0);
  const size = t.get32(bytesKept);
  expect(size).toBeGreaterThan(100);
  t.set32(bytesAllowed, size * 20);
  // Page 0 is used all the time, the others once.
  for (let page = 1; page < pages; page++) {
    sum(t, 100, page);
    expect(again(t, 0)).toBe(0n);
    expect(t.get32(bytesKept)).toBeLessThanOrEqual(size * 21);
  }
  expect(t.get64(evicted)).toBeGreaterThan(10n);
  // The latest are still there, the first are not.
  expect(again(t, pages - 1)).toBe(0n);
  expect(again(t, 1)).toBeGreaterThan(0n);
});

it("drops a module at once when all of its code was overwritten", () => {
  const t = translatedCpu(0);
  sum(t, 100);
  const [kept, free] = [t.get32(bytesKept), t.get32(freeSlots)];
  for (let n = 101; n < 160; n++) sum(t, n);
  expect(t.get64(dropped)).toBeGreaterThan(50n);
  expect(t.get32(bytesKept)).toBeLessThan(3 * kept);
  expect(t.get32(freeSlots)).toBeGreaterThan(free - 10);
});

// The translator against the interpreter on random programs, for minutes. Environment:
//   FUZZ_MINUTES  how long (default 4)        FUZZ_SEED  what the seeds begin with (default: the date)
import { expect, it } from "vitest";
import * as Cpu from "../layout/cpu";
import { fuzz } from "../../tests/fuzz/fuzz";
import { knownSeeds } from "../../tests/fuzz/known_seeds";

const minutes = Number(process.env["FUZZ_MINUTES"] ?? 4);
const seeds = process.env["FUZZ_SEED"] ?? new Date().toISOString().slice(0, 10);

it.each([
  [64, "at once", Cpu.JIT_FORCE],
  [64, "when hot", Cpu.JIT_ON],
  [32, "at once", Cpu.JIT_FORCE],
  [32, "when hot", Cpu.JIT_ON],
] as const)(
  "random programs of %i bits end as they do interpreted, translated %s",
  async (bits, _name, mode) => {
    const found = await fuzz({ seeds, mode, bits, count: Infinity, milliseconds: minutes * 15_000 });
    console.log(`seeds ${seeds}-0 to ${seeds}-${found.programs - 1}: ${found.reports.length} differences`);
    expect(found.reports).toEqual([]);
    expect(found.programs).toBeGreaterThan(0);
    expect(found.translated).toBeGreaterThan(0n);
  },
  minutes * 60_000 + 120_000,
);

it.runIf(knownSeeds.length > 0).each([64, 32] as const)(
  "programs of %i bits that once showed a difference",
  async (bits) => {
    const { reports } = await fuzz({ list: knownSeeds, mode: Cpu.JIT_FORCE, bits });
    expect(reports).toEqual([]);
  },
  300_000,
);

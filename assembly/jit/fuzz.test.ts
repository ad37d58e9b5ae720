// The translator against the interpreter on random programs: a few on every run. fuzz.slow.test.ts has many.
import { expect, it } from "vitest";
import * as Cpu from "../layout/cpu";
import { fuzz } from "../../tests/fuzz/fuzz";

it.each([64, 32] as const)(
  "random programs of %i bits end the same, translated and interpreted",
  async (bits) => {
    const plan = { seeds: "short", mode: Cpu.JIT_FORCE, bits, count: 40, milliseconds: 4000 };
    const { programs, reports, translated } = await fuzz(plan);
    expect(reports).toEqual([]);
    expect(programs).toBeGreaterThan(0);
    expect(translated).toBeGreaterThan(0n);
  },
  180_000,
);

it.each([64, 32] as const)(
  "random programs of %i bits show no difference to the mode that compares, and end the same",
  async (bits) => {
    const { reports, translated } = await fuzz({
      seeds: "check",
      mode: Cpu.JIT_CHECK,
      bits,
      count: 40,
      milliseconds: 4000,
    });
    expect(reports).toEqual([]);
    expect(translated).toBeGreaterThan(0n);
  },
  180_000,
);

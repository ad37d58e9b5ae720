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

// The translator against the interpreter on random programs: a few on every run. fuzz.slow.test.ts has many.
import { expect, it } from "vitest";
import * as Cpu from "../layout/cpu";
import { fuzz } from "../../tests/fuzz/fuzz";

it("random programs end the same, translated at once and interpreted", async () => {
  const { programs, reports } = await fuzz({ seeds: "short", mode: Cpu.JIT_FORCE, count: 40, milliseconds: 4000 });
  expect(reports).toEqual([]);
  expect(programs).toBeGreaterThan(0);
}, 180_000);

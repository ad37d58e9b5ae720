// Translations over a long time: the function table has an end.
import { expect, it } from "vitest";
import { le } from "../../tests/bytes";
import { runToHalt, translatedCpu } from "../../tests/translated_cpu";
import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";

const inTable = Cpu.jit + Jit.nextSlot;
const regions = Cpu.jit + Jit.regionsTranslated;

/** Counts ecx down from n, adding up in eax. */
const sumUpTo = (n: number): number[] => [0x31, 0xc0, 0xb9, ...le(n), 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xfa];

it("drops all translations when the function table is full, and goes on translating", () => {
  const t = translatedCpu(0);
  t.set32(inTable, Jit.MAX_SLOTS - 1);
  const before = t.get64(regions);
  expect(runToHalt(t, sumUpTo(200))).toBeUndefined();
  expect(t.get64(Cpu.rax)).toBe(20100n);
  expect(t.get64(regions)).toBeGreaterThan(before);
  expect(t.get32(inTable)).toBeLessThan(Jit.FIRST_SLOT + Jit.BATCH_MAX);
});

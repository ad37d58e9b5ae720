// Runs of PUSH and POP, which translations do as one access (translate/stack_run.ts): a fault is that of one of them.
import { expect, it } from "vitest";
import { CODE, runToHalt, translatedCpu } from "../../tests/translated_cpu";
import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";

/** Nothing is mapped from here on. */
const END = 0x400000;
const PUSHES = [0x50, 0x53, 0x51];
const POPS = [0x58, 0x5b, 0x59];

it.each([
  ["the first of several PUSH, whose page is absent", PUSHES, END + 0x40, 0, END + 0x38],
  ["the second POP, whose page is absent", POPS, END - 8, 1, END],
  ["the third POP", POPS, END - 16, 2, END],
  ["none", PUSHES, END, 3, undefined],
])("a page fault belongs to %s", (_name, code, rsp, faulting, address) => {
  const t = translatedCpu(3);
  t.set64(Cpu.rsp, rsp);
  t.poke(END - 8, 0x1234, 8);
  t.poke(END - 16, 0x1234, 8);
  const moved = (code === PUSHES ? -8 : 8) * faulting;
  // HLT is #GP to a user.
  expect(runToHalt(t, code)).toBe(address === undefined ? Exception.GP : Exception.PF);
  const [, rip, , , stack] = t.stack(5, 8);
  expect([rip, stack]).toEqual([BigInt(CODE + faulting), BigInt(rsp + moved)]);
  if (address !== undefined) expect(t.get64(Cpu.cr2)).toBe(BigInt(address));
  if (code === POPS) expect(t.get64(Cpu.rax)).toBe(0x1234n);
});

// A CPU in long mode that translates every piece of code before it runs, and code for it in bytes.
import { expect } from "vitest";
import * as Cpu from "../assembly/layout/cpu";
import * as Machine from "../assembly/layout/machine";
import { access, CODE0, CODE64, IDT, PML4, SystemCpu } from "./system_cpu";

export const CODE = 0x180000;
const HANDLERS = 0x50000;
/** In the second 2 MiB, which users may use. */
export const DATA = 0x290000;
const USER_DATA = 0x200087;
/** Physical address of what is mapped around 4 GiB: the second 2 MiB again. */
export const LAST = 0x200000;
const HLT = 0xf4;

/** A CPU whose exceptions end in a HLT of their own. */
export function translatedCpu(cpl: 0 | 3, flags = 2): SystemCpu {
  const t = new SystemCpu();
  t.calls.cpuSetTranslator(t.cpu, Cpu.JIT_FORCE);
  t.longMode(cpl);
  // What the supervisor uses belongs to it when it is the supervisor who runs.
  if (cpl === 0) t.poke(PML4 + 0x2000, 0x83, 8);
  t.poke(PML4 + 0x2008, USER_DATA, 8);
  for (let vector = 0; vector < 32; vector++) t.poke(HANDLERS + vector * 16, HLT, 1);
  setGates(t, 0);
  t.guest.view.setInt32(t.guest.plan.machine + Machine.control, Machine.CONTROL_RUN, true);
  t.flags = flags;
  return t;
}

/** The same in flat 32-bit code of privilege 0, in IA-32e mode, with the first and last 2 MiB of 4 GiB and 2 MiB above mapped. */
export function flatCpu(): SystemCpu {
  const t = translatedCpu(0);
  // Wherever the stack pointer is that a fault finds.
  setGates(t, 1);
  const [below, above] = [PML4 + 0x3000, PML4 + 0x15000];
  t.poke(PML4 + 0x1000 + 3 * 8, below | 3, 8);
  t.poke(below + 511 * 8, LAST | 0x83, 8);
  t.poke(PML4 + 0x1000 + 4 * 8, above | 3, 8);
  t.poke(above, LAST | 0x83, 8);
  if (!t.calls.testFarJump(t.cpu, CODE0, CODE)) throw new Error("CS");
  return t;
}

/** Gates to the handlers, which run on the stack that `ist` names, 0 = the current one. */
function setGates(t: SystemCpu, ist: number): void {
  for (let vector = 0; vector < 32; vector++) {
    t.gate64(IDT + vector * 16, access.interruptGate, CODE64, BigInt(HANDLERS + vector * 16), 0, ist);
  }
}

/** Runs code up to a HLT; returns the vector of the exception whose handler has it, undefined for the code's own. */
export function runToHalt(t: SystemCpu, code: readonly number[], address = CODE): number | undefined {
  t.write(address, [...code, HLT]);
  t.set64(Cpu.rip, address);
  t.set32(Cpu.runState, Cpu.RUN_RUNNING);
  t.calls.cpuSync(t.cpu);
  expect(t.calls.cpuRun(t.cpu, 100_000)).toBe(1);
  const handler = Number(t.rip) - 1 - HANDLERS;
  return handler >= 0 && handler < 512 ? handler >> 4 : undefined;
}

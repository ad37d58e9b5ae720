// jit=check: finds a translation that is wrong, with the instruction, and says nothing of those that are right.
import { describe, expect, it } from "vitest";
import * as Counters from "../assembly/layout/counters";
import * as Cpu from "../assembly/layout/cpu";
import * as Jit from "../assembly/layout/jit";
import * as Machine from "../assembly/layout/machine";
import { describeDifference } from "../src/machine/difference";
import { RUN_EXIT } from "../src/machine/exports";
import { le } from "./bytes";
import { SystemCpu } from "./system_cpu";

const CODE = 0x100000;
const DATA = 0x180000;
const TIMES = 20_000;
/** The constant of an ADD, and how wasm has it. */
const CONSTANT = 0x1234567;
const CONSTANT_IN_WASM = [0xe7, 0x8a, 0x8d, 0x09];
/** MOV rbx,rax; ADD rax,constant; MOV [rdi],rax; DEC rcx; JNZ; HLT. */
const LOOP = [0x48, 0x89, 0xc3, 0x48, 5, ...le(CONSTANT), 0x48, 0x89, 7, 0x48, 0xff, 0xc9, 0x75, 0xef, 0xf4];

interface Run {
  readonly system: SystemCpu;
  readonly exit: number;
}

function run(code: readonly number[], tamper?: (module: Uint8Array) => void): Run {
  const system = new SystemCpu(1, () => 0, tamper);
  system.longMode(0);
  system.write(CODE, code);
  system.set64(Cpu.rip, CODE);
  system.set64(Cpu.rax, 0);
  system.set64(Cpu.rcx, TIMES);
  system.set64(Cpu.rdi, DATA);
  system.guest.view.setInt32(system.guest.plan.machine + Machine.control, Machine.CONTROL_RUN, true);
  system.calls.cpuSetTranslator(system.cpu, Cpu.JIT_CHECK);
  system.calls.cpuSync(system.cpu);
  // What waits to be compiled is, when the CPU returns.
  let exit: number = RUN_EXIT.budget;
  while (exit === RUN_EXIT.budget) exit = system.calls.cpuRun(system.cpu, 2000);
  return { system, exit };
}

/** Makes another constant of it. */
function wrongConstant(module: Uint8Array): void {
  const at = Buffer.from(module).indexOf(Buffer.from(CONSTANT_IN_WASM));
  if (at >= 0) module[at] = 0xe6;
}

describe("with every translation compared", () => {
  it("a right one is left alone, and what the guest does happens once", () => {
    const { system, exit } = run(LOOP);
    expect(exit).toBe(RUN_EXIT.halted);
    expect(system.get64(Cpu.jit + Jit.regionsTranslated)).toBeGreaterThan(0n);
    expect(system.get64(Cpu.rax)).toBe(BigInt(TIMES) * BigInt(CONSTANT));
    expect(system.peek(DATA, 8)).toBe(BigInt(TIMES) * BigInt(CONSTANT));
    // The interpreter does the work.
    expect(system.get64(Cpu.counters + Counters.translationsEntered)).toBe(0n);
  });

  it("a wrong one stops the CPU with the instruction and both states, before it has done anything", () => {
    const { system, exit } = run(LOOP, wrongConstant);
    expect(exit).toBe(RUN_EXIT.differs);
    const text = describeDifference(system.guest.view, system.cpu);
    const marked = text.split("\n").filter((line) => line.startsWith("-> "));
    expect(marked).toHaveLength(1);
    expect(marked[0]).toMatch(/add rax, 0x1234567$/);
    const differing = text.split("\n").filter((line) => line.startsWith("* "));
    // The sum may have other flags too; nothing else is wrong yet.
    expect(differing[0]).toMatch(/^\* rax /);
    expect(differing.slice(1).filter((line) => !line.startsWith("* eflags "))).toEqual([]);
    expect(system.get64(Cpu.rax) % BigInt(CONSTANT)).toBe(0n);
    expect(system.peek(DATA, 8) % BigInt(CONSTANT)).toBe(0n);
  });
});

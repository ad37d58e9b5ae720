// The profile that tools read: a guest that loops shows up as hot, translated, with its bytes and its WebAssembly.
import { expect, it } from "vitest";
import * as Cpu from "../assembly/layout/cpu";
import * as Jit from "../assembly/layout/jit";
import * as Machine from "../assembly/layout/machine";
import { codeAround } from "../src/machine/guest_code";
import { readProfile, translationText } from "../src/machine/profile";
import { cpuCounters, inspectCpu } from "../src/workers/inspect";
import { SystemCpu } from "./system_cpu";

const CODE = 0x100000;
/** INC rbx; JMP. */
const LOOP = [0x48, 0xff, 0xc3, 0xeb, 0xfb];

function looping(mode: number): SystemCpu {
  const system = new SystemCpu();
  system.longMode(0);
  system.write(CODE, LOOP);
  system.set64(Cpu.rip, CODE);
  system.guest.view.setInt32(system.guest.plan.machine + Machine.control, Machine.CONTROL_RUN, true);
  system.calls.cpuSetTranslator(system.cpu, mode);
  system.calls.cpuSync(system.cpu);
  for (let i = 0; i < 20; i++) system.calls.cpuRun(system.cpu, 100_000);
  return system;
}

it("finds the hot loop, its bytes and its translation", () => {
  const { guest, calls, cpu } = looping(Cpu.JIT_ON);
  const { samples, translated, hottest } = readProfile(guest.view, cpu);
  expect(samples).toBeGreaterThan(50);
  expect(translated).toBeGreaterThan(0.8);
  const [first] = hottest;
  expect(first?.rip).toBe("0000000000100000");
  expect(first?.code.startsWith("48 ff c3 eb fb")).toBe(true);
  expect(first?.size).toBe(64);
  expect(first?.slot).toBeGreaterThan(0);
  const text = translationText(guest.view, calls, cpu, first?.slot ?? 0);
  expect(text).toContain("loop");
  expect(text).toContain("i64.add");
});

it("shows the instructions around a CPU's instruction pointer", () => {
  const { guest, cpu } = looping(Cpu.JIT_OFF);
  const lines = codeAround(guest.view, cpu);
  expect(lines.find((line) => line.startsWith("-> "))).toMatch(/ (inc rbx|jmp 0x100000)$/);
  expect(inspectCpu(guest.view, cpu).code).toEqual(lines);
  // What the TLB does not know is not shown.
  guest.view.setBigUint64(cpu + Cpu.rip, 0x7000000000n, true);
  expect(codeAround(guest.view, cpu)).toEqual([]);
});

it("says that all is interpreted without the translator", () => {
  const { guest, cpu } = looping(Cpu.JIT_OFF);
  const { translated, hottest } = readProfile(guest.view, cpu);
  expect(translated).toBe(0);
  expect(hottest[0]?.slot).toBeUndefined();
  expect(hottest[0]?.code.startsWith("48 ff c3")).toBe(true);
});

it("shows a translation however many came after it, and lets the CPU go on as before", () => {
  const system = looping(Cpu.JIT_ON);
  const { guest, calls, cpu } = system;
  const slot = readProfile(guest.view, cpu).hottest[0]?.slot ?? 0;
  const state = () => guest.view.getUint32(cpu + Cpu.jit + Jit.freeSlot, true);
  const before = [state(), cpuCounters(guest.view, cpu)];
  const text = translationText(guest.view, calls, cpu, slot);
  expect(translationText(guest.view, calls, cpu, slot)).toBe(text);
  expect([state(), cpuCounters(guest.view, cpu)]).toEqual(before);
  const counted = system.get64(Cpu.rbx);
  calls.cpuRun(cpu, 100_000);
  expect(system.get64(Cpu.rbx)).toBeGreaterThan(counted + 40_000n);
  expect(readProfile(guest.view, cpu).hottest[0]?.slot).toBe(slot);
});

it("does not show a translation whose code is gone", () => {
  const system = looping(Cpu.JIT_ON);
  const { guest, calls, cpu } = system;
  const slot = readProfile(guest.view, cpu).hottest[0]?.slot ?? 0;
  expect(translationText(guest.view, calls, cpu, slot + 1)).toBeUndefined();
  calls.cpuSetTranslator(cpu, Cpu.JIT_ON);
  expect(translationText(guest.view, calls, cpu, slot)).toBeUndefined();
});

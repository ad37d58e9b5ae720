// XCHG with memory against a real second thread: no bit that a device sets in a word is lost when the guest takes the word.
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import * as Cpu from "../assembly/layout/cpu";
import { gpa } from "../src/shared/units";
import { CODE, DATA, translatedCpu } from "./translated_cpu";

const BITS = 30_000;
const HALTED = 1;

/** Sets one bit after the other in a word, until so many of them were not set. */
const device = `
  const { memory, word, done, bits } = require("node:worker_threads").workerData;
  const words = new Int32Array(memory.buffer);
  for (let i = 0, set = 0; set < bits; i++) {
    const bit = 1 << (i & 31);
    if ((Atomics.or(words, word, bit) & bit) === 0) set++;
  }
  Atomics.store(words, done, 1);
`;

const takeAndCount = [
  ...[0x31, 0xc0], // xor eax,eax
  ...[0x87, 0x07], // xchg [rdi],eax
  ...[0xf3, 0x0f, 0xb8, 0xc0], // popcnt eax,eax
  ...[0x48, 0x01, 0xc6], // add rsi,rax
];
const untilDone = [
  ...takeAndCount,
  ...[0x83, 0x7f, 0x40, 0x00], // cmp dword [rdi+64],0
  ...[0x74, -(takeAndCount.length + 6) & 0xff], // je to the beginning
  ...takeAndCount,
  0xf4,
];

it.each([
  ["interpreted", Cpu.JIT_OFF],
  ["translated", Cpu.JIT_FORCE],
])("takes each bit once, %s", { timeout: 60_000 }, async (_name, mode) => {
  const t = translatedCpu(0);
  t.calls.cpuSetTranslator(t.cpu, mode);
  t.write(CODE, untilDone);
  t.set64(Cpu.rdi, DATA);
  t.set64(Cpu.rsi, 0);
  t.set64(Cpu.rip, CODE);
  t.set32(Cpu.runState, Cpu.RUN_RUNNING);
  t.calls.cpuSync(t.cpu);
  const [view] = t.guest.guest.views(gpa(DATA), 128, "write") ?? [];
  if (view === undefined) throw new Error("no memory at DATA");
  const word = view.byteOffset / 4;
  const worker = new Worker(device, {
    eval: true,
    workerData: { memory: t.guest.memory, word, done: word + 16, bits: BITS },
  });
  while (t.calls.cpuRun(t.cpu, 100_000) !== HALTED) await setImmediate();
  expect(t.get64(Cpu.rsi)).toBe(BigInt(BITS));
  await worker.terminate();
});

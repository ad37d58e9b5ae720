import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import * as Check from "../../assembly/layout/check";
import * as Cpu from "../../assembly/layout/cpu";
import * as CpuHost from "../../assembly/layout/cpu_host";
import * as Machine from "../../assembly/layout/machine";
import * as Mailbox from "../../assembly/layout/mailbox";
import * as Platform from "../../assembly/layout/platform";
import { TranslationError } from "../machine/difference";
import { CpuLoop } from "./cpu_loop";

const machine = 0x1000;
const cpu = machine + Machine.SIZE;

class Bench {
  readonly buffer = new SharedArrayBuffer(cpu + 0x4000);
  readonly words = new Int32Array(this.buffer);
  readonly loop = new CpuLoop(this.buffer, machine, cpu);
  readonly budgets: number[] = [];

  set(address: number, value: number): void {
    Atomics.store(this.words, address >>> 2, value);
  }

  get(address: number): number {
    return Atomics.load(this.words, address >>> 2);
  }

  /** Runs the loop over a script of cpuRun results; the machine is stopped when it ends. */
  run(script: (() => number)[], haltTimeout: () => number = () => 0): void {
    this.set(machine + Machine.control, Machine.CONTROL_RUN);
    let step = 0;
    this.loop.run({
      cpuRun: (_cpu, budget) => {
        this.budgets.push(budget);
        const result = script[step++]?.() ?? 2;
        if (step >= script.length) this.set(machine + Machine.control, Machine.CONTROL_STOP);
        return result;
      },
      cpuHaltTimeout: haltTimeout,
    });
  }

  idle(): number {
    return new Float64Array(this.buffer)[(cpu + CpuHost.idle) >>> 3] ?? -1;
  }
}

/** Another thread: does something to the shared words after a moment. */
function later(buffer: SharedArrayBuffer, code: string): Worker {
  const source = `const { workerData } = require("node:worker_threads");
    const words = new Int32Array(workerData); setTimeout(() => { ${code} }, 30);`;
  return new Worker(source, { eval: true, workerData: buffer });
}

describe("CpuLoop", () => {
  it("sleeps in HLT for the time that the CPU tells and counts it as idle", () => {
    const bench = new Bench();
    bench.run([() => 1, () => 2], () => 20);
    expect(bench.idle()).toBeGreaterThan(15);
    expect(bench.budgets).toHaveLength(2);
  });

  it("does not sleep when it was woken while it ran", () => {
    const bench = new Bench();
    const woken = () => {
      Atomics.add(bench.words, (cpu + Cpu.wake) >>> 2, 1);
      return 1;
    };
    const began = performance.now();
    bench.run([woken, () => 2], () => 5000);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it("is woken from HLT by another thread", async () => {
    const bench = new Bench();
    const word = (cpu + Cpu.wake) >>> 2;
    const worker = later(bench.buffer, `Atomics.add(words, ${word}, 1); Atomics.notify(words, ${word});`);
    bench.run([() => 1, () => 2], () => Infinity);
    expect(bench.idle()).toBeGreaterThan(0);
    await worker.terminate();
  });

  it("ends with both states when translator and interpreter differ", () => {
    const buffer = new SharedArrayBuffer(cpu + Cpu.SIZE);
    const loop = new CpuLoop(buffer, machine, cpu);
    new Int32Array(buffer)[(machine + Machine.control) >>> 2] = Machine.CONTROL_RUN;
    new DataView(buffer).setBigUint64(cpu + Check.afterTranslation + Cpu.rbx, 0x123n, true);
    const run = () => loop.run({ cpuRun: () => 5, cpuHaltTimeout: () => 0 });
    expect(run).toThrow(TranslationError);
    expect(run).toThrow(/^\* rbx +translated 0{13}123 interpreted 0{16}/m);
  });

  it("stands still while paused, says so, and stops when told", async () => {
    const bench = new Bench();
    const control = (machine + Machine.control) >>> 2;
    const paused = (machine + Machine.pausedCpus) >>> 2;
    const worker = later(
      bench.buffer,
      `while (Atomics.load(words, ${paused}) !== 1) Atomics.wait(words, ${paused}, 0, 10);
       Atomics.store(words, ${control}, ${Machine.CONTROL_STOP}); Atomics.notify(words, ${control});`,
    );
    bench.set(machine + Machine.control, Machine.CONTROL_PAUSE);
    let ran = 0;
    bench.loop.run({ cpuRun: () => ++ran, cpuHaltTimeout: () => 0 });
    expect(ran).toBe(0);
    expect(bench.get(machine + Machine.pausedCpus)).toBe(0);
    await worker.terminate();
  });

  it("starts with short calls and lets them grow while they are fast", () => {
    const bench = new Bench();
    bench.run(Array.from({ length: 20 }, () => () => 0));
    expect(bench.budgets[0]).toBeLessThanOrEqual(50_000);
    expect(bench.budgets.at(-1)).toBeGreaterThan(1_000_000);
    expect(bench.budgets.at(-1)).toBeLessThanOrEqual(4_000_000);
  });

  it("counts why cpuRun returned", () => {
    const bench = new Bench();
    bench.run([() => 0, () => 0, () => 2]);
    const exits = new BigUint64Array(bench.buffer, cpu + CpuHost.exits, CpuHost.EXIT_REASONS);
    expect([...exits.slice(0, 3)]).toEqual([2n, 0n, 1n]);
  });

  it("asks for a reset after a triple fault", async () => {
    const bench = new Bench();
    const mailbox = cpu + Cpu.mailbox;
    const state = (mailbox + Mailbox.state) >>> 2;
    const worker = later(
      bench.buffer,
      `Atomics.store(words, ${state}, ${Mailbox.STATE_IDLE}); Atomics.notify(words, ${state});`,
    );
    bench.run([() => 3]);
    const words = [Mailbox.kind, Mailbox.address, Mailbox.value].map((offset) => bench.get(mailbox + offset));
    expect(words).toEqual([Mailbox.KIND_EVENT, Mailbox.EVENT_RESET, Platform.RESET_TRIPLE_FAULT]);
    expect(bench.get(machine + Machine.doorbellSequence)).toBe(1);
    await worker.terminate();
  });

  it("posts an exit, rings, and waits for the answer", async () => {
    const bench = new Bench();
    const state = (cpu + Cpu.mailbox + Mailbox.state) >>> 2;
    const worker = later(
      bench.buffer,
      `Atomics.store(words, ${state}, ${Mailbox.STATE_IDLE}); Atomics.notify(words, ${state});`,
    );
    bench.loop.mailbox(cpu);
    expect(bench.get(machine + Machine.doorbellSequence)).toBe(1);
    expect(bench.get(cpu + Cpu.mailbox + Mailbox.state)).toBe(Mailbox.STATE_IDLE);
    await worker.terminate();
  });
});

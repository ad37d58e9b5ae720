// Starts and stops the CPUs of a machine through Machine.control, wherever they run.

import * as Cpu from "../../assembly/layout/cpu";
import * as Machine from "../../assembly/layout/machine";
import type { GuestMemory } from "../core/guest_memory";
import type { MemoryPlan } from "../core/memory_plan";
import type { MachineExports } from "./exports";

/** Where the CPUs run: each in a worker of its own, or all in this thread, where they stand whenever we run. */
export type CpuThreads = "workers" | "here";

/** CPUs look at their orders at every block edge; this is only for hosts that cannot wait asynchronously. */
const LOOK_AGAIN_MS = 2;

export class CpuControl {
  readonly #guest: GuestMemory;
  readonly #plan: MemoryPlan;
  readonly #exports: Pick<MachineExports, "kickCpu">;
  readonly #threads: CpuThreads;

  constructor(guest: GuestMemory, plan: MemoryPlan, exports: Pick<MachineExports, "kickCpu">, threads: CpuThreads) {
    this.#guest = guest;
    this.#plan = plan;
    this.#exports = exports;
    this.#threads = threads;
  }

  get running(): boolean {
    return Atomics.load(this.#guest.words, this.#control) === Machine.CONTROL_RUN;
  }

  /** Tells the CPUs to stand still; they may run on for a moment. */
  halt(): void {
    this.#order(Machine.CONTROL_PAUSE);
  }

  /** Resolves when all CPUs stand still. */
  async stop(): Promise<void> {
    this.halt();
    if (this.#threads === "here") return;
    const { words } = this.#guest;
    const paused = (this.#plan.machine + Machine.pausedCpus) / 4;
    for (;;) {
      const count = Atomics.load(words, paused);
      if (count >= this.#plan.cpuCount) return;
      await waitForChange(words, paused, count);
    }
  }

  go(): void {
    this.#order(Machine.CONTROL_RUN);
  }

  /** The CPU workers leave their loops for good. */
  end(): void {
    this.#order(Machine.CONTROL_STOP);
  }

  kick(cpu: number): void {
    this.#exports.kickCpu(this.#plan.cpus + cpu * Cpu.SIZE);
  }

  get #control(): number {
    return (this.#plan.machine + Machine.control) / 4;
  }

  #order(order: number): void {
    const { words } = this.#guest;
    Atomics.store(words, this.#control, order);
    Atomics.notify(words, this.#control);
    for (let cpu = 0; cpu < this.#plan.cpuCount; cpu++) this.kick(cpu);
  }
}

async function waitForChange(words: Int32Array<ArrayBufferLike>, index: number, value: number): Promise<void> {
  if (typeof Atomics.waitAsync !== "function") {
    await new Promise<void>((done) => void setTimeout(done, LOOK_AGAIN_MS));
    return;
  }
  const waiting = Atomics.waitAsync(words, index, value);
  if (waiting.async) await waiting.value;
}

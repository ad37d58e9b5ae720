// A whole machine in one thread: the CPUs run in slices, the device model in between. For tests, for tools, and for
// hosts without isolation. Everything else is the same code as with workers.

import * as Cpu from "../../assembly/layout/cpu";
import * as Machine from "../../assembly/layout/machine";
import { TranslationError } from "./difference";
import { RUN_EXIT } from "./exports";
import type { MachineModel } from "./machine";

export interface SingleThreadOptions {
  /** Lets the thread's other tasks run: network, timers, typed keys. */
  readonly nextTask: () => Promise<void>;
}

/** Instructions between two looks at the devices. */
const SLICE = 200_000;
/** Other tasks run this often while the guest is busy. */
const TURN_MS = 10;
/** Longest sleep: whatever else goes on in the thread is found at the latest after this. */
const SLEEP_MAX_MS = 100;
/** What is under way in the thread's other tasks often ends within this time, so look at every turn. */
const SPIN_MS = 0.3;

export class SingleThread {
  readonly #model: MachineModel;
  readonly #options: SingleThreadOptions;
  #stopped = false;
  /** ms that the CPUs executed, for rates. */
  busyMs = 0;

  constructor(model: MachineModel, options: SingleThreadOptions) {
    this.#model = model;
    this.#options = options;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Runs until `stop`, or until the machine has shut down. */
  async run(): Promise<void> {
    this.#stopped = false;
    let turn = performance.now();
    while (!this.#stopped && this.#model.state !== "stopped") {
      const sequence = this.#sequence();
      const worked = this.#model.parts.crossing.poll();
      const idleFor = this.#model.parts.cpus.running ? this.#slices() : Infinity;
      if (worked || idleFor === 0) {
        if (performance.now() - turn < TURN_MS) continue;
        await this.#options.nextTask();
      } else {
        await this.#sleep(Math.min(idleFor, SLEEP_MAX_MS), sequence);
      }
      turn = performance.now();
    }
  }

  /** One slice of every CPU; answers for how many ms all of them have nothing to do. */
  #slices(): number {
    const { exports, plan, guest } = this.#model.parts;
    const began = performance.now();
    let idleFor = Infinity;
    for (let i = 0; i < plan.cpuCount; i++) {
      const cpu = plan.cpus + i * Cpu.SIZE;
      const wake = Atomics.load(guest.words, (cpu + Cpu.wake) / 4);
      const reason = exports.cpuRun(cpu, SLICE);
      if (reason === RUN_EXIT.differs) throw new TranslationError(guest.data, cpu);
      if (reason === RUN_EXIT.shutdown) this.#model.tripleFault();
      const sleeps = reason !== RUN_EXIT.budget && reason !== RUN_EXIT.asked;
      const woken = Atomics.load(guest.words, (cpu + Cpu.wake) / 4) !== wake;
      if (!sleeps || woken) idleFor = 0;
      else if (reason === RUN_EXIT.halted) idleFor = Math.min(idleFor, exports.cpuHaltTimeout(cpu));
    }
    this.busyMs += performance.now() - began;
    return idleFor;
  }

  #sequence(): number {
    const { guest, plan } = this.#model.parts;
    return Atomics.load(guest.words, (plan.machine + Machine.doorbellSequence) / 4);
  }

  /**
   * Until a device completes something, somebody kicks CPU 0, or the time is over. With plain timers, since
   * Atomics.waitAsync does not keep Node's event loop alive.
   */
  async #sleep(milliseconds: number, sequence: number): Promise<void> {
    const wake = this.#wake();
    const end = performance.now() + milliseconds;
    const soon = performance.now() + SPIN_MS;
    while (!this.#stopped && this.#wake() === wake && this.#sequence() === sequence) {
      const now = performance.now();
      if (now >= end) return;
      if (now < soon) await this.#options.nextTask();
      else await new Promise<void>((done) => void setTimeout(done, 1));
    }
  }

  #wake(): number {
    const { guest, plan } = this.#model.parts;
    return Atomics.load(guest.words, (plan.cpus + Cpu.wake) / 4);
  }
}

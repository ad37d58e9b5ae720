// The life of a virtual CPU inside its worker: run, sleep in HLT, stand still while paused, post exits.
// Knows the crossing words of the shared memory and the wasm exports, nothing of workers, so that it runs in tests.

import * as Cpu from "../../assembly/layout/cpu";
import * as CpuHost from "../../assembly/layout/cpu_host";
import * as Machine from "../../assembly/layout/machine";
import * as Mailbox from "../../assembly/layout/mailbox";
import * as Platform from "../../assembly/layout/platform";
import { postExit } from "../core/crossing";
import { TranslationError } from "../machine/difference";
import { RUN_EXIT } from "../machine/exports";
import { sharedNow } from "./clock";

export interface CpuCalls {
  cpuRun(cpu: number, instructions: number): number;
  cpuHaltTimeout(cpu: number): number;
}

/**
 * Time that one call of cpuRun shall take. wasm code is replaced by its optimised form only when it is entered
 * anew (V8 has no on-stack replacement for it), so the first calls must be short, and none may be long.
 */
const callMilliseconds = 5;
const firstBudget = 20_000;
const largestBudget = 4_000_000;

export class CpuLoop {
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #exits: BigUint64Array;
  readonly #machine: number;
  readonly #cpu: number;
  #budget = firstBudget;

  constructor(buffer: ArrayBufferLike, machine: number, cpu: number) {
    this.#words = new Int32Array(buffer);
    this.#times = new Float64Array(buffer);
    this.#exits = new BigUint64Array(buffer, cpu + CpuHost.exits, CpuHost.EXIT_REASONS);
    this.#machine = machine;
    this.#cpu = cpu;
  }

  /** Returns when the machine is told to stop. */
  run(calls: CpuCalls): void {
    this.#setTime(CpuHost.started, sharedNow());
    for (;;) {
      // Read before anything is looked at: whoever wakes this CPU from here on makes the sleep below return at once.
      const wake = Atomics.load(this.#words, this.#word(this.#cpu + Cpu.wake));
      if (!this.#mayRun()) return;
      const began = performance.now();
      const reason = calls.cpuRun(this.#cpu, this.#budget);
      const seen = reason & (CpuHost.EXIT_REASONS - 1);
      this.#exits[seen] = (this.#exits[seen] ?? 0n) + 1n;
      if (reason === RUN_EXIT.budget) this.#adapt(performance.now() - began);
      else if (reason === RUN_EXIT.halted) this.#sleep(wake, calls.cpuHaltTimeout(this.#cpu));
      else if (reason === RUN_EXIT.shutdown) this.#tripleFault();
      else if (reason === RUN_EXIT.differs) throw new TranslationError(new DataView(this.#words.buffer), this.#cpu);
    }
  }

  /** A PC's chipset resets it when a CPU shuts down. The machine model has told the CPU to stand still when it answers. */
  #tripleFault(): void {
    const request: readonly (readonly [number, number])[] = [
      [Mailbox.kind, Mailbox.KIND_EVENT],
      [Mailbox.write, 1],
      [Mailbox.size, 4],
      [Mailbox.address, Mailbox.EVENT_RESET],
      [Mailbox.address + 4, 0],
      [Mailbox.value, Platform.RESET_TRIPLE_FAULT],
      [Mailbox.value + 4, 0],
    ];
    for (const [offset, value] of request) this.#words[this.#word(this.#cpu + Cpu.mailbox + offset)] = value;
    this.mailbox(this.#cpu);
  }

  /** The import `host.mailbox`. */
  readonly mailbox = (cpu: number): void => postExit(this.#words, this.#machine, cpu);

  /** Stands still while the machine is paused; false when it is told to stop. */
  #mayRun(): boolean {
    const control = this.#word(this.#machine + Machine.control);
    const paused = this.#word(this.#machine + Machine.pausedCpus);
    for (;;) {
      const wanted = Atomics.load(this.#words, control);
      if (wanted === Machine.CONTROL_RUN) return true;
      if (wanted === Machine.CONTROL_STOP) return false;
      Atomics.add(this.#words, paused, 1);
      Atomics.notify(this.#words, paused);
      this.#idle(() => Atomics.wait(this.#words, control, wanted));
      Atomics.sub(this.#words, paused, 1);
    }
  }

  #sleep(wake: number, timeout: number): void {
    if (!(timeout > 0)) return;
    this.#idle(() => Atomics.wait(this.#words, this.#word(this.#cpu + Cpu.wake), wake, timeout));
  }

  #idle(wait: () => unknown): void {
    const began = sharedNow();
    this.#setTime(CpuHost.asleepSince, began);
    wait();
    this.#setTime(CpuHost.asleepSince, 0);
    const idle = (this.#cpu + CpuHost.idle) >>> 3;
    this.#times[idle] = (this.#times[idle] ?? 0) + sharedNow() - began;
  }

  #adapt(milliseconds: number): void {
    const factor = Math.min(2, Math.max(0.5, callMilliseconds / Math.max(milliseconds, 0.001)));
    this.#budget = Math.min(largestBudget, Math.max(firstBudget, Math.round(this.#budget * factor)));
  }

  #word(address: number): number {
    return address >>> 2;
  }

  #setTime(offset: number, value: number): void {
    this.#times[(this.#cpu + offset) >>> 3] = value;
  }
}

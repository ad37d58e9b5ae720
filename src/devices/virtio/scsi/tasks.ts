// Commands that wait for a back end: found again by task management, forgotten by resets.

import type { GuestView } from "../../../core/guest_memory";
import type { UnitAddress } from "../../scsi/bus";

export interface RunningTask {
  readonly address: UnitAddress;
  readonly id: bigint;
  readonly queue: number;
  readonly head: number;
  readonly response: readonly GuestView[];
  /** Ends when the back end does not touch the task's buffers any more. */
  readonly settled: Promise<void>;
  readonly token: { cancelled: boolean };
  /** The response that takes the place of the result, once the task is aborted. */
  aborted: number | undefined;
}

export class RunningTasks {
  readonly #tasks = new Set<RunningTask>();

  add(task: RunningTask): void {
    this.#tasks.add(task);
  }

  has(task: RunningTask): boolean {
    return this.#tasks.has(task);
  }

  delete(task: RunningTask): void {
    this.#tasks.delete(task);
  }

  /** Tasks of a unit, or of all units of a target. */
  of(target: number, lun?: number): RunningTask[] {
    return [...this.#tasks].filter(
      ({ address }) => address.target === target && (lun === undefined || address.lun === lun),
    );
  }

  find({ target, lun }: UnitAddress, id: bigint): RunningTask | undefined {
    return this.of(target, lun).find((task) => task.id === id);
  }

  inQueue(queue: number): number {
    let count = 0;
    for (const task of this.#tasks) if (task.queue === queue) count++;
    return count;
  }

  /** The rings are gone, and the memory of the buffers may be anything: nothing is answered. */
  forget(queue: number): void {
    for (const task of this.#tasks) {
      if (task.queue !== queue) continue;
      task.token.cancelled = true;
      this.#tasks.delete(task);
    }
  }
}

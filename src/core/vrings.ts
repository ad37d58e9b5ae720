// Hands out the queue structs of a machine (layout/vring.ts). A device takes its queues when it is plugged in.

import * as Vring from "../../assembly/layout/vring";

export class VringPool {
  readonly #free: number[];

  /** `start`: Machine.vrings, as the memory plan has it. */
  constructor(start: number) {
    this.#free = Array.from({ length: Vring.QUEUES }, (_, i) => start + (Vring.QUEUES - 1 - i) * Vring.SIZE);
  }

  get freeCount(): number {
    return this.#free.length;
  }

  /** Addresses of `count` queues, or undefined when so many are not left. */
  take(count: number): number[] | undefined {
    if (count > this.#free.length) return undefined;
    return this.#free.splice(this.#free.length - count, count).reverse();
  }

  giveBack(queues: readonly number[]): void {
    this.#free.push(...[...queues].reverse());
  }
}

// Milliseconds that stand still while the guest does.

export class Clock {
  readonly #source: () => number;
  #began: number;
  #gone = 0;
  #paused = false;

  constructor(source: () => number = () => performance.now()) {
    this.#source = source;
    this.#began = source();
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  now(): number {
    return this.#paused ? this.#gone : this.#gone + this.#source() - this.#began;
  }

  setPaused(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#gone = this.now();
    this.#began = this.#source();
    this.#paused = paused;
  }
}

// How long to wait for an acknowledgement (RFC 6298), in milliseconds.

const INITIAL = 1000;
const MIN = 1000;
const MAX = 60_000;
/** G: deadlines are looked at so often. */
const GRANULARITY = 100;

export class RoundTrip {
  #smoothed: number | undefined;
  #variation = 0;
  #timeout = INITIAL;
  #backoff = 1;

  get timeout(): number {
    return Math.min(this.#timeout * this.#backoff, MAX);
  }

  /** A segment that was sent once only was acknowledged after `time`. */
  measured(time: number): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = time;
      this.#variation = time / 2;
    } else {
      this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#smoothed - time);
      this.#smoothed = 0.875 * this.#smoothed + 0.125 * time;
    }
    this.#timeout = Math.max(MIN, this.#smoothed + Math.max(GRANULARITY, 4 * this.#variation));
    this.#backoff = 1;
  }

  /** New data was acknowledged. */
  progressed(): void {
    this.#backoff = 1;
  }

  /** Nothing came: wait twice as long. */
  timedOut(): void {
    this.#backoff = Math.min(this.#backoff * 2, 64);
  }
}

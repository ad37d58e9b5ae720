// virtio-rng: gives the guest entropy, early enough for its kernel to seed itself.

import type { RandomSource } from "../../../backends/random/types";
import type { DeviceHost, VirtioDevice } from "../device";
import type { Chain, TakeAnswer } from "../queue";
import { CLASS_CODE, MAX_BYTES, QUEUE_SIZES, VIRTIO_ID } from "./config";
import { newRngCounters } from "./counters";
import { parseRequest } from "./request";

export class VirtioRng implements VirtioDevice {
  readonly name = "virtio-rng";
  readonly virtioId = VIRTIO_ID;
  readonly classCode = CLASS_CODE;
  readonly deviceFeatures = 0n;
  readonly queueSizes = QUEUE_SIZES;
  readonly config = new Uint8Array(0);
  readonly counters = newRngCounters();
  readonly #source: RandomSource;
  readonly #bytes = new Uint8Array(MAX_BYTES);
  #host: DeviceHost | undefined;

  constructor(source: RandomSource) {
    this.#source = source;
  }

  attach(host: DeviceHost): void {
    this.#host = host;
  }

  writeConfig(): void {
    // There is none.
  }

  activate(): void {
    // Kicks follow.
  }

  onKick(index: number): void {
    const queue = this.#host?.queue(index);
    queue?.drain((chain) => {
      const answer = this.#take(chain);
      if (typeof answer === "number") queue.push(chain.head, answer);
      return "taken" satisfies TakeAnswer;
    });
  }

  reset(): void {
    // Every request ends in the turn in which it is taken.
  }

  resetQueue(): void {
    // As above.
  }

  #take(chain: Chain): number | undefined {
    const length = parseRequest(chain);
    if (length === "malformed") {
      this.#host?.fail("a request with something to read", 0);
      return undefined;
    }
    const bytes = this.#bytes.subarray(0, length);
    this.#source.fill(bytes);
    this.counters.requests++;
    this.counters.bytes += length;
    return chain.write(0, bytes);
  }
}

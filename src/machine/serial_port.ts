// What stands behind COM1: the UART's byte rings on one side, a console on the other.

import * as Machine from "../../assembly/layout/machine";
import type { GuestMemory } from "../core/guest_memory";
import { HostRing } from "./host_ring";

/** Typed bytes that wait until the guest takes them; whoever types more waits. */
const PENDING_MAX = 65536;
/** The UART does not tell when it has taken bytes, so look again so often while some wait. */
const RETRY_MS = 5;

export class SerialPort {
  readonly #out: HostRing;
  readonly #in: HostRing;
  readonly #output: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly #kick: () => void;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #retrying = false;
  #waiting: (() => void)[] = [];
  received = 0;
  sent = 0;

  /** `kick` makes CPU 0 look at its chips. */
  constructor(guest: GuestMemory, output: (bytes: Uint8Array<ArrayBuffer>) => void, kick: () => void) {
    this.#out = new HostRing(guest, guest.machine + Machine.uartOut);
    this.#in = new HostRing(guest, guest.machine + Machine.uartIn);
    this.#output = output;
    this.#kick = kick;
  }

  /** A source of the crossing: takes what the guest has sent. */
  readonly poll = (): boolean => {
    const bytes = this.#out.drain();
    if (bytes.length === 0) return false;
    this.sent += bytes.length;
    this.#output(bytes);
    return true;
  };

  /** Typed bytes; resolves when there is room for more. */
  input(bytes: Uint8Array): Promise<void> {
    this.received += bytes.length;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#feed();
    if (this.#pendingBytes <= PENDING_MAX) return Promise.resolve();
    return new Promise((done) => this.#waiting.push(done));
  }

  #feed(): void {
    let fed = false;
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      const taken = this.#in.push(first);
      fed ||= taken > 0;
      this.#pendingBytes -= taken;
      if (taken < first.length) {
        this.#pending[0] = first.subarray(taken);
        break;
      }
      this.#pending.shift();
    }
    if (fed) this.#kick();
    if (this.#pendingBytes <= PENDING_MAX) for (const done of this.#waiting.splice(0)) done();
    if (this.#pending.length > 0) this.#retry();
  }

  #retry(): void {
    if (this.#retrying) return;
    this.#retrying = true;
    setTimeout(() => {
      this.#retrying = false;
      this.#feed();
    }, RETRY_MS);
  }
}

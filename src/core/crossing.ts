// The device model's side of two of the four ways in which threads meet: doorbells (a queue was kicked) and mailboxes
// (a CPU waits for a register access to be answered). One worker owns a Crossing; CPU workers have `postExit`.

import * as Cpu from "../../assembly/layout/cpu";
import * as Machine from "../../assembly/layout/machine";
import * as Mailbox from "../../assembly/layout/mailbox";
import type { GuestMemory } from "./guest_memory";

export type AccessSize = 1 | 2 | 4;

/** Registers behind addresses: I/O ports or guest-physical addresses. */
export interface RegisterSpace {
  read(address: number, size: AccessSize): number;
  write(address: number, size: AccessSize, value: number): void;
}

export interface ExitHandlers {
  readonly ports: RegisterSpace;
  readonly mmio: RegisterSpace;
  /** Mailbox.EVENT_RESET or EVENT_SHUTDOWN, with its value. */
  event(event: number, value: number, cpu: number): void;
}

/** Something else that the worker looks after: true if there was work. */
export type Source = () => boolean;

interface Slot {
  readonly queues: number;
  readonly kicked: (queue: number) => void;
}

const TWO_32 = 0x100000000;
const SLOT_WORDS = Machine.DOORBELL_SLOT_SIZE / 4;
/** Work without a pause for this long, then let the worker's other tasks run. */
const TURN_MS = 4;

export interface CrossingPlan {
  readonly machine: number;
  readonly cpus: number;
  readonly cpuCount: number;
}

export class Crossing {
  readonly #guest: GuestMemory;
  readonly #plan: CrossingPlan;
  readonly #handlers: ExitHandlers;
  readonly #slots: (Slot | undefined)[] = Array.from({ length: Machine.DOORBELL_SLOTS });
  readonly #sources = new Set<Source>();
  #stopped = false;

  constructor(guest: GuestMemory, plan: CrossingPlan, handlers: ExitHandlers) {
    this.#guest = guest;
    this.#plan = plan;
    this.#handlers = handlers;
  }

  /** Takes a free doorbell slot for a device; undefined when all are taken. */
  attachSlot(queues: number, kicked: (queue: number) => void): number | undefined {
    const slot = this.#slots.indexOf(undefined);
    if (slot < 0) return undefined;
    for (let word = 0; word < SLOT_WORDS; word++) Atomics.store(this.#guest.words, this.#slotWord(slot) + word, 0);
    this.#slots[slot] = { queues, kicked };
    return slot;
  }

  detachSlot(slot: number): void {
    this.#slots[slot] = undefined;
  }

  /** Rings a doorbell from this side: the device wants another turn. */
  ring(slot: number, queue: number): void {
    Atomics.or(this.#guest.words, this.#slotWord(slot) + (queue >>> 5), 1 << (queue & 31));
    this.wake();
  }

  addSource(source: Source): void {
    this.#sources.add(source);
    this.wake();
  }

  removeSource(source: Source): void {
    this.#sources.delete(source);
  }

  /** Makes the loop look again, from whatever thread or task. */
  wake(): void {
    ringSequence(this.#guest.words, this.#plan.machine);
  }

  /** Handles what is pending now, each thing once. True if there was anything. */
  poll(): boolean {
    let worked = false;
    for (let i = 0; i < this.#plan.cpuCount; i++) {
      if (this.serveExit(this.#plan.cpus + i * Cpu.SIZE)) worked = true;
    }
    for (let slot = 0; slot < this.#slots.length; slot++) {
      if (this.#pollSlot(slot)) worked = true;
    }
    for (const source of this.#sources) {
      if (source()) worked = true;
    }
    return worked;
  }

  /** Answers the exit in a CPU's mailbox, if there is one. In one thread, `host.mailbox` is this. */
  serveExit(cpu: number): boolean {
    const { words } = this.#guest;
    const state = (cpu + Cpu.mailbox + Mailbox.state) / 4;
    if (Atomics.load(words, state) !== Mailbox.STATE_POSTED) return false;
    this.#answer(cpu);
    Atomics.store(words, state, Mailbox.STATE_IDLE);
    Atomics.notify(words, state);
    return true;
  }

  /** Polls, and sleeps when there is nothing, until `stop`. */
  async run(): Promise<void> {
    const { words } = this.#guest;
    const sequence = (this.#plan.machine + Machine.doorbellSequence) / 4;
    const asleep = (this.#plan.machine + Machine.devicesAsleep) / 4;
    this.#stopped = false;
    const tasks = new TaskQueue();
    let turn = performance.now();
    while (!this.#stopped) {
      // Who rings sets its bit, raises the sequence, then looks at `asleep`. We say `asleep`, then sleep only if the
      // sequence is still the one from before the poll. One of the two sees the other.
      const seen = Atomics.load(words, sequence);
      if (this.poll()) {
        if (performance.now() - turn < TURN_MS) continue;
        await tasks.next();
      } else {
        Atomics.store(words, asleep, 1);
        await sleep(words, sequence, seen);
        Atomics.store(words, asleep, 0);
      }
      turn = performance.now();
    }
    tasks.close();
  }

  stop(): void {
    this.#stopped = true;
    this.wake();
  }

  #slotWord(slot: number): number {
    return (this.#plan.machine + Machine.doorbells + slot * Machine.DOORBELL_SLOT_SIZE) / 4;
  }

  #pollSlot(number: number): boolean {
    const slot = this.#slots[number];
    if (slot === undefined) return false;
    const { words } = this.#guest;
    const first = this.#slotWord(number);
    const used = (slot.queues + 31) >>> 5;
    let worked = false;
    for (let word = 0; word < used; word++) {
      if (Atomics.load(words, first + word) === 0) continue;
      worked = true;
      let bits = Atomics.exchange(words, first + word, 0);
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        const queue = word * 32 + bit;
        // Bits beyond the device's queues can be set: the guest chose the number.
        if (queue < slot.queues) slot.kicked(queue);
      }
    }
    return worked;
  }

  #answer(cpu: number): void {
    const { data } = this.#guest;
    const at = cpu + Cpu.mailbox;
    const address =
      data.getUint32(at + Mailbox.address, true) + data.getUint32(at + Mailbox.address + 4, true) * TWO_32;
    const kind = data.getUint32(at + Mailbox.kind, true);
    const low = data.getUint32(at + Mailbox.value, true);
    if (kind === Mailbox.KIND_EVENT) {
      this.#handlers.event(address, low, cpu);
      return;
    }
    const space = kind === Mailbox.KIND_PORT ? this.#handlers.ports : this.#handlers.mmio;
    const size = data.getUint32(at + Mailbox.size, true);
    if (data.getUint32(at + Mailbox.write, true) !== 0) {
      writeParts(space, address, size, low, data.getUint32(at + Mailbox.value + 4, true));
      return;
    }
    data.setUint32(at + Mailbox.value, space.read(address, partSize(size)), true);
    data.setUint32(at + Mailbox.value + 4, size === 8 ? space.read(address + 4, 4) : 0, true);
  }
}

function partSize(size: number): AccessSize {
  return size === 1 || size === 2 ? size : 4;
}

/** An 8-byte access reaches devices as two of 4 bytes, low half first (VIRTIO 1.2, 4.1.3.1). */
function writeParts(space: RegisterSpace, address: number, size: number, low: number, high: number): void {
  space.write(address, partSize(size), low);
  if (size === 8) space.write(address + 4, 4, high);
}

/** Raises the sequence on which the devices worker sleeps, and wakes it if it does. */
export function ringSequence(words: Int32Array<ArrayBufferLike>, machine: number): void {
  const sequence = (machine + Machine.doorbellSequence) / 4;
  Atomics.add(words, sequence, 1);
  if (Atomics.load(words, (machine + Machine.devicesAsleep) / 4) !== 0) Atomics.notify(words, sequence);
}

/** `host.mailbox` of a CPU worker: posts the request that the CPU has filled in and sleeps until it is answered. */
export function postExit(words: Int32Array<ArrayBufferLike>, machine: number, cpu: number): void {
  const state = (cpu + Cpu.mailbox + Mailbox.state) / 4;
  Atomics.store(words, state, Mailbox.STATE_POSTED);
  ringSequence(words, machine);
  while (Atomics.load(words, state) === Mailbox.STATE_POSTED) Atomics.wait(words, state, Mailbox.STATE_POSTED);
}

/** `host.mailbox` where CPU and devices share one thread. */
export function serveExitHere(words: Int32Array<ArrayBufferLike>, crossing: Crossing, cpu: number): void {
  Atomics.store(words, (cpu + Cpu.mailbox + Mailbox.state) / 4, Mailbox.STATE_POSTED);
  crossing.serveExit(cpu);
}

async function sleep(words: Int32Array<ArrayBufferLike>, index: number, value: number): Promise<void> {
  if (typeof Atomics.waitAsync !== "function") {
    // Browsers without waitAsync: look again soon.
    await new Promise<void>((done) => void setTimeout(done, 1));
    return;
  }
  const waiting = Atomics.waitAsync(words, index, value);
  if (waiting.async) await waiting.value;
}

/** Waits behind the tasks that are queued now. A message, since browsers delay nested timers by 4 ms. */
class TaskQueue {
  readonly #channel = new MessageChannel();
  #done: () => void = () => undefined;

  constructor() {
    this.#channel.port1.onmessage = () => this.#done();
  }

  next(): Promise<void> {
    return new Promise((done) => {
      this.#done = done;
      this.#channel.port2.postMessage(undefined);
    });
  }

  close(): void {
    this.#channel.port1.close();
  }
}

// The crossing with a real second thread: the protocol by which nobody sleeps through a wake-up.
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import * as Cpu from "../assembly/layout/cpu";
import * as Machine from "../assembly/layout/machine";
import * as Mailbox from "../assembly/layout/mailbox";
import { Crossing } from "../src/core/crossing";
import { Router } from "../src/devices/pci/router";
import { testGuest } from "./guest";

/** A CPU's thread as the module and postExit have it: posts exits and rings doorbells as fast as it can. */
const cpuThread = `
  const { workerData: { memory, state, sequence, asleep, bell, rounds }, parentPort } = require("node:worker_threads");
  const words = new Int32Array(memory.buffer);
  const ring = () => {
    Atomics.add(words, sequence, 1);
    if (Atomics.load(words, asleep) !== 0) Atomics.notify(words, sequence);
  };
  for (let i = 0; i < rounds; i++) {
    Atomics.or(words, bell, 1);
    ring();
    Atomics.store(words, state, 1);
    ring();
    while (Atomics.load(words, state) === 1) {
      if (Atomics.wait(words, state, 1, 5000) === "timed-out") throw new Error("no answer in round " + i);
    }
  }
  parentPort.postMessage("done");
`;

describe("with a CPU in another thread", () => {
  it("loses no wake-up", async () => {
    const rounds = 3000;
    let kicks = 0;
    let exits = 0;
    const t = testGuest();
    const event = (): void => void exits++;
    const crossing = new Crossing(t.guest, t.plan, { ports: new Router(), mmio: new Router(), event });
    const slot = crossing.attachSlot(1, () => void kicks++) ?? -1;
    const box = t.plan.cpus + Cpu.mailbox;
    t.view.setUint32(box + Mailbox.kind, Mailbox.KIND_EVENT, true);
    const done = crossing.run();
    const worker = new Worker(cpuThread, {
      eval: true,
      workerData: {
        memory: t.memory,
        state: (box + Mailbox.state) / 4,
        sequence: (t.plan.machine + Machine.doorbellSequence) / 4,
        asleep: (t.plan.machine + Machine.devicesAsleep) / 4,
        bell: (t.plan.machine + Machine.doorbells + slot * Machine.DOORBELL_SLOT_SIZE) / 4,
        rounds,
      },
    });
    await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    crossing.stop();
    await done;
    await worker.terminate();
    expect(exits).toBe(rounds);
    expect(kicks).toBeGreaterThan(0);
    expect(kicks).toBeLessThanOrEqual(rounds);
  });
});

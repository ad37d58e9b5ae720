// A bus with one device, and a sum over the memory that no driver may change through it.
import type { VirtioDevice } from "../src/devices/virtio/device";
import { HOSTILE_RAM } from "../src/devices/virtio/testing/hostile";
import type { MockDriver } from "../src/devices/virtio/testing/mock_driver";
import { type TestBus, testBus } from "./virtio";

const TURNS = 60;

export interface Bench {
  readonly t: TestBus;
  readonly driver: MockDriver;
  /** Sum of everything in the shared memory that is not the guest's. */
  readonly outside: () => number;
}

export function bench(make: () => VirtioDevice): Bench {
  const t = testBus({ ramBytes: HOSTILE_RAM });
  const driver = t.driver(t.plug(make()));
  const words = new Uint32Array(t.memory.buffer);
  // The pool is all guest memory; the page map may only gain entries. What must not change are the machine, the CPU
  // and the module's constants.
  const ranges = [
    [0, 0x200000],
    [t.plan.machine + 0x1000, t.plan.machine + 0x10000],
    [t.plan.cpus, t.plan.cpus + 0x10000],
  ];
  const outside = (): number => {
    let sum = 0;
    for (const [start = 0, end = 0] of ranges) {
      for (let i = start / 4; i < end / 4; i++) sum = (Math.imul(sum, 31) + (words[i] ?? 0)) | 0;
    }
    return sum;
  };
  return { t, driver, outside };
}

/** Lets the device work as long as it wants to, but not for ever. */
export async function settle(t: TestBus): Promise<void> {
  for (let i = 0; i < TURNS; i++) {
    await Promise.resolve();
    if (!t.crossing.poll() && i > 8) return;
  }
}

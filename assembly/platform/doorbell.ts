// Rings the devices worker without waiting for it (KVM's ioeventfd). Any CPU may call.

import * as Machine from "../layout/machine";

/** Something for the devices worker has been made visible: wake it if it sleeps. */
export function ringDevices(m: usize): void {
  atomic.add<i32>(m, 1, Machine.doorbellSequence);
  if (atomic.load<i32>(m, Machine.devicesAsleep) != 0) atomic.notify(m + Machine.doorbellSequence, -1);
}

/** Kicks queue `queue` (below 256) of a doorbell slot. */
export function ringQueue(m: usize, slot: u32, queue: u32): void {
  const word = m + <usize>slot * Machine.DOORBELL_SLOT_SIZE + <usize>((queue >> 5) << 2);
  atomic.or<u32>(word, 1 << (queue & 31), Machine.doorbells);
  ringDevices(m);
}

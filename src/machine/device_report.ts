// The devices of a machine as a page shows them.

import { featureNames, queueName } from "../devices/virtio/names";
import { STATUS_DRIVER_OK, STATUS_NEEDS_RESET } from "../devices/virtio/features";
import type { QxlPciDevice } from "../devices/qxl/pci";
import type { VirtioPciDevice } from "../devices/virtio/pci";
import type { QueueState } from "../devices/virtio/transport";
import type { DeviceReport, QueueReport } from "../shared/device_report";
import type { PresentDevice } from "./devices";

export function reportDevice({ id = "", name = "", driver, pci, unit, display }: PresentDevice): DeviceReport {
  const about = { id, name, driver, slot: pci?.slot ?? display?.slot };
  if (pci !== undefined) return { ...about, ...reportTransport(pci) };
  if (display !== undefined) return { ...about, ...withoutTransport, ...reportDisplay(display) };
  return { ...about, ...withoutTransport, counters: numbersOf(unit?.unit.counters ?? {}) };
}

function reportDisplay({ device }: QxlPciDevice): Pick<DeviceReport, "state" | "interrupts" | "failures" | "counters"> {
  const { drawn, guestBugs, ...counters } = device.counters;
  const driven = device.mode === "native" || device.mode === "compat";
  return {
    state: device.isBroken ? "needs reset" : driven ? "working" : "no driver",
    interrupts: driven ? "INTx" : undefined,
    failures: guestBugs,
    counters: { ...numbersOf(counters), ...drawn },
  };
}

const withoutTransport = {
  state: "working",
  interface: undefined,
  interrupts: undefined,
  features: [],
  queues: [],
  failures: 0,
  lastFailure: "",
  counters: {},
} as const;

function reportTransport({
  transport,
  usesMessages,
}: VirtioPciDevice): Omit<DeviceReport, "id" | "name" | "driver" | "slot"> {
  const { device, counters, status, queues } = transport;
  const started = status !== 0;
  return {
    state: stateOf(status),
    interface: started ? (transport.isLegacy ? "legacy" : "modern") : undefined,
    interrupts: started ? (usesMessages ? "MSI-X" : "INTx") : undefined,
    features: featureNames(device.virtioId, transport.features),
    queues: queues.map((queue, index) => reportQueue(queue, queueName(device.virtioId, index, queues.length))),
    failures: counters.failures,
    lastFailure: counters.lastFailure,
    counters: numbersOf(device.counters ?? {}),
  };
}

function stateOf(status: number): DeviceReport["state"] {
  if ((status & STATUS_NEEDS_RESET) !== 0) return "needs reset";
  if ((status & STATUS_DRIVER_OK) !== 0) return "working";
  return status === 0 ? "no driver" : "starting";
}

function reportQueue({ queue, kicks, interrupts, errors }: QueueState, name: string): QueueReport {
  return { index: queue.index, name, size: queue.size, depth: queue.depth, kicks, interrupts, errors };
}

function numbersOf(counters: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counters).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

// A bus with virtio devices and no CPU: the test is the CPU, and a mock driver its operating system.
import { Crossing } from "../src/core/crossing";
import { NotifyWindows } from "../src/core/notify_windows";
import { PciBus } from "../src/devices/pci/bus";
import { addChipset } from "../src/devices/pci/chipset";
import { Router } from "../src/devices/pci/router";
import type { VirtioDevice } from "../src/devices/virtio/device";
import { type VirtioPciDevice, VirtioPciDevice as Plugged, type VirtioPciOptions } from "../src/devices/virtio/pci";
import { type VirtioPlatform } from "../src/devices/virtio/pci";
import { MockDriver } from "../src/devices/virtio/testing/mock_driver";
import { silentLog } from "../src/shared/log";
import { type TestGuest, testGuest } from "./guest";

export interface TestBus extends TestGuest {
  readonly bus: PciBus;
  readonly crossing: Crossing;
  readonly platform: VirtioPlatform;
  /** Messages sent, as address and data. */
  readonly messages: { address: number; data: number }[];
  /** Level of each GSI. */
  readonly lines: Map<number, boolean>;
  plug(device: VirtioDevice, options?: VirtioPciOptions): VirtioPciDevice;
  /** A driver for the device in a slot. */
  driver(pci: VirtioPciDevice): MockDriver;
}

export function testBus(options: { ramBytes?: number } = {}): TestBus {
  const t = testGuest(options);
  const messages: { address: number; data: number }[] = [];
  const lines = new Map<number, boolean>();
  const interrupts = {
    raiseMsi: (address: number, data: number) => void messages.push({ address, data }),
    setIrqLine: (gsi: number, level: boolean) => void lines.set(gsi, level),
  };
  const ports = new Router();
  const mmio = new Router();
  const bus = new PciBus(ports, mmio, interrupts);
  addChipset(bus);
  const crossing = new Crossing(t.guest, t.plan, { ports, mmio, event: () => undefined });
  const windows = new NotifyWindows(t.guest);
  const platform = {
    bus,
    crossing,
    guest: t.guest,
    vring: t.exports,
    vrings: t.vrings,
    windows,
    interrupts,
    log: silentLog,
  };
  return {
    ...t,
    bus,
    crossing,
    platform,
    messages,
    lines,
    plug: (device, plugOptions) => {
      const plugged = Plugged.plug(device, platform, plugOptions);
      if (!plugged.ok) throw new Error(plugged.error);
      bus.assignResources();
      return plugged.value;
    },
    driver: (pci) => new MockDriver({ ports, mmio, guest: t.guest, slot: pci.slot }),
  };
}

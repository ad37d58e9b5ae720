import { beforeEach, describe, expect, it } from "vitest";
import * as Machine from "../../../assembly/layout/machine";
import { type TestBus, testBus } from "../../../tests/virtio";
import type { AccessSize } from "../../core/crossing";
import { gpa } from "../../shared/units";
import type { DeviceHost, VirtioDevice } from "./device";
import { bit, EVENT_IDX, INDIRECT_DESC, RING_RESET, VERSION_1 } from "./features";
import type { VirtioPciDevice } from "./pci";
import type { MockDriver } from "./testing/mock_driver";

const DATA = 0x200000;
const OWN_FEATURE = bit(5);

/** Echoes: copies what is readable to what is writable. */
class EchoDevice implements VirtioDevice {
  readonly name = "echo";
  readonly virtioId = 4;
  readonly classCode = 0x00ff00;
  readonly deviceFeatures = OWN_FEATURE;
  readonly queueSizes = [16, 8];
  readonly config = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  readonly events: string[] = [];
  host!: DeviceHost;

  attach(host: DeviceHost): void {
    this.host = host;
  }
  writeConfig(offset: number, size: AccessSize, value: number): void {
    this.events.push(`config ${offset}/${size}=${value}`);
  }
  activate(): void {
    this.events.push("activate");
  }
  onKick(index: number): void {
    this.events.push(`kick ${index}`);
    const queue = this.host.queue(index);
    queue.drain((chain) => {
      const bytes = new Uint8Array(chain.readableBytes);
      chain.read(0, bytes);
      queue.push(chain.head, chain.write(0, bytes));
      return "taken";
    });
  }
  reset(): void {
    this.events.push("reset");
  }
  resetQueue(index: number): void {
    this.events.push(`reset ${index}`);
  }
}

let t: TestBus;
let device: EchoDevice;
let pci: VirtioPciDevice;
let driver: MockDriver;

beforeEach(() => {
  t = testBus();
  device = new EchoDevice();
  pci = t.plug(device);
  driver = t.driver(pci);
});

function echo(queue: number): number {
  t.guest.write(gpa(DATA), Uint8Array.of(9, 8, 7));
  const head = driver.ring(queue).chain([
    { gpa: DATA, len: 3, writable: false },
    { gpa: DATA + 0x100, len: 8, writable: true },
  ]);
  driver.ring(queue).offer(head);
  return head;
}

function expectEchoed(queue: number, head: number): void {
  expect(driver.ring(queue).takeUsed()).toEqual([{ id: head, len: 3 }]);
  const bytes = new Uint8Array(4);
  t.guest.read(gpa(DATA + 0x100), bytes);
  expect([...bytes]).toEqual([9, 8, 7, 0]);
}

/** What the CPU does with a write to a notify register. */
function windows(): { start: bigint; length: number; port: boolean; slot: number; shift: number }[] {
  const base = t.plan.machine;
  const count = t.view.getUint32(base + Machine.notifyWindows, true);
  return Array.from({ length: count }, (_, i) => {
    const at = base + Machine.notifyWindow + i * Machine.NOTIFY_WINDOW_SIZE;
    const u32 = (offset: number): number => t.view.getUint32(at + offset, true);
    return {
      start: t.view.getBigUint64(at + Machine.notifyStart, true),
      length: u32(Machine.notifyLength),
      port: u32(Machine.notifyIsPort) === 1,
      slot: u32(Machine.notifySlot),
      shift: u32(Machine.notifyShift),
    };
  });
}

describe("identity", () => {
  it("is transitional by default: revision 0, virtio id in the subsystem", () => {
    expect(driver.configRead(0)).toBe(0x10051af4);
    expect(driver.configRead(8) & 0xff).toBe(0);
    expect(driver.configRead(0x2c)).toBe(0x00041af4);
    expect(driver.configRead(0x3d, 1)).toBe(1);
  });

  it("can be modern or legacy only", () => {
    const modern = t.driver(t.plug(new EchoDevice(), { interfaces: "modern" }));
    expect(modern.configRead(0)).toBe(0x10441af4);
    expect(modern.configRead(8) & 0xff).toBe(1);
    expect(modern.configRead(0x10)).toBe(0);
    const legacy = t.driver(t.plug(new EchoDevice(), { interfaces: "legacy", slot: 9 }));
    expect(() => legacy.structure(1)).toThrow("no capability");
    expect(legacy.configRead(0x34, 1)).toBe(0x98);
  });

  it("lists its capabilities in QEMU's order", () => {
    const found: number[] = [];
    for (let at = driver.configRead(0x34, 1); at !== 0; at = driver.configRead(at + 1, 1)) found.push(at);
    expect(found).toEqual([0x40, 0x50, 0x60, 0x70, 0x84, 0x98]);
  });

  it("refuses taken slots and too many devices", () => {
    expect(() => t.plug(new EchoDevice(), { slot: pci.slot })).toThrow("slot-taken");
    for (let i = 0; i < 29; i++) t.plug(new EchoDevice());
    expect(() => t.plug(new EchoDevice())).toThrow("no-slot");
  });
});

describe("negotiation", () => {
  it("offers exactly the device's and the transport's features", () => {
    expect(driver.offered).toBe(OWN_FEATURE | INDIRECT_DESC | EVENT_IDX | VERSION_1 | RING_RESET);
    driver.commonWrite(0, 4, 2);
    expect(driver.commonRead(4, 4)).toBe(0);
  });

  it("refuses what was not offered, and a driver without VERSION_1", () => {
    expect(driver.negotiate(VERSION_1 | bit(6))).toBe(false);
    expect(driver.negotiate(VERSION_1 | bit(63))).toBe(false);
    expect(driver.negotiate(OWN_FEATURE)).toBe(false);
    driver.driverOk();
    expect(driver.status & 4).toBe(0);
    expect(driver.negotiate(VERSION_1 | OWN_FEATURE)).toBe(true);
    expect(device.host.features).toBe(VERSION_1 | OWN_FEATURE);
  });

  it("keeps features after FEATURES_OK, and status bits until a reset", () => {
    driver.negotiate(VERSION_1);
    driver.commonWrite(8, 4, 0);
    driver.commonWrite(12, 4, 0xffffffff);
    expect(device.host.features).toBe(VERSION_1);
    driver.commonWrite(20, 1, 1);
    expect(driver.status).toBe(11);
    driver.commonWrite(20, 1, 0);
    expect(driver.status).toBe(0);
    expect(device.host.features).toBe(0n);
  });

  it("gives vectors back only if they exist", () => {
    driver.commonWrite(16, 2, 2);
    expect(driver.commonRead(16, 2)).toBe(2);
    driver.commonWrite(16, 2, 3);
    expect(driver.commonRead(16, 2)).toBe(0xffff);
  });
});

describe("the modern interface", () => {
  it("runs a queue, by its register and by its doorbell", () => {
    driver.start();
    expect(driver.commonRead(28, 2)).toBe(1);
    const first = echo(0);
    driver.kick(0);
    expectEchoed(0, first);
    const second = echo(1);
    const window = windows().find((w) => !w.port);
    expect(window).toMatchObject({ start: BigInt(driver.structure(2)), length: 8, shift: 2 });
    t.crossing.ring(window?.slot ?? -1, 1);
    t.crossing.poll();
    expectEchoed(1, second);
  });

  it("drops kicks before DRIVER_OK and makes up for them", () => {
    driver.negotiate(driver.offered);
    driver.setUpQueues();
    const head = echo(0);
    driver.kick(0);
    expect(driver.ring(0).takeUsed()).toEqual([]);
    driver.driverOk();
    expectEchoed(0, head);
    expect(device.events.slice(-3)).toEqual(["activate", "kick 0", "kick 1"]);
  });

  it("reads and writes device configuration at any size", () => {
    expect(driver.deviceConfig(0, 4)).toBe(0x04030201);
    expect(driver.deviceConfig(5, 1)).toBe(6);
    expect(driver.deviceConfig(6, 4)).toBe(0xffff0807);
    driver.writeDeviceConfig(2, 2, 0x1234);
    driver.writeDeviceConfig(6, 4, 1);
    expect(device.events).toEqual([`config 2/2=${0x1234}`]);
  });

  it("is reached through the PCI configuration window too", () => {
    driver.configWrite(0x88, 1, 4);
    driver.configWrite(0x8c, 4, 18);
    driver.configWrite(0x90, 4, 2);
    expect(driver.configRead(0x94, 2)).toBe(2);
    driver.configWrite(0x8c, 4, 0x4000);
    expect(driver.configRead(0x94, 2)).toBe(0xffff);
    driver.configWrite(0x8c, 4, 20);
    driver.configWrite(0x90, 4, 1);
    driver.configWrite(0x94, 1, 1);
    expect(driver.status).toBe(1);
  });

  it("resets a single queue", () => {
    driver.start();
    driver.commonWrite(22, 2, 1);
    driver.commonWrite(58, 2, 1);
    expect(driver.commonRead(58, 2)).toBe(0);
    expect(driver.commonRead(28, 2)).toBe(0);
    expect(device.events).toContain("reset 1");
    driver.setUpQueue(1, 4);
    const head = echo(1);
    driver.kick(1);
    expectEchoed(1, head);
  });

  it("stays alive when queues, sizes and addresses are nonsense", () => {
    driver.negotiate(driver.offered);
    driver.commonWrite(22, 2, 77);
    expect(driver.commonRead(24, 2)).toBe(0);
    driver.commonWrite(28, 2, 1);
    driver.commonWrite(22, 2, 0);
    driver.commonWrite(24, 2, 5);
    driver.commonWrite(28, 2, 1);
    expect(driver.status & 64).toBe(64);
    driver.start();
    expect(driver.status).toBe(15);
  });
});

describe("a driver that breaks the rules", () => {
  it("stops the device until it resets it", () => {
    driver.enableMsix();
    driver.negotiate(driver.offered);
    driver.commonWrite(16, 2, 0);
    driver.setUpQueues();
    driver.driverOk();
    driver.ring(0).setAvailIdx(100);
    driver.kick(0);
    expect(driver.status).toBe(15 | 64);
    expect(t.messages).toEqual([{ address: 0xfee00000, data: 0x40 }]);
    expect(pci.transport.counters).toMatchObject({ failures: 1, lastFailure: "queue 0: ring error -4" });
    expect(pci.transport.queues.map(({ errors }) => errors)).toEqual([1, 0]);
    echo(1);
    driver.kick(1);
    expect(driver.ring(1).takeUsed()).toEqual([]);
    driver.start();
    const head = echo(0);
    driver.kick(0);
    expectEchoed(0, head);
  });

  it("of a legacy device is not told, but stopped", () => {
    driver.startLegacy(0);
    driver.ring(0).setAvailIdx(100);
    driver.legacyKick(0);
    expect(driver.legacyRead(18, 1)).toBe(7);
    expect(device.host.queue(0).running).toBe(false);
  });
});

describe("interrupts", () => {
  it("go out as messages, by the queue's vector", () => {
    driver.enableMsix();
    driver.start(VERSION_1);
    echo(1);
    driver.kick(1);
    expect(t.messages).toEqual([{ address: 0xfee00000, data: 0x42 }]);
    driver.ring(1).setAvailFlags(1);
    echo(1);
    driver.kick(1);
    expect(t.messages).toHaveLength(1);
  });

  it("raise the pin until the ISR is read, unless it is disabled", () => {
    const gsi = t.bus.gsi(pci.fn) ?? -1;
    driver.start(VERSION_1);
    echo(0);
    driver.kick(0);
    expect(t.lines.get(gsi)).toBe(true);
    expect(driver.configRead(6, 2) & 8).toBe(8);
    driver.configWrite(4, 2, 0x407);
    expect(t.lines.get(gsi)).toBe(false);
    driver.configWrite(4, 2, 7);
    expect(t.lines.get(gsi)).toBe(true);
    expect(driver.read(driver.structure(3), 1)).toBe(1);
    expect(t.lines.get(gsi)).toBe(false);
    expect(driver.read(driver.structure(3), 1)).toBe(0);
  });

  it("tell of configuration changes, with a new generation", () => {
    driver.start();
    const generation = driver.commonRead(21, 1);
    device.host.configChanged();
    expect(driver.commonRead(21, 1)).not.toBe(generation);
    expect(driver.read(driver.structure(3), 1)).toBe(2);
  });
});

describe("the legacy interface", () => {
  it("negotiates 32 bits and drops what was not offered", () => {
    const offered = driver.legacyRead(0, 4);
    expect(offered).toBe(Number(OWN_FEATURE | bit(27) | INDIRECT_DESC | EVENT_IDX));
    driver.startLegacy(0xffffffff);
    expect(driver.legacyRead(4, 4)).toBe(offered);
  });

  it("runs queues at page numbers", () => {
    driver.startLegacy(0);
    expect(driver.legacyRead(12, 2)).toBe(0);
    driver.legacyWrite(14, 2, 0);
    expect(driver.legacyRead(12, 2)).toBe(16);
    expect(driver.legacyRead(8, 4)).toBe(0x100);
    const head = echo(0);
    driver.legacyKick(0);
    expectEchoed(0, head);
    expect(driver.legacyRead(19, 1)).toBe(1);
    driver.legacyWrite(14, 2, 0);
    driver.legacyWrite(8, 4, 0);
    expect(device.host.queue(0).running).toBe(false);
  });

  it("serves kicks before DRIVER_OK", () => {
    driver.startLegacy(0);
    driver.legacyWrite(18, 1, 3);
    const head = echo(0);
    driver.legacyKick(0);
    expectEchoed(0, head);
  });

  it("moves the device's configuration when MSI-X is on", () => {
    expect(driver.legacyRead(20, 4)).toBe(0x04030201);
    driver.enableMsix();
    expect(driver.legacyRead(20, 2)).toBe(0xffff);
    expect(driver.legacyRead(24, 4)).toBe(0x04030201);
    driver.legacyWrite(22, 2, 1);
    driver.legacyWrite(14, 2, 1);
    expect(driver.legacyRead(22, 2)).toBe(0xffff);
  });

  it("has a doorbell by value", () => {
    expect(windows().find((w) => w.port)).toMatchObject({
      start: BigInt(driver.barAddress(0) + 16),
      length: 2,
      shift: Machine.NOTIFY_BY_VALUE,
    });
  });
});

describe("unplugging", () => {
  it("leaves nothing behind", () => {
    driver.start();
    const free = t.vrings.freeCount;
    pci.unplug();
    expect(t.vrings.freeCount).toBe(free + 2);
    expect(driver.configRead(0)).toBe(0xffffffff);
    expect(windows().filter((w) => w.length !== 0)).toEqual([]);
    expect(device.events.at(-1)).toBe("reset");
    const again = t.driver(t.plug(new EchoDevice()));
    again.start();
    expect(again.status).toBe(15);
  });

  it("keeps what an unplugged device still does from the queues of the next", () => {
    driver.start();
    const old = pci.transport.queue(0);
    pci.unplug();
    const again = t.driver(t.plug(new EchoDevice()));
    again.start();
    expect([old.running, old.depth, old.pop()]).toEqual([false, 0, "empty"]);
    old.push(0, 0);
    old.publish();
    old.stop();
    expect(again.ring(0).takeUsed()).toEqual([]);
    expect(again.commonRead(28, 2)).toBe(1);
  });
});

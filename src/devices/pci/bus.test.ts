import { beforeEach, describe, expect, it } from "vitest";
import { PciBus } from "./bus";
import { addChipset } from "./chipset";
import { type BarSpec, PciFunction } from "./function";
import { gsiOf, IntxWires, interruptLineOf } from "./intx";
import { Msix } from "./msix";
import * as Pci from "./registers";
import { Router } from "./router";

const lines = new Map<number, boolean>();
const messages: [number, number][] = [];
const sink = {
  setIrqLine: (gsi: number, level: boolean) => void lines.set(gsi, level),
  raiseMsi: (address: number, data: number) => void messages.push([address, data]),
};
let ports: Router;
let mmio: Router;
let bus: PciBus;

const identity = {
  vendor: 0x1234,
  device: 0x5678,
  revision: 1,
  classCode: 0x010203,
  subsystemVendor: 0x1af4,
  subsystem: 0x1100,
  interruptPin: 1,
};
const echo = { read: (offset: number) => offset, write: () => undefined };

function select(slot: number, number: number, register: number): void {
  ports.write(0xcf8, 4, (0x80000000 | (slot << 11) | (number << 8) | register) >>> 0);
}

function config(slot: number, number: number, register: number, size: 1 | 2 | 4 = 4): number {
  select(slot, number, register & 0xfc);
  return ports.read(0xcfc + (register & 3), size);
}

function configure(slot: number, register: number, size: 1 | 2 | 4, value: number): void {
  select(slot, 0, register & 0xfc);
  ports.write(0xcfc + (register & 3), size, value);
}

beforeEach(() => {
  lines.clear();
  messages.length = 0;
  ports = new Router();
  mmio = new Router();
  bus = new PciBus(ports, mmio, sink);
  addChipset(bus);
});

describe("configuration mechanism #1", () => {
  it("shows the chipset, by dword, word and byte", () => {
    expect(config(0, 0, 0)).toBe(0x12378086);
    expect(config(1, 0, 0)).toBe(0x70008086);
    expect(config(1, 3, 0)).toBe(0x71138086);
    expect(config(1, 3, Pci.DEVICE_ID, 2)).toBe(0x7113);
    expect(config(1, 3, 0x5b, 1)).toBe(2);
    expect(config(1, 3, 0x40)).toBe(0x601);
    expect(config(0, 0, Pci.SUBSYSTEM_VENDOR_ID)).toBe(0x11001af4);
    expect(config(1, 0, Pci.HEADER_TYPE, 1)).toBe(0x80);
  });

  it("reads all ones where there is nothing, without enable bit, and on other buses", () => {
    expect(config(5, 0, 0)).toBe(0xffffffff);
    expect(config(1, 1, 0, 2)).toBe(0xffff);
    ports.write(0xcf8, 4, 0);
    expect(ports.read(0xcfc, 4)).toBe(0xffffffff);
    ports.write(0xcf8, 4, 0x80010000);
    expect(ports.read(0xcfc, 4)).toBe(0xffffffff);
  });

  it("reads its address back, and takes only dwords there", () => {
    ports.write(0xcf8, 4, 0xffffffff);
    expect(ports.read(0xcf8, 4)).toBe(0x80fffffc);
    ports.write(0xcf8, 1, 0);
    expect(ports.read(0xcf8, 4)).toBe(0x80fffffc);
    expect(ports.read(0xcf9, 1)).toBe(0xff);
  });

  it("keeps read-only registers", () => {
    configure(0, 0, 4, 0);
    expect(config(0, 0, 0)).toBe(0x12378086);
  });
});

describe("BARs", () => {
  let moved: (number | undefined)[];
  let fn: PciFunction;

  beforeEach(() => {
    moved = [];
    const bars: BarSpec[] = [
      { index: 0, kind: "io", size: 0x40, handler: echo },
      { index: 1, kind: "mem32", size: 0x1000, handler: echo },
      { index: 4, kind: "mem64", prefetchable: true, size: 0x4000, handler: echo, moved: (at) => moved.push(at) },
    ];
    fn = new PciFunction(identity, bars);
    bus.add(fn, 3);
    bus.assignResources();
  });

  it("are assigned, decoded and sized", () => {
    const io = config(3, 0, 0x10) & ~3;
    expect(ports.read(io + 8, 1)).toBe(8);
    const memory = (config(3, 0, 0x14) & ~15) >>> 0;
    expect(mmio.read(memory + 0x10, 4)).toBe(0x10);
    expect(memory % 0x1000).toBe(0);
    expect(config(3, 0, 0x20) & 15).toBe(Pci.BAR_64 | Pci.BAR_PREFETCH);
    expect(config(3, 0, Pci.COMMAND, 2)).toBe(7);
    expect(config(3, 0, Pci.INTERRUPT_LINE, 1)).toBe(interruptLineOf(3, 1));
    for (const [register, size] of [
      [0x10, 0xffffffc1],
      [0x14, 0xfffff000],
      [0x20, 0xffffc00c],
      [0x24, 0xffffffff],
    ] as const) {
      configure(3, register, 4, 0xffffffff);
      expect(config(3, 0, register)).toBe(size);
    }
    // While they are sized they answer nowhere.
    expect(moved.at(-1)).toBeUndefined();
    expect(ports.read(io + 8, 1)).toBe(0xff);
  });

  it("move at run time and vanish without decoding", () => {
    configure(3, 0x20, 4, 0x40000000);
    configure(3, 0x24, 4, 0x2);
    expect(moved.at(-1)).toBe(0x240000000);
    expect(mmio.read(0x240000010, 4)).toBe(0x10);
    configure(3, Pci.COMMAND, 2, 0);
    expect(moved.at(-1)).toBeUndefined();
    expect(mmio.read(0x240000010, 4)).toBe(0xffffffff);
    configure(3, Pci.COMMAND, 2, Pci.COMMAND_MEMORY);
    expect(mmio.read(0x240000010, 2)).toBe(0x10);
  });

  it("leave with their function", () => {
    bus.remove(fn);
    expect(config(3, 0, 0)).toBe(0xffffffff);
    expect(moved.at(-1)).toBeUndefined();
    bus.add(fn, 4);
    bus.assignResources();
    expect(moved.at(-1)).toBeDefined();
  });

  it("do not overlap", () => {
    for (let slot = 5; slot < 32; slot++) {
      bus.add(
        new PciFunction(identity, [{ index: 0, kind: "mem32", size: 0x1000 << (slot % 4), handler: echo }]),
        slot,
      );
    }
    bus.assignResources();
    const ranges = Array.from({ length: 27 }, (_, i) => [config(i + 5, 0, 0x10), 0x1000 << ((i + 5) % 4)] as const);
    const sorted = ranges.toSorted((a, b) => a[0] - b[0]);
    for (const [i, [start, size]] of sorted.entries()) {
      expect(start % size).toBe(0);
      expect(start + size).toBeLessThanOrEqual(sorted[i + 1]?.[0] ?? 0xfec00000);
    }
  });
});

describe("interrupt wires", () => {
  it("follow SeaBIOS's swizzle", () => {
    expect([1, 2, 3, 4, 5].map((slot) => gsiOf(slot, 1))).toEqual([16, 17, 18, 19, 16]);
    expect(gsiOf(2, 2)).toBe(18);
    expect([1, 2, 3, 4].map((slot) => interruptLineOf(slot, 1))).toEqual([10, 10, 11, 11]);
  });

  it("are shared, and reach the PIC through the PIRQ registers", () => {
    const wires = new IntxWires(sink);
    const [a, b] = [{}, {}];
    wires.drive(a, 0, true);
    wires.drive(b, 0, true);
    expect([lines.get(16), lines.get(10)]).toEqual([true, true]);
    wires.drive(a, 0, false);
    expect(lines.get(16)).toBe(true);
    wires.route(0, 5);
    expect([lines.get(10), lines.get(5)]).toEqual([false, true]);
    wires.route(0, 0x80);
    expect(lines.get(5)).toBe(false);
    wires.drive(b, 0, false);
    expect(lines.get(16)).toBe(false);
  });

  it("are programmed through the PIIX3", () => {
    const fn = new PciFunction(identity);
    bus.add(fn, 5);
    bus.setInterrupt(fn, true);
    expect([lines.get(16), lines.get(10)]).toEqual([true, true]);
    configure(1, 0x60, 1, 0x80);
    expect([lines.get(16), lines.get(10)]).toEqual([true, false]);
  });
});

describe("MSI-X", () => {
  it("sends, holds back while masked, and lets go", () => {
    const msix = new Msix(3, sink);
    const fn = new PciFunction(identity, [{ index: 1, kind: "mem32", size: 0x1000, handler: msix }]);
    msix.attach(fn, 0x98, 1);
    fn.onWritten = () => msix.controlChanged();
    expect(fn.u16(0x9a)).toBe(2);
    expect(fn.u32(0x9c)).toBe(1);
    expect(fn.u32(0xa0)).toBe(0x801);
    msix.raise(0);
    fn.write(0x9a, 2, 0x8000);
    msix.write(16, 4, 0xfee01000);
    msix.write(24, 4, 0x41);
    msix.raise(1);
    expect(messages).toEqual([]);
    expect(msix.read(0x800, 4)).toBe(2);
    fn.write(0x9a, 2, 0xc000);
    msix.write(28, 4, 0);
    expect(messages).toEqual([]);
    fn.write(0x9a, 2, 0x8000);
    expect(messages).toEqual([[0xfee01000, 0x41]]);
    expect(msix.read(0x800, 4)).toBe(0);
    msix.raise(1);
    msix.raise(3);
    msix.raise(0xffff);
    expect(messages).toHaveLength(2);
    msix.write(48, 4, 1);
    msix.write(0xffc, 4, 1);
    expect(msix.read(48, 4)).toBe(0);
    msix.reset();
    expect(msix.enabled).toBe(false);
  });
});

describe("the SMBus controller", () => {
  it("finds no device and says so", () => {
    expect(ports.read(0x700, 1)).toBe(0);
    ports.write(0x702, 1, 0x48);
    expect(ports.read(0x700, 1)).toBe(4);
    ports.write(0x700, 1, 4);
    expect(ports.read(0x700, 1)).toBe(0);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { BUS_SELECT, HOTPLUG_PORT, PciHotplug, SLOT_DOWN, SLOT_EJECT, SLOT_UP } from "./hotplug";
import { Router } from "./router";

let ports: Router;
let hotplug: PciHotplug;
let events: number;
let gone: number[];

beforeEach(() => {
  ports = new Router();
  events = 0;
  gone = [];
  hotplug = new PciHotplug(ports, {
    notify: () => void events++,
    ejected: (slot) => void gone.push(slot),
    removable: () => (1 << 5) | (1 << 31),
  });
});

const read = (register: number): number => ports.read(HOTPLUG_PORT + register, 4);
const write = (register: number, value: number): void => ports.write(HOTPLUG_PORT + register, 4, value);

describe("PCI hot-plug", () => {
  it("tells of a new device once", () => {
    hotplug.plugged(31);
    expect(events).toBe(1);
    expect(read(SLOT_UP)).toBe(0x80000000);
    expect(read(SLOT_UP)).toBe(0);
  });

  it("keeps asking for a slot until it is ejected", () => {
    hotplug.requestEject(5);
    expect([events, read(SLOT_DOWN), read(SLOT_DOWN), hotplug.isPending(5)]).toEqual([1, 32, 32, true]);
    write(SLOT_EJECT, 1 << 5);
    expect([gone, read(SLOT_DOWN), hotplug.isPending(5)]).toEqual([[5], 0, false]);
  });

  it("lets the guest eject unasked what can be removed, and nothing else", () => {
    write(SLOT_EJECT, 0xffffffff);
    expect(gone).toEqual([5, 31]);
    expect(read(12)).toBe(0x80000020);
    ports.write(HOTPLUG_PORT + SLOT_EJECT, 1, 0xff);
    expect(gone).toHaveLength(2);
  });

  it("knows one bus", () => {
    hotplug.requestEject(5);
    write(BUS_SELECT, 1);
    write(SLOT_EJECT, 1 << 5);
    expect([read(BUS_SELECT), read(SLOT_DOWN), gone]).toEqual([1, 0, []]);
  });

  it("takes out at a reset what the guest was asked for", () => {
    hotplug.plugged(4);
    hotplug.requestEject(5);
    hotplug.reset();
    expect([gone, read(SLOT_UP), read(SLOT_DOWN)]).toEqual([[5], 0, 0]);
  });
});

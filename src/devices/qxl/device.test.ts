import { describe, expect, it } from "vitest";
import { Bytes, copy, fill, testQxl } from "../../../tests/qxl";
import * as Q from "./protocol";

const BOX = [4, 2, 8, 4] as const;

describe("the device", () => {
  it("shows its ROM and rings as drivers look for them", () => {
    const t = testQxl();
    const rom = t.pci.fn.bars.find((bar) => bar.index === 2);
    expect(rom?.handler.read(0, 4)).toBe(0x4f525851);
    expect(rom?.handler.read(44, 4)).toBe(t.driver.header - t.driver.ram);
    expect(t.driver.word(0)).toBe(Q.RAM_MAGIC);
    expect(t.driver.word(Q.RAM_COMMAND_RING + Q.RING_NUM_ITEMS)).toBe(32);
    expect(t.driver.word(Q.RAM_COMMAND_RING + Q.RING_NOTIFY_ON_PROD)).toBe(1);
    expect(t.driver.word(Q.RAM_RELEASE_RING + Q.RING_NUM_ITEMS)).toBe(8);
  });

  it("gives the guest its memory at the BARs' addresses, and takes it away", () => {
    const t = testQxl();
    const address = t.pci.memory[0]?.address ?? 0;
    expect(t.exports.physForRead(t.plan.machine, address | 0, 0)).toBe(t.driver.ram);
    expect(t.exports.physForWrite(t.plan.machine, (address + 0x5000) | 0, 0, 4)).toBe(t.driver.ram + 0x5000);
    t.pci.fn.write(0x04, 2, 0);
    expect(t.pci.memory[0]?.address).toBeUndefined();
    expect(t.exports.physForRead(t.plan.machine, address | 0, 0)).toBe(0);
    t.pci.fn.write(0x10, 4, 0xd0000000);
    t.pci.fn.write(0x04, 2, 7);
    expect(t.exports.physForRead(t.plan.machine, 0xd0001000 | 0, 0)).toBe(t.driver.ram + 0x1000);
  });

  it("shows more video memory through a 64-bit BAR, where the first part is the same", () => {
    const t = testQxl({ vram64MiB: 16 });
    const [, vram, vram64] = t.pci.memory;
    expect([vram?.bytes, vram64?.bytes]).toEqual([8 << 20, 16 << 20]);
    const host = (gpa: number | undefined): number => t.exports.physForRead(t.plan.machine, (gpa ?? 0) | 0, 0);
    expect(host(vram64?.address)).not.toBe(0);
    expect(host(vram64?.address)).toBe(host(vram?.address));
    expect(host((vram64?.address ?? 0) + (15 << 20))).toBe((vram64?.host ?? 0) + (15 << 20));
  });

  it("keeps the guest from writing its ROM", () => {
    const t = testQxl();
    const bar = t.pci.fn.bars.find(({ index }) => index === 2);
    const address = (bar === undefined ? undefined : t.pci.fn.barAddress(bar)) ?? 0;
    expect(t.exports.physForRead(t.plan.machine, address | 0, 0)).not.toBe(0);
    expect(t.exports.physForWrite(t.plan.machine, address | 0, 0, 4)).toBe(0);
  });

  it("draws, releases and interrupts", () => {
    const t = testQxl();
    t.driver.start();
    t.driver.setWord(Q.RAM_INT_MASK, 0x27);
    t.driver.draw(1, BOX, fill(0x123456));
    expect(t.driver.pixels(3, 2, 6, 1)).toEqual([0, 0x123456, 0x123456, 0x123456, 0x123456, 0]);
    expect(t.pin()).toBe(false);
    t.driver.port(Q.IO_NOTIFY_OOM);
    // The release ring's first item is the drawable's id, and its consumer was not waited for.
    expect(t.driver.word(Q.RAM_RELEASE_RING + Q.RING_PROD)).toBe(1);
    expect(t.driver.word(Q.RAM_RELEASE_RING + Q.RING_ITEMS)).toBe(77);
    expect(t.pin()).toBe(true);
    expect(t.driver.word(Q.RAM_INT_PENDING)).toBe(Q.INTERRUPT_DISPLAY);
    t.driver.setWord(Q.RAM_INT_PENDING, 0);
    t.driver.port(Q.IO_UPDATE_IRQ);
    expect(t.pin()).toBe(false);
  });

  it("chains released resources", () => {
    const t = testQxl();
    t.driver.start();
    const first = t.driver.drawable(1, BOX, fill(1));
    const second = t.driver.drawable(1, BOX, fill(2));
    t.driver.write(second, new Bytes(8).u32(0, 78, 5).bytes);
    t.driver.push(Q.CMD_DRAW, first);
    t.driver.submit(Q.CMD_DRAW, second);
    t.driver.port(Q.IO_FLUSH_RELEASE);
    expect(t.driver.word(Q.RAM_RELEASE_RING + Q.RING_ITEMS)).toBe(77);
    expect([...t.driver.read(first, 8)]).toEqual([78, 0, 0, 0, 5, 0, 0, 0]);
    expect([...t.driver.read(second, 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("has drawn everything when UPDATE_AREA is done, though nobody rang", () => {
    const t = testQxl();
    t.driver.start();
    t.driver.setWord(Q.RAM_INT_MASK, 0x27);
    for (let i = 0; i < 10; i++) t.driver.push(Q.CMD_DRAW, t.driver.drawable(1, BOX, fill(i)));
    t.driver.port(Q.IO_UPDATE_AREA_ASYNC);
    expect(t.driver.pixels(4, 2, 1, 1)).toEqual([9]);
    expect(t.driver.word(Q.RAM_INT_PENDING)).toBe(Q.INTERRUPT_IO_CMD);
    expect(t.pin()).toBe(true);
  });

  it("tells of room in the ring to a driver that waits", () => {
    const t = testQxl();
    t.driver.start();
    t.driver.setWord(Q.RAM_COMMAND_RING + Q.RING_NOTIFY_ON_CONS, 1);
    t.driver.draw(1, BOX, fill(1));
    expect(t.driver.word(Q.RAM_INT_PENDING)).toBe(Q.INTERRUPT_DISPLAY);
  });

  it("takes commands while there is no primary surface, and gives back what they were in", () => {
    const t = testQxl();
    t.driver.start();
    t.driver.port(Q.IO_DESTROY_PRIMARY);
    t.driver.setWord(Q.RAM_COMMAND_RING + Q.RING_NOTIFY_ON_CONS, 1);
    t.driver.draw(1, BOX, fill(1));
    expect(t.driver.word(Q.RAM_COMMAND_RING + Q.RING_CONS)).toBe(1);
    expect(t.driver.word(Q.RAM_INT_PENDING)).toBe(Q.INTERRUPT_DISPLAY);
    expect(t.pci.device.counters).toMatchObject({ dropped: 1, released: 1, guestBugs: 0 });
  });

  it("keeps the memory of a surface's command as long as the surface", () => {
    const t = testQxl();
    t.driver.start();
    const create = new Bytes(Q.SURFACE_CMD_BYTES).u32(0, 5).u32(8, 3).u32(17, 32, 4, 4, 16).physical(33, 0x700000);
    t.driver.submit(Q.CMD_SURFACE, t.driver.place(create.bytes));
    t.driver.draw(1, [0, 0, 4, 4], fill(0xabcdef), { surface: 3 });
    t.driver.port(Q.IO_FLUSH_RELEASE);
    expect(t.driver.word(Q.RAM_RELEASE_RING + Q.RING_ITEMS)).toBe(77);
    const image = t.driver.place(new Bytes(22).u8(8, 104).u32(18, 3).bytes);
    t.driver.draw(3, [0, 0, 4, 4], copy(image, [0, 0, 4, 4]));
    expect(t.driver.pixels(3, 3, 2, 1)).toEqual([0xabcdef, 0]);
    t.driver.port(Q.IO_FLUSH_RELEASE);
    t.driver.port(Q.IO_DESTROY_SURFACE_ASYNC, 3);
    t.driver.port(Q.IO_FLUSH_RELEASE);
    expect(t.driver.word(Q.RAM_RELEASE_RING + Q.RING_ITEMS + 16)).toBe(5);
  });

  it("stops at a driver's mistake until it is reset", () => {
    const t = testQxl();
    t.driver.start();
    t.driver.submit(Q.CMD_DRAW, 0x2000000);
    expect(t.pci.device.counters.guestBugs).toBe(1);
    expect(t.driver.word(Q.RAM_INT_PENDING) & Q.INTERRUPT_ERROR).toBe(Q.INTERRUPT_ERROR);
    t.driver.draw(1, BOX, fill(1));
    t.driver.port(Q.IO_UPDATE_AREA_ASYNC);
    expect(t.driver.pixels(4, 2, 1, 1)).toEqual([0]);
    t.driver.port(Q.IO_RESET);
    t.driver.start();
    t.driver.draw(1, BOX, fill(1));
    expect(t.driver.pixels(4, 2, 1, 1)).toEqual([1]);
  });

  it("draws in a mode of the table for drivers of the first revision", () => {
    const t = testQxl();
    const [ram] = t.pci.memory;
    t.driver.port(Q.IO_SET_MODE, 1);
    expect(t.pci.device.mode).toBe("compat");
    const drawable = new Bytes(Q.COMPAT_DRAWABLE_BYTES).u32(0, 1).u8(9, 1).rect(28, [0, 0, 2, 1]).copy(60, fill(0x55));
    const at = t.driver.place(drawable.bytes);
    const prod = t.driver.header - t.driver.ram + Q.RAM_COMMAND_RING + Q.RING_ITEMS;
    t.driver.push(Q.CMD_DRAW, 0);
    // Slot 0, bus addresses.
    t.driver.write(prod, new Bytes(8).u32(0, (ram?.address ?? 0) + at, 0).bytes);
    t.pci.device.kick();
    // The picture is upside down in memory.
    expect(t.view.getUint32(t.driver.ram + 479 * 640 * 4, true) & 0xffffff).toBe(0x55);
  });

  it("tells a driver that listens of the window's size", () => {
    const t = testQxl();
    t.pci.device.suggestSize({ width: 800, height: 600 });
    expect(t.driver.word(Q.RAM_INT_PENDING)).toBe(0);
    t.driver.setWord(Q.RAM_INT_MASK, 0x27);
    t.pci.device.suggestSize({ width: 808, height: 600 });
    expect(t.driver.word(Q.RAM_INT_PENDING)).toBe(Q.INTERRUPT_CLIENT_MONITORS_CONFIG);
    const rom = t.pci.fn.bars.find((bar) => bar.index === 2)?.handler;
    expect(rom?.read(132, 2)).toBe(1);
    expect([rom?.read(144, 4), rom?.read(148, 4)]).toEqual([600, 808]);
  });
});

// A QXL device without a CPU: the test is the driver and writes commands into the device's memory as one would.
import { Crossing } from "../src/core/crossing";
import { DeviceMemory } from "../src/core/device_memory";
import { NotifyWindows } from "../src/core/notify_windows";
import type { Display } from "../src/backends/display/types";
import { PciBus } from "../src/devices/pci/bus";
import { Router } from "../src/devices/pci/router";
import type { QxlOptions } from "../src/devices/qxl/config";
import { QxlPciDevice, qxlMemoryBytes } from "../src/devices/qxl/pci";
import * as Q from "../src/devices/qxl/protocol";
import { silentLog } from "../src/shared/log";
import { testGuest, type TestGuest } from "./guest";

const MAIN_SLOT = 1;
const HEADER_SPACE = 0x2000;

/** Bytes of a struct that is written field by field. */
export class Bytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.#view = new DataView(this.bytes.buffer);
  }

  u8(at: number, value: number): this {
    this.#view.setUint8(at, value);
    return this;
  }

  u16(at: number, value: number): this {
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(at: number, ...values: number[]): this {
    values.forEach((value, i) => this.#view.setUint32(at + i * 4, value, true));
    return this;
  }

  /** An offset in the slot of the RAM as a QXLPHYSICAL; undefined is 0. */
  physical(at: number, offset: number | undefined, slot = MAIN_SLOT): this {
    return offset === undefined ? this.u32(at, 0, 0) : this.u32(at, offset, slot << 24);
  }

  /** left, top, right, bottom, in QXLRect's order. */
  rect(at: number, [left, top, right, bottom]: readonly [number, number, number, number]): this {
    return this.u32(at, top, left, bottom, right);
  }

  copy(at: number, bytes: Uint8Array): this {
    this.bytes.set(bytes, at);
    return this;
  }
}

export interface TestQxl extends TestGuest {
  readonly pci: QxlPciDevice;
  readonly driver: QxlDriver;
  /** Level of the interrupt pin. */
  readonly pin: () => boolean;
  readonly ports: Router;
  readonly bus: PciBus;
}

export function testQxl(options: Partial<QxlOptions> = {}, display?: Display): TestQxl {
  const full: QxlOptions = { primary: false, ramMiB: 16, vramMiB: 8, vgamemMiB: 8, ...options };
  const t = testGuest({ deviceBytes: qxlMemoryBytes(full) + 65536 });
  const lines = new Map<number, boolean>();
  const ports = new Router();
  const mmio = new Router();
  const bus = new PciBus(ports, mmio, {
    raiseMsi: () => undefined,
    setIrqLine: (gsi, level) => void lines.set(gsi, level),
  });
  const crossing = new Crossing(t.guest, t.plan, { ports, mmio, event: () => undefined });
  const platform = {
    bus,
    crossing,
    guest: t.guest,
    exports: t.exports,
    memory: new DeviceMemory(t.guest, t.plan),
    windows: new NotifyWindows(t.guest),
    log: silentLog,
  };
  const nobody = { requestFrame: () => undefined, onAttached: () => undefined, attached: false };
  const plugged = QxlPciDevice.plug(platform, display ?? nobody, full);
  if (!plugged.ok) throw new Error(plugged.error);
  const pci = plugged.value;
  pci.powerOn();
  bus.assignResources();
  const pin = (): boolean => lines.get(bus.gsi(pci.fn) ?? -1) ?? false;
  return { ...t, pci, driver: new QxlDriver(t, pci), pin, ports, bus };
}

/** Allocates from the RAM behind the primary surface, and never frees. */
export class QxlDriver {
  readonly ram: number;
  readonly header: number;
  #t: TestGuest;
  #pci: QxlPciDevice;
  #next = 0x800000;

  constructor(t: TestGuest, pci: QxlPciDevice) {
    this.#t = t;
    this.#pci = pci;
    const bar = pci.memory[0];
    if (bar?.address === undefined) throw new Error("the RAM BAR is not mapped");
    this.ram = bar.host;
    this.header = bar.host + bar.bytes - HEADER_SPACE;
  }

  port(port: number, value = 0): void {
    this.#pci.device.writePort(port, value);
  }

  /** Host address of an offset in the RAM. */
  at(offset: number): number {
    return this.ram + offset;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#t.guest.copyIn(this.ram + offset, bytes);
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#t.guest.copyOut(this.ram + offset, bytes);
    return bytes;
  }

  word(offset: number): number {
    return this.#t.view.getUint32(this.header + offset, true);
  }

  setWord(offset: number, value: number): void {
    this.#t.view.setUint32(this.header + offset, value, true);
  }

  /** Puts bytes somewhere; answers their offset. */
  place(bytes: Uint8Array): number {
    const offset = this.#next;
    this.#next = Math.ceil((offset + bytes.length) / 16) * 16;
    this.write(offset, bytes);
    return offset;
  }

  /** Slot 1: all of the RAM before its header. */
  addSlot(): void {
    const bar = this.#pci.memory[0];
    const start = bar?.address ?? 0;
    this.setWord(Q.RAM_MEMSLOT, start);
    this.setWord(Q.RAM_MEMSLOT + 8, start + (bar?.bytes ?? 0) - HEADER_SPACE);
    this.port(Q.IO_MEMSLOT_ADD, MAIN_SLOT);
  }

  createPrimary(width: number, height: number, format = 32, bytesPerPixel = 4): void {
    const at = this.header - this.ram + Q.RAM_CREATE_SURFACE;
    const stride = Math.ceil((width * bytesPerPixel) / 4) * 4;
    this.write(at, new Bytes(40).u32(0, width, height, stride, format).physical(32, 0).bytes);
    this.port(Q.IO_CREATE_PRIMARY);
  }

  /** The usual beginning: slot, primary surface of 32 bits. */
  start(width = 64, height = 32): void {
    this.addSlot();
    this.createPrimary(width, height);
  }

  /** Puts a command into the ring without telling; `data` is an offset. */
  push(type: number, data: number, ring: number = Q.RAM_COMMAND_RING): void {
    const prod = this.word(ring + Q.RING_PROD);
    const item = this.header - this.ram + ring + Q.RING_ITEMS + (prod % Q.COMMAND_RING_ITEMS) * Q.COMMAND_BYTES;
    this.write(item, new Bytes(16).physical(0, data).u32(8, type).bytes);
    this.setWord(ring + Q.RING_PROD, prod + 1);
  }

  submit(type: number, data: number, ring?: number): void {
    this.push(type, data, ring);
    this.#pci.device.kick();
  }

  /** A QXLDrawable; `u` is the operation's struct. Answers its offset. */
  drawable(
    type: number,
    box: readonly [number, number, number, number],
    u: Uint8Array,
    more: { clip?: number; surface?: number } = {},
  ): number {
    const drawable = new Bytes(Q.DRAWABLE_BYTES)
      .u32(0, 77)
      .u32(8, more.surface ?? 0)
      .u8(13, type)
      .rect(31, box);
    if (more.clip !== undefined) drawable.u32(47, 1).physical(51, more.clip);
    return this.place(drawable.copy(123, u).bytes);
  }

  draw(...drawable: Parameters<QxlDriver["drawable"]>): void {
    this.submit(Q.CMD_DRAW, this.drawable(...drawable));
  }

  /** A top-down bitmap in one chunk. */
  bitmap(format: number, width: number, height: number, stride: number, data: Uint8Array, palette?: number): number {
    const chunk = this.place(
      new Bytes(Q.CHUNK_BYTES + data.length).u32(0, data.length).copy(Q.CHUNK_BYTES, data).bytes,
    );
    const image = new Bytes(48).u32(10, width, height).u8(18, format).u8(19, 4).u32(20, width, height, stride);
    return this.place(image.physical(32, palette).physical(40, chunk).bytes);
  }

  bitmap32(width: number, height: number, pixels: readonly number[], format = 8): number {
    return this.bitmap(format, width, height, width * 4, new Uint8Array(Uint32Array.from(pixels).buffer));
  }

  clip(...rects: (readonly [number, number, number, number])[]): number {
    const bytes = new Bytes(4 + Q.CHUNK_BYTES + rects.length * 16).u32(0, rects.length, rects.length * 16);
    rects.forEach((rect, i) => bytes.rect(4 + Q.CHUNK_BYTES + i * 16, rect));
    return this.place(bytes.bytes);
  }

  /** Pixels of the primary surface, without the unused byte. */
  pixels(left: number, top: number, width: number, height: number, pitch = 64): number[] {
    const found: number[] = [];
    for (let y = top; y < top + height; y++) {
      for (let x = left; x < left + width; x++) {
        found.push(this.#t.view.getUint32(this.ram + (y * pitch + x) * 4, true) & 0xffffff);
      }
    }
    return found;
  }
}

const PUT = 8;

/** QXLFill with a solid brush. */
export function fill(color: number, rop = PUT): Uint8Array {
  return new Bytes(39).u32(0, 1, color).u16(20, rop).bytes;
}

/** QXLCopy without mask. */
export function copy(image: number, area: readonly [number, number, number, number], rop = PUT, scale = 1): Uint8Array {
  return new Bytes(44).physical(0, image).rect(8, area).u16(24, rop).u8(26, scale).bytes;
}

import { describe, expect, it } from "vitest";
import { testGuest } from "../../../tests/guest";
import { DeviceMemory } from "../../core/device_memory";
import { Router } from "../pci/router";
import { Scanout } from "../qxl/scanout";
import { Scratch, scratchBytes } from "../qxl/scratch";
import { Vga, VGA_MEMORY_BYTES } from "./device";
import { makeFont } from "./font";

const ARENA = 2 << 20;
const TEXT = 0xb8000;

function machine() {
  const t = testGuest({ deviceBytes: VGA_MEMORY_BYTES + scratchBytes(ARENA) + 65536 });
  const memory = new DeviceMemory(t.guest, t.plan);
  const ports = new Router();
  const mmio = new Router();
  const nobody = { requestFrame: () => undefined, onAttached: () => undefined, attached: false };
  const scratch = new Scratch(t.guest, memory.take(scratchBytes(ARENA)) ?? 0, scratchBytes(ARENA));
  const scanout = new Scanout(nobody, t.exports, scratch);
  const vga = Vga.attach({ guest: t.guest, memory, ports, mmio }, scanout);
  if (vga === undefined) throw new Error("no memory");
  vga.reset();
  vga.show(true);
  const host = (gpa: number): number => t.exports.physForRead(t.plan.machine, gpa, 0);
  const set = (port: number, index: number, value: number): void => {
    ports.write(port, 1, index);
    ports.write(port + 1, 1, value);
  };
  /** A dot of the picture as RGB. */
  const dot = (x: number, y: number): number => {
    const { pixels, width } = scanout.snapshot() ?? { pixels: new Uint8ClampedArray(4), width: 1 };
    const at = (y * width + x) * 4;
    return ((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0);
  };
  return { t, vga, ports, mmio, scanout, host, set, dot };
}

describe("VGA text", () => {
  it("shows what is in the text memory, which is memory of the guest", () => {
    const { t, host, dot, scanout, vga } = machine();
    expect([scanout.snapshot()?.width, scanout.snapshot()?.height]).toEqual([720, 400]);
    expect(host(TEXT)).not.toBe(0);
    // A full block in yellow on blue, in the second cell of the second row.
    t.view.setUint16(host(TEXT) + (80 + 1) * 2, 0x1edb, true);
    expect(dot(9, 16)).toBe(0xffff55);
    expect(dot(16, 31)).toBe(0xffff55);
    // The ninth dot of line graphics only repeats the eighth.
    expect(dot(17, 16)).toBe(0xffff55);
    expect(dot(18, 16)).toBe(0);
    vga.show(false);
  });

  it("has a cursor where the CRTC says, and scrolls by its start address", () => {
    const { t, host, dot, set, vga } = machine();
    set(0x3d4, 14, 0);
    set(0x3d4, 15, 80);
    expect(dot(0, 16 + 13)).toBe(0xaaaaaa);
    expect(dot(0, 16 + 12)).toBe(0);
    set(0x3d4, 10, 0x20);
    expect(dot(0, 16 + 13)).toBe(0);
    t.view.setUint16(host(TEXT) + 80 * 2, 0x0fdb, true);
    set(0x3d4, 13, 80);
    expect(dot(0, 0)).toBe(0xffffff);
    vga.show(false);
  });

  it("takes a font and colours of the guest's own", () => {
    const { t, mmio, ports, host, dot, set, vga } = machine();
    t.view.setUint16(host(TEXT), 0x0741, true);
    // As the kernel does it: plane 2 alone, one address after the other, at A0000.
    set(0x3c4, 2, 4);
    set(0x3c4, 4, 7);
    set(0x3ce, 4, 2);
    set(0x3ce, 5, 0);
    set(0x3ce, 6, 0);
    expect(host(TEXT)).toBe(0);
    mmio.write(0xa0000 + 0x41 * 32, 1, 0x80);
    expect(mmio.read(0xa0000 + 0x41 * 32, 1)).toBe(0x80);
    set(0x3c4, 2, 3);
    set(0x3c4, 4, 2);
    set(0x3ce, 4, 0);
    set(0x3ce, 5, 0x10);
    set(0x3ce, 6, 0x0e);
    expect(dot(0, 0)).toBe(0xaaaaaa);
    expect(dot(1, 0)).toBe(0);
    ports.write(0x3c8, 1, 7);
    for (const part of [63, 0, 32]) ports.write(0x3c9, 1, part);
    expect(dot(0, 0)).toBe(0xff0082);
    vga.show(false);
  });

  it("survives any value in any register and any access to its window", () => {
    const { t, mmio, ports, scanout, vga } = machine();
    let state = 9;
    const next = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let i = 0; i < 3000; i++) {
      ports.write(0x3b0 + next(0x30), next(2) === 0 ? 1 : 2, next(65536));
      ports.read(0x3b0 + next(0x30), next(2) === 0 ? 1 : 4);
      const at = 0xa0000 + next(0x20000 - 4);
      mmio.write(at, 4, next(2 ** 32));
      mmio.read(at, 2);
      if (i % 300 === 0) scanout.snapshot();
    }
    vga.reset();
    vga.show(true);
    expect(scanout.snapshot()).toMatchObject({ width: 720, height: 400 });
    expect(t.exports.physForRead(t.plan.machine, TEXT, 0)).not.toBe(0);
    vga.show(false);
  });
});

describe("the font", () => {
  it("has a shape of its own for every printable character", () => {
    const font = makeFont();
    const shapes = new Set<string>();
    for (let code = 0x21; code < 0x7f; code++) shapes.add(String(font.subarray(code * 32, code * 32 + 16)));
    expect(shapes.size).toBe(0x7f - 0x21);
    expect(font.subarray(0x20 * 32, 0x21 * 32).every((row) => row === 0)).toBe(true);
  });
});

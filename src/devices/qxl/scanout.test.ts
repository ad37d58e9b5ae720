import { describe, expect, it } from "vitest";
import type { Display, Frame } from "../../backends/display/types";
import { Bytes, fill, testQxl } from "../../../tests/qxl";
import * as Q from "./protocol";

/** A screen in memory: what a person would see after the last frame. */
class TestDisplay implements Display, Frame {
  onAttached: () => void = () => undefined;
  readonly attached = true;
  width = 0;
  height = 0;
  puts = 0;
  #pixels = new Uint8Array(0);
  #draw: ((frame: Frame) => void) | undefined;

  requestFrame(draw: (frame: Frame) => void): void {
    this.#draw = draw;
  }

  frame(): void {
    const draw = this.#draw;
    this.#draw = undefined;
    draw?.(this);
  }

  resize(width: number, height: number): void {
    if (width === this.width && height === this.height) return;
    this.width = width;
    this.height = height;
    this.#pixels = new Uint8Array(width * height * 4);
  }

  put(left: number, top: number, width: number, height: number, pixels: Uint8ClampedArray): void {
    this.puts += width * height;
    for (let y = 0; y < height; y++) {
      const row = pixels.subarray(y * width * 4, (y + 1) * width * 4);
      this.#pixels.set(row, ((top + y) * this.width + left) * 4);
    }
  }

  rgb(x: number, y: number): number[] {
    return [...this.#pixels.subarray((y * this.width + x) * 4, (y * this.width + x) * 4 + 3)];
  }
}

function cursor(type: number, size: number, data: Uint8Array): Uint8Array {
  const shape = new Bytes(42 + data.length).u16(8, type).u16(10, size).u16(12, size).u16(14, 1).u16(16, 1);
  shape.u32(18, data.length, data.length).copy(42, data);
  return shape.bytes;
}

describe("what is shown", () => {
  it("follows what is drawn, by damage only", () => {
    const display = new TestDisplay();
    const t = testQxl({}, display);
    t.driver.start();
    display.frame();
    expect([display.width, display.height, display.puts]).toEqual([64, 32, 64 * 32]);
    display.puts = 0;
    t.driver.draw(1, [2, 3, 4, 4], fill(0x102030));
    expect(display.rgb(2, 3)).toEqual([0, 0, 0]);
    display.frame();
    expect(display.rgb(2, 3)).toEqual([0x10, 0x20, 0x30]);
    expect(display.puts).toBe(2);
  });

  it("lays the cursor over the picture and takes it away again", () => {
    const display = new TestDisplay();
    const t = testQxl({}, display);
    t.driver.start();
    t.driver.draw(1, [0, 0, 64, 32], fill(0x646464));
    const data = new Uint8Array(Uint32Array.of(0xff0000ff, 0x80800000, 0, 0).buffer);
    const shape = cursor(0, 2, data);
    const set = new Bytes(150).u8(8, 0).u16(9, 11).u16(11, 6).u8(13, 1).physical(14, t.driver.place(shape));
    t.driver.submit(Q.CMD_CURSOR, t.driver.place(set.bytes), Q.RAM_CURSOR_RING);
    display.frame();
    // The hot spot (1, 1) is at (11, 6).
    expect(display.rgb(10, 5)).toEqual([0, 0, 255]);
    expect(display.rgb(11, 5)).toEqual([178, 50, 50]);
    expect(display.rgb(10, 6)).toEqual([100, 100, 100]);
    const move = new Bytes(150).u8(8, 1).u16(9, 1).u16(11, 1);
    t.driver.submit(Q.CMD_CURSOR, t.driver.place(move.bytes), Q.RAM_CURSOR_RING);
    display.frame();
    expect(display.rgb(10, 5)).toEqual([100, 100, 100]);
    expect(display.rgb(0, 0)).toEqual([0, 0, 255]);
    t.driver.submit(Q.CMD_CURSOR, t.driver.place(new Bytes(150).u8(8, 2).bytes), Q.RAM_CURSOR_RING);
    display.frame();
    expect(display.rgb(0, 0)).toEqual([100, 100, 100]);
    expect(t.pci.device.counters).toMatchObject({ cursorCommands: 3, dropped: 0 });
  });

  it("shows cursors of two colours, with what inverts", () => {
    const display = new TestDisplay();
    const t = testQxl({}, display);
    t.driver.start();
    t.driver.draw(1, [0, 0, 64, 32], fill(0x646464));
    // AND mask, then XOR mask: white, black / as it is, inverted.
    const shape = cursor(1, 2, Uint8Array.of(0x00, 0xc0, 0x80, 0x40));
    const set = new Bytes(150).u8(8, 0).u16(9, 1).u16(11, 1).u8(13, 1).physical(14, t.driver.place(shape));
    t.driver.submit(Q.CMD_CURSOR, t.driver.place(set.bytes), Q.RAM_CURSOR_RING);
    display.frame();
    expect([display.rgb(0, 0), display.rgb(1, 0)]).toEqual([
      [255, 255, 255],
      [0, 0, 0],
    ]);
    expect([display.rgb(0, 1), display.rgb(1, 1)]).toEqual([
      [100, 100, 100],
      [155, 155, 155],
    ]);
  });

  it("gives the picture without the cursor", () => {
    const t = testQxl();
    t.driver.start();
    t.driver.draw(1, [1, 0, 2, 1], fill(0x102030));
    const snapshot = t.pci.scanout.snapshot();
    expect([snapshot?.width, snapshot?.height]).toEqual([64, 32]);
    expect([...(snapshot?.pixels.subarray(0, 8) ?? [])]).toEqual([0, 0, 0, 255, 0x10, 0x20, 0x30, 255]);
  });
});

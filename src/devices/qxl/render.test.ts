import { describe, expect, it } from "vitest";
import { Bytes, copy, fill, testQxl, type TestQxl } from "../../../tests/qxl";
import { ropTable } from "./rop";

const RED = 0xff0000;
const GREEN = 0x00ff00;
const BLUE = 0x0000ff;
const BACK = 0x102030;

/** A screen of 64 x 32 pixels in one colour. */
function screen(): TestQxl {
  const t = testQxl();
  t.driver.start();
  t.driver.draw(1, [0, 0, 64, 32], fill(BACK));
  return t;
}

describe("fills", () => {
  it("draws the clip rectangles, each pixel once", () => {
    const t = screen();
    const clip = t.driver.clip([0, 0, 3, 2], [2, 0, 5, 1], [60, 0, 99, 9]);
    // XOR would show what is drawn twice.
    t.driver.draw(1, [0, 0, 64, 32], fill(0xffffff, 64), { clip });
    const inverted = BACK ^ 0xffffff;
    expect(t.driver.pixels(0, 0, 6, 1)).toEqual([inverted, inverted, inverted, inverted, inverted, BACK]);
    expect(t.driver.pixels(0, 1, 4, 1)).toEqual([inverted, inverted, inverted, BACK]);
    expect(t.driver.pixels(59, 0, 5, 1)).toEqual([BACK, inverted, inverted, inverted, inverted]);
  });

  it("draws nothing with an empty list of clip rectangles", () => {
    const t = screen();
    t.driver.draw(1, [0, 0, 64, 32], fill(RED), { clip: t.driver.clip() });
    expect(t.driver.pixels(0, 0, 2, 1)).toEqual([BACK, BACK]);
    expect(t.pci.device.counters.dropped).toBe(0);
  });

  it("follows all sixteen raster operations", () => {
    const t = testQxl();
    t.driver.start();
    const [source, target] = [0x0f0f0f, 0x33cc55];
    const wanted: [number, number][] = [
      [8, source],
      [8 | 2, ~source],
      [16, source | target],
      [16 | 2, ~source | target],
      [16 | 4, source | ~target],
      [16 | 2 | 4, ~source | ~target],
      [16 | 1024, ~(source | target)],
      [32, source & target],
      [32 | 2, ~source & target],
      [32 | 4, source & ~target],
      [64, source ^ target],
      [64 | 2, ~source ^ target],
      [128, 0],
      [256, 0xffffff],
      [512, ~target],
      [0, source],
    ];
    for (const [rop, result] of wanted) {
      t.driver.draw(1, [0, 0, 5, 1], fill(target));
      t.driver.draw(1, [0, 0, 5, 1], fill(source, rop));
      expect(t.driver.pixels(0, 0, 5, 1)).toEqual(Array(5).fill(result & 0xffffff));
    }
  });

  it("tiles a pattern from its origin", () => {
    const t = screen();
    const tile = t.driver.bitmap32(2, 2, [RED, GREEN, BLUE, 0xffffff]);
    const brush = new Bytes(39).u32(0, 2).physical(4, tile).u32(12, 1, 1).u16(20, 8).bytes;
    t.driver.draw(1, [0, 0, 4, 3], brush);
    expect(t.driver.pixels(0, 0, 4, 1)).toEqual([0xffffff, BLUE, 0xffffff, BLUE]);
    expect(t.driver.pixels(0, 1, 4, 1)).toEqual([GREEN, RED, GREEN, RED]);
  });

  it("draws where the mask says, and not outside of it", () => {
    const t = screen();
    const mask = t.driver.bitmap(2, 8, 1, 1, Uint8Array.of(0b10110000));
    const u = (flags: number): Uint8Array => {
      const bytes = new Bytes(39).copy(0, fill(RED)).u8(22, flags).u32(23, 1, 0);
      return bytes.physical(31, mask).bytes;
    };
    t.driver.draw(1, [2, 0, 12, 1], u(0));
    expect(t.driver.pixels(2, 0, 10, 1)).toEqual([BACK, RED, RED, ...Array<number>(7).fill(BACK)]);
    t.driver.draw(1, [2, 1, 12, 2], u(1));
    expect(t.driver.pixels(2, 1, 10, 1)).toEqual([RED, BACK, BACK, RED, RED, RED, RED, BACK, BACK, BACK]);
  });

  it("blackens, whitens and inverts", () => {
    const t = screen();
    const none = new Bytes(17).bytes;
    t.driver.draw(6, [0, 0, 1, 1], none);
    t.driver.draw(7, [1, 0, 2, 1], none);
    t.driver.draw(8, [2, 0, 3, 1], none);
    expect(t.driver.pixels(0, 0, 4, 1)).toEqual([0, 0xffffff, BACK ^ 0xffffff, BACK]);
  });
});

describe("copies", () => {
  const formats: [string, number, number, number[], number[]][] = [
    ["1 bit, lowest first", 1, 1, [0b01], [GREEN, RED]],
    ["1 bit, highest first", 2, 1, [0b10000000], [GREEN, RED]],
    ["4 bits, low half first", 3, 1, [0x21], [GREEN, BLUE]],
    ["4 bits, high half first", 4, 1, [0x12], [GREEN, BLUE]],
    ["8 bits with palette", 5, 2, [2, 1], [BLUE, GREEN]],
    ["16 bits", 6, 4, [0x00, 0x7c, 0x1f, 0x00], [RED, BLUE]],
    ["24 bits", 7, 6, [1, 2, 3, 4, 5, 6], [0x030201, 0x060504]],
    ["32 bits", 8, 8, [1, 2, 3, 0, 4, 5, 6, 0], [0x030201, 0x060504]],
    ["32 bits with alpha", 9, 8, [1, 2, 3, 9, 4, 5, 6, 9], [0x030201, 0x060504]],
  ];
  it.each(formats)("reads bitmaps of %s", (_name, format, stride, bytes, pixels) => {
    const t = screen();
    const palette = t.driver.place(new Bytes(10 + 12).u16(8, 3).u32(10, RED, GREEN, BLUE).bytes);
    const image = t.driver.bitmap(format, 2, 1, stride, Uint8Array.from(bytes), palette);
    t.driver.draw(3, [5, 5, 7, 6], copy(image, [0, 0, 2, 1]));
    expect(t.driver.pixels(4, 5, 4, 1)).toEqual([BACK, ...pixels, BACK]);
  });

  it("copies a part, and nothing from beyond the image", () => {
    const t = screen();
    const image = t.driver.bitmap32(2, 2, [1, 2, 3, 4]);
    t.driver.draw(3, [0, 0, 4, 1], copy(image, [1, 1, 5, 2]));
    expect(t.driver.pixels(0, 0, 4, 1)).toEqual([4, BACK, BACK, BACK]);
  });

  it("gathers an image from several chunks, upside down", () => {
    const t = screen();
    const { driver } = t;
    const second = driver.place(new Bytes(20 + 6).u32(0, 6).copy(20, Uint8Array.of(0, 0, 3, 0, 0, 0)).bytes);
    const first = new Bytes(20 + 2).u32(0, 2).physical(12, second).copy(20, Uint8Array.of(7, 0));
    const image = new Bytes(48).u8(18, 8).u32(20, 1, 2, 4).physical(40, driver.place(first.bytes));
    driver.draw(3, [0, 0, 1, 2], copy(driver.place(image.bytes), [0, 0, 1, 2]));
    expect(driver.pixels(0, 0, 1, 2)).toEqual([3, 7]);
  });

  it("enlarges to the nearest pixel and by interpolation", () => {
    const t = screen();
    const image = t.driver.bitmap32(2, 1, [0x000000, 0xc0c0c0]);
    t.driver.draw(3, [0, 0, 4, 1], copy(image, [0, 0, 2, 1], 8, 1));
    expect(t.driver.pixels(0, 0, 4, 1)).toEqual([0, 0, 0xc0c0c0, 0xc0c0c0]);
    t.driver.draw(3, [0, 1, 4, 2], copy(image, [0, 0, 2, 1], 8, 0));
    const [a = 0, b = 0, c = 0, d = 0] = t.driver.pixels(0, 1, 4, 1).map((pixel) => pixel & 255);
    expect([a, b, c, d]).toEqual([0, 48, 144, 144]);
  });

  it("moves overlapping areas in every direction", () => {
    for (const [dx, dy] of [
      [3, 0],
      [-3, 0],
      [0, 2],
      [0, -2],
      [2, 1],
      [-2, -1],
    ] as const) {
      const t = screen();
      const pixels = Array.from({ length: 64 }, (_, i) => i + 1);
      t.driver.draw(3, [16, 8, 24, 16], copy(t.driver.bitmap32(8, 8, pixels), [0, 0, 8, 8]));
      t.driver.draw(4, [16 + dx, 8 + dy, 24 + dx, 16 + dy], new Bytes(8).u32(0, 16, 8).bytes);
      expect(t.driver.pixels(16 + dx, 8 + dy, 8, 8)).toEqual(pixels);
    }
  });

  it("leaves out what has the transparent colour", () => {
    const t = screen();
    const image = t.driver.bitmap32(3, 1, [RED, GREEN, RED]);
    const u = new Bytes(32).physical(0, image).rect(8, [0, 0, 3, 1]).u32(24, 0, RED);
    t.driver.draw(12, [0, 0, 3, 1], u.bytes);
    expect(t.driver.pixels(0, 0, 3, 1)).toEqual([BACK, GREEN, BACK]);
  });

  it("combines source, brush and target by any of 256 tables", () => {
    const t = testQxl();
    t.driver.start();
    const [p, s, d] = [0xf0f0f0, 0xcccccc, 0xaaaaaa];
    for (const table of [0x00, 0x1a, 0x5a, 0xaa, 0xb8, 0xca, 0xcc, 0xf0, 0xff]) {
      t.driver.draw(1, [0, 0, 1, 1], fill(d));
      const u = new Bytes(63).physical(0, t.driver.bitmap32(1, 1, [s])).rect(8, [0, 0, 1, 1]);
      t.driver.draw(9, [0, 0, 1, 1], u.u32(24, 1, p).u8(44, table).u8(45, 1).bytes);
      expect(t.driver.pixels(0, 0, 1, 1)).toEqual([table * 0x10101]);
    }
  });

  it("draws the source opaquely, then the brush", () => {
    const t = screen();
    const u = new Bytes(64).physical(0, t.driver.bitmap32(1, 1, [0x0f0f0f])).rect(8, [0, 0, 1, 1]);
    // Brush AND source.
    t.driver.draw(2, [0, 0, 1, 1], u.u32(24, 1, 0x00ffff).u16(44, 32).u8(46, 1).bytes);
    expect(t.driver.pixels(0, 0, 1, 1)).toEqual([0x000f0f]);
  });
});

describe("alpha", () => {
  it("blends premultiplied pixels", () => {
    const t = screen();
    const image = t.driver.bitmap32(3, 1, [0x80400000, 0x00000000, 0xff0000ff], 9);
    const u = (alpha: number): Uint8Array => new Bytes(27).u8(2, alpha).physical(3, image).rect(11, [0, 0, 3, 1]).bytes;
    t.driver.draw(13, [0, 0, 3, 1], u(255));
    // 0x10 * 127 / 255 + 0x40, 0x20 * 127 / 255, 0x30 * 127 / 255
    expect(t.driver.pixels(0, 0, 3, 1)).toEqual([0x481018, BACK, BLUE]);
    t.driver.draw(13, [0, 1, 3, 2], u(128));
    expect(t.driver.pixels(2, 1, 1, 1)).toEqual([0x081098]);
    t.driver.draw(13, [0, 2, 3, 3], u(0));
    expect(t.driver.pixels(2, 2, 1, 1)).toEqual([BACK]);
  });

  it("composes with an operator, a mask and repetition", () => {
    const t = screen();
    const source = t.driver.bitmap32(1, 1, [0xff00ff00], 9);
    const mask = t.driver.bitmap(10, 4, 1, 4, Uint8Array.of(0, 128, 255, 255));
    // OVER, the source repeated.
    const u = new Bytes(44)
      .u32(0, 3 | (1 << 14))
      .physical(4, source)
      .physical(20, mask);
    t.driver.draw(14, [0, 0, 3, 1], u.bytes);
    expect(t.driver.pixels(0, 0, 3, 1)).toEqual([BACK, 0x089018, GREEN]);
  });

  it("draws text bottom-up, glyphs as high as they overlap", () => {
    const t = screen();
    const glyphs = new Bytes(8 + 20 + 22).u32(0, 22).u16(4, 1).u16(6, 1).u32(8, 22);
    glyphs.u32(28, 10, 10, 0, 0xfffffffe).u16(44, 3).u16(46, 2).u8(48, 0b11100000).u8(49, 0b01000000);
    const text = t.driver.place(glyphs.bytes);
    const u = new Bytes(68).physical(0, text).rect(8, [10, 8, 12, 10]).u32(24, 1, RED).u32(44, 1, BLUE).u16(64, 8);
    t.driver.draw(11, [0, 0, 64, 32], u.bytes);
    expect(t.driver.pixels(10, 8, 4, 2)).toEqual([BLUE, RED, BACK, BACK, RED, RED, RED, BACK]);
  });
});

describe("strokes", () => {
  function path(points: readonly (readonly [number, number])[]): Uint8Array {
    const size = 8 + points.length * 8;
    const bytes = new Bytes(4 + 20 + size).u32(0, size, size).u32(24, 3, points.length);
    points.forEach(([x, y], i) => bytes.u32(32 + i * 8, x * 16, y * 16));
    return bytes.bytes;
  }

  it("draws lines without their last point", () => {
    const t = screen();
    const line = t.driver.place(
      path([
        [1, 1],
        [5, 1],
        [5, 4],
      ]),
    );
    t.driver.draw(10, [0, 0, 64, 32], new Bytes(52).physical(0, line).u32(28, 1, RED).u16(48, 8).bytes);
    expect(t.driver.pixels(0, 1, 7, 1)).toEqual([BACK, RED, RED, RED, RED, RED, BACK]);
    expect(t.driver.pixels(5, 2, 1, 3)).toEqual([RED, RED, BACK]);
  });

  it("steps as X's zero-width lines do, also where most of the line is elsewhere", () => {
    const t = screen();
    const line = t.driver.place(
      path([
        [-6, -2],
        [6, 2],
      ]),
    );
    t.driver.draw(10, [0, 0, 64, 32], new Bytes(52).physical(0, line).u32(28, 1, RED).u16(48, 8).bytes);
    expect(t.driver.pixels(0, 0, 6, 2)).toEqual([RED, RED, BACK, BACK, BACK, BACK, BACK, BACK, RED, RED, RED, BACK]);
  });

  it.each([
    { from: 0, to: 6, drawn: [RED, RED, BACK, RED, RED, BACK, BACK] },
    // As areas the dashes begin at the edge that the line comes from.
    { from: 6, to: 0, drawn: [BACK, RED, RED, BACK, RED, RED, BACK] },
  ])("leaves gaps in a dashed line from $from to $to", ({ from, to, drawn }) => {
    const t = screen();
    const style = t.driver.place(new Bytes(8).u32(0, 32, 16).bytes);
    const line = t.driver.place(
      path([
        [from, 0],
        [to, 0],
      ]),
    );
    const u = new Bytes(52).physical(0, line).u8(8, 8).u8(11, 2).physical(20, style).u32(28, 1, RED).u16(48, 8);
    t.driver.draw(10, [0, 0, 64, 32], u.bytes);
    expect(t.driver.pixels(0, 0, 7, 1)).toEqual(drawn);
  });
});

describe("other surfaces", () => {
  it.each([
    [16, 2, 0x7c00, 0x1f],
    [80, 2, 0xf800, 0x1f],
  ])("draws on a surface of format %i in its own colours", (format, bytes, red, blue) => {
    const t = testQxl();
    t.driver.addSlot();
    t.driver.createPrimary(64, 32, format, bytes);
    t.driver.draw(1, [0, 0, 2, 1], fill(red));
    t.driver.draw(3, [1, 0, 2, 1], copy(t.driver.bitmap32(1, 1, [BLUE]), [0, 0, 1, 1]));
    expect(t.view.getUint16(t.driver.ram, true)).toBe(red);
    expect(t.view.getUint16(t.driver.ram + 2, true)).toBe(blue);
  });
});

describe("ropTable", () => {
  it("takes the inputs that the operation has", () => {
    expect(ropTable(8 | 1, "source-target")).toBe(0x33);
    expect(ropTable(8 | 1, "brush-target")).toBe(0xcc);
    expect(ropTable(32 | 1, "brush-source")).toBe(0x44);
    expect(ropTable(8 | 1024, "brush-target")).toBe(0x33);
  });
});

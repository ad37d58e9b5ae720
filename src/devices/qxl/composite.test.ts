// COMPOSITE against the operators' definitions in real numbers (X Render extension; PDF reference 1.7, 7.2.4 and 7.2.5):
// at most one step of 255 apart, which is what rounding to bytes on the way can make.
import { describe, expect, it } from "vitest";
import { Bytes, testQxl } from "../../../tests/qxl";
import * as Q from "./protocol";

type Color = readonly [number, number, number, number];

/** Premultiplied alpha, red, green, blue in 0..1 of colours that cover all kinds of cases. */
const colors: readonly Color[] = [
  [0, 0, 0, 0],
  [1, 1, 1, 1],
  [1, 0.2, 0.8, 0.4],
  [0.6, 0.6, 0, 0.2],
  [0.4, 0.2, 0.4, 0],
  [1, 0, 0, 0],
];

type Blend = (s: number, sa: number, d: number, da: number) => number;

function porterDuff(fa: (da: number) => number, fb: (sa: number) => number): Blend {
  return (s, sa, d, da) => Math.min(1, s * fa(da) + d * fb(sa));
}

/** A blend function of colours that are not premultiplied. */
function separable(blend: (cb: number, cs: number) => number): Blend {
  return (s, sa, d, da) => {
    const both = sa === 0 || da === 0 ? 0 : sa * da * blend(d / da, s / sa);
    return (1 - sa) * d + (1 - da) * s + both;
  };
}

const zero = (): number => 0;
const one = (): number => 1;
const alpha = (a: number): number => a;
const rest = (a: number): number => 1 - a;
const hardLight = (cb: number, cs: number): number => (cs <= 0.5 ? 2 * cb * cs : cb + 2 * cs - 1 - cb * (2 * cs - 1));
const dodge = (cb: number, cs: number): number => (cb === 0 ? 0 : cs >= 1 ? 1 : Math.min(1, cb / (1 - cs)));
const burn = (cb: number, cs: number): number => (cb >= 1 ? 1 : cs <= 0 ? 0 : 1 - Math.min(1, (1 - cb) / cs));

function softLight(cb: number, cs: number): number {
  if (cs <= 0.5) return cb - (1 - 2 * cs) * cb * (1 - cb);
  const root = cb <= 0.25 ? ((16 * cb - 12) * cb + 4) * cb : Math.sqrt(cb);
  return cb + (2 * cs - 1) * (root - cb);
}

const operators: [string, number, Blend][] = [
  ["CLEAR", 0x00, porterDuff(zero, zero)],
  ["SRC", 0x01, porterDuff(one, zero)],
  ["DST", 0x02, porterDuff(zero, one)],
  ["OVER", 0x03, porterDuff(one, rest)],
  ["OVER_REVERSE", 0x04, porterDuff(rest, one)],
  ["IN", 0x05, porterDuff(alpha, zero)],
  ["IN_REVERSE", 0x06, porterDuff(zero, alpha)],
  ["OUT", 0x07, porterDuff(rest, zero)],
  ["OUT_REVERSE", 0x08, porterDuff(zero, rest)],
  ["ATOP", 0x09, porterDuff(alpha, rest)],
  ["ATOP_REVERSE", 0x0a, porterDuff(rest, alpha)],
  ["XOR", 0x0b, porterDuff(rest, rest)],
  ["ADD", 0x0c, porterDuff(one, one)],
  ["SATURATE", 0x0d, (s, sa, d, da) => Math.min(1, (sa === 0 ? 0 : s * Math.min(1, (1 - da) / sa)) + d)],
  ["MULTIPLY", 0x30, separable((cb, cs) => cb * cs)],
  ["SCREEN", 0x31, separable((cb, cs) => cb + cs - cb * cs)],
  ["OVERLAY", 0x32, separable((cb, cs) => hardLight(cs, cb))],
  ["DARKEN", 0x33, separable(Math.min)],
  ["LIGHTEN", 0x34, separable(Math.max)],
  ["COLOR_DODGE", 0x35, separable(dodge)],
  ["COLOR_BURN", 0x36, separable(burn)],
  ["HARD_LIGHT", 0x37, separable(hardLight)],
  ["SOFT_LIGHT", 0x38, separable(softLight)],
  ["DIFFERENCE", 0x39, separable((cb, cs) => Math.abs(cb - cs))],
  ["EXCLUSION", 0x3a, separable((cb, cs) => cb + cs - 2 * cb * cs)],
];

function pack([a, r, g, b]: Color): number {
  const byte = (value: number): number => Math.round(value * 255);
  return ((byte(a) << 24) | (byte(r) << 16) | (byte(g) << 8) | byte(b)) >>> 0;
}

/** All pairs of source (per column) and target (per row) on an off-screen surface with alpha. */
function compose(operator: number): number[][] {
  const t = testQxl();
  const { driver } = t;
  driver.start();
  const size = colors.length;
  const create = new Bytes(Q.SURFACE_CMD_BYTES)
    .u32(0, 5)
    .u32(8, 1)
    .u32(13, 1)
    .u32(17, 96, size, size, size * 4);
  const target = colors.flatMap((color) => Array<number>(size).fill(pack(color)));
  driver.write(0x700000, new Uint8Array(Uint32Array.from(target).buffer));
  driver.submit(Q.CMD_SURFACE, driver.place(create.physical(33, 0x700000).bytes));
  const source = driver.bitmap32(size, 1, colors.map(pack), 9);
  const u = new Bytes(44).u32(0, operator | (1 << 14)).physical(4, source);
  driver.draw(14, [0, 0, size, size], u.bytes, { surface: 1 });
  expect(t.pci.device.counters).toMatchObject({ dropped: 0, drawn: { composite: 1 } });
  const result = new Uint32Array(driver.read(0x700000, size * size * 4).buffer);
  return colors.map((_, row) => [...result.subarray(row * size, (row + 1) * size)]);
}

describe("composite", () => {
  it.each(operators)("%s", (_name, operator, blend) => {
    const result = compose(operator);
    const wrong: string[] = [];
    colors.forEach((d, row) => {
      colors.forEach((s, column) => {
        const pixel = result[row]?.[column] ?? 0;
        for (let i = 0; i < 4; i++) {
          const da = d[0];
          const sa = s[0];
          const isAlpha = i === 0 && operator >= 0x30;
          const wanted = isAlpha ? sa + da - sa * da : blend(s[i] ?? 0, sa, d[i] ?? 0, da);
          const got = (pixel >>> (24 - 8 * i)) & 255;
          if (Math.abs(got - wanted * 255) > 1.5)
            wrong.push(`${String(s)} on ${String(d)}: [${i}] ${got}, not ${wanted * 255}`);
        }
      });
    });
    expect(wrong).toEqual([]);
  });

  it("gives a colour the hue, saturation or luminosity of another", () => {
    const luminosity = (pixel: number): number =>
      0.3 * ((pixel >>> 16) & 255) + 0.59 * ((pixel >>> 8) & 255) + 0.11 * (pixel & 255);
    // Opaque pairs: white, one colour, black.
    for (const [operator, keepsTarget] of [
      [0x3b, true],
      [0x3c, true],
      [0x3d, true],
      [0x3e, false],
    ] as const) {
      const result = compose(operator);
      for (const row of [1, 2, 5]) {
        for (const column of [1, 2, 5]) {
          const of = colors[keepsTarget ? row : column] ?? [0, 0, 0, 0];
          expect(Math.abs(luminosity(result[row]?.[column] ?? 0) - luminosity(pack(of)))).toBeLessThan(1.5);
        }
      }
    }
  });

  it("leaves the target alone for an operator that does not exist", () => {
    expect(compose(0x20)).toEqual(compose(0x02));
  });
});

// Quotients of the x87 against whole numbers: operands of few bits, as programs have them, and of all 64.
import { expect, it } from "vitest";
import { le } from "../../tests/bytes";
import { runToHalt, translatedCpu } from "../../tests/translated_cpu";
import * as Cpu from "../layout/cpu";

const COUNT = 4000;
const [A, B, R] = [0x210000, 0x230000, 0x250000];
const BIAS = 16383n;
const TOP = 1n << 63n;

/** Pseudo-random significands with the top bit set and no more than `bits` bits. */
function significands(bits: bigint, seed: bigint): bigint[] {
  let state = seed;
  const next = (): bigint => (state = (state * 6364136223846793005n + 1442695040888963407n) & (2n * TOP - 1n));
  const cut = 64n - bits;
  const edges = [TOP, 2n * TOP - (1n << cut), TOP + (1n << cut), TOP + (TOP >> 1n)];
  return Array.from({ length: COUNT }, (_, i) => edges[i % 37] ?? ((next() | TOP) >> cut) << cut);
}

/** a / b of significands as exponents from the bias on and significands, to nearest. */
function quotient(a: bigint, b: bigint): { exponent: bigint; significand: bigint } {
  const exponent = a >= b ? BIAS : BIAS - 1n;
  const numerator = a << (a >= b ? 63n : 64n);
  const whole = numerator / b;
  const twice = 2n * (numerator % b);
  const significand = whole + (twice > b || (twice === b && (whole & 1n) === 1n) ? 1n : 0n);
  return significand === 2n * TOP ? { exponent: exponent + 1n, significand: TOP } : { exponent, significand };
}

it.each([
  [24n, 24n],
  [53n, 53n],
  [53n, 3n],
  [64n, 53n],
  [64n, 64n],
])("numbers of %i bits by numbers of %i bits", (bitsOfA, bitsOfB) => {
  const t = translatedCpu(0);
  const as = significands(bitsOfA, 7n);
  const bs = significands(bitsOfB, 12345n);
  for (let i = 0; i < COUNT; i++) {
    for (const [at, from] of [
      [A, as],
      [B, bs],
    ] as const) {
      t.poke(at + i * 16, from[i] ?? 0n, 8);
      t.poke(at + i * 16 + 8, BIAS, 2);
    }
  }
  t.set64(Cpu.rsi, A);
  t.set64(Cpu.rdi, B);
  t.set64(Cpu.rbx, R);
  // fninit; mov ecx,n; fld tbyte [rsi]; fld tbyte [rdi]; fdivp; fstp tbyte [rbx]; add rsi,16; add rdi,16; add rbx,16; dec ecx; jnz
  const loop = [0xdb, 0x2e, 0xdb, 0x2f, 0xde, 0xf9, 0xdb, 0x3b];
  loop.push(0x48, 0x83, 0xc6, 16, 0x48, 0x83, 0xc7, 16, 0x48, 0x83, 0xc3, 16, 0xff, 0xc9);
  expect(runToHalt(t, [0xdb, 0xe3, 0xb9, ...le(COUNT), ...loop, 0x75, 256 - loop.length - 2])).toBeUndefined();
  for (let i = 0; i < COUNT; i++) {
    const found = { exponent: BigInt(t.peek(R + i * 16 + 8, 2)), significand: BigInt(t.peek(R + i * 16, 8)) };
    expect(found).toEqual(quotient(as[i] ?? 0n, bs[i] ?? 1n));
  }
});

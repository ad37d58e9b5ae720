// The processor that recorded the vectors has no SHA extensions: these compute the digests of FIPS 180-4's examples.
import { expect, it } from "vitest";
import { VectorCpu } from "../../../tests/vector_cpu";
import { NO_EXCEPTION, XMM } from "../../../tools/vectors/format.mjs";

type Words = readonly [number, number, number, number];

const cpu = new VectorCpu();

function bytesOf(words: Words): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

function wordsOf(bytes: Uint8Array | undefined): Words {
  const [a = 0, b = 0, c = 0, d = 0] = new Uint32Array(Uint8Array.from(bytes ?? []).buffer);
  return [a, b, c, d];
}

/** An instruction 0F .. on xmm1 and xmm2, with xmm0 as the implicit operand. */
function sha(opcode: readonly number[], first: Words, second: Words, zero: Words = [0, 0, 0, 0]): Words {
  const code = Uint8Array.from([0x0f, ...opcode]);
  const input = new Map([
    [XMM, bytesOf(zero)],
    [XMM + 1, bytesOf(first)],
    [XMM + 2, bytesOf(second)],
  ]);
  const { vector, state } = cpu.execute(code, input);
  expect(vector).toBe(NO_EXCEPTION);
  return wordsOf(state.get(XMM + 1));
}

const REGISTERS = 0xca;
const add = (a: Words, b: Words): Words => wordsOf(bytesOf([a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]]));
const xor = (a: Words, b: Words): Words => [a[0] ^ b[0], a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]];
const reversed = ([a, b, c, d]: Words): Words => [d, c, b, a];
const hex = (words: readonly number[]) => words.map((w) => (w >>> 0).toString(16).padStart(8, "0")).join("");

/** The one block of "abc", padded. */
const block: readonly Words[] = [
  [0x61626380, 0, 0, 0],
  [0, 0, 0, 0],
  [0, 0, 0, 0],
  [0, 0, 0, 24],
];

const at = (list: readonly Words[], n: number): Words => list[n] ?? [0, 0, 0, 0];

it("SHA-1 of abc", () => {
  const rounds = (abcd: Words, e: Words, phase: number) => sha([0x3a, 0xcc, REGISTERS, phase], abcd, e);
  const nexte = (a: Words, b: Words) => sha([0x38, 0xc8, REGISTERS], a, b);
  const msg1 = (a: Words, b: Words) => sha([0x38, 0xc9, REGISTERS], a, b);
  const msg2 = (a: Words, b: Words) => sha([0x38, 0xca, REGISTERS], a, b);
  const w = block.map(reversed);
  for (let g = 0; g < 16; g++) w.push(msg2(xor(msg1(at(w, g), at(w, g + 1)), at(w, g + 2)), at(w, g + 3)));
  const start: Words = [0x10325476, 0x98badcfe, 0xefcdab89, 0x67452301];
  const startE: Words = [0, 0, 0, 0xc3d2e1f0];
  let previous = start;
  let abcd = rounds(start, add(at(w, 0), startE), 0);
  for (let g = 1; g < 20; g++) {
    const e = nexte(previous, at(w, g));
    previous = abcd;
    abcd = rounds(abcd, e, Math.floor(g / 5));
  }
  const e = nexte(previous, startE);
  expect(hex([...reversed(add(abcd, start)), e[3]])).toBe("a9993e364706816aba3e25717850c26c9cd0d89d");
});

it("SHA-256 of abc", () => {
  const w = [...block];
  for (let g = 0; g < 12; g++) {
    const shifted: Words = [at(w, g + 2)[1], at(w, g + 2)[2], at(w, g + 2)[3], at(w, g + 3)[0]];
    const partial = add(sha([0x38, 0xcc, REGISTERS], at(w, g), at(w, g + 1)), shifted);
    w.push(sha([0x38, 0xcd, REGISTERS], partial, at(w, g + 3)));
  }
  const start = ["6a09e667", "bb67ae85", "3c6ef372", "a54ff53a", "510e527f", "9b05688c", "1f83d9ab", "5be0cd19"];
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = start.map((x) => parseInt(x, 16));
  let abef: Words = [f, e, b, a];
  let cdgh: Words = [h, g, d, c];
  for (let n = 0; n < 16; n++) {
    const [k0, k1, k2, k3] = add(at(w, n), constants(n));
    cdgh = sha([0x38, 0xcb, REGISTERS], cdgh, abef, [k0, k1, 0, 0]);
    abef = sha([0x38, 0xcb, REGISTERS], abef, cdgh, [k2, k3, 0, 0]);
  }
  const [f1, e1, b1, a1] = add(abef, [f, e, b, a]);
  const [h1, g1, d1, c1] = add(cdgh, [h, g, d, c]);
  expect(hex([a1, b1, c1, d1, e1, f1, g1, h1])).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

/** Four round constants: the fractions of the cube roots of the first primes. */
function constants(group: number): Words {
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p !== 0)) primes.push(n);
  const [a = 0, b = 0, c = 0, d = 0] = primes.slice(group * 4, group * 4 + 4).map(cubeRootFraction);
  return [a, b, c, d];
}

/** The first 32 bits of the fraction of the cube root, exactly: the largest x with x^3 <= p * 2^96. */
function cubeRootFraction(prime: number): number {
  const limit = BigInt(prime) << 96n;
  let x = 0n;
  for (let bit = 1n << 36n; bit > 0n; bit >>= 1n) if ((x + bit) ** 3n <= limit) x += bit;
  return Number(x & 0xffffffffn);
}

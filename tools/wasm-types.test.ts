import { expect, test } from "vitest";
import { exportTypes } from "./wasm-types.mjs";

const text = (word: string): number[] => [word.length, ...new TextEncoder().encode(word)];
const section = (id: number, ...bytes: number[]): number[] => [id, bytes.length, ...bytes];

/** One imported function before two own ones, so that a wrong index gives a wrong type. */
const module = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, 3, ...[0x60, 0, 0], ...[0x60, 2, 0x7f, 0x7c, 1, 0x7e], ...[0x60, 1, 0x7e, 1, 0x7f]),
  ...section(2, 2, ...text("env"), ...text("memory"), 2, 3, 1, 1, ...text("host"), ...text("wait"), 0, 0),
  ...section(3, 2, 1, 2),
  ...section(7, 3, ...text("mix"), 0, 1, ...text("low"), 0, 2, ...text("memory"), 2, 0),
  ...section(10, 2, ...[4, 0, 0x42, 0, 0x0b], ...[4, 0, 0x41, 0, 0x0b]),
]);

test("the sample is a module", () => {
  expect(WebAssembly.validate(module)).toBe(true);
});

test("exports become typed members", () => {
  expect(exportTypes(module, "Sample")).toContain(
    `export interface Sample {
  readonly mix: (p0: number, p1: number) => bigint;
  readonly low: (p0: bigint) => number;
  readonly memory: WebAssembly.Memory;
}`,
  );
});

// The text form of WebAssembly against modules whose instructions are known, and against the core itself, which uses most.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { moduleText } from "../src/shared/wasm_text";
import { root } from "../tools/lib.mjs";
import { wasmModule } from "./wasm";

/** A module with one function of no parameters, whose body is `code` without locals. */
function moduleOf(code: readonly number[]): Uint8Array {
  const body = [0, ...code, 0x0b];
  const section = (id: number, bytes: readonly number[]) => [id, bytes.length, ...bytes];
  const parts = [section(1, [1, 0x60, 0, 0]), section(3, [1, 0]), section(10, [1, body.length, ...body])];
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...parts.flat()]);
}

describe("the text of a function", () => {
  it("has an instruction a line, indented by blocks", () => {
    const code = [0x41, 0x7f, 0x04, 0x7e, 0x42, 0x80, 0x7f, 0x05, 0x42, 0, 0x0b, 0x1a];
    const [text] = moduleText(moduleOf(code));
    const lines = ["locals ", "i32.const -1", "if i64", "  i64.const -128", "else", "  i64.const 0", "end", "drop"];
    expect(text?.split("\n")).toEqual(lines);
  });

  it("names vector instructions and their lanes", () => {
    const code = [0xfd, 0x0c, ...Array.from({ length: 16 }, () => 7), 0xfd, 0x21, 1, 0x9f, 0x1a];
    const [text] = moduleText(moduleOf(code));
    expect(text).toContain("v128.const 07 07");
    expect(text).toContain("f64x2.extract_lane 1\nf64.sqrt");
  });

  it("ends with a note where it does not know an opcode", () => {
    expect(moduleText(moduleOf([0x01, 0xff]))[0]).toMatch(/nop\nunknown opcode ff$/);
  });

  it("never throws, whatever the bytes are", () => {
    const module = moduleOf([0x41, 1, 0x1a]);
    for (let cut = 0; cut < module.length; cut++) expect(() => moduleText(module.slice(0, cut))).not.toThrow();
    for (let at = 8; at < module.length; at++) expect(() => moduleText(module.slice().fill(0xff, at))).not.toThrow();
  });
});

it("the whole core can be shown: every instruction is known and every body ends where it should", () => {
  wasmModule("tabvisor.test.wasm");
  const texts = moduleText(readFileSync(join(root, "build/tabvisor.test.wasm")));
  expect(texts.length).toBeGreaterThan(500);
  expect(texts.filter((text) => text.includes("unknown opcode"))).toEqual([]);
  // A body that was read wrongly would not come out at depth 0.
  expect(texts.filter((text) => text.split("\n").at(-1)?.startsWith(" "))).toEqual([]);
});

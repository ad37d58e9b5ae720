// What must hold for the release build as a whole.
import { expect, test } from "vitest";
import { DATA_END } from "../assembly/layout/memory_map";
import { allowedImports } from "../tools/wasm-imports.mjs";
import { loadTestWasm, wasmModule } from "./wasm";

test("the release build imports nothing but the listed names", () => {
  const imports = WebAssembly.Module.imports(wasmModule("tabvisor.wasm")).map(
    ({ module, name }) => `${module}.${name}`,
  );
  expect(imports).toContain("env.memory");
  expect(imports.filter((name) => !allowedImports.includes(name))).toEqual([]);
});

test("the module's constants end below the live state", () => {
  const { exports } = loadTestWasm();
  expect(exports.constantsEnd()).toBeGreaterThanOrEqual(1024);
  expect(exports.constantsEnd()).toBeLessThanOrEqual(DATA_END);
});

test("a second instance on the same memory leaves live state alone", () => {
  const first = loadTestWasm();
  const bytes = new Uint8Array(first.memory.buffer);
  bytes.fill(0xa5, DATA_END, DATA_END + 4096);
  loadTestWasm({ memory: first.memory });
  expect(bytes.subarray(DATA_END, DATA_END + 4096).every((byte) => byte === 0xa5)).toBe(true);
});

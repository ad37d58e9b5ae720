// The two builds of the wasm module in Node; the test build with a shared memory and replaceable host functions.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { CodeTable } from "../src/core/code_table";
import { root } from "../tools/lib.mjs";
import type { TestWasmExports } from "./wasm_exports.generated";

export interface HostFunctions {
  [name: string]: (...args: number[]) => number | void;
}

export interface TestWasm {
  readonly memory: WebAssembly.Memory;
  readonly exports: TestWasmExports;
  readonly view: DataView<SharedArrayBuffer>;
}

const compiled = new Map<string, WebAssembly.Module>();

/** A compiled build, kept up to date by tests/build_wasm.ts. */
export function wasmModule(name: "tabvisor.wasm" | "tabvisor.test.wasm"): WebAssembly.Module {
  const fault = inject("wasmFault");
  if (fault !== "") throw new Error(fault);
  const known = compiled.get(name) ?? new WebAssembly.Module(readFileSync(join(root, "build", name)));
  compiled.set(name, known);
  return known;
}

function unexpected(name: string): () => never {
  return () => {
    throw new Error(`the module called host.${name}, which this test does not provide`);
  };
}

export interface TestWasmOptions {
  readonly host?: HostFunctions;
  readonly memory?: WebAssembly.Memory;
  readonly pages?: number;
  /** May change a module that the translator wrote before it is compiled. */
  readonly tamper?: ((module: Uint8Array) => void) | undefined;
}

/**
 * Instantiates the test build. Host functions that the test does not give throw when called.
 * `memory` may be given to put several instances on one memory, as workers do.
 */
export function loadTestWasm(options: TestWasmOptions = {}): TestWasm {
  const module = wasmModule("tabvisor.test.wasm");
  const pages = options.pages ?? 1024;
  const memory = options.memory ?? new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
  const host: Record<string, HostFunctions[string] | number> = { nowOffset: 0 };
  for (const entry of WebAssembly.Module.imports(module)) {
    if (entry.module === "host" && entry.kind === "function" && entry.name !== "compile")
      host[entry.name] = options.host?.[entry.name] ?? unexpected(entry.name);
  }
  const code = new CodeTable(memory);
  host["compile"] = (address = 0, length = 0) => {
    options.tamper?.(new Uint8Array(memory.buffer, address >>> 0, length));
    return code.compile(address, length);
  };
  const instance = new WebAssembly.Instance(module, { env: { memory, table: code.table }, host });
  code.connect(instance.exports as never);
  const buffer = memory.buffer as unknown as SharedArrayBuffer;
  return { memory, exports: instance.exports as unknown as TestWasmExports, view: new DataView(buffer) };
}

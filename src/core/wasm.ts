// Loads the wasm module: its typed exports, its memory, the functions that it imports. The same in workers and in Node.

import { CodeTable } from "./code_table";
import type { WasmExports } from "./wasm_exports.generated";

export type { WasmExports } from "./wasm_exports.generated";

/** What the module asks of its host (docs/internals.md). */
export interface HostImports {
  /** Monotonic milliseconds, and how many are added to them; called as it is, without `this`. */
  readonly now: () => number;
  readonly nowOffset?: number;
  /** Milliseconds since 1970. */
  realtime(): number;
  /** 32 random bits. */
  random(): number;
  /** An exit of the CPU at this address: returns when the device model has answered. */
  mailbox(cpu: number): void;
}

/** A shared memory that never grows, so that views over it stay valid. Throws RangeError where it is refused. */
export function createMemory(wasmPages: number): WebAssembly.Memory {
  // The module declares 65536 as its maximum, and an import's limits must fit into it.
  return new WebAssembly.Memory({ initial: wasmPages, maximum: 65536, shared: true });
}

/** Puts an instance of the module on a memory: one per worker, all of the same module. */
export async function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  host: HostImports,
): Promise<WasmExports> {
  const code = new CodeTable(memory);
  const imports: WebAssembly.Imports = {
    env: { memory, table: code.table },
    host: {
      compile: (address?: number, length?: number) => code.compile(address ?? 0, length ?? 0),
      now: host.now,
      nowOffset: host.nowOffset ?? 0,
      realtime: () => host.realtime(),
      random: () => host.random(),
      mailbox: (cpu?: number) => host.mailbox((cpu ?? 0) >>> 0),
    },
  };
  const instance = await WebAssembly.instantiate(module, imports);
  const exports = instance.exports as unknown as WasmExports;
  code.connect(exports);
  return exports;
}

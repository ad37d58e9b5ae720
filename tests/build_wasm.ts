// Vitest's global set-up: tests of assembly/ run against an up-to-date build/tabvisor.test.wasm.
import { buildWasm } from "../tools/build-wasm.mjs";

export async function setup(): Promise<void> {
  await buildWasm();
}

// Vitest's global set-up: brings build/ up to date, so that tests never run against an old module. When assembly/ does
// not compile, only the tests that load the module fail, each with that message.
import type { TestProject } from "vitest/node";
import { buildWasm } from "../tools/build-wasm.mjs";

declare module "vitest" {
  interface ProvidedContext {
    wasmFault: string;
  }
}

export async function setup(project: TestProject): Promise<void> {
  try {
    await buildWasm();
    project.provide("wasmFault", "");
  } catch (error) {
    project.provide("wasmFault", `the wasm module was not built: ${String(error)}`);
  }
}

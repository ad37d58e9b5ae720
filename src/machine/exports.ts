// The exports of the wasm module that the machine model calls (docs/internals.md).

import type { WasmExports } from "../core/wasm";

export type MachineExports = Pick<
  WasmExports,
  | "machineInit"
  | "machineReset"
  | "cpuSync"
  | "cpuSetTranslator"
  | "cpuRun"
  | "cpuHaltTimeout"
  | "kickCpu"
  | "raiseMsi"
  | "setIrqLine"
  | "clockPause"
  | "clockResume"
  | "pressPowerButton"
  | "wakeUp"
  | "rewriteTranslation"
>;

/** What `cpuRun` returns. */
export const RUN_EXIT = { budget: 0, halted: 1, asked: 2, shutdown: 3, differs: 5 } as const;

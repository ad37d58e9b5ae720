// What the threads tell each other. The page calls the devices worker through Comlink (`DevicesCalls`); what nobody
// asked for comes back as `DevicesEvent` on a port of its own. CPU workers get one message and send `CpuEvent`.

import type { ConfigIssue } from "../shared/config_issue";
import type { MachineConfig } from "../shared/machine_config";
import type { Result } from "../shared/result";

export type ConsoleName = "hvc0" | "ttyS0";

/** Where a machine lies: everything a CPU worker needs to join it. */
export interface MachinePlace {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Base address of the machine. */
  readonly machine: number;
  /** Base addresses of its CPUs. */
  readonly cpus: readonly number[];
  /** Where the machine's clock begins, in ms since 1970 (clock.ts). */
  readonly epoch: number;
}

/** First and only message to devices.worker.ts. */
export interface DevicesStart {
  readonly calls: MessagePort;
  readonly events: MessagePort;
}

/** First and only message to cpu.worker.ts. */
export interface CpuStart extends MachinePlace {
  readonly index: number;
}

/** What a machine does after boot or reset: with `-S` it waits to be resumed. */
export type StartedState = "running" | "paused";

export type CpuEvent =
  { readonly type: "ready" } | { readonly type: "stopped" } | { readonly type: "crashed"; readonly error: ErrorReport };

/** An error that has crossed a thread boundary, where classes are lost. */
export interface ErrorReport {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

export type ResetReason = "requested" | "guest";

/** Loading of one thing; `total` is undefined while the server has not told the length. */
export interface Progress {
  readonly what: string;
  readonly loaded: number;
  readonly total: number | undefined;
}

export interface Notice {
  readonly level: "info" | "warning" | "error";
  readonly text: string;
}

export type DevicesEvent =
  | { readonly type: "output"; readonly console: ConsoleName; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "notice"; readonly notice: Notice }
  | { readonly type: "display"; readonly width: number; readonly height: number }
  | { readonly type: "reset"; readonly reason: ResetReason }
  | { readonly type: "shutdown"; readonly code: number }
  | { readonly type: "crashed"; readonly error: ErrorReport };

export interface Screenshot {
  readonly width: number;
  readonly height: number;
  /** RGBA. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** Counters as they stand in shared memory at one moment; rates are made from two of them (rates.ts). */
export interface Sample {
  /** ms since 1970. */
  readonly time: number;
  readonly instructions: number;
  /** ms that the CPUs slept or stood still, summed over the CPUs. */
  readonly idle: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly mappedBytes: number;
  readonly diskRead: number;
  readonly diskWritten: number;
  /** Bytes fetched over the network on behalf of disks. */
  readonly diskFetched: number;
  readonly consoleIn: number;
  readonly consoleOut: number;
  readonly unimplemented: {
    readonly count: number;
    /** First bytes of the last one, in hex. */
    readonly bytes: string;
    readonly rip: string;
  };
  /** Events of the CPUs and devices by name: TLB misses, exits by cause, kicks. */
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * What the devices worker offers to the page. Each is caused by a person, none by the guest. Errors keep their words
 * but not their class over Comlink, so that expected failures are values.
 */
export interface DevicesCalls {
  /** Makes memory, chips and devices; the CPU workers join before `boot`. URLs are relative to `baseUrl`. */
  create(config: MachineConfig, baseUrl: string): Promise<Result<MachinePlace, ConfigIssue>>;
  /** Loads what the guest boots from, and lets the CPUs run. */
  boot(): Promise<Result<StartedState, ConfigIssue>>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** From power-on state, with the disks as they are. */
  reset(): Promise<Result<StartedState, ConfigIssue>>;
  /** Presses the power button. */
  powerdown(): Promise<void>;
  resizeConsole(columns: number, rows: number): Promise<void>;
  /** Resolves when there is room for more. */
  input(console: ConsoleName, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Shows the guest's screen on the canvas from now on. */
  attachDisplay(canvas: OffscreenCanvas): Promise<void>;
  /** The size of the window in which a person sees the screen. */
  resizeDisplay(width: number, height: number): Promise<void>;
  /** The guest's screen; undefined if there is no picture. */
  screendump(): Promise<Screenshot | undefined>;
  sample(): Promise<Sample>;
}

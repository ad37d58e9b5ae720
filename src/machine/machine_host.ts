// What a machine and the thread that it lives in say to each other.

import type { Display } from "../backends/display/types";
import type { ConfigIssue } from "../shared/config_issue";
import type { KeyboardLeds, PointerMode } from "../shared/input_event";
import type { Log } from "../shared/log";
import type { DriveConfig } from "../shared/machine_config";
import type { QmpEvent } from "../shared/qmp";
import type { ResolvedDrive } from "../shared/resolve_config";
import type { Result } from "../shared/result";
import type { CpuThreads } from "./cpu_control";
import type { DriveListeners } from "./drives";
import type { FileLoader } from "./load_boot_files";

/** ttyS0, or a console on virtio-serial: hvc0, hvc1, … */
export type ConsoleName = string;

export type MachineEvent =
  | { readonly type: "output"; readonly console: ConsoleName; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "consoles"; readonly names: readonly ConsoleName[] }
  | { readonly type: "qmp"; readonly event: QmpEvent }
  | { readonly type: "progress"; readonly what: string; readonly loaded: number; readonly total: number | undefined }
  | { readonly type: "notice"; readonly level: "info" | "warning" | "error"; readonly text: string }
  | { readonly type: "display"; readonly width: number; readonly height: number }
  | { readonly type: "tray"; readonly device: string; readonly open: boolean }
  | { readonly type: "pointer"; readonly mode: PointerMode }
  | { readonly type: "leds"; readonly leds: KeyboardLeds }
  | { readonly type: "reset"; readonly reason: "requested" | "guest" }
  | { readonly type: "shutdown"; readonly code: number };

export type MachineState = "created" | "running" | "paused" | "stopped";

/** What the model needs of the thread that it lives in. */
export interface MachineHost {
  readonly module: WebAssembly.Module;
  readonly threads: CpuThreads;
  /** Monotonic milliseconds, the same in all workers of the machine. */
  readonly now: () => number;
  readonly log: Log;
  readonly event: (event: MachineEvent) => void;
  /** Where the guest's screen is shown. */
  readonly display?: Display;
  /** The page that the machine is in, as its network shows it: `location.origin`, and a name for the tab. */
  readonly page?: { readonly origin: string; readonly id: string };
  /** A drive that commands name while the machine runs; left out: they cannot. */
  readonly resolveDrive?: (drive: DriveConfig) => Result<ResolvedDrive, ConfigIssue>;
  /** For tools that have files elsewhere than at URLs. */
  readonly loadFile?: FileLoader;
}

export function driveListeners(host: MachineHost): DriveListeners {
  return {
    progress: (what, loaded, total) => host.event({ type: "progress", what, loaded, total }),
    notice: (text) => host.event({ type: "notice", level: "warning", text }),
  };
}

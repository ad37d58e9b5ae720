// What the threads tell each other. The page calls the devices worker through Comlink (`DevicesCalls`); what nobody
// asked for comes back as `DevicesEvent` on a port of its own. CPU workers get one message and send `CpuEvent`.

import type { MediumError, ScsiDeviceConfig } from "../machine/scsi";
import type { CpuProfile } from "../machine/profile";
import type { ConfigIssue } from "../shared/config_issue";
import type { DriveConfig, MachineConfig } from "../shared/machine_config";
import type { InputEvent, KeyboardLeds, PointerMode } from "../shared/input_event";
import type { KeyNumber } from "../shared/keys";
import type { DeviceReport } from "../shared/device_report";
import type { QmpEvent, QmpFault } from "../shared/qmp";
import type { Result } from "../shared/result";
import type { NetCalls } from "./net_protocol";

/** ttyS0, or a console on virtio-serial: hvc0, hvc1, … */
export type ConsoleName = string;

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
  /** Names the tab: the same for all its machines. */
  readonly page: string;
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

/** The tray of a CD-ROM drive has moved, by whomever. */
export interface TrayMoved {
  readonly device: string;
  readonly open: boolean;
}

export type DevicesEvent =
  | { readonly type: "output"; readonly console: ConsoleName; readonly bytes: Uint8Array<ArrayBuffer> }
  /** The virtio consoles that there are now. */
  | { readonly type: "consoles"; readonly names: readonly ConsoleName[] }
  | { readonly type: "qmp"; readonly event: QmpEvent }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "notice"; readonly notice: Notice }
  | ({ readonly type: "tray" } & TrayMoved)
  | { readonly type: "pointer"; readonly mode: PointerMode }
  | { readonly type: "leds"; readonly leds: KeyboardLeds }
  | { readonly type: "display"; readonly width: number; readonly height: number }
  | { readonly type: "reset"; readonly reason: ResetReason }
  | { readonly type: "shutdown"; readonly code: number }
  | { readonly type: "crashed"; readonly error: ErrorReport };

export type GuestMemoryStat =
  | "swapIn"
  | "swapOut"
  | "majorFaults"
  | "minorFaults"
  | "freeMemory"
  | "totalMemory"
  | "availableMemory"
  | "diskCaches"
  | "hugetlbAllocations"
  | "hugetlbFailures";

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
  /** Bytes in the balloon; undefined without one. */
  readonly balloonBytes: number | undefined;
  /** What the guest's balloon driver has said last, in bytes and counts. */
  readonly guestMemory: Readonly<Partial<Record<GuestMemoryStat, number>>>;
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
  /** Takes the medium out of a CD-ROM drive. */
  eject(device: string, force: boolean): Promise<Result<void, MediumError>>;
  changeMedium(device: string, drive: DriveConfig, force: boolean): Promise<Result<void, ConfigIssue | MediumError>>;
  /** A disk or CD-ROM drive behind a SCSI controller, while the guest runs. */
  addScsiDevice(device: ScsiDeviceConfig, drive: DriveConfig | undefined): Promise<Result<void, ConfigIssue>>;
  removeScsiDevice(device: string): Promise<Result<void, MediumError>>;
  resizeConsole(columns: number, rows: number, console: ConsoleName): Promise<void>;
  /** Resolves when there is room for more. */
  input(console: ConsoleName, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  sendInput(events: readonly InputEvent[]): Promise<void>;
  /** Resolves when the keys are up again. */
  sendKeys(keys: readonly KeyNumber[], holdMs: number): Promise<void>;
  /** Shows the guest's screen on the canvas from now on. */
  attachDisplay(canvas: OffscreenCanvas): Promise<void>;
  /** The size of the window in which a person sees the screen. */
  resizeDisplay(width: number, height: number): Promise<void>;
  /** The guest's screen; undefined if there is no picture. */
  screendump(): Promise<Screenshot | undefined>;
  sample(): Promise<Sample>;
  devices(): Promise<DeviceReport[]>;
  /** A command of QMP: neither name nor arguments need be right. */
  qmp(command: string, args: unknown): Promise<Result<unknown, QmpFault>>;
  /** Opens a virtserialport by its host name; bytes go by the link (port_link.ts). An error is a reason in words. */
  openPort(name: string, link: MessagePort): Promise<Result<void, string>>;
  /** A facade of its own: `devices.net.connectGuest(…)`. */
  readonly net: NetCalls;
  /** One for each CPU. */
  profile(): Promise<readonly CpuProfile[]>;
  /** The WebAssembly of a translation as text; undefined when the guest's code is no longer there. */
  translation(cpu: number, slot: number): Promise<string | undefined>;
}

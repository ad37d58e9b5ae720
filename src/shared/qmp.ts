// The control interface in the words of QEMU's QMP (qapi/*.json): commands with their arguments and answers, events,
// and classes of errors. Both sides of the page's boundary use these types; src/machine/qmp has the commands.

export type QmpErrorClass = "GenericError" | "CommandNotFound" | "DeviceNotActive" | "DeviceNotFound" | "KVMMissingCap";

export interface QmpFault {
  readonly class: QmpErrorClass;
  readonly desc: string;
}

/** What a command of the embedding API rejects with. */
export class QmpError extends Error {
  readonly class: QmpErrorClass;

  constructor(fault: QmpFault) {
    super(fault.desc);
    this.name = "QmpError";
    this.class = fault.class;
  }
}

/** The states of QEMU's that this machine has. */
export type RunState = "prelaunch" | "running" | "paused" | "shutdown" | "internal-error";

export type Nothing = Readonly<Record<string, never>>;

export interface BlockInfo {
  /** Name of the back end: the drive's id. */
  readonly device: string;
  /** Id of the device that it belongs to; empty if nobody uses it. */
  readonly qdev: string;
  readonly removable: boolean;
  readonly locked: boolean;
  readonly tray_open?: boolean;
  readonly inserted?: {
    readonly file: string;
    readonly ro: boolean;
    readonly drv: string;
    readonly "virtual-size": number;
  };
}

/** Which drive: by the id of its device, or the old way by the name of the back end. */
interface DriveChoice {
  readonly id?: string;
  readonly device?: string;
}

export type RxState = "normal" | "none" | "all";

/** Which frames a card lets through to its driver. */
export interface RxFilterInfo {
  readonly name: string;
  readonly promiscuous: boolean;
  readonly multicast: RxState;
  readonly unicast: RxState;
  readonly vlan: RxState;
  readonly "broadcast-allowed": boolean;
  /** There were more addresses than the card keeps: it lets all of them through. */
  readonly "multicast-overflow": boolean;
  readonly "unicast-overflow": boolean;
  readonly "main-mac": string;
  readonly "vlan-table": readonly number[];
  readonly "unicast-table": readonly string[];
  readonly "multicast-table": readonly string[];
}

/** A key by name, or by QEMU's number for it: its scan code of set 1, with bit 7 if that has e0 before it. */
export type KeyValue =
  { readonly type: "qcode"; readonly data: string } | { readonly type: "number"; readonly data: number };

export interface QmpCommands {
  "query-commands": { arguments: Nothing; return: { readonly name: string }[] };
  "query-status": { arguments: Nothing; return: { readonly status: RunState; readonly running: boolean } };
  stop: { arguments: Nothing; return: Nothing };
  cont: { arguments: Nothing; return: Nothing };
  system_reset: { arguments: Nothing; return: Nothing };
  system_powerdown: { arguments: Nothing; return: Nothing };
  system_wakeup: { arguments: Nothing; return: Nothing };
  /** The options of `device=` beside the driver, as text or as what they mean. */
  device_add: {
    arguments: { readonly driver: string } & Readonly<Record<string, string | number | boolean>>;
    return: Nothing;
  };
  device_del: { arguments: { readonly id: string }; return: Nothing };
  balloon: { arguments: { readonly value: number }; return: Nothing };
  "query-balloon": { arguments: Nothing; return: { readonly actual: number } };
  "query-block": { arguments: Nothing; return: BlockInfo[] };
  eject: { arguments: DriveChoice & { readonly force?: boolean }; return: Nothing };
  "blockdev-change-medium": {
    arguments: DriveChoice & {
      /** A URL, as `drive=file=` takes it. */
      readonly filename: string;
      readonly format?: string;
      readonly force?: boolean;
      readonly "read-only-mode"?: "retain" | "read-only" | "read-write";
    };
    return: Nothing;
  };
  /** QEMU writes a file; here the PNG is the answer, and the file's name is of no consequence. */
  screendump: {
    arguments: {
      readonly filename?: string;
      readonly device?: string;
      readonly head?: number;
      readonly format?: "png";
    };
    return: Uint8Array<ArrayBuffer>;
  };
  set_link: { arguments: { readonly name: string; readonly up: boolean }; return: Nothing };
  "query-rx-filter": { arguments: { readonly name?: string }; return: RxFilterInfo[] };
  "send-key": { arguments: { readonly keys: readonly KeyValue[]; readonly "hold-time"?: number }; return: Nothing };
}

export type QmpCommand = keyof QmpCommands;

export interface QmpEvents {
  SHUTDOWN: { readonly guest: boolean; readonly reason: string };
  POWERDOWN: Nothing;
  WAKEUP: Nothing;
  RESET: { readonly guest: boolean; readonly reason: string };
  STOP: Nothing;
  RESUME: Nothing;
  DEVICE_DELETED: { readonly device?: string; readonly path: string };
  BALLOON_CHANGE: { readonly actual: number };
  NIC_RX_FILTER_CHANGED: { readonly name?: string; readonly path: string };
  VSERPORT_CHANGE: { readonly id: string; readonly open: boolean };
  DEVICE_TRAY_MOVED: { readonly device: string; readonly id: string; readonly "tray-open": boolean };
}

export type QmpEventName = keyof QmpEvents;

export type QmpEvent = {
  [K in QmpEventName]: {
    readonly event: K;
    readonly data: QmpEvents[K];
    readonly timestamp: { readonly seconds: number; readonly microseconds: number };
  };
}[QmpEventName];

// The one way to describe a machine: the same object in the query string, the embedding API and the tests.
// Everything is optional; src/shared/resolve_config.ts fills in what is missing.

import { configIssue, type ConfigIssue } from "./config_issue";
import { parseCpu } from "./cpu_option";
import { checkDevice, type DeviceConfig } from "./device_options";
import { checkNetdev, checkNic, type NetdevConfig, type NicConfig } from "./net_options";
import { checkOptions, type OptionTable } from "./option_table";
import { GiB, KiB } from "./units";

/** A URL, relative to the page, or the bytes themselves (not in a query string). */
export type FileSource = string | Uint8Array<ArrayBuffer>;

/** The initial RAM disk, or a multiboot module with the text that belongs to it. */
export interface InitrdConfig {
  readonly file: FileSource;
  readonly argument?: string;
}

export interface DriveConfig {
  /** Left out, the drive is empty memory of `size` bytes. */
  readonly file?: FileSource;
  readonly size?: number;
  /** virtio: a virtio-blk-pci device of its own; scsi: a disk on virtio-scsi; none: for a `device=…,drive=ID`. */
  readonly if?: DriveInterface;
  /** cdrom: read-only, and with if=scsi a CD-ROM drive. */
  readonly media?: "disk" | "cdrom";
  readonly format?: "raw";
  readonly readonly?: boolean;
  readonly id?: string;
  /** What the guest reads as the disk's serial number. */
  readonly serial?: string;
}

export type DriveInterface = "virtio" | "scsi" | "none";

/** What stands behind COM1: a console in the page, or a sink. */
export type SerialConfig = "stdio" | "null";

export interface MachineConfig {
  /** A ready guest image; the other options add to it. */
  readonly image?: string;
  /** How the image's disks are attached, in place of what the image says. */
  readonly imageInterface?: ImageInterface;
  /** MiB. */
  readonly memory?: number;
  readonly cpus?: number;
  /** A model, and features added or removed: "Nehalem,+aes,-sse4.2". */
  readonly cpu?: string;
  readonly kernel?: FileSource;
  readonly initrd?: readonly InitrdConfig[];
  readonly append?: string;
  readonly drives?: readonly DriveConfig[];
  readonly serial?: readonly SerialConfig[];
  readonly devices?: readonly DeviceConfig[];
  /** Back ends for `device=virtio-net-pci,netdev=ID`. */
  readonly netdevs?: readonly NetdevConfig[];
  /** Network cards with their back ends. */
  readonly nics?: readonly NicConfig[];
  /** The display adapter: qxl is short for a device qxl-vga. */
  readonly vga?: VgaWord;
  /** A guest that resets ends instead. */
  readonly noReboot?: boolean;
  /** Made, loaded and left standing until `resume`. */
  readonly startPaused?: boolean;
  readonly jit?: JitMode;
}

/** Translation of hot code to WebAssembly: on, never, or of all code at its first execution. */
export type JitMode = "on" | "off" | "force" | "check";
export const jitModes: readonly JitMode[] = ["on", "off", "force", "check"];

export type ImageInterface = Exclude<DriveInterface, "none">;
export const imageInterfaces: readonly ImageInterface[] = ["virtio", "scsi"];
export type VgaWord = "none" | "qxl";
export const vgaWords: readonly VgaWord[] = ["none", "qxl"];

export const MIN_MEMORY = 1;
/** What is left of a 4 GiB wasm memory after the CPUs' tables is a little less; the memory plan says how much. */
export const MAX_MEMORY = 3840;
/** Several virtual CPUs wait for their own worker each. */
export const MAX_CPUS = 1;
export const serialWords: readonly string[] = ["stdio", "null"];
/** As many as four controllers full of targets; how many fit on the PCI bus is found when they are plugged in. */
const MAX_DRIVES = 1024;

export const driveTable: OptionTable = {
  file: { kind: "url" },
  size: { kind: "size", min: 4 * KiB, max: 1024 * GiB },
  if: { kind: "word", words: ["virtio", "scsi", "none"] },
  media: { kind: "word", words: ["disk", "cdrom"] },
  format: { kind: "word", words: ["raw"] },
  readonly: { kind: "onoff" },
  id: { kind: "id" },
  serial: { kind: "text", maxLength: 20 },
};

/** Every option of a machine under the name that the query string gives it. */
export const optionNames = {
  image: "image",
  imageInterface: "image-if",
  memory: "m",
  cpus: "smp",
  cpu: "cpu",
  kernel: "kernel",
  initrd: "initrd",
  append: "append",
  drives: "drive",
  serial: "serial",
  devices: "device",
  netdevs: "netdev",
  nics: "nic",
  vga: "vga",
  noReboot: "no-reboot",
  startPaused: "S",
  jit: "jit",
} as const satisfies Record<keyof MachineConfig, string>;

/** Checks a configuration from whatever source; undefined = nothing wrong. */
export function checkConfig(config: MachineConfig): ConfigIssue | undefined {
  for (const key of Object.keys(config)) {
    if (!Object.hasOwn(optionNames, key)) return configIssue(key, "unknown", Object.keys(optionNames));
  }
  return (
    checkRange("m", config.memory, MIN_MEMORY, MAX_MEMORY, "MiB") ??
    checkRange("smp", config.cpus, 1, MAX_CPUS, "CPUs") ??
    checkCpu(config.cpu) ??
    checkWord("jit", config.jit, jitModes) ??
    checkWord("vga", config.vga, vgaWords) ??
    checkImageName(config.image) ??
    checkWord("image-if", config.imageInterface, imageInterfaces) ??
    checkFlags(config) ??
    checkBoot(config) ??
    checkSerial(config.serial ?? []) ??
    checkDrives(config.drives ?? []) ??
    checkNetworks(config) ??
    checkDevices(config)
  );
}

function checkRange(
  option: string,
  value: number | undefined,
  min: number,
  max: number,
  unit: string,
): ConfigIssue | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return undefined;
  return configIssue(option, `${String(value)} is not possible`, [`${min} to ${max} ${unit}`]);
}

function checkWord(option: string, value: string | undefined, words: readonly string[]): ConfigIssue | undefined {
  if (value === undefined || words.includes(value)) return undefined;
  return configIssue(option, `"${value}" is unknown`, words);
}

function checkCpu(cpu: string | undefined): ConfigIssue | undefined {
  if (cpu === undefined) return undefined;
  const choice = parseCpu(cpu);
  return choice.ok ? undefined : choice.error;
}

function checkImageName(image: string | undefined): ConfigIssue | undefined {
  if (image === undefined || (typeof image === "string" && /^[a-z0-9][a-z0-9._-]*$/i.test(image))) return undefined;
  return configIssue("image", `"${String(image)}" is no name of a guest image`, ["a name such as tiny or debian"]);
}

function checkFlags(config: MachineConfig): ConfigIssue | undefined {
  for (const key of ["noReboot", "startPaused"] as const) {
    const value: unknown = config[key];
    if (value !== undefined && typeof value !== "boolean") {
      return configIssue(optionNames[key], "must be true or false", ["on", "off"]);
    }
  }
  return undefined;
}

function isFile(file: unknown): boolean {
  return file instanceof Uint8Array || (typeof file === "string" && file !== "");
}

function checkBoot(config: MachineConfig): ConfigIssue | undefined {
  const { image, kernel, initrd = [], append } = config;
  if (kernel !== undefined && !isFile(kernel)) return configIssue("kernel", "needs a file", ["a URL"]);
  if (kernel === undefined && image === undefined) {
    if (initrd.length > 0) return configIssue("initrd", "needs a kernel", ["kernel=URL", "image=NAME"]);
    if (append !== undefined) return configIssue("append", "needs a kernel", ["kernel=URL", "image=NAME"]);
    return configIssue("kernel", "there is nothing to boot", ["kernel=URL", "image=NAME"]);
  }
  if (!initrd.every((entry) => isFile(entry.file))) return configIssue("initrd", "needs a file", ["a URL"]);
  if (append !== undefined && (typeof append !== "string" || append.includes("\0"))) {
    return configIssue("append", "must be a text without NUL");
  }
  return undefined;
}

function checkSerial(serial: readonly SerialConfig[]): ConfigIssue | undefined {
  if (serial.length > 1) return configIssue("serial", "there is one serial port only", serialWords);
  return checkWord("serial", serial[0], serialWords);
}

function checkDrives(drives: readonly DriveConfig[]): ConfigIssue | undefined {
  if (drives.length > MAX_DRIVES) return configIssue("drive", `more than ${MAX_DRIVES} drives`);
  for (const drive of drives) {
    const issue = checkDrive(drive);
    if (issue !== undefined) return issue;
  }
  return undefined;
}

export function checkDrive(drive: DriveConfig): ConfigIssue | undefined {
  const { file, ...rest } = drive;
  const issue = checkOptions("drive", rest, driveTable);
  if (issue !== undefined) return issue;
  if (file !== undefined && !isFile(file)) return configIssue("drive: file", "needs a file", ["a URL"]);
  if (file === undefined && drive.size === undefined) {
    return configIssue("drive", "needs a file, or a size to be empty memory", ["file=URL", "size=1G"]);
  }
  if (file !== undefined && drive.size !== undefined) {
    return configIssue("drive: size", "is for drives without a file", ["file=URL", "size=1G"]);
  }
  if (drive.media === "cdrom" && (drive.if ?? "virtio") === "virtio") {
    return configIssue("drive: media", "virtio-blk has no CD-ROMs", ["if=scsi", "if=none"]);
  }
  if (drive.media === "cdrom" && drive.readonly === false) {
    return configIssue("drive: readonly", "a CD-ROM cannot be written", ["on"]);
  }
  if (drive.if === "none" && drive.id === undefined) {
    return configIssue("drive", "with if=none needs an id, so that a device can name it", ["id=NAME"]);
  }
  return undefined;
}

function checkNetworks({ netdevs = [], nics = [] }: MachineConfig): ConfigIssue | undefined {
  if (nics.length > 1 && nics.some((nic) => nic.type === "none")) {
    return configIssue("nic", "none contradicts the other cards");
  }
  for (const netdev of netdevs) {
    const issue = checkNetdev(netdev);
    if (issue !== undefined) return issue;
  }
  for (const nic of nics) {
    const issue = checkNic(nic);
    if (issue !== undefined) return issue;
  }
  return undefined;
}

function checkDevices(config: MachineConfig): ConfigIssue | undefined {
  const devices = config.devices ?? [];
  for (const device of devices) {
    const issue = checkDevice(device);
    if (issue !== undefined) return issue;
  }
  if (devices.filter((device) => device.driver === "isa-debug-exit").length > 1) {
    return configIssue("device isa-debug-exit", "given twice");
  }
  const displays = devices.filter(({ driver }) => driver === "qxl-vga" || driver === "qxl").length;
  if (displays + (config.vga === "qxl" ? 1 : 0) > 1) return configIssue("device qxl-vga", "there is one display only");
  // Drives, network back ends and devices have names of their own, as in QEMU.
  for (const [what, parts] of Object.entries({ drive: config.drives, netdev: config.netdevs, device: devices })) {
    const twice = firstTwice((parts ?? []).flatMap((part) => ("id" in part && part.id ? [part.id] : [])));
    if (twice !== undefined) return configIssue(`${what}: id=${twice}`, "given twice");
  }
  return checkAddresses(devices);
}

function firstTwice(ids: readonly string[]): string | undefined {
  return ids.find((id, index) => ids.indexOf(id) !== index);
}

function checkAddresses(devices: readonly DeviceConfig[]): ConfigIssue | undefined {
  const used = new Map<number, string>();
  for (const device of devices) {
    if (!("addr" in device) || device.addr === undefined) continue;
    const other = used.get(device.addr);
    if (other !== undefined) {
      return configIssue(`device ${device.driver}: addr`, `0x${device.addr.toString(16)} is taken by ${other}`);
    }
    used.set(device.addr, device.driver);
  }
  return undefined;
}

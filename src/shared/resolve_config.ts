// From what was asked for to what will be built: defaults filled in, the guest image's parts in place, URLs absolute.

import { configIssue, type ConfigIssue } from "./config_issue";
import { parseCpu, type CpuChoice } from "./cpu_option";
import type { DeviceConfig } from "./device_options";
import type { GuestImage } from "./guest_image";
import {
  checkConfig,
  type DriveConfig,
  type FileSource,
  type MachineConfig,
  type JitMode,
  type SerialConfig,
} from "./machine_config";
import { err, ok, type Result } from "./result";

/** A file that can be loaded from anywhere: workers do not know the page's base URL. */
export type ResolvedFile =
  | {
      readonly kind: "url";
      readonly name: string;
      readonly url: string;
      /** There is a gzip-compressed sibling, with its length. */
      readonly gzip?: { readonly url: string; readonly size: number };
      /** Length, if known beforehand. */
      readonly size?: number;
    }
  | { readonly kind: "bytes"; readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> };

export type DriveSource = ResolvedFile | { readonly kind: "empty"; readonly size: number };

export interface ResolvedDrive {
  readonly source: DriveSource;
  readonly if: "virtio" | "none";
  readonly format: "raw";
  readonly readonly: boolean;
  readonly id: string;
  readonly serial: string;
}

export interface ResolvedConfig {
  /** MiB. */
  readonly memory: number;
  readonly cpus: number;
  readonly cpu: CpuChoice;
  readonly kernel: ResolvedFile;
  readonly initrd: readonly { readonly file: ResolvedFile; readonly argument: string }[];
  readonly append: string;
  readonly drives: readonly ResolvedDrive[];
  readonly serial: SerialConfig;
  readonly devices: readonly DeviceConfig[];
  readonly noReboot: boolean;
  readonly startPaused: boolean;
  readonly jit: JitMode;
}

export interface ResolveContext {
  /** The manifest of `config.image`, if that is given. */
  readonly image?: GuestImage;
  /** Absolute URL of what an option names. */
  readonly resolveUrl: (relative: string) => string;
  /** Absolute URL of a file of the image. */
  readonly imageUrl: (name: string) => string;
}

const DEFAULT_MEMORY = 256;

export function resolveConfig(config: MachineConfig, context: ResolveContext): Result<ResolvedConfig, ConfigIssue> {
  const merged = mergeImage(config, context.image);
  const issue = checkConfig(config) ?? checkConfig(merged) ?? checkWiring(merged);
  if (issue !== undefined) return err(issue);
  const cpu = parseCpu(config.cpu ?? "max");
  if (!cpu.ok) return cpu;
  const kernel = resolveKernel(config, context);
  if (kernel === undefined) return err(configIssue(`image ${config.image ?? ""}`, "has no kernel"));
  return ok({
    memory: merged.memory ?? DEFAULT_MEMORY,
    cpus: config.cpus ?? 1,
    cpu: cpu.value,
    kernel,
    initrd: resolveInitrd(config, context),
    append: merged.append ?? "",
    drives: resolveDrives(config, context),
    serial: config.serial?.[0] ?? "stdio",
    devices: merged.devices ?? [],
    noReboot: config.noReboot ?? false,
    startPaused: config.startPaused ?? false,
    jit: config.jit ?? "on",
  });
}

/** Explicit options win where there can be one, and come after the image's where there can be several. */
function mergeImage(config: MachineConfig, image: GuestImage | undefined): MachineConfig {
  if (image === undefined) return config;
  return {
    ...config,
    memory: config.memory ?? image.memory,
    append: [image.append, config.append ?? ""].filter((part) => part !== "").join(" "),
    drives: [...image.drives, ...(config.drives ?? [])],
    devices: [...image.devices, ...(config.devices ?? [])],
  };
}

/** What only the whole machine shows: devices that name a drive or need another device. */
function checkWiring(config: MachineConfig): ConfigIssue | undefined {
  const devices = config.devices ?? [];
  const free = new Set((config.drives ?? []).filter((drive) => drive.if === "none").map((drive) => drive.id));
  const names = [...free].map((id) => `drive=${id ?? ""}`);
  for (const device of devices) {
    if (device.driver !== "virtio-blk-pci") continue;
    if (!free.delete(device.drive)) {
      return configIssue(`device ${device.driver}: drive`, `"${device.drive}" is no free drive with if=none`, names);
    }
  }
  const ports = devices.filter((device) => device.driver === "virtconsole").length;
  const buses = devices.filter((device) => device.driver === "virtio-serial-pci").length;
  if (ports > 0 && buses === 0) {
    return configIssue("device virtconsole", "needs a virtio-serial-pci device before it", [
      "device=virtio-serial-pci&device=virtconsole",
    ]);
  }
  if (buses > 1) return configIssue("device virtio-serial-pci", "given twice");
  if (ports > 1) return configIssue("device virtconsole", "there is one console only");
  return undefined;
}

function nameOf(url: string): string {
  const path = url.split(/[?#]/, 1)[0] ?? "";
  return path.slice(path.lastIndexOf("/") + 1);
}

function resolveFile(file: FileSource, what: string, context: ResolveContext): ResolvedFile {
  if (typeof file !== "string") return { kind: "bytes", name: what, bytes: file };
  return { kind: "url", name: nameOf(file), url: context.resolveUrl(file) };
}

function imageFile(name: string, context: ResolveContext): ResolvedFile | undefined {
  const file = context.image?.files.get(name);
  if (file === undefined) return undefined;
  const plain = { kind: "url" as const, name, url: context.imageUrl(name), size: file.size };
  if (file.gzipSize === undefined) return plain;
  return { ...plain, gzip: { url: context.imageUrl(`${name}.gz`), size: file.gzipSize } };
}

/** The unpacked kernel, since a guest needs billions of instructions to unpack the other. */
function resolveKernel(config: MachineConfig, context: ResolveContext): ResolvedFile | undefined {
  if (config.kernel !== undefined) return resolveFile(config.kernel, "kernel", context);
  return imageFile("vmlinux", context) ?? imageFile("bzImage", context);
}

function resolveInitrd(config: MachineConfig, context: ResolveContext): { file: ResolvedFile; argument: string }[] {
  if (config.initrd !== undefined) {
    return config.initrd.map((entry) => ({
      file: resolveFile(entry.file, "initrd", context),
      argument: entry.argument ?? "",
    }));
  }
  const file = imageFile("initrd", context);
  return file === undefined ? [] : [{ file, argument: "" }];
}

function resolveDrives(config: MachineConfig, context: ResolveContext): ResolvedDrive[] {
  const own = (config.drives ?? []).map((drive) => ({ drive, source: driveSource(drive, context) }));
  const images = (context.image?.drives ?? []).map((drive) => ({ drive, source: imageDrive(drive.file, context) }));
  return [...images, ...own].map(({ drive, source }, index) => ({
    source,
    if: drive.if ?? "virtio",
    format: drive.format ?? "raw",
    readonly: drive.readonly ?? false,
    id: drive.id ?? `drive${index}`,
    serial: drive.serial ?? "",
  }));
}

function driveSource(drive: DriveConfig, context: ResolveContext): DriveSource {
  if (drive.file === undefined) return { kind: "empty", size: drive.size ?? 0 };
  return resolveFile(drive.file, "drive", context);
}

/** A disk is read in pieces, so its compressed sibling (if any) is of no use. */
function imageDrive(name: string, context: ResolveContext): ResolvedFile {
  const size = context.image?.files.get(name)?.size;
  return { kind: "url", name, url: context.imageUrl(name), ...(size === undefined ? {} : { size }) };
}

// From what was asked for to what will be built: defaults filled in, the guest image's parts in place, URLs absolute.

import { configIssue, type ConfigIssue } from "./config_issue";
import { parseCpu, type CpuChoice } from "./cpu_option";
import { type DeviceConfig, portName } from "./device_options";
import type { GuestImage } from "./guest_image";
import {
  checkConfig,
  type DriveConfig,
  type DriveInterface,
  type FileSource,
  type MachineConfig,
  type JitMode,
  type SerialConfig,
} from "./machine_config";
import { parseForward, planOf, type Forward, type NetworkPlan } from "./net/user_plan";
import type { NetdevConfig } from "./net_options";
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
  readonly if: DriveInterface;
  readonly media: "disk" | "cdrom";
  readonly format: "raw";
  readonly readonly: boolean;
  readonly id: string;
  readonly serial: string;
}

export type ResolvedNetdev =
  | {
      readonly type: "user";
      readonly id: string;
      readonly plan: NetworkPlan;
      readonly forwards: readonly Forward[];
    }
  | { readonly type: "socket"; readonly id: string; readonly name: string };

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
  /** Those that a card is plugged into. */
  readonly netdevs: readonly ResolvedNetdev[];
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
  const merged = withCards(mergeImage(config, context.image));
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
    devices: [...(merged.devices ?? []), ...vgaDevice(merged)],
    netdevs: resolveNetdevs(merged),
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
    drives: [...imageDrives(config, image), ...(config.drives ?? [])],
    devices: [...image.devices, ...(config.devices ?? [])],
  };
}

function imageDrives(config: MachineConfig, image: GuestImage): GuestImage["drives"] {
  const { imageInterface } = config;
  return imageInterface === undefined ? image.drives : image.drives.map((drive) => ({ ...drive, if: imageInterface }));
}

/**
 * Every `nic` as a back end and a device. As in QEMU a machine has a card on a user network unless something about
 * networks was said; here that is for images, whose systems are known to want one.
 */
function withCards(config: MachineConfig): MachineConfig {
  const { devices = [], netdevs = [] } = config;
  const silent = netdevs.length === 0 && !devices.some((device) => device.driver === "virtio-net-pci");
  const nics = config.nics ?? (config.image !== undefined && silent ? [{ type: "user" as const }] : []);
  const cards: DeviceConfig[] = [];
  const backends: NetdevConfig[] = [];
  for (const [index, nic] of nics.entries()) {
    if (nic.type === "none") continue;
    // Names that QEMU makes too, and nobody writes.
    const id = `#net${index}`;
    const { model: _model, mac, ...backend } = nic;
    backends.push({ ...backend, id });
    cards.push({ driver: "virtio-net-pci", netdev: id, ...(mac === undefined ? {} : { mac }) });
  }
  const { nics: _nics, ...rest } = config;
  return { ...rest, devices: [...devices, ...cards], netdevs: [...netdevs, ...backends] };
}

/** All of them: a card for one may come later. */
function resolveNetdevs({ netdevs = [] }: MachineConfig): ResolvedNetdev[] {
  return netdevs.flatMap((netdev): ResolvedNetdev[] => {
    const { id } = netdev;
    if (netdev.type === "socket") return [{ type: "socket", id, name: netdev.mcast }];
    const plan = planOf(netdev);
    // checkConfig has seen it.
    if (!plan.ok) return [];
    const forwards = (netdev.hostfwd ?? []).flatMap((text) => {
      const forward = parseForward(text);
      return forward.ok ? [forward.value] : [];
    });
    return [{ type: "user", id, plan: plan.value, forwards }];
  });
}

export function hasVga(config: ResolvedConfig): boolean {
  return config.devices.some(({ driver }) => driver === "qxl-vga");
}

function vgaDevice({ vga }: MachineConfig): DeviceConfig[] {
  return vga === "qxl" ? [{ driver: "qxl-vga" }] : [];
}

/** What only the whole machine shows: devices that name a drive or need another device. */
function checkWiring(config: MachineConfig): ConfigIssue | undefined {
  const devices = config.devices ?? [];
  const issue = checkDrivesOfDevices(config.drives ?? [], devices) ?? checkScsi(devices) ?? checkNetdevs(config);
  if (issue !== undefined) return issue;
  const ports = devices.filter((device) => device.driver === "virtconsole" || device.driver === "virtserialport");
  const buses = devices.filter((device) => device.driver === "virtio-serial-pci").length;
  const [port] = ports;
  if (port !== undefined && buses === 0) {
    return configIssue(`device ${port.driver}`, "needs a virtio-serial-pci device before it", [
      `device=virtio-serial-pci&device=${port.driver}`,
    ]);
  }
  const hostNames = ports.flatMap((device) => (device.driver === "virtserialport" ? [portName(device)] : []));
  const twice = hostNames.find((name, index) => hostNames.indexOf(name) !== index);
  if (twice !== undefined) return configIssue("device virtserialport", `"${twice}" is given twice`);
  if (devices.filter((device) => device.driver === "virtio-balloon-pci").length > 1) {
    return configIssue("device virtio-balloon-pci", "given twice");
  }
  if (buses > 1) return configIssue("device virtio-serial-pci", "given twice");
  return undefined;
}

/** Every drive with if=none is for one device. */
function checkDrivesOfDevices(
  drives: readonly DriveConfig[],
  devices: readonly DeviceConfig[],
): ConfigIssue | undefined {
  const ids = drives.flatMap(({ if: bus, id }) => (bus === "none" && id !== undefined ? [id] : []));
  const choices = devices.flatMap((device) =>
    "drive" in device && device.drive !== undefined ? [{ driver: device.driver, id: device.drive }] : [],
  );
  return checkChoices("drive", choices, ids, (id) =>
    drives.some((drive) => drive.id === id) ? "has a device already, for it lacks if=none" : "is no drive with if=none",
  );
}

/** Every one of `ids` is chosen by one device at most, and only these. */
function checkChoices(
  option: string,
  choices: readonly { readonly driver: string; readonly id: string }[],
  ids: readonly string[],
  unknown: (id: string) => string,
): ConfigIssue | undefined {
  const users = new Map<string, string>();
  for (const { driver, id } of choices) {
    const user = users.get(id);
    const reason = user === undefined ? unknown(id) : `is in use by another device, ${user}`;
    users.set(id, driver);
    if (user === undefined && ids.includes(id)) continue;
    const chosen = choices.map((choice) => choice.id);
    const free = ids.filter((other) => !chosen.includes(other)).map((other) => `${option}=${other}`);
    return configIssue(`device ${driver}: ${option}`, `"${id}" ${reason}`, free);
  }
  return undefined;
}

/** Names of the SCSI buses, in the order of their controllers, as QEMU names them. */
export function scsiBusNames(devices: readonly DeviceConfig[]): string[] {
  let unnamed = 0;
  return devices.flatMap((device) => {
    if (device.driver !== "virtio-scsi-pci") return [];
    return [device.id === undefined ? `scsi.${unnamed++}` : `${device.id}.0`];
  });
}

function checkScsi(devices: readonly DeviceConfig[]): ConfigIssue | undefined {
  const buses = scsiBusNames(devices);
  for (const device of devices) {
    if (device.driver !== "scsi-hd" && device.driver !== "scsi-cd") continue;
    if (buses.length === 0) {
      return configIssue(`device ${device.driver}`, "needs a virtio-scsi-pci device", ["device=virtio-scsi-pci"]);
    }
    if (device.bus !== undefined && !buses.includes(device.bus)) {
      return configIssue(`device ${device.driver}: bus`, `there is no "${device.bus}"`, buses);
    }
  }
  return undefined;
}

/** A back end has one card, a name and a forwarded port one back end. */
function checkNetdevs({ devices = [], netdevs = [] }: MachineConfig): ConfigIssue | undefined {
  const ports = netdevs.flatMap((netdev) => {
    const forwards = netdev.type === "user" ? (netdev.hostfwd ?? []).map(parseForward) : [];
    return forwards.flatMap((forward) => (forward.ok ? [forward.value.hostPort] : []));
  });
  const port = ports.find((value, index) => ports.indexOf(value) !== index);
  if (port !== undefined) return configIssue("netdev user: hostfwd", `port ${port} is forwarded twice`);
  const choices = devices.flatMap((device) =>
    device.driver === "virtio-net-pci" ? [{ driver: device.driver, id: device.netdev }] : [],
  );
  const ids = netdevs.map(({ id }) => id);
  return checkChoices("netdev", choices, ids, () => "is no netdev");
}

function nameOf(url: string): string {
  const path = url.split(/[?#]/, 1)[0] ?? "";
  return path.slice(path.lastIndexOf("/") + 1);
}

function resolveFile(file: FileSource, what: string, context: Pick<ResolveContext, "resolveUrl">): ResolvedFile {
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
  const { image } = context;
  const images = (image === undefined ? [] : imageDrives(config, image)).map((drive) => {
    return { drive, source: imageDrive(drive.file, context) };
  });
  const all = [...images, ...own];
  const names = new Set(all.map(({ drive }) => drive.id));
  return all.map(({ drive, source }, index) => {
    // Names that nobody has given.
    let name = `drive${index}`;
    while (names.has(name)) name = `#${name}`;
    return resolveParts(drive, source, name);
  });
}

/** A drive that is added to a running machine. */
export function resolveDrive(
  drive: DriveConfig,
  id: string,
  context: Pick<ResolveContext, "resolveUrl">,
): ResolvedDrive {
  return resolveParts(drive, driveSource(drive, context), id);
}

function resolveParts(drive: DriveConfig, source: DriveSource, id: string): ResolvedDrive {
  const media = drive.media ?? "disk";
  return {
    source,
    if: drive.if ?? "virtio",
    media,
    format: drive.format ?? "raw",
    readonly: drive.readonly ?? media === "cdrom",
    id: drive.id ?? id,
    serial: drive.serial ?? "",
  };
}

function driveSource(drive: DriveConfig, context: Pick<ResolveContext, "resolveUrl">): DriveSource {
  if (drive.file === undefined) return { kind: "empty", size: drive.size ?? 0 };
  return resolveFile(drive.file, "drive", context);
}

/** A disk is read in pieces, so its compressed sibling (if any) is of no use. */
function imageDrive(name: string, context: ResolveContext): ResolvedFile {
  const size = context.image?.files.get(name)?.size;
  return { kind: "url", name, url: context.imageUrl(name), ...(size === undefined ? {} : { size }) };
}

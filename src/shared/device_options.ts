// The devices that `device=` can add, in QEMU's names and words, with their options.

import { configIssue, type ConfigIssue } from "./config_issue";
import { checkMac } from "./net_options";
import { checkOptions, formatOptions, parseOptions, type OptionKind, type OptionTable } from "./option_table";
import { parseItems } from "./qemu_syntax";
import { err, ok, type Result } from "./result";

/** Where a device on the PCI bus is. */
export interface PciPlace {
  readonly id?: string;
  /** There is one bus. */
  readonly bus?: typeof PCI_BUS;
  /** Slot on the bus; without it the next free one. */
  readonly addr?: number;
}

/** What every virtio-pci device can be told. */
export interface VirtioPciOptions extends PciPlace {
  /** Off: only the modern interface. */
  readonly "disable-legacy"?: boolean;
  /** Off: only the legacy interface. */
  readonly "disable-modern"?: boolean;
}

export interface VirtioSerialConfig extends VirtioPciOptions {
  readonly driver: "virtio-serial-pci";
  readonly max_ports?: number;
}

export interface VirtconsoleConfig {
  readonly driver: "virtconsole";
  readonly id?: string;
  readonly name?: string;
}

export interface VirtserialportConfig {
  readonly driver: "virtserialport";
  readonly id?: string;
  /** The guest finds it at /dev/virtio-ports/NAME. */
  readonly name?: string;
  /** What the host calls its end; left out, the name or the id. */
  readonly chardev?: string;
}

export interface VirtioBlkConfig extends VirtioPciOptions {
  readonly driver: "virtio-blk-pci";
  /** The id of a drive with if=none. */
  readonly drive: string;
  readonly serial?: string;
}

export interface VirtioScsiConfig extends VirtioPciOptions {
  readonly driver: "virtio-scsi-pci";
  /** Request queues. */
  readonly num_queues?: number;
}

/** Where a SCSI device is: by default on the first controller, at the next free target, LUN 0. */
export interface ScsiPlace {
  readonly id?: string;
  /** The controller's id with ".0" after it; "scsi.0" and so on for controllers without one. */
  readonly bus?: string;
  readonly channel?: number;
  readonly "scsi-id"?: number;
  readonly lun?: number;
  readonly serial?: string;
  /** World wide name: up to 16 hexadecimal digits after 0x. */
  readonly wwn?: string;
}

export interface ScsiHdConfig extends ScsiPlace {
  readonly driver: "scsi-hd";
  /** The id of a drive with if=none. */
  readonly drive: string;
  readonly logical_block_size?: number;
  readonly physical_block_size?: number;
  /** 1: not rotating; else rotations per minute. */
  readonly rotation_rate?: number;
}

export interface ScsiCdConfig extends ScsiPlace {
  readonly driver: "scsi-cd";
  /** The id of a drive with if=none; left out, the drive is empty. */
  readonly drive?: string;
}

export interface VirtioRngConfig extends VirtioPciOptions {
  readonly driver: "virtio-rng-pci";
}

export interface VirtioInputConfig extends VirtioPciOptions {
  readonly driver: "virtio-keyboard-pci" | "virtio-mouse-pci" | "virtio-tablet-pci";
  readonly serial?: string;
}

export interface VirtioBalloonConfig extends VirtioPciOptions {
  readonly driver: "virtio-balloon-pci";
  /** Off: a guest without memory kills processes rather than take pages back. */
  readonly "deflate-on-oom"?: boolean;
  /** Off: pages that the guest frees keep their memory. */
  readonly "free-page-reporting"?: boolean;
}

export interface VirtioNetConfig extends VirtioPciOptions {
  readonly driver: "virtio-net-pci";
  /** The id of a netdev. */
  readonly netdev: string;
  readonly mac?: string;
  /** Largest IP packet that the guest is told to send. */
  readonly host_mtu?: number;
}

export interface IsaDebugExitConfig {
  readonly driver: "isa-debug-exit";
  readonly iobase?: number;
  readonly iosize?: number;
}

/** A display; qxl-vga is a VGA as well, and the machine's first. */
export interface QxlConfig extends PciPlace {
  readonly driver: "qxl-vga" | "qxl";
  readonly ram_size_mb?: number;
  readonly vram_size_mb?: number;
  readonly vram64_size_mb?: number;
  readonly vgamem_mb?: number;
  /** The resolution that the guest is told to prefer. */
  readonly xres?: number;
  readonly yres?: number;
}

export type DeviceConfig =
  | VirtioSerialConfig
  | VirtconsoleConfig
  | VirtserialportConfig
  | VirtioBlkConfig
  | VirtioScsiConfig
  | ScsiHdConfig
  | ScsiCdConfig
  | VirtioRngConfig
  | VirtioInputConfig
  | VirtioBalloonConfig
  | VirtioNetConfig
  | QxlConfig
  | IsaDebugExitConfig;
export type DeviceDriver = DeviceConfig["driver"];

const id: OptionKind = { kind: "id" };
/** The id of something else: what is wrong with it shows when it is looked for. */
const reference: OptionKind = { kind: "text", maxLength: 64 };
const PCI_BUS = "pci.0";
const pciPlace: OptionTable = { id, bus: { kind: "word", words: [PCI_BUS] }, addr: { kind: "slot" } };
const virtioPci: OptionTable = {
  ...pciPlace,
  "disable-legacy": { kind: "onoff" },
  "disable-modern": { kind: "onoff" },
};
/** As SCSI's addresses and virtio-scsi's allow. */
const scsiPlace: OptionTable = {
  id,
  bus: { kind: "text", maxLength: 66 },
  channel: { kind: "integer", min: 0, max: 0 },
  "scsi-id": { kind: "integer", min: 0, max: 255 },
  lun: { kind: "integer", min: 0, max: 16383 },
  drive: reference,
  serial: { kind: "text", maxLength: 36 },
  wwn: { kind: "text", maxLength: 18 },
};
const blockSize: OptionKind = { kind: "integer", min: 512, max: 4096 };

const virtioInput: OptionTable = { ...virtioPci, serial: { kind: "text", maxLength: 128 } };

const qxl: OptionTable = {
  ...pciPlace,
  ram_size_mb: { kind: "integer", min: 16, max: 256 },
  vram_size_mb: { kind: "integer", min: 1, max: 128 },
  vram64_size_mb: { kind: "integer", min: 0, max: 256 },
  vgamem_mb: { kind: "integer", min: 8, max: 128 },
  xres: { kind: "integer", min: 320, max: 8192 },
  yres: { kind: "integer", min: 200, max: 8192 },
};

const tables: Readonly<Record<DeviceDriver, OptionTable>> = {
  "virtio-serial-pci": { ...virtioPci, max_ports: { kind: "integer", min: 1, max: 31 } },
  virtconsole: { id, name: { kind: "text", maxLength: 64 } },
  virtserialport: { id, name: { kind: "text", maxLength: 64 }, chardev: reference },
  "virtio-blk-pci": { ...virtioPci, drive: reference, serial: { kind: "text", maxLength: 20 } },
  "virtio-scsi-pci": { ...virtioPci, num_queues: { kind: "integer", min: 1, max: 64 } },
  "scsi-hd": {
    ...scsiPlace,
    logical_block_size: blockSize,
    physical_block_size: blockSize,
    rotation_rate: { kind: "integer", min: 0, max: 65535 },
  },
  "scsi-cd": scsiPlace,
  "virtio-rng-pci": virtioPci,
  "virtio-keyboard-pci": virtioInput,
  "virtio-mouse-pci": virtioInput,
  "virtio-tablet-pci": virtioInput,
  "virtio-balloon-pci": {
    ...virtioPci,
    "deflate-on-oom": { kind: "onoff" },
    "free-page-reporting": { kind: "onoff" },
  },
  "virtio-net-pci": {
    ...virtioPci,
    netdev: reference,
    mac: { kind: "text", maxLength: 17 },
    host_mtu: { kind: "integer", min: 576, max: 65535 },
  },
  "qxl-vga": qxl,
  qxl,
  "isa-debug-exit": {
    iobase: { kind: "integer", min: 0, max: 0xfffc, hex: true },
    iosize: { kind: "integer", min: 1, max: 4, hex: true },
  },
};

/** Other names that QEMU has for the same devices. */
const aliases: Readonly<Record<string, DeviceDriver>> = {
  "virtio-serial": "virtio-serial-pci",
  "virtio-blk": "virtio-blk-pci",
  "virtio-scsi": "virtio-scsi-pci",
  "virtio-rng": "virtio-rng-pci",
  "virtio-keyboard": "virtio-keyboard-pci",
  "virtio-mouse": "virtio-mouse-pci",
  "virtio-tablet": "virtio-tablet-pci",
  "virtio-balloon": "virtio-balloon-pci",
  "virtio-net": "virtio-net-pci",
};

export const deviceDrivers: readonly string[] = Object.keys(tables);

function driverOf(name: string): DeviceDriver | undefined {
  if (Object.hasOwn(aliases, name)) return aliases[name];
  return Object.hasOwn(tables, name) ? (name as DeviceDriver) : undefined;
}

/** "isa-debug-exit,iobase=0xf4,iosize=0x04" → the device. */
export function parseDevice(text: string): Result<DeviceConfig, ConfigIssue> {
  const [first, ...rest] = parseItems(text);
  const name = first?.key === undefined || first.key === "driver" ? (first?.value ?? "") : "";
  const driver = driverOf(name);
  if (driver === undefined) return err(configIssue("device", `unknown device "${name || text}"`, deviceDrivers));
  const options = parseOptions(`device ${driver}`, rest, tables[driver]);
  if (!options.ok) return options;
  // The table has checked every value's type; the union's members are the table's rows.
  const device = { driver, ...options.value } as unknown as DeviceConfig;
  const issue = checkDevice(device);
  return issue === undefined ? ok(device) : err(issue);
}

/** A device from options that are text, as in `device=`, or already what they mean. */
export function makeDevice(
  name: string,
  options: Readonly<Record<string, unknown>>,
): Result<DeviceConfig, ConfigIssue> {
  const driver = driverOf(name);
  if (driver === undefined) return err(configIssue("device", `unknown device "${name}"`, deviceDrivers));
  const texts = Object.entries(options).filter(([, value]) => typeof value === "string");
  const items = texts.map(([key, value]) => ({ key, value: value as string }));
  const parsed = parseOptions(`device ${driver}`, items, tables[driver]);
  if (!parsed.ok) return parsed;
  const device = { ...options, ...parsed.value, driver } as unknown as DeviceConfig;
  const issue = checkDevice(device);
  return issue === undefined ? ok(device) : err(issue);
}

/** Checks a device that came as an object; undefined = right. */
export function checkDevice(device: DeviceConfig): ConfigIssue | undefined {
  const driver: unknown = device.driver;
  if (typeof driver !== "string" || !Object.hasOwn(tables, driver)) {
    return configIssue("device", `unknown device "${String(driver)}"`, deviceDrivers);
  }
  const option = `device ${driver}`;
  const issue = checkOptions(option, { ...device }, tables[driver as DeviceDriver], ["driver"]);
  if (issue !== undefined) return issue;
  if ((device.driver === "virtio-blk-pci" || device.driver === "scsi-hd") && device.drive === undefined) {
    return configIssue(`${option}: drive`, "is missing", ["the id of a drive with if=none"]);
  }
  if (device.driver === "scsi-hd" || device.driver === "scsi-cd") return checkScsiDevice(device);
  if (device.driver === "virtserialport" && portName(device) === undefined) {
    return configIssue(`${option}: name`, "is missing", ["a name, or an id"]);
  }
  if (device.driver === "virtio-net-pci") {
    if (device.netdev === undefined) return configIssue(`${option}: netdev`, "is missing", ["the id of a netdev"]);
    const wrong = checkMac(`${option}: mac`, device.mac);
    if (wrong !== undefined) return wrong;
  }
  if ("xres" in device && (device.xres === undefined) !== (device.yres === undefined)) {
    return configIssue(`${option}: xres`, "needs yres too");
  }
  if ("disable-legacy" in device && device["disable-legacy"] === true && device["disable-modern"] === true) {
    return configIssue(option, "disable-legacy and disable-modern together leave no interface");
  }
  return undefined;
}

function checkScsiDevice(device: ScsiHdConfig | ScsiCdConfig): ConfigIssue | undefined {
  const option = `device ${device.driver}`;
  if (device.wwn !== undefined && !/^0x[0-9a-f]{1,16}$/i.test(device.wwn)) {
    return configIssue(`${option}: wwn`, `"${device.wwn}" is no world wide name`, [
      "0x and up to 16 hexadecimal digits",
    ]);
  }
  if (device.driver === "scsi-cd") return undefined;
  const { logical_block_size: logical = 512, physical_block_size: physical = logical } = device;
  const powers = [512, 1024, 2048, 4096];
  if (!powers.includes(logical) || !powers.includes(physical) || physical < logical) {
    return configIssue(`${option}: block size`, "must be a power of two, the physical one not below the logical", [
      powers.join(", "),
    ]);
  }
  return undefined;
}

/** The name by which the host opens a port. */
export function portName(port: VirtserialportConfig): string | undefined {
  return port.chardev ?? port.name ?? port.id;
}

export function formatDevice(device: DeviceConfig): string {
  return [device.driver, ...formatOptions({ ...device }, tables[device.driver])].join(",");
}

// The devices that `device=` can add, in QEMU's names and words, with their options.

import { configIssue, type ConfigIssue } from "./config_issue";
import { checkOptions, formatOptions, parseOptions, type OptionKind, type OptionTable } from "./option_table";
import { parseItems } from "./qemu_syntax";
import { err, ok, type Result } from "./result";

/** What every virtio-pci device can be told. */
export interface VirtioPciOptions {
  readonly id?: string;
  /** Slot on the PCI bus; without it the next free one. */
  readonly addr?: number;
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

export interface VirtioBlkConfig extends VirtioPciOptions {
  readonly driver: "virtio-blk-pci";
  /** The id of a drive with if=none. */
  readonly drive: string;
  readonly serial?: string;
}

export interface VirtioRngConfig extends VirtioPciOptions {
  readonly driver: "virtio-rng-pci";
}

export interface IsaDebugExitConfig {
  readonly driver: "isa-debug-exit";
  readonly iobase?: number;
  readonly iosize?: number;
}

/** A display; qxl-vga is a VGA as well, and the machine's first. */
export interface QxlConfig {
  readonly driver: "qxl-vga" | "qxl";
  readonly id?: string;
  readonly addr?: number;
  readonly ram_size_mb?: number;
  readonly vram_size_mb?: number;
  readonly vram64_size_mb?: number;
  readonly vgamem_mb?: number;
  /** The resolution that the guest is told to prefer. */
  readonly xres?: number;
  readonly yres?: number;
}

export type DeviceConfig =
  VirtioSerialConfig | VirtconsoleConfig | VirtioBlkConfig | VirtioRngConfig | IsaDebugExitConfig | QxlConfig;
export type DeviceDriver = DeviceConfig["driver"];

const id: OptionKind = { kind: "text", maxLength: 64 };
const addr: OptionKind = { kind: "integer", min: 2, max: 31, hex: true };
const virtioPci: OptionTable = {
  id,
  addr,
  "disable-legacy": { kind: "onoff" },
  "disable-modern": { kind: "onoff" },
};

const qxl: OptionTable = {
  id,
  addr,
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
  "virtio-blk-pci": { ...virtioPci, drive: id, serial: { kind: "text", maxLength: 20 } },
  "virtio-rng-pci": virtioPci,
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
  "virtio-rng": "virtio-rng-pci",
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

/** Checks a device that came as an object; undefined = right. */
export function checkDevice(device: DeviceConfig): ConfigIssue | undefined {
  const driver: unknown = device.driver;
  if (typeof driver !== "string" || !Object.hasOwn(tables, driver)) {
    return configIssue("device", `unknown device "${String(driver)}"`, deviceDrivers);
  }
  const option = `device ${driver}`;
  const issue = checkOptions(option, { ...device }, tables[driver as DeviceDriver], ["driver"]);
  if (issue !== undefined) return issue;
  if (device.driver === "virtio-blk-pci" && device.drive === undefined) {
    return configIssue(`${option}: drive`, "is missing", ["the id of a drive with if=none"]);
  }
  if ("xres" in device && (device.xres === undefined) !== (device.yres === undefined)) {
    return configIssue(`${option}: xres`, "needs yres too");
  }
  if ("disable-legacy" in device && device["disable-legacy"] === true && device["disable-modern"] === true) {
    return configIssue(option, "disable-legacy and disable-modern together leave no interface");
  }
  return undefined;
}

export function formatDevice(device: DeviceConfig): string {
  return [device.driver, ...formatOptions({ ...device }, tables[device.driver])].join(",");
}

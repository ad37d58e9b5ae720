// A machine in a URL, in QEMU's words: one parameter per QEMU option, repeatable where QEMU's is.
// ?m=512&kernel=URL&append=console%3DttyS0&drive=file=URL,if=virtio,format=raw&device=virtio-serial-pci

import { configIssue, type ConfigIssue } from "./config_issue";
import { formatDevice, parseDevice, type DeviceConfig } from "./device_options";
import {
  checkConfig,
  driveTable,
  optionNames,
  type ImageInterface,
  type InitrdConfig,
  type MachineConfig,
  type JitMode,
  type VgaWord,
  type SerialConfig,
} from "./machine_config";
import { formatNetdev, formatNic, parseNetdev, parseNic } from "./net_options";
import { formatOptions, parseOptions } from "./option_table";
import { escapeCommas, parseInteger, parseItems, parseOnOff, parseSize, splitCommas } from "./qemu_syntax";
import { err, ok, type Result } from "./result";
import { MiB } from "./units";

type Draft = { -readonly [Key in keyof MachineConfig]: MachineConfig[Key] };
type Reader = (draft: Draft, text: string) => ConfigIssue | undefined;

const readers: Readonly<Record<string, Reader>> = {
  image: (draft, text) => void (draft.image = text),
  "image-if": (draft, text) => void (draft.imageInterface = text as ImageInterface),
  m: readMemory,
  smp: readCpus,
  cpu: (draft, text) => void (draft.cpu = text),
  kernel: (draft, text) => void (draft.kernel = text),
  initrd: (draft, text) => void (draft.initrd = parseInitrd(text)),
  append: (draft, text) => void (draft.append = text),
  drive: readDrive,
  serial: (draft, text) => void (draft.serial = [...(draft.serial ?? []), text as SerialConfig]),
  device: readDevice,
  netdev: readNetdev,
  nic: readNic,
  "no-reboot": (draft, text) => readFlag(draft, "noReboot", text),
  S: (draft, text) => readFlag(draft, "startPaused", text),
  jit: (draft, text) => void (draft.jit = text as JitMode),
  vga: (draft, text) => void (draft.vga = text as VgaWord),
};

const repeatable: readonly string[] = ["drive", "serial", "device", "netdev", "nic"];

/** The names of all parameters. */
export const parameterNames: readonly string[] = Object.keys(readers);

/** Parses "?m=512&…" (the question mark may be missing). An empty query is an empty configuration. */
export function parseQuery(query: string): Result<MachineConfig, ConfigIssue> {
  const draft: Draft = {};
  const seen = new Set<string>();
  for (const [name, text] of new URLSearchParams(query)) {
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (reader === undefined) return err(configIssue(name, "unknown", parameterNames));
    if (seen.has(name) && !repeatable.includes(name)) return err(configIssue(name, "given twice"));
    seen.add(name);
    const issue = reader(draft, text);
    if (issue !== undefined) return err(issue);
  }
  if (seen.size === 0) return ok(draft);
  const issue = checkConfig(draft);
  return issue === undefined ? ok(draft) : err(issue);
}

/** The value of an option such as "512" or "size=512". */
function impliedValue(text: string, option: string, key: string): Result<string, ConfigIssue> {
  const [item, ...rest] = parseItems(text);
  const other = [item, ...rest].find((entry) => entry?.key !== undefined && entry.key !== key);
  if (other !== undefined) return err(configIssue(`${option}: ${other.key ?? ""}`, "unknown", [key]));
  if (item === undefined || rest.length > 0) return err(configIssue(option, `"${text}" is not one value`, [key]));
  return ok(item.value);
}

function readMemory(draft: Draft, text: string): ConfigIssue | undefined {
  const value = impliedValue(text, "m", "size");
  if (!value.ok) return value.error;
  const bytes = parseSize(value.value, MiB);
  if (!bytes.ok) return configIssue("m", bytes.error, ["512", "512M", "2G"]);
  if (bytes.value % MiB !== 0) return configIssue("m", `"${text}" is not a whole number of MiB`, ["512", "512M", "2G"]);
  draft.memory = bytes.value / MiB;
  return undefined;
}

function readCpus(draft: Draft, text: string): ConfigIssue | undefined {
  const value = impliedValue(text, "smp", "cpus");
  if (!value.ok) return value.error;
  const count = parseInteger(value.value);
  if (!count.ok) return configIssue("smp", count.error, ["a number of CPUs"]);
  draft.cpus = count.value;
  return undefined;
}

/** QEMU's multiboot form: "file1 argument of 1,file2"; a Linux initrd is the case of one file without argument. */
function parseInitrd(text: string): InitrdConfig[] {
  return splitCommas(text).map((part) => {
    const at = part.indexOf(" ");
    return at < 0 ? { file: part } : { file: part.slice(0, at), argument: part.slice(at + 1) };
  });
}

function readDrive(draft: Draft, text: string): ConfigIssue | undefined {
  const options = parseOptions("drive", parseItems(text), driveTable);
  if (!options.ok) return options.error;
  draft.drives = [...(draft.drives ?? []), options.value];
  return undefined;
}

function readDevice(draft: Draft, text: string): ConfigIssue | undefined {
  const device = parseDevice(text);
  if (!device.ok) return device.error;
  draft.devices = [...(draft.devices ?? []), device.value];
  return undefined;
}

function readNetdev(draft: Draft, text: string): ConfigIssue | undefined {
  const netdev = parseNetdev(text);
  if (!netdev.ok) return netdev.error;
  draft.netdevs = [...(draft.netdevs ?? []), netdev.value];
  return undefined;
}

function readNic(draft: Draft, text: string): ConfigIssue | undefined {
  const nic = parseNic(text);
  if (!nic.ok) return nic.error;
  draft.nics = [...(draft.nics ?? []), nic.value];
  return undefined;
}

function readFlag(draft: Draft, key: "noReboot" | "startPaused", text: string): ConfigIssue | undefined {
  const value = parseOnOff(text === "" ? "on" : text);
  if (!value.ok) return configIssue(optionNames[key], value.error, ["on", "off"]);
  draft[key] = value.value;
  return undefined;
}

/** The query string (without "?") that parseQuery reads back to the same configuration. */
export function formatQuery(config: MachineConfig): Result<string, ConfigIssue> {
  const pairs: [string, string][] = [];
  const put = (name: string, value: string | number | undefined) => {
    if (value !== undefined) pairs.push([name, String(value)]);
  };
  const bytesIn = findBytes(config);
  if (bytesIn !== undefined) return err(configIssue(bytesIn, "bytes cannot be written into a URL", ["a URL"]));
  put("image", config.image);
  put("image-if", config.imageInterface);
  put("m", config.memory);
  put("smp", config.cpus);
  put("cpu", config.cpu);
  put("kernel", config.kernel as string | undefined);
  if (config.initrd !== undefined) put("initrd", config.initrd.map(formatInitrd).join(","));
  put("append", config.append);
  for (const drive of config.drives ?? []) put("drive", formatOptions({ ...drive }, driveTable).join(","));
  for (const serial of config.serial ?? []) put("serial", serial);
  for (const netdev of config.netdevs ?? []) put("netdev", formatNetdev(netdev));
  for (const nic of config.nics ?? []) put("nic", formatNic(nic));
  for (const device of config.devices ?? []) put("device", formatDevice(device satisfies DeviceConfig));
  for (const key of ["noReboot", "startPaused"] as const) put(optionNames[key], formatFlag(config[key]));
  put("jit", config.jit);
  put("vga", config.vga);
  return ok(pairs.map(([name, value]) => `${name}=${encodeValue(value)}`).join("&"));
}

function findBytes(config: MachineConfig): string | undefined {
  if (typeof config.kernel === "object") return "kernel";
  if (config.initrd?.some((entry) => typeof entry.file === "object") === true) return "initrd";
  return config.drives?.some((drive) => typeof drive.file === "object") === true ? "drive: file" : undefined;
}

function formatInitrd(entry: InitrdConfig): string {
  return escapeCommas(entry.argument === undefined ? String(entry.file) : `${String(entry.file)} ${entry.argument}`);
}

function formatFlag(value: boolean | undefined): string | undefined {
  if (value === undefined) return undefined;
  return value ? "on" : "off";
}

/** Percent-encodes only what a query must not hold, so that the URL can still be read. */
function encodeValue(value: string): string {
  return encodeURIComponent(value).replace(/%(2C|3D|2F|3A|20)/g, (text) => readable[text] ?? text);
}

const readable: Record<string, string> = { "%2C": ",", "%3D": "=", "%2F": "/", "%3A": ":", "%20": "+" };

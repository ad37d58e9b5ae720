// The manifest of a ready guest image, as tools/guest writes it beside the image's files. It comes over the network,
// so nothing in it is trusted until it has been checked here.

import { configIssue, type ConfigIssue } from "./config_issue";
import { parseDevice, type DeviceConfig } from "./device_options";
import type { DriveConfig } from "./machine_config";
import { err, ok, type Result } from "./result";

/** The schema that this reader knows. */
const SCHEMA = 1;

export interface ImageFile {
  readonly size: number;
  /** Bytes of the compressed sibling `NAME.gz`, if there is one. */
  readonly gzipSize: number | undefined;
}

export interface GuestImage {
  readonly name: string;
  /** MiB. */
  readonly memory: number;
  readonly append: string;
  readonly drives: readonly (DriveConfig & { readonly file: string })[];
  readonly devices: readonly DeviceConfig[];
  readonly files: ReadonlyMap<string, ImageFile>;
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Reads a parsed manifest.json. */
export function readGuestImage(name: string, json: unknown): Result<GuestImage, ConfigIssue> {
  const broken = (reason: string) => err(configIssue(`image ${name}`, `its manifest.json ${reason}`));
  if (!isObject(json)) return broken("is not an object");
  if (json.schema !== SCHEMA) return broken(`has schema ${String(json.schema)}, this program reads ${SCHEMA}`);
  if (!isCount(json.memoryMb)) return broken("has no memoryMb");
  if (typeof json.append !== "string") return broken("has no append");
  const files = readFiles(json.files);
  if (files === undefined) return broken("has no list of files");
  const drives = readDrives(json.drives);
  if (drives === undefined) return broken("has a broken list of drives");
  const devices = readDevices(json.devices);
  if (!devices.ok) return devices;
  return ok({ name, memory: json.memoryMb, append: json.append, drives, devices: devices.value, files });
}

function readFiles(json: unknown): Map<string, ImageFile> | undefined {
  if (!isObject(json)) return undefined;
  const files = new Map<string, ImageFile>();
  for (const [name, file] of Object.entries(json)) {
    if (!isObject(file) || !isCount(file.size)) return undefined;
    files.set(name, { size: file.size, gzipSize: isCount(file.gzipSize) ? file.gzipSize : undefined });
  }
  return files;
}

function readDrives(json: unknown): (DriveConfig & { file: string })[] | undefined {
  if (!Array.isArray(json)) return undefined;
  const drives: (DriveConfig & { file: string })[] = [];
  for (const drive of json as unknown[]) {
    if (!isObject(drive) || typeof drive.file !== "string") return undefined;
    // Whoever resolves the configuration checks the drives of an image as it does all others.
    drives.push(drive as unknown as DriveConfig & { file: string });
  }
  return drives;
}

function readDevices(json: unknown): Result<DeviceConfig[], ConfigIssue> {
  const devices: DeviceConfig[] = [];
  for (const text of Array.isArray(json) ? (json as unknown[]) : []) {
    const device = parseDevice(String(text));
    if (!device.ok) return device;
    devices.push(device.value);
  }
  return ok(devices);
}

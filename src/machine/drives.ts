// Opens the back ends of the configured drives. What the guest writes stays in memory, over a base that never changes.

import { openHttpDisk, HttpDisk } from "../backends/disk/http";
import { OverlayDisk } from "../backends/disk/overlay";
import { RamDisk } from "../backends/disk/ram";
import { type DiskBackend, SECTOR_SIZE } from "../backends/disk/types";
import { ZeroDisk } from "../backends/disk/zero";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import type { BlockInfo } from "../shared/qmp";
import type { DriveSource, ResolvedDrive } from "../shared/resolve_config";
import { err, ok, type Result } from "../shared/result";
import type { LoadProgress } from "./load_boot_files";
import type { BlockTarget } from "./qmp/targets";

export interface OpenDrive {
  readonly drive: ResolvedDrive;
  readonly disk: DiskBackend;
  /** Bytes that came over the network for this drive so far. */
  readonly fetched: () => number;
}

export interface DriveListeners {
  readonly progress: LoadProgress;
  readonly notice: (text: string) => void;
}

/** Opens all, or none: what was opened before a failure is closed again. */
export async function openDrives(
  drives: readonly ResolvedDrive[],
  listeners: DriveListeners,
): Promise<Result<OpenDrive[], ConfigIssue>> {
  const opened = await Promise.all(drives.map((drive) => openDrive(drive, listeners)));
  const failed = opened.find((result) => !result.ok);
  if (failed === undefined) return ok(opened.flatMap((result) => (result.ok ? [result.value] : [])));
  for (const result of opened) if (result.ok) result.value.disk.close();
  return failed.ok ? ok([]) : failed;
}

export async function openDrive(
  drive: ResolvedDrive,
  listeners: DriveListeners,
): Promise<Result<OpenDrive, ConfigIssue>> {
  const base = await openBase(drive.source, listeners);
  if (!base.ok) return err(configIssue("drive", base.error));
  const { value } = base;
  const disk = drive.readonly ? value : new OverlayDisk(value);
  return ok({ drive, disk, fetched: () => (value instanceof HttpDisk ? value.counters.bytesLoaded : 0) });
}

async function openBase(source: DriveSource, listeners: DriveListeners): Promise<Result<DiskBackend, string>> {
  switch (source.kind) {
    case "empty":
      return ok(new ZeroDisk(source.size));
    case "bytes":
      return ok(new RamDisk(source.bytes, { readOnly: true }));
    case "url":
      return openHttpDisk(source.url, {
        notice: listeners.notice,
        progress: (loaded, total) => listeners.progress(`drive ${source.name}`, loaded, total),
      });
  }
}

/** A drive whose medium stays, as `query-block` shows it. */
export function fixedDisk({ drive, disk }: OpenDrive, device = ""): BlockTarget {
  return {
    info: () => ({ device: drive.id, qdev: device, removable: false, locked: false, inserted: mediumOf(drive, disk) }),
  };
}

function mediumOf(drive: ResolvedDrive, disk: DiskBackend): NonNullable<BlockInfo["inserted"]> {
  const file = drive.source.kind === "empty" ? "" : drive.source.name;
  return { file, ro: disk.readOnly, drv: drive.format, "virtual-size": disk.sectors * SECTOR_SIZE };
}

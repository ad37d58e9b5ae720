// The SCSI side of a machine: controllers, and the disks and CD-ROM drives behind them, by their names. Used while the
// machine is made and while it runs.

import type { UnitAddress } from "../devices/scsi/bus";
import { cdMedium, scsiCdrom } from "../devices/scsi/cdrom";
import { scsiDisk } from "../devices/scsi/disk";
import type { Tray } from "../devices/scsi/tray";
import type { LogicalUnit } from "../devices/scsi/unit";
import { VirtioScsi } from "../devices/virtio/scsi/device";
import { configIssue, type ConfigIssue, formatIssue } from "../shared/config_issue";
import type { ScsiCdConfig, ScsiHdConfig } from "../shared/device_options";
import type { BlockInfo, QmpFault } from "../shared/qmp";
import { err, ok, type Result } from "../shared/result";
import { fixedDisk, type OpenDrive } from "./drives";
import { deviceNotFound, genericError } from "./qmp/server";
import type { BlockTarget } from "./qmp/targets";

export type ScsiDeviceConfig = ScsiHdConfig | ScsiCdConfig;

/** Why a medium cannot be taken or given. */
export type MediumError =
  | "no-device"
  | "not-removable"
  /** The guest has locked the tray; it was asked to open it. */
  | "locked";

interface Controller {
  readonly name: string;
  readonly device: VirtioScsi;
}

export type OpenMedium = (filename: string, readonly: boolean) => Promise<Result<OpenDrive, ConfigIssue>>;

/** A device behind a controller. Its names are two: devices and drives may have the same one, as in QEMU. */
export interface ScsiDevice {
  /** The device's own; empty without one. */
  readonly id: string;
  /** Id of the drive that it was added with, whatever lies in it now; empty without one. */
  readonly backend: string;
  readonly controller: Controller;
  readonly address: UnitAddress;
  readonly unit: LogicalUnit;
  /** Of CD-ROM drives. */
  readonly tray: Tray | undefined;
  open: OpenDrive | undefined;
  readonly target: BlockTarget;
}

/** The device that a drive with if=scsi is: on the first controller, in its turn. */
export function directDevice({ drive }: OpenDrive): ScsiDeviceConfig {
  const { id, media, serial } = drive;
  return { driver: media === "cdrom" ? "scsi-cd" : "scsi-hd", drive: id, serial };
}

/** What the set needs of the machine. */
export interface ScsiHost {
  readonly openMedium: OpenMedium;
  readonly trayMoved: (moved: TrayMove) => void;
  /** A device has no use for a medium any more. */
  readonly discarded: (medium: OpenDrive) => void;
}

/** By the names that QMP's DEVICE_TRAY_MOVED has. */
export interface TrayMove {
  readonly device: string;
  readonly id: string;
  readonly open: boolean;
}

export class ScsiSet {
  readonly #controllers: Controller[] = [];
  readonly #devices: ScsiDevice[] = [];
  /** Where devices go that name no bus. */
  defaultBus = "scsi.0";
  readonly #host: ScsiHost;
  readonly #targets: Set<BlockTarget>;

  /** What the set has is in `targets` too, for commands. */
  constructor(host: ScsiHost, targets: Set<BlockTarget>) {
    this.#host = host;
    this.#targets = targets;
  }

  /** By its own id, else by that of its drive. */
  find(name: string): ScsiDevice | undefined {
    if (name === "") return undefined;
    return this.#devices.find(({ id }) => id === name) ?? this.#devices.find(({ backend }) => backend === name);
  }

  get controllers(): number {
    return this.#controllers.length;
  }

  /** A controller that is about to be plugged in; `name`: that of its bus. */
  addController(name: string, options: { readonly queues?: number }): VirtioScsi {
    const device = new VirtioScsi(options);
    this.#controllers.push({ name, device });
    return device;
  }

  /** A controller that was unplugged, with nothing behind it any more. */
  removeController(device: VirtioScsi): void {
    this.#controllers.splice(
      this.#controllers.findIndex((controller) => controller.device === device),
      1,
    );
  }

  /** A device at its place; a guest that runs is told. */
  add(config: ScsiDeviceConfig, open: OpenDrive | undefined): Result<ScsiDevice, ConfigIssue> {
    const option = `device ${config.driver}`;
    const [first] = this.#controllers;
    if (first === undefined) return err(configIssue(option, "needs a virtio-scsi-pci device"));
    const named = this.#controllers.find(({ name }) => name === (config.bus ?? this.defaultBus));
    // The configuration's first may have gone.
    const controller = named ?? (config.bus === undefined ? first : undefined);
    if (controller === undefined) {
      const names = this.#controllers.map(({ name }) => `bus=${name}`);
      return err(configIssue(`${option}: bus`, `there is no "${config.bus ?? ""}"`, names));
    }
    const { bus } = controller.device;
    const target = config["scsi-id"] ?? bus.freeTarget();
    if (target === undefined) return err(configIssue(option, `all targets of ${controller.name} are taken`));
    const address = { target, lun: config.lun ?? 0 };
    if (open === undefined && config.driver === "scsi-hd")
      return err(configIssue(`${option}: drive`, "a disk needs one"));
    const names = { id: config.id ?? "", backend: open?.drive.id ?? "" };
    // Without a serial number of its own, a device is known by its name or place, so that no two are taken for one.
    const serial =
      config.serial || open?.drive.serial || names.id || names.backend || `${controller.name}:${target}:${address.lun}`;
    const { unit, tray } = this.#makeUnit({ ...config, serial }, names, open);
    if (!bus.add(address, unit)) return err(configIssue(option, `scsi-id=${target},lun=${address.lun} is taken`));
    const block = this.#blockTarget(() => device, tray !== undefined);
    const device: ScsiDevice = { ...names, controller, address, unit, tray, open, target: block };
    this.#devices.push(device);
    this.#targets.add(device.target);
    return ok(device);
  }

  /** Takes a device away without asking the guest, which is told afterwards. */
  remove(device: ScsiDevice): void {
    this.#devices.splice(this.#devices.indexOf(device), 1);
    this.#targets.delete(device.target);
    device.controller.device.bus.remove(device.address);
    if (device.open !== undefined) this.#host.discarded(device.open);
  }

  /** Whether a device has a medium that can be changed. */
  mediumOf(name: string): Result<ScsiDevice, MediumError> {
    const device = this.find(name);
    if (device === undefined) return err("no-device");
    return device.tray === undefined ? err("not-removable") : ok(device);
  }

  /** Opens the tray and takes the medium out. A tray that the guest has locked needs force. */
  eject(name: string, force: boolean): Result<void, MediumError> {
    const device = this.mediumOf(name);
    return device.ok ? this.#eject(device.value, force) : device;
  }

  /** Ejects what is in the drive, lays in the new medium, and closes the tray. */
  changeMedium(name: string, open: OpenDrive, force: boolean): Result<void, MediumError> {
    const device = this.mediumOf(name);
    if (device.ok) return this.#change(device.value, open, force);
    this.#host.discarded(open);
    return device;
  }

  /** What each device has counted, and the drive that it uses. */
  disks(): { readonly counters: LogicalUnit["counters"]; readonly open: OpenDrive | undefined }[] {
    return this.#devices.map(({ unit, open }) => ({ counters: unit.counters, open }));
  }

  #makeUnit(
    config: ScsiDeviceConfig & { readonly serial: string },
    names: Pick<ScsiDevice, "id" | "backend">,
    open: OpenDrive | undefined,
  ): Pick<ScsiDevice, "unit" | "tray"> {
    const identity = {
      serial: config.serial,
      ...(config.wwn === undefined ? {} : { wwn: BigInt(config.wwn) }),
    };
    if (config.driver === "scsi-cd") {
      const { id, backend } = names;
      const trayMoved = (moved: boolean): void => this.#host.trayMoved({ id, device: backend, open: moved });
      return scsiCdrom(open?.disk, { ...identity, trayMoved });
    }
    if (open === undefined) throw new Error("a disk without a drive");
    const { logical_block_size: logical, physical_block_size: physical, rotation_rate: rotation } = config;
    const unit = scsiDisk(open.disk, {
      ...identity,
      ...(logical === undefined ? {} : { logicalBlockSize: logical }),
      ...(physical === undefined ? {} : { physicalBlockSize: physical }),
      ...(rotation === undefined ? {} : { rotationRate: rotation }),
    });
    return { unit, tray: undefined };
  }

  /** The device as commands of QMP see it. */
  #blockTarget(device: () => ScsiDevice, removable: boolean): BlockTarget {
    const info = (): BlockInfo => {
      const { id, backend, tray, open } = device();
      const inserted = open === undefined ? {} : fixedDisk(open, id).info();
      const names = { device: backend, qdev: id };
      if (tray === undefined) return { ...inserted, ...names, removable: false, locked: false };
      return { ...inserted, ...names, removable: true, locked: tray.locked, tray_open: tray.open };
    };
    if (!removable) return { info };
    const answer = (done: Result<void, MediumError>): Result<void, QmpFault> =>
      done.ok ? done : faultOf(device().id || device().backend, done.error);
    return {
      info,
      eject: (force) => answer(this.#eject(device(), force)),
      change: async ({ filename, force, readOnly }) => {
        const open = await this.#host.openMedium(filename, readOnly !== "read-write");
        if (!open.ok) return genericError(formatIssue(open.error));
        return answer(this.#change(device(), open.value, force));
      },
    };
  }

  #eject(device: ScsiDevice, force: boolean): Result<void, MediumError> {
    const { tray } = device;
    if (tray === undefined) return err("not-removable");
    if (!tray.open && tray.locked && !force) {
      tray.requestEject();
      return err("locked");
    }
    tray.move(true);
    tray.replace(undefined);
    if (device.open !== undefined) this.#host.discarded(device.open);
    device.open = undefined;
    return ok(undefined);
  }

  #change(device: ScsiDevice, open: OpenDrive, force: boolean): Result<void, MediumError> {
    // It may have been removed while the medium was opened.
    const ejected = this.#devices.includes(device) ? this.#eject(device, force) : err("no-device" as const);
    if (!ejected.ok) {
      this.#host.discarded(open);
      return ejected;
    }
    device.open = open;
    device.tray?.replace(cdMedium(open.disk));
    device.tray?.move(false);
    return ok(undefined);
  }
}

/** What QMP calls the reason why a medium cannot be taken. */
function faultOf(id: string, error: MediumError): Result<never, QmpFault> {
  switch (error) {
    case "no-device":
      return deviceNotFound(id);
    case "not-removable":
      return genericError(`Device '${id}' is not removable`);
    case "locked":
      return genericError(`Device '${id}' is locked and force was not specified, wait for tray to open and try again`);
  }
}

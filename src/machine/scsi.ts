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
import type { QmpFault } from "../shared/qmp";
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

/** A device that has been added. */
export interface AddedDevice {
  readonly id: string;
  readonly bus: VirtioScsi;
}

interface ScsiDevice {
  /** The device's id, or its drive's. */
  readonly id: string;
  /** Name of the drive that it was added with, whatever lies in it now. */
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

export class ScsiSet {
  readonly #controllers: Controller[] = [];
  readonly #devices: ScsiDevice[] = [];
  /** Where devices go that name no bus. */
  defaultBus = "scsi.0";
  readonly #trayMoved: (device: string, open: boolean) => void;
  readonly #targets: Set<BlockTarget>;
  readonly #openMedium: OpenMedium;

  /** What the set has is in `targets` too, for commands. */
  constructor(trayMoved: (device: string, open: boolean) => void, targets: Set<BlockTarget>, openMedium: OpenMedium) {
    this.#trayMoved = trayMoved;
    this.#targets = targets;
    this.#openMedium = openMedium;
  }

  /** Whether a device is behind one of the controllers. */
  has(id: string): boolean {
    return this.#find(id) !== undefined;
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
  add(config: ScsiDeviceConfig, open: OpenDrive | undefined): Result<AddedDevice, ConfigIssue> {
    const option = `device ${config.driver}`;
    const controller = this.#controllers.find(({ name }) => name === (config.bus ?? this.defaultBus));
    if (controller === undefined) {
      const names = this.#controllers.map(({ name }) => name);
      return err(configIssue(`${option}: bus`, "there is no such SCSI bus", names));
    }
    const { bus } = controller.device;
    const target = config["scsi-id"] ?? bus.freeTarget();
    if (target === undefined) return err(configIssue(option, `all targets of ${controller.name} are taken`));
    const address = { target, lun: config.lun ?? 0 };
    const id = config.id ?? config.drive ?? `${controller.name}:${target}:${address.lun}`;
    if (this.#find(id) !== undefined) return err(configIssue(`id=${id}`, "given twice"));
    if (open === undefined && config.driver !== "scsi-cd") {
      return err(
        configIssue(`${option}: drive=${config.drive ?? ""}`, "there is no such drive that is free; a disk needs one"),
      );
    }
    const { unit, tray } = this.#makeUnit(config, id, open);
    if (!bus.add(address, unit)) return err(configIssue(option, `scsi-id=${target},lun=${address.lun} is taken`));
    const block = this.#blockTarget(id);
    const backend = open?.drive.id ?? id;
    this.#devices.push({ id, backend, controller, address, unit, tray, open, target: block });
    this.#targets.add(block);
    return ok({ id, bus: controller.device });
  }

  /** Takes a device away without asking the guest, which is told afterwards. */
  remove(id: string): Result<void, MediumError> {
    const device = this.#find(id);
    if (device === undefined) return err("no-device");
    this.#devices.splice(this.#devices.indexOf(device), 1);
    this.#targets.delete(device.target);
    device.controller.device.bus.remove(device.address);
    device.open?.disk.close();
    return ok(undefined);
  }

  /** QMP's eject: opens the tray and takes the medium out. A tray that the guest has locked needs force. */
  eject(id: string, force: boolean): Result<void, MediumError> {
    const emptied = this.#emptyTray(id, force);
    return emptied.ok ? ok(undefined) : emptied;
  }

  /** QMP's blockdev-change-medium: ejects what is in the drive, lays in the new medium, and closes the tray. */
  changeMedium(id: string, open: OpenDrive, force: boolean): Result<void, MediumError> {
    const emptied = this.#emptyTray(id, force);
    if (!emptied.ok) {
      open.disk.close();
      return emptied;
    }
    const { device, tray } = emptied.value;
    device.open = open;
    tray.replace(cdMedium(open.disk));
    tray.move(false);
    return ok(undefined);
  }

  /** What each device has counted, and the drive that it uses. */
  disks(): { readonly counters: LogicalUnit["counters"]; readonly open: OpenDrive | undefined }[] {
    return this.#devices.map(({ unit, open }) => ({ counters: unit.counters, open }));
  }

  #makeUnit(config: ScsiDeviceConfig, id: string, open: OpenDrive | undefined): Pick<ScsiDevice, "unit" | "tray"> {
    const identity = {
      // Without one of its own, a device is known by its name, so that no two are taken for one.
      serial: config.serial || open?.drive.serial || id,
      ...(config.wwn === undefined ? {} : { wwn: BigInt(config.wwn) }),
    };
    if (config.driver === "scsi-cd") {
      return scsiCdrom(open?.disk, { ...identity, trayMoved: (moved) => this.#trayMoved(id, moved) });
    }
    if (open === undefined) throw new Error(`${id} is a disk without a drive`);
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
  #blockTarget(id: string): BlockTarget {
    return {
      info: () => {
        const device = this.#find(id);
        const tray = device?.tray;
        const inserted = device?.open === undefined ? {} : fixedDisk(device.open, id).info();
        const names = { device: device?.backend ?? id, qdev: id };
        if (tray === undefined) return { ...inserted, ...names, removable: false, locked: false };
        return { ...inserted, ...names, removable: true, locked: tray.locked, tray_open: tray.open };
      },
      eject: (force) => {
        const ejected = this.eject(id, force);
        return ejected.ok ? ejected : faultOf(id, ejected.error);
      },
      change: async ({ filename, force, readOnly }) => {
        const open = await this.#openMedium(filename, readOnly !== "read-write");
        if (!open.ok) return genericError(formatIssue(open.error));
        const changed = this.changeMedium(id, open.value, force);
        return changed.ok ? changed : faultOf(id, changed.error);
      },
    };
  }

  #find(id: string): ScsiDevice | undefined {
    return this.#devices.find((device) => device.id === id || device.backend === id);
  }

  /** The drive with its tray open and nothing in it. */
  #emptyTray(id: string, force: boolean): Result<{ device: ScsiDevice; tray: Tray }, MediumError> {
    const device = this.#find(id);
    if (device === undefined) return err("no-device");
    const { tray } = device;
    if (tray === undefined) return err("not-removable");
    if (!tray.open && tray.locked && !force) {
      tray.requestEject();
      return err("locked");
    }
    tray.move(true);
    tray.replace(undefined);
    device.open?.disk.close();
    device.open = undefined;
    return ok({ device, tray });
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

// The SCSI side of a machine: controllers, and the disks and CD-ROM drives behind them, by their names. Used while the
// machine is made and while it runs.

import type { UnitAddress } from "../devices/scsi/bus";
import { cdMedium, scsiCdrom } from "../devices/scsi/cdrom";
import { scsiDisk } from "../devices/scsi/disk";
import type { Tray } from "../devices/scsi/tray";
import type { LogicalUnit } from "../devices/scsi/unit";
import { VirtioScsi } from "../devices/virtio/scsi/device";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import type { ScsiCdConfig, ScsiHdConfig } from "../shared/device_options";
import { err, ok, type Result } from "../shared/result";
import type { OpenDrive } from "./drives";

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

interface ScsiDevice {
  /** The device's id, or its drive's. */
  readonly id: string;
  readonly controller: Controller;
  readonly address: UnitAddress;
  readonly unit: LogicalUnit;
  /** Of CD-ROM drives. */
  readonly tray: Tray | undefined;
  open: OpenDrive | undefined;
}

export class ScsiSet {
  readonly #controllers: Controller[] = [];
  readonly #devices: ScsiDevice[] = [];
  /** Where devices go that name no bus. */
  defaultBus = "scsi.0";
  readonly #trayMoved: (device: string, open: boolean) => void;

  constructor(trayMoved: (device: string, open: boolean) => void) {
    this.#trayMoved = trayMoved;
  }

  get hasController(): boolean {
    return this.#controllers.length > 0;
  }

  /** A controller that is about to be plugged in; `name`: that of its bus. */
  addController(name: string, options: { readonly queues?: number }): VirtioScsi {
    const device = new VirtioScsi(options);
    this.#controllers.push({ name, device });
    return device;
  }

  /** Drives with if=scsi: targets in their order on the first controller. */
  addDrive(open: OpenDrive): ConfigIssue | undefined {
    const { id, media, serial } = open.drive;
    return this.add({ driver: media === "cdrom" ? "scsi-cd" : "scsi-hd", drive: id, serial }, open);
  }

  /** A device at its place; a guest that runs is told. */
  add(config: ScsiDeviceConfig, open: OpenDrive | undefined): ConfigIssue | undefined {
    const option = `device ${config.driver}`;
    const controller = this.#controllers.find(({ name }) => name === (config.bus ?? this.defaultBus));
    if (controller === undefined) {
      return configIssue(
        `${option}: bus`,
        "there is no such SCSI bus",
        this.#controllers.map(({ name }) => name),
      );
    }
    const { bus } = controller.device;
    const target = config["scsi-id"] ?? bus.freeTarget();
    if (target === undefined) return configIssue(option, `all targets of ${controller.name} are taken`);
    const address = { target, lun: config.lun ?? 0 };
    const id = config.id ?? config.drive ?? `${controller.name}:${target}:${address.lun}`;
    if (this.#find(id) !== undefined) return configIssue(`id=${id}`, "given twice");
    const { unit, tray } = this.#makeUnit(config, id, open);
    if (!bus.add(address, unit)) return configIssue(option, `scsi-id=${target},lun=${address.lun} is taken`);
    this.#devices.push({ id, controller, address, unit, tray, open });
    return undefined;
  }

  /** Takes a device away without asking the guest, which is told afterwards. */
  remove(id: string): Result<void, MediumError> {
    const device = this.#find(id);
    if (device === undefined) return err("no-device");
    this.#devices.splice(this.#devices.indexOf(device), 1);
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

  #find(id: string): ScsiDevice | undefined {
    return this.#devices.find((device) => device.id === id || device.open?.drive.id === id);
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

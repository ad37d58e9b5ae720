import { beforeEach, describe, expect, it } from "vitest";
import { RamDisk } from "../backends/disk/ram";
import { Initiator } from "../devices/scsi/testing/initiator";
import type { VirtioScsi } from "../devices/virtio/scsi/device";
import { formatIssue } from "../shared/config_issue";
import type { ResolvedDrive } from "../shared/resolve_config";
import { ok } from "../shared/result";
import type { OpenDrive } from "./drives";
import type { BlockTarget } from "./qmp/targets";
import { directDevice, type ScsiDeviceConfig, ScsiSet } from "./scsi";

let set: ScsiSet;
let first: VirtioScsi;
let second: VirtioScsi;
let log: string[];
let targets: Set<BlockTarget>;

beforeEach(() => {
  log = [];
  targets = new Set();
  const openMedium = (filename: string) => {
    log.push(`fetch ${filename}`);
    return Promise.resolve(ok(drive("new")));
  };
  const trayMoved = ({ id, open }: { id: string; open: boolean }) => log.push(`${id} ${open ? "open" : "closed"}`);
  set = new ScsiSet({ openMedium, trayMoved, discarded: ({ disk }) => disk.close() }, targets);
  second = set.addController("b.0", {});
  first = set.addController("a.0", { queues: 2 });
  set.defaultBus = "a.0";
});

function drive(id: string, more: Partial<ResolvedDrive> = {}): OpenDrive {
  const disk = new RamDisk(new Uint8Array(8192), { readOnly: true });
  disk.close = () => void log.push(`close ${id}`);
  const source = { kind: "empty", size: 8192 } as const;
  const resolved = {
    source,
    if: "none",
    media: "disk",
    format: "raw",
    readonly: false,
    id,
    serial: "",
    ...more,
  } as const;
  return { drive: resolved, disk, fetched: () => 0 };
}

const add = (config: ScsiDeviceConfig, open?: OpenDrive): string => {
  const added = set.add(config, open);
  return added.ok ? "" : formatIssue(added.error);
};

function addresses(device: VirtioScsi): string[] {
  return device.bus.addresses().map(({ target, lun }) => `${target}:${lun}`);
}

function serialOf(device: VirtioScsi, target: number): string {
  const host = new Initiator((task) => device.bus.execute({ target, lun: 0 }, task));
  return new TextDecoder().decode(host.now([0x12, 1, 0x80, 0, 255, 0], { in: 255 }).data.subarray(4));
}

describe("ScsiSet", () => {
  it("puts devices where they want to be, others at the next free target of the first bus", () => {
    expect(add({ driver: "scsi-hd", drive: "x", "scsi-id": 1 }, drive("x"))).toBe("");
    for (const open of [drive("y", { if: "scsi" }), drive("z", { if: "scsi", media: "cdrom" })]) {
      expect(add(directDevice(open), open)).toBe("");
    }
    expect(add({ driver: "scsi-cd", bus: "b.0", lun: 7 })).toBe("");
    expect(addresses(first)).toEqual(["0:0", "1:0", "2:0"]);
    expect(addresses(second)).toEqual(["0:7"]);
    expect(first.bus.unitAt({ target: 2, lun: 0 })?.identity.removable).toBe(true);
  });

  it("refuses places that are taken or not there", () => {
    add({ driver: "scsi-hd", drive: "x", "scsi-id": 1 }, drive("x"));
    expect(add({ driver: "scsi-hd", drive: "y", "scsi-id": 1 }, drive("y"))).toContain("scsi-id=1,lun=0 is taken");
    expect(add({ driver: "scsi-hd", drive: "y" })).toContain("a disk needs one");
    expect(add({ driver: "scsi-hd", drive: "y", bus: "c.0" }, drive("y"))).toContain("Accepted: bus=b.0, bus=a.0");
  });

  it("gives a serial number: the device's, the drive's, or their name", () => {
    add({ driver: "scsi-hd", drive: "x", serial: "S1" }, drive("x", { serial: "D1" }));
    add({ driver: "scsi-hd", drive: "y" }, drive("y", { serial: "D2" }));
    add({ driver: "scsi-hd", drive: "z" }, drive("z"));
    expect([0, 1, 2].map((target) => serialOf(first, target))).toEqual(["S1", "D2", "z"]);
  });

  it("ejects and changes media, unless the guest has locked the tray", () => {
    add({ driver: "scsi-cd", id: "cd", drive: "one" }, drive("one"));
    const host = new Initiator((task) => first.bus.execute({ target: 0, lun: 0 }, task));
    host.now([0x1e, 0, 0, 0, 1, 0]);
    host.now([0x1e, 0, 0, 0, 1, 0]);
    expect(set.eject("cd", false)).toEqual({ ok: false, error: "locked" });
    expect(set.changeMedium("one", drive("two"), false)).toEqual({ ok: false, error: "locked" });
    expect(log).toEqual(["close two"]);
    expect(set.changeMedium("one", drive("two"), true).ok).toBe(true);
    expect(set.eject("two", true)).toEqual({ ok: false, error: "no-device" });
    expect(set.eject("one", true).ok).toBe(true);
    expect(set.eject("cd", false).ok).toBe(true);
    expect(log).toEqual(["close two", "cd open", "close one", "cd closed", "cd open", "close two"]);
    expect(set.changeMedium("cd", drive("three"), false).ok).toBe(true);
    expect(set.disks().map(({ open }) => open?.drive.id)).toEqual(["three"]);
  });

  it("is what commands for drives act on", async () => {
    add({ driver: "scsi-cd", id: "cd", drive: "one" }, drive("one"));
    const [target] = targets;
    const about = { device: "one", qdev: "cd", removable: true, locked: false };
    expect(target?.info()).toMatchObject({ ...about, tray_open: false });
    expect((await target?.eject?.(false))?.ok).toBe(true);
    expect(target?.info()).toEqual({ ...about, tray_open: true });
    expect((await target?.change?.({ filename: "new", force: false, readOnly: "retain" }))?.ok).toBe(true);
    expect(target?.info()).toMatchObject({ ...about, tray_open: false });
    expect(target?.info().inserted).toBeDefined();
  });

  it("takes any controller when the first has gone, and says when there is none", () => {
    set.removeController(first);
    expect(add({ driver: "scsi-cd" })).toBe("");
    expect(addresses(second)).toEqual(["0:0"]);
    set.removeController(second);
    expect(add({ driver: "scsi-cd" })).toContain("needs a virtio-scsi-pci device");
  });

  it("opens nothing for a device whose medium stays", () => {
    add({ driver: "scsi-hd", id: "hd", drive: "x" }, drive("x"));
    const [target] = targets;
    expect(Object.keys(target ?? {})).toEqual(["info"]);
    expect(set.mediumOf("hd")).toEqual({ ok: false, error: "not-removable" });
    expect(log).toEqual([]);
  });

  it("lets go of a medium that comes when its drive has gone", async () => {
    add({ driver: "scsi-cd", id: "cd" });
    const [target] = targets;
    const changed = target?.change?.({ filename: "late", force: false, readOnly: "retain" });
    const cd = set.find("cd");
    if (cd !== undefined) set.remove(cd);
    expect((await changed)?.ok).toBe(false);
    expect(log).toEqual(["fetch late", "close new"]);
  });

  it("has names of devices and names of drives", () => {
    add({ driver: "scsi-cd", id: "a", drive: "b" }, drive("b"));
    expect(add({ driver: "scsi-cd", id: "b", drive: "a" }, drive("a"))).toBe("");
    add(directDevice(drive("c", { if: "scsi", media: "cdrom" })), drive("c"));
    expect([...targets].map((target) => target.info())).toMatchObject([
      { device: "b", qdev: "a" },
      { device: "a", qdev: "b" },
      { device: "c", qdev: "" },
    ]);
    expect(["a", "b", "c"].map((name) => set.find(name)?.address.target)).toEqual([0, 1, 2]);
  });

  it("takes devices away", () => {
    add({ driver: "scsi-hd", drive: "x" }, drive("x"));
    expect(set.eject("x", true)).toEqual({ ok: false, error: "not-removable" });
    const device = set.find("x");
    if (device !== undefined) set.remove(device);
    expect(set.eject("x", true)).toEqual({ ok: false, error: "no-device" });
    expect([addresses(first), set.disks(), log, targets.size]).toEqual([[], [], ["close x"], 0]);
  });
});

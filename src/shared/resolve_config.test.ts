import { describe, expect, it } from "vitest";
import { formatIssue } from "./config_issue";
import { readGuestImage } from "./guest_image";
import { hasVga, resolveConfig, type ResolvedConfig } from "./resolve_config";
import type { MachineConfig } from "./machine_config";

const manifest = {
  schema: 1,
  name: "debian",
  memoryMb: 512,
  append: "root=/dev/vda console=hvc0",
  drives: [{ file: "disk.img", if: "virtio", format: "raw" }],
  devices: ["virtio-serial-pci", "virtconsole"],
  files: {
    vmlinux: { size: 100, sha256: "", gzipSize: 40 },
    initrd: { size: 50, sha256: "" },
    "disk.img": { size: 1000, sha256: "" },
  },
};

function resolve(config: MachineConfig, json: unknown = manifest) {
  const image = readGuestImage("debian", json);
  if (!image.ok) return image;
  return resolveConfig(config, {
    ...(config.image === undefined ? {} : { image: image.value }),
    resolveUrl: (url) => `https://page.example/${url}`,
    imageUrl: (name) => `https://page.example/guests/debian/${name}`,
  });
}

function resolved(config: MachineConfig): ResolvedConfig {
  const result = resolve(config);
  if (!result.ok) throw new Error(formatIssue(result.error));
  return result.value;
}

describe("resolveConfig", () => {
  it("takes everything from the image", () => {
    const machine = resolved({ image: "debian" });
    expect(machine).toMatchObject({ memory: 512, append: "root=/dev/vda console=hvc0", serial: "stdio" });
    expect(machine.kernel).toEqual({
      kind: "url",
      name: "vmlinux",
      url: "https://page.example/guests/debian/vmlinux",
      size: 100,
      gzip: { url: "https://page.example/guests/debian/vmlinux.gz", size: 40 },
    });
    expect(machine.initrd).toHaveLength(1);
    expect(machine.drives).toMatchObject([{ if: "virtio", readonly: false, source: { name: "disk.img", size: 1000 } }]);
    expect(machine.devices.map((device) => device.driver)).toEqual([
      "virtio-serial-pci",
      "virtconsole",
      "virtio-net-pci",
    ]);
  });

  it("lets explicit options replace or follow the image's", () => {
    const machine = resolved({ image: "debian", memory: 64, append: "quiet", kernel: "k", drives: [{ size: 4096 }] });
    expect(machine).toMatchObject({ memory: 64, append: "root=/dev/vda console=hvc0 quiet" });
    expect(machine.kernel).toMatchObject({ url: "https://page.example/k" });
    expect(machine.drives.map((drive) => drive.source.kind)).toEqual(["url", "empty"]);
  });

  it("puts the image's disks on another bus", () => {
    expect(resolved({ image: "debian", imageInterface: "scsi" }).drives).toMatchObject([{ if: "scsi" }]);
  });

  it("knows CD-ROMs as read-only", () => {
    const drives = [{ file: "x.iso", if: "scsi", media: "cdrom" }, { size: 4096 }] as const;
    expect(resolved({ kernel: "k", drives }).drives).toMatchObject([
      { media: "cdrom", readonly: true },
      { media: "disk", readonly: false },
    ]);
  });

  it.each<[MachineConfig, string]>([
    [{ kernel: "k", devices: [{ driver: "scsi-cd" }] }, "needs a virtio-scsi-pci device"],
    [
      {
        kernel: "k",
        devices: [
          { driver: "virtio-scsi-pci", id: "hba" },
          { driver: "virtio-scsi-pci" },
          { driver: "scsi-cd", bus: "hba" },
        ],
      },
      'there is no "hba". Accepted: hba.0, scsi.0.',
    ],
    [
      {
        kernel: "k",
        drives: [{ size: 4096, if: "none", id: "d" }],
        devices: [{ driver: "virtio-scsi-pci" }, { driver: "scsi-hd", drive: "d" }, { driver: "scsi-cd", drive: "d" }],
      },
      'device scsi-cd: drive: "d" is in use by another device, scsi-hd',
    ],
    [{ kernel: "k", devices: [{ driver: "virtconsole" }] }, "needs a virtio-serial-pci"],
    [{ kernel: "k", devices: [{ driver: "virtio-blk-pci", drive: "d" }] }, '"d" is no drive with if=none'],
    [
      { kernel: "k", drives: [{ size: 4096, id: "d" }], devices: [{ driver: "virtio-blk-pci", drive: "d" }] },
      '"d" has a device already, for it lacks if=none',
    ],
    [{ kernel: "k", devices: [{ driver: "virtio-rng-pci", id: "" }] }, 'id: "" is no name'],
    [{ image: "debian", devices: [{ driver: "virtio-serial-pci" }] }, "given twice"],
    [
      {
        kernel: "k",
        drives: [
          { size: 4096, id: "a" },
          { size: 4096, id: "a" },
        ],
      },
      "drive: id=a: given twice",
    ],
    [{ kernel: "k", devices: [1, 2].map(() => ({ driver: "virtio-rng-pci", id: "a" })) }, "device: id=a: given twice"],
    [{ kernel: "k", colour: "red" } as MachineConfig, "colour: unknown"],
    [{ kernel: "k", cpu: "z80" }, '"z80" is unknown'],
    [{ kernel: "k", cpu: "max,+turbo" }, 'feature "turbo" is unknown'],
    [{ kernel: "k", cpu: "max,+sse=on" }, '"+sse=on" is neither'],
    [{ kernel: "k", cpu: "max,sse=maybe" }, '"maybe" is neither on nor off'],
    [{ kernel: "k", memory: 1.5 }, "1.5 is not possible"],
  ])("refuses %j", (config, text) => {
    const result = resolve(config);
    expect(result.ok ? "" : formatIssue(result.error)).toContain(text);
  });

  it.each([
    null,
    [],
    { ...manifest, schema: 2 },
    { ...manifest, files: { vmlinux: {} } },
    { ...manifest, drives: [1] },
  ])("refuses the manifest %j", (json) => {
    expect(resolve({ image: "debian" }, json)).toMatchObject({ ok: false, error: { option: "image debian" } });
  });

  it("makes a display of vga=qxl, and has room for one only", () => {
    const resolved = resolve({ image: "debian", vga: "qxl" });
    expect(resolved.ok && resolved.value.devices.at(-1)).toEqual({ driver: "qxl-vga" });
    expect(resolved.ok && hasVga(resolved.value)).toBe(true);
    const secondary = resolve({ image: "debian", devices: [{ driver: "qxl", xres: 800, yres: 600 }] });
    expect(secondary.ok && hasVga(secondary.value)).toBe(false);
    const twice = resolve({ image: "debian", vga: "qxl", devices: [{ driver: "qxl" }] });
    expect(twice.ok ? "" : formatIssue(twice.error)).toContain("one display only");
    const half = resolve({ image: "debian", devices: [{ driver: "qxl-vga", xres: 800 }] });
    expect(half.ok ? "" : formatIssue(half.error)).toContain("needs yres too");
  });

  it("checks an image's drives and devices as it checks others", () => {
    expect(resolve({ image: "debian" }, { ...manifest, drives: [{ file: "d", if: "ide" }] }).ok).toBe(false);
    expect(resolve({ image: "debian" }, { ...manifest, devices: ["floppy"] }).ok).toBe(false);
  });
});

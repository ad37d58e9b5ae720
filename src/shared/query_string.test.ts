import { describe, expect, it } from "vitest";
import { formatIssue } from "./config_issue";
import type { MachineConfig } from "./machine_config";
import { formatQuery, parseQuery, parameterNames } from "./query_string";

function config(query: string): MachineConfig {
  const result = parseQuery(query);
  if (!result.ok) throw new Error(formatIssue(result.error));
  return result.value;
}

function issue(query: string): string {
  const result = parseQuery(query);
  return result.ok ? "no issue" : formatIssue(result.error);
}

describe("parseQuery", () => {
  it("reads QEMU's words", () => {
    const query =
      "?m=512&smp=1&kernel=a/vmlinux&initrd=a/initrd&append=console%3DttyS0+quiet" +
      "&drive=file=https://x.example/d.img,if=virtio,format=raw,readonly=on&drive=size=1G" +
      "&serial=stdio&device=virtio-serial-pci&device=virtconsole" +
      "&device=isa-debug-exit,iobase=0xf4,iosize=0x04&cpu=max&jit=off&vga=qxl&no-reboot";
    expect(config(query)).toEqual({
      memory: 512,
      cpus: 1,
      kernel: "a/vmlinux",
      initrd: [{ file: "a/initrd" }],
      append: "console=ttyS0 quiet",
      drives: [{ file: "https://x.example/d.img", if: "virtio", format: "raw", readonly: true }, { size: 2 ** 30 }],
      serial: ["stdio"],
      devices: [
        { driver: "virtio-serial-pci" },
        { driver: "virtconsole" },
        { driver: "isa-debug-exit", iobase: 0xf4, iosize: 4 },
      ],
      cpu: "max",
      jit: "off",
      vga: "qxl",
      noReboot: true,
    });
  });

  it.each([
    ["512", 512],
    ["512M", 512],
    ["2G", 2048],
    ["1.5g", 1536],
    ["size=64M", 64],
    ["1048576K", 1024],
  ])("reads the size m=%s", (text, memory) => {
    expect(config(`m=${text}&image=tiny`).memory).toBe(memory);
  });

  it("takes two commas for one", () => {
    expect(config("kernel=k&drive=file=a,,b.img,id=d").drives).toEqual([{ file: "a,b.img", id: "d" }]);
    expect(config("kernel=k&initrd=one x,,y,two").initrd).toEqual([{ file: "one", argument: "x,y" }, { file: "two" }]);
  });

  it("knows keyboard and pointers, under QEMU's short names too", () => {
    expect(config("image=tiny&device=virtio-tablet,serial=7&device=virtio-keyboard-pci").devices).toEqual([
      { driver: "virtio-tablet-pci", serial: "7" },
      { driver: "virtio-keyboard-pci" },
    ]);
    expect(issue("image=tiny&device=virtio-mouse,wheel=on")).toMatch(/virtio-mouse-pci: wheel/);
  });

  it("is empty for an empty query", () => {
    expect(config("")).toEqual({});
    expect(config("?")).toEqual({});
  });

  it("reads slots of the PCI bus as QEMU does: hexadecimal, with a function", () => {
    const devices = ["addr=10", "addr=5.0,bus=pci.0", "addr=0x1F"].map((text) => `device=virtio-rng-pci,${text}`);
    expect(config(`image=tiny&${devices.join("&")}`).devices).toMatchObject([
      { addr: 16 },
      { addr: 5, bus: "pci.0" },
      { addr: 31 },
    ]);
  });

  it("names an unknown option and lists the accepted ones", () => {
    const result = parseQuery("kernel=k&hda=x");
    expect(result).toEqual({ ok: false, error: { option: "hda", reason: "unknown", accepted: parameterNames } });
  });

  it.each([
    ["m=512", "Option kernel: there is nothing to boot. Accepted: kernel=URL, image=NAME."],
    ["initrd=x", "Option initrd: needs a kernel. Accepted: kernel=URL, image=NAME."],
    ["image=tiny&m=512&m=256", "Option m: given twice."],
    ["image=tiny&m=lots", 'Option m: "lots" is not a size such as 512M or 2G. Accepted: 512, 512M, 2G.'],
    ["image=tiny&m=size=1,slots=2", "Option m: slots: unknown. Accepted: size."],
    ["image=tiny&m=16G", "Option m: 16384 is not possible. Accepted: 1 to 3840 MiB."],
    ["image=tiny&smp=64", "Option smp: 64 is not possible."],
    ["image=tiny&drive=file=x,cache=none", "Option drive: cache: unknown. Accepted: file, size, if,"],
    ["image=tiny&drive=file=x,if=ide", 'Option drive: if: "ide" is unknown. Accepted: virtio, scsi, none.'],
    ["image=tiny&drive=file=x,readonly=maybe", "is neither on nor off. Accepted: on, off."],
    ["image=tiny&drive=file=x,file=y", "Option drive: file: given twice."],
    ["image=tiny&drive=if=virtio", "Option drive: needs a file"],
    ["image=tiny&drive=file=x,size=1G", "Option drive: size: is for drives without a file"],
    ["image=tiny&drive=file=x,if=none", "needs an id"],
    ["image=tiny&drive=file", "Option drive: file: needs a value. Accepted: a URL."],
    ["image=tiny&device=e1000", 'Option device: unknown device "e1000". Accepted: virtio-serial-pci'],
    ["image=tiny&device=virtio-blk-pci", "Option device virtio-blk-pci: drive: is missing"],
    ["image=tiny&device=virtio-rng-pci,addr=20", "addr: 32 is out of range. Accepted: 0x2 to 0x1f."],
    ["image=tiny&device=virtio-rng-pci,addr=5.1", "every device has a slot to itself"],
    ["image=tiny&device=virtio-rng-pci,addr=0x", '"0x" is no slot of the PCI bus. Accepted: 0x2 to 0x1f.'],
    ["image=tiny&device=virtio-rng-pci,bus=pci.1", 'bus: "pci.1" is unknown. Accepted: pci.0.'],
    ["image=tiny&device=isa-debug-exit,iobase=0x12345", "Accepted: 0x0 to 0xfffc."],
    ["image=tiny&device=toString", 'unknown device "toString"'],
    ["image=tiny&drive=__proto__=x,file=y", "Option drive: __proto__: unknown"],
    ["image=tiny&image-if=ide", "Accepted: virtio, scsi"],
    ["image=tiny&drive=file=x,media=cdrom", "virtio-blk has no CD-ROMs. Accepted: if=scsi"],
    ["image=tiny&drive=file=x,if=scsi,media=cdrom,readonly=off", "a CD-ROM cannot be written"],
    ["image=tiny&device=scsi-hd", "Option device scsi-hd: drive: is missing"],
    ["image=tiny&device=scsi-hd,drive=d,lun=16384", "Accepted: 0 to 16383."],
    ["image=tiny&device=scsi-hd,drive=d,wwn=5000", "is no world wide name"],
    ["image=tiny&device=scsi-hd,drive=d,logical_block_size=600", "must be a power of two"],
    ["image=tiny&device=scsi-hd,drive=d,logical_block_size=4096,physical_block_size=512", "not below the logical"],
    ["image=../x", "is no name of a guest image"],
    ["image=tiny&jit=yes", "Accepted: on, off, force, check"],
    ["image=tiny&vga=std", "Accepted: none, qxl"],
    ["image=tiny&device=qxl,ram_size_mb=1", "Accepted: 16 to 256"],
    ["image=tiny&serial=stdio&serial=null", "one serial port only"],
  ])("explains what is wrong with %s", (query, text) => {
    expect(issue(query)).toContain(text);
  });
});

describe("formatQuery", () => {
  const full: MachineConfig = {
    image: "debian",
    imageInterface: "scsi",
    memory: 2048,
    cpus: 1,
    cpu: "max",
    kernel: "https://x.example/a,b?c=d&e#f",
    initrd: [{ file: "one", argument: "x=1, y" }, { file: "two" }],
    append: "root=/dev/vda rw + 100%",
    drives: [{ file: "d.img", readonly: true, id: "d", serial: "a,b" }, { size: 1 << 20 }],
    serial: ["null"],
    devices: [
      { driver: "isa-debug-exit", iobase: 0xf4, iosize: 4 },
      { driver: "virtio-blk-pci", drive: "d" },
      { driver: "virtio-scsi-pci", id: "hba", num_queues: 2 },
      { driver: "scsi-cd", id: "cd", bus: "hba.0", channel: 0, "scsi-id": 7, lun: 300, wwn: "0x5000c50015ea71ac" },
    ],
    noReboot: true,
    startPaused: false,
    jit: "off",
  };

  it("is read back to the same configuration", () => {
    const text = formatQuery(full);
    expect(text.ok && parseQuery(text.value)).toEqual({ ok: true, value: full });
  });

  it("stays readable", () => {
    expect(formatQuery({ kernel: "a/b", append: "console=ttyS0 quiet", memory: 64 })).toEqual({
      ok: true,
      value: "m=64&kernel=a/b&append=console=ttyS0+quiet",
    });
  });

  it("refuses bytes", () => {
    expect(formatQuery({ kernel: new Uint8Array(4) })).toMatchObject({ ok: false, error: { option: "kernel" } });
  });
});

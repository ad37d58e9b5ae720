import { describe, expect, it } from "vitest";
import { readModuleInfo } from "./modinfo.mjs";
import { formatModulesAlias, formatModulesDep, listFileSystems, moduleName, resolveModules } from "./modules.mjs";

/** The smallest ELF64 object with a .modinfo section. */
function makeModule(...strings: string[]) {
  const modinfo = Buffer.from(strings.map((text) => `${text}\0`).join(""), "latin1");
  const names = Buffer.from("\0.shstrtab\0.modinfo\0", "latin1");
  const table = 64 + modinfo.length + names.length;
  const elf = Buffer.alloc(table + 3 * 64);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  elf.writeBigUInt64LE(BigInt(table), 0x28);
  [64, 3, 1].forEach((value, index) => elf.writeUInt16LE(value, 0x3a + index * 2));
  elf.set(modinfo, 64);
  elf.set(names, 64 + modinfo.length);
  writeSection(elf, table + 64, [1, 64 + modinfo.length, names.length]);
  writeSection(elf, table + 128, [11, 64, modinfo.length]);
  return elf;
}

function writeSection(elf: Buffer, at: number, [name, offset, size]: [number, number, number]) {
  elf.writeUInt32LE(name, at);
  elf.writeBigUInt64LE(BigInt(offset), at + 0x18);
  elf.writeBigUInt64LE(BigInt(size), at + 0x20);
}

const KERNEL: Record<string, Buffer> = {
  "kernel/virtio/virtio.ko": makeModule("depends=virtio_ring"),
  "kernel/virtio/virtio_ring.ko": makeModule("depends="),
  "kernel/virtio/virtio-rng.ko": makeModule("alias=virtio:d00000004v*", "depends=virtio_ring,virtio"),
  "kernel/fs/ext4.ko": makeModule("alias=fs-ext4", "alias=ext4", "softdep=pre: crc32c gone post: rng", "depends=jbd2"),
  "kernel/fs/jbd2.ko": makeModule("depends="),
  "kernel/lib/crc32c.ko": makeModule("alias=crypto-crc32c", "depends="),
  "kernel/bad/a.ko": makeModule("depends=b"),
  "kernel/bad/b.ko": makeModule("depends=a"),
  "kernel/bad/c.ko": makeModule("depends=missing"),
};

function resolve(...wanted: string[]) {
  return resolveModules(wanted, Object.keys(KERNEL), (path) => KERNEL[path] ?? Buffer.alloc(0));
}

describe("readModuleInfo", () => {
  it("reads dependencies, aliases and soft dependencies", () => {
    expect(readModuleInfo(KERNEL["kernel/fs/ext4.ko"] ?? Buffer.alloc(0))).toEqual({
      depends: ["jbd2"],
      aliases: ["fs-ext4", "ext4"],
      softPre: ["crc32c", "gone"],
    });
  });

  it("refuses what is not a module", () => {
    expect(() => readModuleInfo(Buffer.alloc(100))).toThrow("not an ELF");
    expect(() => readModuleInfo(Buffer.from("x"))).toThrow("not an ELF");
  });
});

describe("resolveModules", () => {
  it("puts each module after what it needs, once", () => {
    expect(resolve("virtio_rng", "virtio", "ext4").map(({ name }) => name)).toEqual([
      "virtio_ring",
      "virtio",
      "virtio_rng",
      "jbd2",
      "crc32c",
      "ext4",
    ]);
  });

  it("treats hyphen and underscore alike, and takes paths", () => {
    expect(moduleName("kernel/drivers/char/virtio-rng.ko")).toBe("virtio_rng");
    expect(resolve("kernel/virtio/virtio-rng.ko").at(-1)?.path).toBe("kernel/virtio/virtio-rng.ko");
  });

  it("says what is missing and who needs it", () => {
    expect(() => resolve("nothing")).toThrow('no module "nothing"');
    expect(() => resolve("c")).toThrow('no module "missing" (needed by c)');
    expect(() => resolve("a")).toThrow("modules in a circle: a → b → a");
  });
});

describe("the tables of modprobe", () => {
  it("names all that a module needs, the nearest first", () => {
    expect(formatModulesDep(resolve("virtio_rng", "ext4")).split("\n")).toEqual([
      "kernel/virtio/virtio_ring.ko:",
      "kernel/virtio/virtio.ko: kernel/virtio/virtio_ring.ko",
      "kernel/virtio/virtio-rng.ko: kernel/virtio/virtio.ko kernel/virtio/virtio_ring.ko",
      "kernel/fs/jbd2.ko:",
      "kernel/lib/crc32c.ko:",
      "kernel/fs/ext4.ko: kernel/lib/crc32c.ko kernel/fs/jbd2.ko",
      "",
    ]);
  });

  it("lists aliases and file systems", () => {
    const modules = resolve("ext4", "virtio_rng");
    expect(formatModulesAlias(modules)).toContain("alias virtio:d00000004v* virtio_rng\n");
    expect(listFileSystems(modules)).toEqual(["ext4"]);
  });
});

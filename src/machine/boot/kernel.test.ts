import { describe, expect, it } from "vitest";
import * as Cpu from "../../../assembly/layout/cpu";
import { formatIssue } from "../../shared/config_issue";
import { MiB } from "../../shared/units";
import type { BootModule, BootPlan } from "./boot_plan";
import { planBoot } from "./kernel";
import { memoryMap, Placer, ramLayout } from "./memory_ranges";
import { CHIP_SETUP } from "./firmware";
import { placeBytes, placeRegisters } from "./place";
import { Structure } from "./structure";

interface Segment {
  readonly gpa: number;
  readonly bytes: Uint8Array;
  readonly memorySize?: number;
  readonly virtual?: number;
}

function pvhNote(entry: number): Uint8Array {
  return new Structure(20).u32(0, 4).u32(4, 4).u32(8, 18).ascii(12, "Xen\0").u32(16, entry).bytes;
}

/** An ELF file in the making: header, program headers, then the segments' bytes. */
function elf(bits: 32 | 64, entry: number, segments: readonly Segment[], note?: Uint8Array): Uint8Array {
  const [header, size] = bits === 64 ? [64, 56] : [52, 32];
  const all = [
    ...segments.map((segment) => ({ type: 1, ...segment })),
    ...(note ? [{ type: 4, gpa: 0, bytes: note }] : []),
  ];
  const file = new Structure(header + all.length * size + all.reduce((sum, { bytes }) => sum + bytes.length, 0));
  file
    .copy(0, Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, bits / 32, 1, 1))
    .u16(16, 2)
    .u16(18, bits === 64 ? 62 : 3);
  if (bits === 64) file.u64(24, entry).u64(32, header).u16(54, size).u16(56, all.length);
  else file.u32(24, entry).u32(28, header).u16(42, size).u16(44, all.length);
  let data = header + all.length * size;
  all.forEach((segment, i) => {
    const at = header + i * size;
    const memory = "memorySize" in segment ? (segment.memorySize ?? segment.bytes.length) : segment.bytes.length;
    const virtual = "virtual" in segment ? (segment.virtual ?? 0) : 0;
    file.u32(at, segment.type);
    if (bits === 64) {
      file
        .u64(at + 8, data)
        .u64(at + 16, virtual)
        .u64(at + 24, segment.gpa);
      file.u64(at + 32, segment.bytes.length).u64(at + 40, memory);
    } else {
      file
        .u32(at + 4, data)
        .u32(at + 8, virtual)
        .u32(at + 12, segment.gpa);
      file.u32(at + 16, segment.bytes.length).u32(at + 20, memory);
    }
    file.copy(data, segment.bytes);
    data += segment.bytes.length;
  });
  return file.bytes;
}

interface BzOptions {
  readonly version?: number;
  readonly payload?: Uint8Array;
  readonly unpackedSize?: number;
  readonly flags?: number;
}

function bzImage({
  version = 0x020f,
  payload = new Uint8Array(16),
  unpackedSize = 64,
  flags = 1,
}: BzOptions): Uint8Array {
  const code = new Structure(0x400 + payload.length).copy(0x400, payload).u32(0x400 + payload.length - 4, unpackedSize);
  const file = new Structure(1024 + code.bytes.length).copy(1024, code.bytes);
  file.u8(0x1f1, 1).u16(0x1fe, 0xaa55).u8(0x201, 0x6a).ascii(0x202, "HdrS").u16(0x206, version).u8(0x211, 1);
  file.u32(0x214, MiB).u32(0x22c, 0x7fffffff).u8(0x234, 1).u16(0x236, flags).u32(0x238, 2047);
  file
    .u32(0x248, 0x400)
    .u32(0x24c, payload.length)
    .u64(0x258, 16 * MiB)
    .u32(0x260, 8 * MiB);
  return file.bytes;
}

function plan(bytes: Uint8Array, options: { append?: string; modules?: BootModule[]; ram?: number } = {}) {
  return planBoot({
    kernel: { name: "k", bytes },
    append: options.append ?? "quiet",
    modules: options.modules ?? [],
    ram: ramLayout(options.ram ?? 64 * MiB),
    rsdp: 0xe0000,
    vga: false,
    gunzip: () => Promise.resolve(undefined),
  });
}

async function planned(...args: Parameters<typeof plan>): Promise<BootPlan> {
  const result = await plan(...args);
  if (!result.ok) throw new Error(formatIssue(result.error));
  return result.value;
}

async function refusal(...args: Parameters<typeof plan>): Promise<string> {
  const result = await plan(...args);
  return result.ok ? "" : formatIssue(result.error);
}

/** Guest memory as one array, as far as the tests need it. */
function loaded(boot: BootPlan): DataView {
  const bytes = new Uint8Array(64 * MiB);
  const issue = placeBytes(
    boot,
    {
      write: (at, source) => (bytes.set(source, at), true),
      fill: (at, length, value) => (bytes.fill(value, at, at + length), true),
    },
    false,
  );
  expect(issue).toBeUndefined();
  return new DataView(bytes.buffer);
}

function text(memory: DataView, at: number): string {
  let end = at;
  while (memory.getUint8(end) !== 0) end++;
  return Buffer.from(memory.buffer as ArrayBuffer, at, end - at).toString();
}

const code = Uint8Array.of(1, 2, 3, 4);
const initrd: BootModule = { name: "initrd", bytes: Uint8Array.of(5, 6, 7), argument: "" };

describe("PVH", () => {
  const kernel = elf(64, -0x7f000000, [{ gpa: 0x1000000, bytes: code, memorySize: 0x2000 }], pvhNote(0x1000850));

  it("enters at the note's address with hvm_start_info in EBX", async () => {
    const boot = await planned(kernel, { modules: [initrd] });
    const memory = loaded(boot);
    expect(boot.entry.mode).toBe("protected");
    expect(boot.entry.registers.rip).toBe(0x1000850);
    const info = boot.entry.registers.rbx ?? 0;
    expect(memory.getUint32(info, true)).toBe(0x336ec578);
    expect(memory.getUint32(info + 12, true)).toBe(1);
    const module = Number(memory.getBigUint64(info + 16, true));
    const place = Number(memory.getBigUint64(module, true));
    expect(memory.getUint8(place + 2)).toBe(7);
    expect(place % 4096).toBe(0);
    expect(Number(memory.getBigUint64(module + 8, true))).toBe(4);
    expect(text(memory, Number(memory.getBigUint64(info + 24, true)))).toBe("quiet");
    expect(Number(memory.getBigUint64(info + 32, true))).toBe(0xe0000);
    expect(memory.getUint32(info + 48, true)).toBe(4);
    expect(memory.getUint32(0x1000000, true)).toBe(0x04030201);
  });

  it("clears what follows a segment's bytes after a reset", async () => {
    expect((await planned(kernel)).zero).toEqual([{ gpa: 0x1000004, length: 0x1ffc }]);
  });

  it("wants more memory where the kernel does not fit", async () => {
    expect(await refusal(kernel, { ram: 8 * MiB })).toContain("try a larger m=");
    const large = { ...initrd, bytes: new Uint8Array(60 * MiB) };
    expect(await refusal(kernel, { modules: [large] })).toContain("Option initrd: there is no room for 60 MiB");
  });

  it("refuses a command line that Linux would cut", async () => {
    expect(await refusal(kernel, { append: "x".repeat(2048) })).toContain("Option append: has 2048 bytes");
  });

  it("refuses arguments of an initrd", async () => {
    expect(await refusal(kernel, { modules: [{ ...initrd, argument: "x" }] })).toContain("Option initrd: arguments");
  });
});

describe("Linux entries", () => {
  it("boots a vmlinux without a note through the 64-bit entry", async () => {
    const kernel = elf(64, -0x7effff00, [{ gpa: 0x1000000, virtual: -0x7f000000, bytes: code, memorySize: 0x1000 }]);
    const boot = await planned(kernel, { modules: [initrd] });
    const memory = loaded(boot);
    expect(boot.entry).toMatchObject({ mode: "long", registers: { rip: 0x1000100 } });
    const params = boot.entry.registers.rsi ?? 0;
    expect(text(memory, params + 0x202).slice(0, 4)).toBe("HdrS");
    expect(memory.getUint8(params + 0x1e8)).toBe(4);
    expect(memory.getUint32(params + 0x2d0 + 3 * 20, true)).toBe(MiB);
    expect(text(memory, memory.getUint32(params + 0x228, true))).toBe("quiet");
    expect(memory.getUint32(params + 0x21c, true)).toBe(4);
    const tables = boot.entry.mode === "long" ? boot.entry.pageTables : 0;
    expect(memory.getUint32(tables, true)).toBe(tables + 4096 + 3);
    expect(memory.getUint32(tables + 2 * 4096 + 8, true)).toBe(2 * MiB + 0x83);
  });

  it("unpacks the ELF in a bzImage and passes its setup header on", async () => {
    const inner = elf(64, 0x1000000, [{ gpa: 0x1000000, bytes: code }]);
    const payload = new Uint8Array([...inner, 0, 0, 0, 0]);
    const boot = await planned(bzImage({ payload }));
    expect(boot.description).toBe("ELF64 from a bzImage, 64-bit Linux entry");
    const memory = loaded(boot);
    expect(memory.getUint32((boot.entry.registers.rsi ?? 0) + 0x238, true)).toBe(2047);
  });

  it("leaves unknown compressions to the kernel", async () => {
    const boot = await planned(bzImage({}));
    expect(boot.entry).toMatchObject({ mode: "long", registers: { rip: MiB + 0x200 } });
    const old = await planned(bzImage({ version: 0x0206 }));
    expect(old.entry).toMatchObject({ mode: "protected", registers: { rip: MiB } });
    expect(await refusal(bzImage({}), { ram: 20 * MiB })).toContain("try a larger m=");
  });

  it("does not believe the unpacked size of a bzImage", async () => {
    const payload = Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    expect((await planned(bzImage({ payload, unpackedSize: 0xffffffff }))).description).toContain("unpacks itself");
    expect(await refusal(bzImage({ payload }))).toContain("damaged");
  });
});

function multibootHeader(flags: number, addresses: readonly number[] = []): Uint8Array {
  const header = new Structure(12 + addresses.length * 4).u32(0, 0x1badb002).u32(4, flags);
  header.u32(8, (0x100000000 * 2 - 0x1badb002 - flags) % 0x100000000);
  addresses.forEach((address, i) => header.u32(12 + i * 4, address));
  return header.bytes;
}

describe("multiboot", () => {
  it("boots an ELF image with modules and command line", async () => {
    const kernel = elf(32, 0x10000c, [{ gpa: 0x100000, bytes: multibootHeader(3), memorySize: 0x5000 }]);
    const boot = await planned(kernel, { append: "a b", modules: [{ name: "m", argument: "x=1", bytes: code }] });
    const memory = loaded(boot);
    expect(boot.entry).toMatchObject({
      mode: "protected",
      registers: { rip: CHIP_SETUP, rsi: 0x10000c, rax: 0x2badb002 },
    });
    const info = boot.entry.registers.rbx ?? 0;
    const word = (at: number) => memory.getUint32(info + at, true);
    expect(word(0)).toBe(1 | 4 | 8 | 64 | 512);
    expect(word(8)).toBe(63 * 1024);
    expect(text(memory, word(16))).toBe("k a b");
    expect(word(20)).toBe(1);
    const module = word(24);
    const start = memory.getUint32(module, true);
    expect(start).toBe(0x105000);
    expect(memory.getUint32(module + 4, true)).toBe(start + 4);
    expect(text(memory, memory.getUint32(module + 8, true))).toBe("m x=1");
    expect(memory.getUint32(start, true)).toBe(0x04030201);
    expect(word(44)).toBe(4 * 24);
    expect(memory.getUint32(word(48), true)).toBe(20);
    expect(text(memory, word(64))).toBe("tabvisor");
  });

  it("takes the header's addresses where it gives them", async () => {
    const header = multibootHeader(0x10000, [0x200010, 0x200000, 0, 0x203000, 0x200040]);
    const file = new Structure(0x100).copy(0x20, header);
    const boot = await planned(file.bytes);
    expect(boot.entry.registers.rsi).toBe(0x200040);
    expect(boot.load[0]).toMatchObject({ gpa: 0x200000 });
    expect(boot.load[0]?.bytes.length).toBe(0xf0);
    expect(boot.zero).toEqual([{ gpa: 0x2000f0, length: 0x3000 - 0xf0 }]);
  });

  it.each([
    ["addresses before the file", [0x200100, 0x200000, 0, 0, 0]],
    ["an end before the start", [0x200010, 0x200000, 0x1ff000, 0, 0]],
    ["a BSS inside the data", [0x200010, 0x200000, 0, 0x200001, 0]],
    ["addresses outside of RAM", [0xf0000010, 0xf0000000, 0, 0, 0]],
  ])("refuses %s", async (_name, addresses) => {
    const file = new Structure(0x100).copy(0x20, multibootHeader(0x10000, addresses));
    expect(await refusal(file.bytes)).not.toBe("");
  });

  it("refuses requirements that nobody knows", async () => {
    const file = new Structure(0x100).copy(0x20, multibootHeader(0x10008, [0x200010, 0x200000, 0, 0, 0]));
    expect(await refusal(file.bytes)).toContain("nobody knows");
  });
});

describe("hostile files", () => {
  it.each([
    ["nothing", new Uint8Array(0), "the file is empty"],
    ["a web page", new TextEncoder().encode("<!DOCTYPE html><title>404"), "it is a web page"],
    ["noise", Uint8Array.of(1, 2, 3, 4, 5), "it starts with 01 02 03 04"],
    ["an ELF header alone", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1), "cut short"],
    ["another processor", elf(64, 0, [{ gpa: 0, bytes: code }]).with(18, 183), "another processor (machine 183)"],
    ["a segment past the end", elf(64, 0, [{ gpa: MiB, bytes: code }]).subarray(0, -2), "cut short"],
    ["a kernel at address 0", elf(64, 0, [{ gpa: 0x9f000, bytes: new Uint8Array(0x10000) }]), "does not have"],
  ])("refuses %s", async (_name, bytes, reason) => {
    expect(await refusal(bytes)).toContain(reason);
  });

  it("survives every truncation and random bytes", async () => {
    const files = [
      elf(64, MiB, [{ gpa: MiB, bytes: code }], pvhNote(MiB)),
      elf(32, MiB, [{ gpa: MiB, bytes: multibootHeader(3) }]),
      bzImage({}),
    ];
    let state = 7;
    const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 8;
    for (const file of files) {
      for (let length = 0; length < file.length; length += 5) await plan(file.slice(0, length));
      for (let round = 0; round < 200; round++) {
        const bytes = Uint8Array.from(file);
        for (let i = 0; i < 3; i++) bytes[next() % Math.min(file.length, 0x300)] = next();
        await plan(bytes);
      }
    }
  });
});

describe("Placer", () => {
  it("never gives the same place twice", () => {
    const placer = new Placer(memoryMap(ramLayout(4 * MiB)));
    expect(placer.claim(2 * MiB, MiB, "kernel")).toBeUndefined();
    expect(placer.low(0x1000, 0x1000, "x")).toEqual({ ok: true, value: 0x1000 });
    expect(placer.low(0x1000, 0x1000, "x")).toEqual({ ok: true, value: 0x2000 });
    expect(placer.high(0x1800, 0x1000, "x", 2 ** 31)).toEqual({ ok: true, value: 4 * MiB - 0x2000 });
    expect(placer.high(MiB, 0x1000, "x", 2 ** 31)).toEqual({ ok: true, value: MiB });
    expect(placer.low(MiB, 1, "x").ok).toBe(false);
  });

  it("leaves the holes of the PC alone", () => {
    const placer = new Placer(memoryMap(ramLayout(4 * 1024 * MiB)));
    expect(placer.claim(0xa0000, 16, "x")?.reason).toContain("does not have");
    expect(placer.claim(0xbfffff00, 0x1000, "x")?.reason).toContain("does not have");
    expect(placer.high(0x1000, 0x1000, "x", 2 ** 33)).toEqual({ ok: true, value: 0xbffff000 });
  });
});

describe("placeRegisters", () => {
  it("writes the state that long mode needs", () => {
    const cpu = 64;
    const data = new DataView(new ArrayBuffer(0x1000));
    placeRegisters(
      { mode: "long", gdt: 0x1000, pageTables: 0x2000, registers: { rip: 0x100200, rsi: 0x3000 } },
      data,
      cpu,
    );
    const u64 = (offset: number) => data.getBigUint64(cpu + offset, true);
    expect([u64(Cpu.cr0), u64(Cpu.cr3), u64(Cpu.cr4), u64(Cpu.efer)]).toEqual([0x80000011n, 0x2000n, 0x20n, 0x500n]);
    expect([u64(Cpu.rip), u64(Cpu.rsi), u64(Cpu.rbx)]).toEqual([0x100200n, 0x3000n, 0n]);
    expect(data.getUint16(cpu + Cpu.csSelector, true)).toBe(0x10);
    expect(data.getUint32(cpu + Cpu.csAttr, true)).toBe(0xa09b);
  });
});

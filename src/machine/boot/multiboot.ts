// Multiboot 1 images: bare-metal test programs and small kernels. ELF, or any file whose header gives the addresses.
// (Multiboot Specification 0.6.96)

import { configIssue, type ConfigIssue } from "../../shared/config_issue";
import { err, ok, type Result } from "../../shared/result";
import { KiB, MiB } from "../../shared/units";
import { encodeCommandLine, kernelIssue, type BootModule, type LoadedBytes } from "./boot_plan";
import type { ElfKernel } from "./elf";
import type { FileView } from "./file_view";
import { CHIP_SETUP } from "./firmware";
import { CODE32, GDT_SIZE, makeGdt } from "./flat_segments";
import type { E820Entry, Placer } from "./memory_ranges";
import type { PreparedEntry } from "./pvh";
import { Structure } from "./structure";

const HEADER_MAGIC = 0x1badb002;
const LOADER_MAGIC = 0x2badb002;
const SEARCH_LENGTH = 8192;
/** Header flags (3.1.2): what the image requires. Bits 3 to 15 must be understood, and nobody has defined them. */
const FLAG_ADDRESSES = 0x10000;
const FLAGS_NOT_KNOWN = 0xfff8;
/** Information flags (3.3). */
const INFO_MEMORY = 1;
const INFO_COMMAND_LINE = 4;
const INFO_MODULES = 8;
const INFO_MEMORY_MAP = 64;
const INFO_LOADER_NAME = 512;
const INFO_SIZE = 120;
const MODULE_SIZE = 16;
const MAP_ENTRY_SIZE = 24;
const PAGE = 4096;
const MAX_MODULES = 64;

export interface MultibootHeader {
  /** Offset in the file. */
  readonly offset: number;
  readonly flags: number;
}

export function findMultibootHeader(file: FileView): MultibootHeader | undefined {
  const end = Math.min(SEARCH_LENGTH, file.length) - 12;
  for (let offset = 0; offset <= end; offset += 4) {
    const flags = file.u32(offset + 4);
    if (file.u32(offset) === HEADER_MAGIC && (HEADER_MAGIC + flags + file.u32(offset + 8)) >>> 0 === 0) {
      return { offset, flags };
    }
  }
  return undefined;
}

export interface LoadedImage {
  readonly entry: number;
  readonly parts: readonly { readonly gpa: number; readonly bytes: Uint8Array; readonly memorySize: number }[];
}

/** Where the image's bytes go: by its header's addresses if it has them, else by its ELF segments. */
export function readMultibootImage(
  file: FileView,
  header: MultibootHeader,
  elf: ElfKernel | undefined,
): Result<LoadedImage, ConfigIssue> {
  if ((header.flags & FLAGS_NOT_KNOWN) !== 0) {
    return err(kernelIssue(`the multiboot header asks for what nobody knows (flags 0x${header.flags.toString(16)})`));
  }
  if ((header.flags & FLAG_ADDRESSES) !== 0) return readByAddresses(file, header.offset);
  if (elf === undefined) return err(kernelIssue("the multiboot image is no ELF file and gives no load addresses"));
  const parts = elf.segments.map((segment) => ({
    gpa: segment.gpa,
    bytes: file.bytes.subarray(segment.offset, segment.offset + segment.fileSize),
    memorySize: segment.memorySize,
  }));
  return ok({ entry: elf.entry, parts });
}

function readByAddresses(file: FileView, at: number): Result<LoadedImage, ConfigIssue> {
  const headerAddress = file.u32(at + 12);
  const loadAddress = file.u32(at + 16);
  const loadEnd = file.u32(at + 20);
  const bssEnd = file.u32(at + 24);
  const start = at - (headerAddress - loadAddress);
  const size = loadEnd === 0 ? file.length - start : loadEnd - loadAddress;
  const memorySize = bssEnd === 0 ? size : bssEnd - loadAddress;
  if (!file.has(at, 32) || start < 0 || size <= 0 || !file.has(start, size) || memorySize < size) {
    return err(kernelIssue("the multiboot header's load addresses do not fit the file"));
  }
  const bytes = file.bytes.subarray(start, start + size);
  return ok({ entry: file.u32(at + 28), parts: [{ gpa: loadAddress, bytes, memorySize }] });
}

export interface MultibootRequest {
  readonly entry: number;
  /** End of the image in memory; modules follow it. */
  readonly imageEnd: number;
  readonly kernelName: string;
  readonly commandLine: string;
  readonly modules: readonly BootModule[];
  readonly map: readonly E820Entry[];
}

export function prepareMultiboot(request: MultibootRequest, placer: Placer): Result<PreparedEntry, ConfigIssue> {
  if (request.modules.length > MAX_MODULES) return err(configIssue("initrd", `more than ${MAX_MODULES} modules`));
  const load: LoadedBytes[] = [];
  const put = (bytes: Uint8Array, align: number, what: string, from = 0): Result<number, ConfigIssue> => {
    const place = placer.low(bytes.length, align, what, from);
    if (place.ok) load.push({ gpa: place.value, bytes });
    return place;
  };
  const modules = new Structure(request.modules.length * MODULE_SIZE);
  for (const [i, module] of request.modules.entries()) {
    const gpa = put(module.bytes, PAGE, "initrd", Math.max(request.imageEnd, MiB));
    if (!gpa.ok) return gpa;
    const text = put(encodeCommandLine(joinWords(module.name, module.argument)), 1, "initrd");
    if (!text.ok) return text;
    modules.u32(i * MODULE_SIZE, gpa.value).u32(i * MODULE_SIZE + 4, gpa.value + module.bytes.length);
    modules.u32(i * MODULE_SIZE + 8, text.value);
  }
  const gdt = placer.low(GDT_SIZE, 16, "kernel");
  const moduleList = put(modules.bytes, 16, "initrd");
  const map = put(memoryMapTable(request.map), 16, "kernel");
  const commandLine = put(encodeCommandLine(joinWords(request.kernelName, request.commandLine)), 16, "append");
  const name = put(encodeCommandLine("tabvisor"), 16, "kernel");
  if (!gdt.ok || !moduleList.ok || !map.ok || !commandLine.ok || !name.ok) {
    return [gdt, moduleList, map, commandLine, name].find((place) => !place.ok) as Result<never, ConfigIssue>;
  }
  const info = new Structure(INFO_SIZE);
  info.u32(0, INFO_MEMORY | INFO_COMMAND_LINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER_NAME);
  info.u32(4, 639).u32(8, memoryAboveOneMiB(request.map) / KiB);
  info.u32(16, commandLine.value).u32(20, request.modules.length).u32(24, moduleList.value);
  info
    .u32(44, request.map.length * MAP_ENTRY_SIZE)
    .u32(48, map.value)
    .u32(64, name.value);
  const place = put(info.bytes, 16, "kernel");
  if (!place.ok) return place;
  load.push({ gpa: gdt.value, bytes: makeGdt(CODE32) });
  // What a loader does not touch is as a BIOS left it.
  const registers = { rip: CHIP_SETUP, rsi: request.entry, rax: LOADER_MAGIC, rbx: place.value };
  return ok({ load, entry: { mode: "protected", gdt: gdt.value, registers } });
}

function joinWords(first: string, rest: string): string {
  return rest === "" ? first : `${first} ${rest}`;
}

function memoryAboveOneMiB(map: readonly E820Entry[]): number {
  return map.find((entry) => entry.start === MiB)?.length ?? 0;
}

/** Each entry begins with its own length, which does not count these four bytes. */
function memoryMapTable(map: readonly E820Entry[]): Uint8Array {
  const table = new Structure(map.length * MAP_ENTRY_SIZE);
  map.forEach((entry, i) => {
    const at = i * MAP_ENTRY_SIZE;
    table
      .u32(at, MAP_ENTRY_SIZE - 4)
      .u64(at + 4, entry.start)
      .u64(at + 12, entry.length)
      .u32(at + 20, entry.type);
  });
  return table.bytes;
}

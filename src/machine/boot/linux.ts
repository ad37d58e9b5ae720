// Linux's own entries: registers point to the zero page (struct boot_params). Either 64-bit on an identity map, or
// 32-bit without paging. (Linux: Documentation/arch/x86/boot.rst and zero-page.rst)

import type { ConfigIssue } from "../../shared/config_issue";
import { ok, type Result } from "../../shared/result";
import { KiB, MiB } from "../../shared/units";
import { encodeCommandLine, type BootEntry, type LoadedBytes } from "./boot_plan";
import { CODE32, CODE64, GDT_SIZE, makeGdt } from "./flat_segments";
import type { E820Entry, Placer } from "./memory_ranges";
import type { PlacedModule, PreparedEntry } from "./pvh";
import { Structure } from "./structure";

export interface LinuxRequest {
  readonly bits: 32 | 64;
  readonly entry: number;
  /** From a bzImage, offset 0x1f1 on; undefined for a bare vmlinux. */
  readonly setupHeader: Uint8Array | undefined;
  readonly commandLine: string;
  readonly initrd: PlacedModule | undefined;
  readonly map: readonly E820Entry[];
  readonly rsdp: number;
  readonly vga: boolean;
}

const PAGE = 4096;
const HEADER_START = 0x1f1;
/** No loader has this number; the kernel only shows it. */
const LOADER_UNKNOWN = 0xff;
const LOADED_HIGH = 1;
const E820_MAX = 128;

export function prepareLinux(request: LinuxRequest, placer: Placer): Result<PreparedEntry, ConfigIssue> {
  const commandLine = encodeCommandLine(request.commandLine);
  const gdt = placer.low(GDT_SIZE, 16, "kernel");
  if (!gdt.ok) return gdt;
  const params = placer.low(PAGE, PAGE, "kernel");
  if (!params.ok) return params;
  const text = placer.low(commandLine.length, 16, "append");
  if (!text.ok) return text;
  const load: LoadedBytes[] = [
    { gpa: gdt.value, bytes: makeGdt(request.bits === 64 ? CODE64 : CODE32) },
    { gpa: params.value, bytes: zeroPage(request, text.value) },
    { gpa: text.value, bytes: commandLine },
  ];
  const registers = { rip: request.entry, rsi: params.value };
  if (request.bits === 32) return ok({ load, entry: { mode: "protected", gdt: gdt.value, registers } });
  const tables = placer.low(PAGE_TABLES_SIZE, PAGE, "kernel");
  if (!tables.ok) return tables;
  load.push({ gpa: tables.value, bytes: identityMap(tables.value) });
  const entry: BootEntry = { mode: "long", gdt: gdt.value, pageTables: tables.value, registers };
  return ok({ load, entry });
}

function zeroPage(request: LinuxRequest, commandLine: number): Uint8Array {
  const page = new Structure(PAGE);
  if (request.setupHeader !== undefined) page.copy(HEADER_START, request.setupHeader);
  else page.u16(0x1fe, 0xaa55).ascii(0x202, "HdrS").u16(0x206, 0x020f).u32(0x230, 0x1000000);
  page.u8(0x210, LOADER_UNKNOWN);
  page.u8(0x211, (page.bytes[0x211] ?? 0) | LOADED_HIGH);
  page.u32(0x228, commandLine);
  const { initrd, map } = request;
  if (initrd !== undefined) page.u32(0x218, initrd.gpa).u32(0x21c, initrd.length);
  page.u64(0x070, request.rsdp);
  const entries = map.slice(0, E820_MAX);
  page.u8(0x1e8, entries.length);
  entries.forEach((entry, i) => {
    const at = 0x2d0 + i * 20;
    page
      .u64(at, entry.start)
      .u64(at + 8, entry.length)
      .u32(at + 16, entry.type);
  });
  page.u32(0x1e0, extendedMemory(map));
  if (request.vga) describeScreen(page);
  return page.bytes;
}

/** struct screen_info: mode 3 of a VGA, 80 x 25 characters of 16 lines, the cursor at the top. */
function describeScreen(page: Structure): void {
  page.u8(0x06, 3).u8(0x07, 80).u16(0x0a, 3).u8(0x0e, 25).u8(0x0f, 1).u16(0x10, 16);
}

/** alt_mem_k: KiB of RAM above 1 MiB, for kernels that look there before e820. */
function extendedMemory(map: readonly E820Entry[]): number {
  const entry = map.find((range) => range.start === MiB);
  return Math.min((entry?.length ?? 0) / KiB, 0xffffffff);
}

/** A PML4, a page directory pointer table and four page directories of 2 MiB pages: the first 4 GiB. */
const DIRECTORIES = 4;
const PAGE_TABLES_SIZE = (2 + DIRECTORIES) * PAGE;
const PRESENT_WRITABLE = 3;
const LARGE = 0x80;

function identityMap(gpa: number): Uint8Array {
  const tables = new Structure(PAGE_TABLES_SIZE);
  tables.u64(0, gpa + PAGE + PRESENT_WRITABLE);
  for (let i = 0; i < DIRECTORIES; i++) tables.u64(PAGE + i * 8, gpa + (2 + i) * PAGE + PRESENT_WRITABLE);
  for (let i = 0; i < DIRECTORIES * 512; i++) tables.u64(2 * PAGE + i * 8, i * 2 * MiB + PRESENT_WRITABLE + LARGE);
  return tables.bytes;
}

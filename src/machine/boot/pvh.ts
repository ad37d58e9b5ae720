// The PVH entry: 32-bit protected mode, EBX = hvm_start_info.
// (Xen: public/arch-x86/hvm/start_info.h; docs/misc/pvh)

import type { ConfigIssue } from "../../shared/config_issue";
import { ok, type Result } from "../../shared/result";
import { encodeCommandLine, type BootEntry, type LoadedBytes } from "./boot_plan";
import { CODE32, GDT_SIZE, makeGdt } from "./flat_segments";
import type { E820Entry, Placer } from "./memory_ranges";
import { Structure } from "./structure";

const MAGIC = 0x336ec578;
const START_INFO_SIZE = 56;
const MODULE_SIZE = 32;
const MAP_ENTRY_SIZE = 24;

export interface PlacedModule {
  readonly gpa: number;
  readonly length: number;
}

export interface PvhRequest {
  readonly entry: number;
  readonly commandLine: string;
  readonly modules: readonly PlacedModule[];
  readonly map: readonly E820Entry[];
  readonly rsdp: number;
}

export interface PreparedEntry {
  readonly load: readonly LoadedBytes[];
  readonly entry: BootEntry;
}

export function preparePvh(request: PvhRequest, placer: Placer): Result<PreparedEntry, ConfigIssue> {
  const commandLine = encodeCommandLine(request.commandLine);
  const { modules, map } = request;
  const size = START_INFO_SIZE + modules.length * MODULE_SIZE + map.length * MAP_ENTRY_SIZE;
  const gdt = placer.low(GDT_SIZE, 16, "kernel");
  if (!gdt.ok) return gdt;
  const info = placer.low(size, 16, "kernel");
  if (!info.ok) return info;
  const text = placer.low(commandLine.length, 16, "append");
  if (!text.ok) return text;
  return ok({
    load: [
      { gpa: gdt.value, bytes: makeGdt(CODE32) },
      { gpa: info.value, bytes: startInfo(request, info.value, size, text.value) },
      { gpa: text.value, bytes: commandLine },
    ],
    entry: { mode: "protected", gdt: gdt.value, registers: { rip: request.entry, rbx: info.value } },
  });
}

function startInfo(request: PvhRequest, gpa: number, size: number, commandLine: number): Uint8Array {
  const { modules, map } = request;
  const moduleList = START_INFO_SIZE;
  const mapTable = moduleList + modules.length * MODULE_SIZE;
  const info = new Structure(size);
  info.u32(0, MAGIC).u32(4, 1).u32(12, modules.length);
  info.u64(16, modules.length === 0 ? 0 : gpa + moduleList);
  info.u64(24, commandLine).u64(32, request.rsdp);
  info.u64(40, gpa + mapTable).u32(48, map.length);
  modules.forEach((module, i) => {
    info.u64(moduleList + i * MODULE_SIZE, module.gpa).u64(moduleList + i * MODULE_SIZE + 8, module.length);
  });
  map.forEach((entry, i) => {
    const at = mapTable + i * MAP_ENTRY_SIZE;
    info
      .u64(at, entry.start)
      .u64(at + 8, entry.length)
      .u32(at + 16, entry.type);
  });
  return info.bytes;
}

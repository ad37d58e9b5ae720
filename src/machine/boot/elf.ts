// ELF executables as kernels: which parts of the file go to which physical addresses, and the entry points.
// (System V ABI; PVH: Xen's public/elfnote.h, XEN_ELFNOTE_PHYS32_ENTRY)

import type { ConfigIssue } from "../../shared/config_issue";
import { err, ok, type Result } from "../../shared/result";
import { kernelIssue } from "./boot_plan";
import type { FileView } from "./file_view";

export interface ElfSegment {
  readonly gpa: number;
  readonly virtual: number;
  readonly offset: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

export interface ElfKernel {
  readonly bits: 32 | 64;
  /** As the header says; a virtual address (negative in the top half) in some kernels. */
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  /** Physical address of the PVH entry, if a note gives one. */
  readonly pvhEntry: number | undefined;
  /** What the kernel calls itself in its Xen notes, such as "linux". */
  readonly guestOs: string | undefined;
}

const MACHINE_386 = 3;
const MACHINE_X86_64 = 62;
const TYPE_EXECUTABLE = 2;
const TYPE_SHARED = 3;
const SEGMENT_LOAD = 1;
const SEGMENT_NOTE = 4;
const NOTE_GUEST_OS = 6;
const NOTE_PHYS32_ENTRY = 18;
const GUEST_OS_MAX = 32;
/** Far above what kernels have; bounds the work that a file can cause. */
const MAX_SEGMENTS = 256;
const MAX_NOTES = 256;

export function isElf(file: FileView): boolean {
  return file.u32(0) === 0x464c457f;
}

/** Offsets of the fields that differ between the two classes. */
const layouts = {
  32: { header: 52, entry: 24, table: 28, entrySize: 42, count: 44, size: 32 },
  64: { header: 64, entry: 24, table: 32, entrySize: 54, count: 56, size: 56 },
} as const;

export function readElf(file: FileView): Result<ElfKernel, ConfigIssue> {
  const bits = file.u8(4) === 2 ? 64 : 32;
  const layout = layouts[bits];
  if (!file.has(0, layout.header) || file.u8(4) === 0 || file.u8(4) > 2 || file.u8(5) !== 1) {
    return err(kernelIssue("the ELF header is cut short or not little-endian"));
  }
  const machine = file.u16(18);
  if (machine !== MACHINE_386 && machine !== MACHINE_X86_64) {
    return err(kernelIssue(`the ELF file is for another processor (machine ${machine})`));
  }
  const type = file.u16(16);
  if (type !== TYPE_EXECUTABLE && type !== TYPE_SHARED) {
    return err(kernelIssue(`the ELF file is no executable (type ${type})`));
  }
  const word = (at: number) => (bits === 64 ? file.u64(at) : file.u32(at));
  const table = word(layout.table);
  const count = file.u16(layout.count);
  const entrySize = file.u16(layout.entrySize);
  if (count === 0 || count > MAX_SEGMENTS || entrySize < layout.size || !file.has(table, count * entrySize)) {
    return err(kernelIssue("the ELF file's program headers are missing or broken"));
  }
  const headers = Array.from({ length: count }, (_, i) => readHeader(file, table + i * entrySize, bits));
  const loads = headers.filter((header) => header.type === SEGMENT_LOAD && header.memorySize > 0);
  const broken = loads.find(
    (header) => !file.has(header.offset, header.fileSize) || header.fileSize > header.memorySize,
  );
  if (broken !== undefined) return err(kernelIssue("the ELF file is cut short: a segment ends after the file"));
  if (loads.length === 0) return err(kernelIssue("the ELF file has nothing to load"));
  const notes = headers.filter((header) => header.type === SEGMENT_NOTE);
  const entry = bits === 64 ? file.i64(layout.entry) : file.u32(layout.entry);
  return ok({ bits, entry, segments: loads, ...readXenNotes(file, notes) });
}

interface ProgramHeader extends ElfSegment {
  readonly type: number;
}

function readHeader(file: FileView, at: number, bits: 32 | 64): ProgramHeader {
  const type = file.u32(at);
  if (bits === 64) {
    return {
      type,
      offset: file.u64(at + 8),
      virtual: file.i64(at + 16),
      gpa: file.u64(at + 24),
      fileSize: file.u64(at + 32),
      memorySize: file.u64(at + 40),
    };
  }
  return {
    type,
    offset: file.u32(at + 4),
    virtual: file.u32(at + 8),
    gpa: file.u32(at + 12),
    fileSize: file.u32(at + 16),
    memorySize: file.u32(at + 20),
  };
}

interface XenNotes {
  pvhEntry: number | undefined;
  guestOs: string | undefined;
}

function readXenNotes(file: FileView, notes: readonly ProgramHeader[]): XenNotes {
  const found: XenNotes = { pvhEntry: undefined, guestOs: undefined };
  for (const note of notes) {
    let at = note.offset;
    const end = at + note.fileSize;
    for (let i = 0; i < MAX_NOTES && at + 12 <= end && file.has(at, 12); i++) {
      const nameSize = file.u32(at);
      const descriptorSize = file.u32(at + 4);
      const descriptor = at + 12 + align4(nameSize);
      if (file.text(at + 12, 4) === "Xen\0" && file.has(descriptor, descriptorSize)) {
        const type = file.u32(at + 8);
        if (type === NOTE_PHYS32_ENTRY && descriptorSize >= 4) found.pvhEntry ??= file.u32(descriptor);
        if (type === NOTE_GUEST_OS && descriptorSize <= GUEST_OS_MAX) {
          found.guestOs ??= file.text(descriptor, descriptorSize).replace(/\0.*$/, "");
        }
      }
      at = descriptor + align4(descriptorSize);
    }
  }
  return found;
}

function align4(size: number): number {
  return Math.ceil(size / 4) * 4;
}

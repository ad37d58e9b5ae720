// Linux's bzImage: setup code, protected-mode code, and in that a compressed vmlinux.
// (Linux: Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header")

import type { ConfigIssue } from "../../shared/config_issue";
import { err, ok, type Result } from "../../shared/result";
import { kernelIssue } from "./boot_plan";
import type { FileView } from "./file_view";

export interface BzImage {
  /** 0x020f is 2.15. */
  readonly version: number;
  /** The setup header, from offset 0x1f1 on, as it goes into the zero page. */
  readonly setupHeader: Uint8Array;
  readonly protectedMode: Uint8Array;
  /** Where protectedMode wants to be loaded. */
  readonly loadAddress: number;
  /** 64-bit entry at +0x200. */
  readonly has64BitEntry: boolean;
  readonly relocatable: boolean;
  /** The unpacked kernel needs [preferredAddress, + initSize). */
  readonly preferredAddress: number;
  readonly initSize: number;
  readonly commandLineMax: number;
  readonly initrdMax: number;
  /** Empty if the header does not say where it is. */
  readonly payload: Uint8Array;
  /** As the kernel's build noted it behind the payload; a claim of the file. */
  readonly unpackedSize: number;
}

const SECTOR = 512;
const HEADER_START = 0x1f1;
const LOADED_HIGH = 1;
const XLF_KERNEL_64 = 1;
/** The fields that we cannot do without appeared in 2.06; bzImages since 2.6.22 have it. */
const OLDEST = 0x0206;

export function isBzImage(file: FileView): boolean {
  return file.u16(0x1fe) === 0xaa55 && file.text(0x202, 4) === "HdrS";
}

export function readBzImage(file: FileView): Result<BzImage, ConfigIssue> {
  const version = file.u16(0x206);
  const name = `${version >> 8}.${String(version & 0xff).padStart(2, "0")}`;
  if (version < OLDEST) return err(kernelIssue(`boot protocol ${name} is too old (2.06 or later is needed)`));
  if ((file.u8(0x211) & LOADED_HIGH) === 0) return err(kernelIssue("this is a zImage; a bzImage is needed"));
  // 0 stands for 4: the value of kernels older than the field.
  const start = ((file.u8(HEADER_START) || 4) + 1) * SECTOR;
  const headerEnd = Math.min(0x202 + file.u8(0x201), 0x290);
  if (file.length <= start || headerEnd > file.length) return err(kernelIssue("the bzImage is cut short"));
  const protectedMode = file.bytes.subarray(start);
  const payload = readPayload(file, version, protectedMode);
  if (payload === undefined) return err(kernelIssue("the bzImage is cut short: its payload ends after the file"));
  const since = (needed: number, value: number, otherwise: number) => (version >= needed ? value : otherwise);
  const loadAddress = file.u32(0x214);
  return ok({
    version,
    setupHeader: file.bytes.subarray(HEADER_START, headerEnd),
    protectedMode,
    loadAddress,
    has64BitEntry: since(0x020c, file.u16(0x236) & XLF_KERNEL_64, 0) !== 0 && protectedMode.length > 0x200,
    relocatable: file.u8(0x234) !== 0,
    preferredAddress: since(0x020a, file.u64(0x258), loadAddress),
    initSize: since(0x020a, file.u32(0x260), protectedMode.length),
    commandLineMax: file.u32(0x238) || 255,
    initrdMax: file.u32(0x22c) || 0x37ffffff,
    payload,
    unpackedSize:
      payload.length < 4 ? 0 : new DataView(payload.buffer, payload.byteOffset + payload.length - 4).getUint32(0, true),
  });
}

/** undefined: the header says something impossible. */
function readPayload(file: FileView, version: number, protectedMode: Uint8Array): Uint8Array | undefined {
  if (version < 0x0208) return new Uint8Array(0);
  const offset = file.u32(0x248);
  const length = file.u32(0x24c);
  if (offset + length > protectedMode.length) return undefined;
  return protectedMode.subarray(offset, offset + length);
}

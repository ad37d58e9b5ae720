// The descriptors that the boot protocols ask for: flat code at 0x10, flat data at 0x18, a TSS at 0x20.
// Linux wants __BOOT_CS = 0x10 and __BOOT_DS = 0x18 (boot.rst, "64-bit Boot Protocol"); multiboot and PVH do not care.

import { Structure } from "./structure";

export const CODE_SELECTOR = 0x10;
export const DATA_SELECTOR = 0x18;
export const TSS_SELECTOR = 0x20;
export const GDT_SIZE = 0x28;

/** Descriptor attributes as in the high dword shifted right by 8 (assembly/layout/cpu.ts, segAttr). */
export const CODE32 = 0xc09b;
export const CODE64 = 0xa09b;
export const DATA32 = 0xc093;
export const TSS32_BUSY = 0x008b;
export const TSS_LIMIT = 0x67;

/** A GDT with these descriptors: base 0, limit 4 GiB, but for the TSS, whose limit is 0x67. */
export function makeGdt(code: number): Uint8Array<ArrayBuffer> {
  const gdt = new Structure(GDT_SIZE);
  putDescriptor(gdt, CODE_SELECTOR, code, 0xfffff);
  putDescriptor(gdt, DATA_SELECTOR, DATA32, 0xfffff);
  putDescriptor(gdt, TSS_SELECTOR, TSS32_BUSY, TSS_LIMIT);
  return gdt.bytes;
}

function putDescriptor(gdt: Structure, at: number, attributes: number, limit: number): void {
  gdt.u32(at, limit & 0xffff).u32(at + 4, attributes * 0x100 + (limit >> 16) * 0x10000);
}

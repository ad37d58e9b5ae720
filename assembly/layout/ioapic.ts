// The IOAPIC (82093AA, version 0x20 with an EOI register). Offsets from Machine.ioapic.

export const PINS = 24;
/** u32 IOREGSEL. */
export const select = 0;
/** u32 APIC id, in bits 24-27. */
export const id = 4;
/** u32 level of each pin as the sources drive it. */
export const lines = 8;
/** u64 x 24 redirection table. */
export const redirection = 16;
export const SIZE = 208;

export const VERSION = 0x20;
export const ENTRY_DELIVERY_STATUS = 0x1000;
export const ENTRY_LOGICAL = 0x800;
export const ENTRY_REMOTE_IRR = 0x4000;
export const ENTRY_LEVEL = 0x8000;
export const ENTRY_MASKED = 0x10000;

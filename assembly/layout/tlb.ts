// TLB tables. A set has three direct-mapped tables (read, write, execute) of ENTRIES entries; there is one set per
// privilege, so that an entry's presence is the permission. Sets follow each other at Cpu.tlbTables.
//
// Entry, 16 bytes: i64 tag = gva of the page (low 12 bits 0; TAG_EMPTY when free), i32 addend: gva + addend = host
// address (mod 2^32), u32 flags.

export const ENTRIES_SHIFT = 12;
export const ENTRIES = 4096;
export const ENTRY_SIZE = 16;
/** (gva >> 8) & INDEX_MASK is the byte offset of a page's entry. */
export const INDEX_MASK = 0xfff0;
export const tag = 0;
export const addend = 8;
export const flags = 12;
/** Never equal to a page's gva, since it is not page-aligned. */
export const TAG_EMPTY = 1;
/** The translation is global (survives MOV CR3). */
export const FLAG_GLOBAL = 1;
/** Part of a 2 MiB or 1 GiB page. */
export const FLAG_LARGE = 2;
/** The entry is in the list of those that MOV CR3 empties, or in that of the others; also when it is free. */
export const LISTED = 4;
export const LISTED_GLOBAL = 8;

export const READ = 0;
export const WRITE = 0x10000;
export const EXECUTE = 0x20000;
export const SET_SIZE = 0x30000;
export const SUPERVISOR = 0;
export const USER = 0x30000;
/** Supervisor with SMAP in force (CR4.SMAP set, EFLAGS.AC clear). */
export const SUPERVISOR_SMAP = 0x60000;

// An entry of a machine's page map (u32): host address of the page, which is page-aligned, plus flags.

/** The page is there. An entry of 0 inside RAM is a page not touched yet. */
export const PRESENT = 1;
/** Shared with another machine: copy before the first write. */
export const COPY_ON_WRITE = 2;
/** Not RAM of the guest but memory of a device (a BAR); never given to the pool. */
export const DEVICE = 4;
/** Reads as all ones, writes are dropped: a ROM's page is DEVICE | READ_ONLY. */
export const READ_ONLY = 8;
/** A hole: accesses are MMIO. */
export const MMIO = 16;

// Event counters of a CPU, u64 each, offsets from Cpu.counters. Read by stats(); never reset while a machine lives.

export const tlbMisses = 0;
export const pageWalks = 8;
export const blocksDecoded = 16;
export const jumpCacheMisses = 24;
export const codeInvalidations = 32;
export const decodeFlushes = 40;
export const interrupts = 48;
export const exceptions = 56;
export const mailboxExits = 64;
export const doorbells = 72;
export const halts = 80;
export const tlbFlushes = 88;
/** Instructions that raised #UD because we do not implement them. */
export const unimplemented = 96;
/** 16 bytes: the first bytes of the last such instruction, then u64 its rip. */
export const lastUnimplemented = 104;
export const lastUnimplementedRip = 120;
export const pageFaults = 128;
/** Reads and writes of MSRs that do not exist (#GP), and u64 the last one's number. */
export const unknownMsrs = 136;
export const lastUnknownMsr = 144;
/** Instructions executed by translations, and how often the run loop went into one. */
export const inTranslations = 152;
export const translationsEntered = 160;
/** u64 x 32: exceptions by vector. */
export const exceptionByVector = 256;
export const SIZE = 896;

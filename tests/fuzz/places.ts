// Where a fuzzed program finds its memory.

/** Two pages that can be written; behind them one that can only be read, and then nothing. */
export const DATA = 0x20000000;
/** The first data page again. */
export const DATA_ALIAS = 0x20010000;
export const STACK = 0x20020000;
/** Counts the loops of 32-bit programs: as far from where the stack pointer is as the page lets it. */
export const COUNTER = STACK + 0xff0;
/** Selectors of user data segments in 32-bit programs: one ends in the data, one is read-only. */
export const LIMITED = 0x5b;
export const READ_ONLY_DATA = 0x63;
/** Two pages of code, which can be written. */
export const CODE = 0x30000000;
export const CODE_SIZE = 0x2000;
/** The code again, at other addresses. */
export const ALIAS_OFFSET = 0x10000;

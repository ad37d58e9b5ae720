// Header of the page pool (at MemoryMap.POOL): host pages that no machine uses. Offsets in bytes.
// Pages never used yet lie in [next, end); pages given back form a list through MemoryMap.POOL_LINKS.

/** i32 spin lock word: 0 free, 1 held. Held for a few instructions only. */
export const lock = 0;
/** u32 host page number of the first page never used yet. */
export const next = 4;
/** u32 host page number after the last page of the pool. */
export const end = 8;
/** u32 host page number of the first page given back, 0 = none. */
export const free = 12;
/** u32 pages in the free list. */
export const freeCount = 16;
export const SIZE = 64;

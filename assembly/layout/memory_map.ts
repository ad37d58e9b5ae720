// Where the fixed regions of the shared memory lie. Everything that varies (machines, CPUs, page maps, the page pool)
// is carved out above `CARVE_START` by src/core/memory_plan.ts and found through the pointers in layout/machine.ts.
//
//   0x0000_0000 ┌──────────────────────────────┐
//               │ constants of the wasm module │ written again by every instantiation: never live state
//   0x0020_0000 ├──────────────────────────────┤
//               │ page pool header             │ layout/pool.ts
//   0x0040_0000 ├──────────────────────────────┤
//               │ free-list links              │ u32 per host page
//   0x0080_0000 ├──────────────────────────────┤
//               │ code lines                   │ u64 per host page: bit n = 64-byte line n holds decoded code
//   0x0100_0000 ├──────────────────────────────┤
//               │ machines, CPUs, pages        │
//               └──────────────────────────────┘

export const PAGE_SHIFT = 12;
export const PAGE_SIZE = 4096;
export const PAGE_MASK = 4095;

/** Guest pages of A0000-BFFFF, where a PC has the window of its display adapter: never RAM. */
export const VGA_PAGE = 0xa0;
export const VGA_PAGES = 0x20;

/** First byte after the module's constants; a test checks that no data segment reaches it. */
export const DATA_END = 0x200000;
export const POOL = 0x200000;
export const POOL_LINKS = 0x400000;
export const CODE_LINES = 0x800000;
export const CARVE_START = 0x1000000;

/** Host pages that a 4 GiB wasm32 memory can have. */
export const HOST_PAGES = 0x100000;

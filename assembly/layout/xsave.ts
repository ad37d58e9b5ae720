// The XSAVE area in standard form; its first 512 bytes are the FXSAVE area (SDM vol. 1, 10.5.1 and 13.4).
//
//   0 ┌ fcw fsw ftw fop ┬ fip (fcs) ┐
//  16 ├ fdp (fds)       ┼ mxcsr mask┤
//  32 ├ st0..st7, 16 bytes each    ┤
// 160 ├ xmm0..xmm15                ┤
// 416 ├ reserved, for software     ┤
// 512 ├ header: XSTATE_BV XCOMP_BV ┤
// 576 └ upper halves of ymm0..15   ┘ 832

export const fcw = 0;
export const fsw = 2;
/** u8 abridged tag word. */
export const ftw = 4;
export const fop = 6;
/** u64, or u32 offset and u16 selector. */
export const fip = 8;
export const fcs = 12;
export const fdp = 16;
export const fds = 20;
export const mxcsr = 24;
export const mxcsrMask = 28;
export const st = 32;
export const xmm = 160;
export const LEGACY_SIZE = 512;
/** u64 XSTATE_BV: components that the area holds. */
export const bitmap = 512;
/** u64 XCOMP_BV: bit 63 = compacted form, and the components that the form has room for. */
export const compaction = 520;
export const HEADER_END = 576;
export const avx = 576;
export const AVX_END = 832;

/** Components: bits of XCR0. */
export const X87 = 1;
export const SSE = 2;
export const AVX = 4;

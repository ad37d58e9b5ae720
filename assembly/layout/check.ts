// Memory of the mode in which translations are compared with the interpreter (jit/check.ts), offsets from the CPU. It lies
// where modules are written, of which there is none while a comparison goes on.
//
//   0x00000 state       0x01000 registers: before, after the translation, after the interpreter
//   0x04000 trace       0x05000 lists of pages and TLB entries
//   0x10000 pages: as they were, as the translation left them, as the interpreter left them

import * as Cpu from "./cpu";
import * as Jit from "./jit";

const START = Cpu.jit + Jit.module;

/** i32 instructions that may still be executed. */
export const steps = START;
/** u32 why the translation stopped by itself: STOPPED, and STOPPED_FLAGS_DEAD. */
export const stopped = START + 4;
/** It has executed as many instructions as it might. */
export const STOPPED = 1;
/** The arithmetic flags were not computed, since nobody will see them. */
export const STOPPED_FLAGS_DEAD = 2;
/** u32 offset from the CPU of the copies in use: `translated` or `interpreted`. */
export const copies = START + 8;
/** u32 pages that have copies; u32 TLB entries for these. */
export const pages = START + 12;
export const entries = START + 16;
/** u32 instructions in the trace, on and on. */
export const traced = START + 20;
/** u32 the last of these, on which the two do not agree. */
export const suspects = START + 24;
/** u32 Cpu.tlb, u32 Cpu.mode, u64 Cpu.instructions as they were. */
export const tlb = START + 32;
export const mode = START + 36;
export const instructions = START + 40;

/** Registers: the CPU's first REGISTERS bytes, then u32 EFLAGS and u32 CPL. */
export const before = START + 0x1000;
export const afterTranslation = START + 0x2000;
export const afterInterpreter = START + 0x3000;
/** After the last instruction on which they agreed. */
export const lastAgreed = START + 0x3800;
export const REGISTERS = 0x700;
export const flags = 0x700;
export const cpl = 0x704;
export const STATE_SIZE = 0x708;

/** u64 addresses of the instructions that the interpreter executed last. */
export const trace = START + 0x4000;
export const TRACE_LENGTH = 64;

/** Of each page with copies: u64 linear address, u32 host address. */
export const pageList = START + 0x5000;
export const PAGE_ENTRY = 16;
export const PAGES_MAX = 112;
/** u32 addresses of TLB entries. */
export const entryList = START + 0x6000;
export const ENTRIES_MAX = 512;

export const originals = START + 0x10000;
export const translated = START + 0x80000;
export const interpreted = START + 0xf0000;

/**
 * What a translated region returns, and the interpreter that it calls: the address that a RET went to; or, with everything
 * in the CPU's memory, one of these, which are no canonical addresses.
 */

/** All callers shall return it too: the outermost interpreter goes on, or leaves the run loop. */
export const LEFT: i64 = i64.MIN_VALUE;
/** Only from the interpreter: what follows, at Cpu.rip, is translated. */
export const GO_ON: i64 = i64.MIN_VALUE + 1;

// How the interpreter is called: how many calls may still be nested, and these.
/** Mask of the nesting depth. */
export const DEPTH_MASK: u32 = 0xffff;
/** A fault was raised, or the instruction is one that translations leave to the interpreter (EXIT_INTERPRET). */
export const FROM_FAULT: u32 = 0x10000;
/** In place of the region that calls: it returns GO_ON to enter a translation rather than to nest it. */
export const IN_PLACE: u32 = 0x100000;
/** By nobody who waits for a return. */
export const OUTERMOST: u32 = 0x200000;

// QEMU's isa-debug-exit. Offsets from Machine.debugExit, set by whoever lays out the machine.

/** u32 first port, 0 = the machine has none. */
export const port = 0;
/** u32 ports. */
export const size = 4;

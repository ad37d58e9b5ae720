// What the worker of a virtual CPU notes about itself for stats(). Offsets from the CPU's base address, in the free
// space behind the counters. Only the CPU's worker writes; times are ms since 1970 with fractions, the same in all workers.

/** f64 ms spent asleep (HLT) or standing still (paused) since the worker started. */
export const idle = 0x2800;
/** f64 time at which the present sleep began, 0 = awake. */
export const asleepSince = 0x2808;
/** f64 time at which the worker entered its loop. */
export const started = 0x2810;
/** u64 times that cpuRun returned, by reason: RUN_EXIT 0..7. */
export const exits = 0x2820;
export const EXIT_REASONS = 8;

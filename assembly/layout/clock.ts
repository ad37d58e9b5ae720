// Guest time of a machine. Offsets from Machine.clock; all words may be read by any worker.

/** i64 crossing: host ns minus guest ns while the clock runs. */
export const offset = 0;
/** i64 crossing: the latest guest time handed out; the time itself while paused. */
export const last = 8;
/** i32 crossing: 1 while guest time stands still. */
export const paused = 16;
/** u64 guest ns of the master tuple of kvmclock. */
export const anchor = 24;
/** u64 last value of MSR_KVM_WALL_CLOCK, one per machine. */
export const wallClock = 32;

/** Ticks of the TSC per second; fixed, so that one tick is one ns of guest time. */
export const TSC_HZ = 1000000000;

// The HPET (IA-PC HPET Specification 1.0a). Offsets from Machine.hpet; TIMERS timers of TIMER_SIZE bytes from `timers` on.

/** u64 general configuration: CONFIG_ bits. */
export const config = 0;
export const CONFIG_ENABLED = 1;
/** Timers 0 and 1 take the place of the 8254 and the clock's periodic interrupt. */
export const CONFIG_LEGACY = 2;
/** u32 level-triggered interrupts that wait for software, a bit per timer. */
export const status = 8;
/** u64 the main counter while it stands still; what is to be added to the guest's ticks while it runs. */
export const counter = 16;

export const timers = 64;
/** u64 configuration as software has written it: TIMER_ bits. */
export const timerConfig = 0;
export const TIMER_LEVEL = 2;
export const TIMER_ENABLED = 4;
export const TIMER_PERIODIC = 8;
/** Periodic mode is possible; the comparator has 64 bits. */
export const TIMER_CAPABILITIES = 0x30;
/** The next write to the comparator sets it, not only the period. */
export const TIMER_SET = 0x40;
export const TIMER_32_BITS = 0x100;
export const TIMER_ROUTE_SHIFT = 9;
/** u64 */
export const comparator = 8;
/** u64 ticks, 0 = none. */
export const period = 16;
/** u64 guest tick at which the comparator matches, all ones = never. */
export const next = 24;
export const TIMER_SIZE = 32;
export const TIMERS = 3;
export const SIZE = 160;

/** IOAPIC pins that a timer can be routed to. */
export const ROUTES = 0xf00000;
export const PERIOD_FS = 10000000;

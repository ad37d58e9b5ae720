// The 8254 timer and port 61. Offsets from Machine.pit; three channels of CHANNEL_SIZE bytes.

/** u64 PIT tick at which the running count was loaded or triggered. */
export const start = 0;
/** u64 ticks that had passed when the gate stopped the count. */
export const frozen = 8;
/** u32 the count, 1..65536 (1..10000 in BCD). */
export const count = 16;
/** u16 latched count. */
export const latch = 20;
/** u8 bytes of the latch that are still to be read. */
export const latched = 22;
/** u8 latched status. */
export const status = 23;
/** u8 1 = the status byte is read next. */
export const statusLatched = 24;
/** u8 mode 0..5. */
export const mode = 25;
export const bcd = 26;
/** u8 1 low byte, 2 high byte, 3 low then high. */
export const access = 27;
/** u8 low byte of a count being written. */
export const writeLow = 28;
/** u8 1 = the high byte of a 16-bit access comes next. */
export const writeHigh = 29;
export const readHigh = 30;
export const gate = 31;
/** u8 1 = the count runs. */
export const counting = 32;
/** u8 1 = a count was written since the last control word. */
export const loaded = 33;
export const CHANNEL_SIZE = 64;

/** u64 PIT tick of the next rising edge of channel 0's output, all ones = none. */
export const nextTick = 192;
/** u64 ns: when to try again because the guest has not taken the last tick yet, 0 = not waiting. */
export const retry = 200;
/** u8 port 61 bit 1. */
export const speaker = 208;
export const SIZE = 216;
export const HZ = 1193182;

// MC146818 clock with 128 bytes of CMOS RAM. Offsets from Machine.rtc.

/** 128 bytes; the time registers in it are only current while SET stops the clock. */
export const cmos = 0;
/** u8 register selected by port 70. */
export const index = 128;
/** i64 seconds: the guest's clock minus the host's. */
export const offset = 136;
/** u64 32768 Hz tick of the next periodic flag, all ones = none. */
export const nextPeriodic = 144;
/** u64 ns guest time of the next second, all ones = nobody wants to know. */
export const nextSecond = 152;
/** i64 the second that update and alarm flags have been derived for. */
export const lastSecond = 160;
export const SIZE = 168;

export const SECONDS = 0;
export const SECONDS_ALARM = 1;
export const MINUTES = 2;
export const MINUTES_ALARM = 3;
export const HOURS = 4;
export const HOURS_ALARM = 5;
export const WEEKDAY = 6;
export const DAY = 7;
export const MONTH = 8;
export const YEAR = 9;
export const REG_A = 10;
export const REG_B = 11;
export const REG_C = 12;
export const REG_D = 13;
export const CENTURY = 0x32;

export const A_UIP = 0x80;
export const B_SET = 0x80;
export const B_PIE = 0x40;
export const B_AIE = 0x20;
export const B_UIE = 0x10;
export const B_BINARY = 4;
export const B_24H = 2;
export const C_IRQF = 0x80;
export const C_PF = 0x40;
export const C_AF = 0x20;
export const C_UF = 0x10;

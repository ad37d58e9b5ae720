// Local APIC of one CPU. Offsets from Cpu.lapic. The first 1 KiB is the register page of the xAPIC (Intel SDM vol. 3,
// 11.4.1): a u32 every 16 bytes. Only the CPU's own worker writes it; others post into the words below it.

export const ID = 0x20;
export const VERSION = 0x30;
export const TPR = 0x80;
export const PPR = 0xa0;
export const EOI = 0xb0;
export const LDR = 0xd0;
export const DFR = 0xe0;
export const SVR = 0xf0;
/** u32 x 8, 16 bytes apart. */
export const ISR = 0x100;
export const TMR = 0x180;
export const IRR = 0x200;
export const ESR = 0x280;
export const ICR = 0x300;
export const ICR_HIGH = 0x310;
export const LVT_TIMER = 0x320;
export const LVT_THERMAL = 0x330;
export const LVT_PERFORMANCE = 0x340;
export const LVT_LINT0 = 0x350;
export const LVT_LINT1 = 0x360;
export const LVT_ERROR = 0x370;
export const TIMER_INITIAL = 0x380;
export const TIMER_CURRENT = 0x390;
export const TIMER_DIVIDE = 0x3e0;
/** x2APIC only. */
export const SELF_IPI = 0x3f0;

/** u32 x 8 crossing: vectors that other workers raised, taken into IRR by the owner. */
export const posted = 0x400;
/** u32 x 8 crossing: trigger mode that goes with them, 1 = level. */
export const postedLevel = 0x420;
/** u32 errors since the last write to ESR. */
export const errors = 0x440;
/** u64 ns guest time at which the timer fires, all ones = not armed. */
export const timerDeadline = 0x448;
/** u64 ns between two ticks of the periodic timer. */
export const timerPeriod = 0x450;
export const SIZE = 0x458;

export const LVT_MASKED = 0x10000;
export const LVT_MODE = 0x700;
export const LVT_EXTINT = 0x700;
export const TIMER_MODE = 0x60000;
export const TIMER_PERIODIC = 0x20000;
export const TIMER_TSC_DEADLINE = 0x40000;
export const SVR_ENABLED = 0x100;

// Delivery modes of ICR, redirection entries and MSI data, not shifted.
export const DELIVER_FIXED = 0;
export const DELIVER_LOWEST = 1;
export const DELIVER_NMI = 4;
export const DELIVER_INIT = 5;
export const DELIVER_STARTUP = 6;

// ESR bits.
export const ERROR_SEND_VECTOR = 0x20;
export const ERROR_RECEIVE_VECTOR = 0x40;
export const ERROR_REGISTER = 0x80;

// IA32_APIC_BASE bits.
export const BASE_BSP = 0x100;
export const BASE_X2APIC = 0x400;
export const BASE_ENABLED = 0x800;

// ACPI power management as the PIIX4 has it. Offsets from Machine.pm.

/** u16 PM1 status, enable and control. */
export const status = 0;
export const enable = 2;
export const control = 4;
/** u16 general-purpose event status and enable. */
export const gpeStatus = 6;
export const gpeEnable = 8;
/** u8 last bytes of ports B2, B3, CF9 and 92. */
export const apmControl = 10;
export const apmStatus = 11;
export const cf9 = 12;
export const port92 = 13;
/** u8: general-purpose events have been enabled since the reset. */
export const gpeSeen = 14;
/** u64 PM timer tick up to which TMR_STS has been derived. */
export const timerSeen = 16;
export const SIZE = 24;

export const PORT = 0x600;
export const GPE_PORT = 0xafe0;
export const TIMER_HZ = 3579545;
export const SCI_IRQ = 9;
export const STS_TIMER = 1;
export const STS_GLOBAL = 0x20;
export const STS_POWER_BUTTON = 0x100;
export const STS_RTC = 0x400;
export const STS_WAKE = 0x8000;
export const CNT_SCI_EN = 1;
export const CNT_SLP_EN = 0x2000;
export const ACPI_ENABLE = 0xf1;
export const ACPI_DISABLE = 0xf0;

// State that the shared chips of a machine have in common. Offsets from the machine's base (0x3200..0x3300).

/** i32 spin lock: guards IOAPIC, PIC, PIT, RTC, UART, i8042 and PM; never held across an exit to the host. */
export const lock = 0x3200;
/** u32 Machine.irqLines as the chips have seen them last. */
export const linesTaken = 0x3204;
/** u64 ns guest time: earliest deadline of the shared chips; CPU 0 fires them. */
export const deviceTimer = 0x3208;
/** i32 crossing: Mailbox.EVENT_ that a chip asks for, posted once the lock is free; 0 = none. */
export const event = 0x3210;
/** u32 its value. */
export const eventValue = 0x3214;

// Why the guest was reset: the value of Mailbox.EVENT_RESET.
export const RESET_CF9 = 1;
export const RESET_KEYBOARD = 2;
export const RESET_PORT92 = 3;
export const RESET_TRIPLE_FAULT = 4;

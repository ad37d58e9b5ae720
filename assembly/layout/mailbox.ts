// The exit mailbox of a CPU: a register access that the device model must answer (ioeventfd's slow brother).
// The CPU fills it in and calls the import `host.mailbox(cpu)`, which returns when the answer is in `value`.
// In a worker that import notifies the devices worker and sleeps on `state`; in one thread it calls the model.
// Offsets from Cpu.mailbox.

/** i32 crossing: STATE_. */
export const state = 0;
export const STATE_IDLE = 0;
export const STATE_POSTED = 1;
/** u32 KIND_. */
export const kind = 4;
export const KIND_PORT = 0;
export const KIND_MMIO = 1;
/** Not a register: tell the machine that something happened; `address` says what (EVENT_). */
export const KIND_EVENT = 2;
/** u32 1 = write. */
export const write = 8;
/** u32 1, 2, 4 or 8 bytes. */
export const size = 12;
/** u64 port or gpa. */
export const address = 16;
/** u64 value written, or the answer. */
export const value = 24;
export const SIZE = 32;

/** The guest asked for a reset (0xCF9, i8042, triple fault); value = RESET_ reason. */
export const EVENT_RESET = 1;
/** The guest entered ACPI S5 or wrote to isa-debug-exit; value = exit code + 1, 0 for S5. */
export const EVENT_SHUTDOWN = 2;

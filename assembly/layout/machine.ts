// State of one machine, offsets in bytes from its base address (`machine` or `m` everywhere in assembly/).
// A machine is a base address: one memory can hold several.

/** u32 host address of the page map: u32 per guest page (layout/page_map.ts). */
export const pageMap = 0;
/** u32 entries in the page map; gpa >= entries << 12 is never RAM. */
export const pageMapEntries = 4;
/** u32 CPUs. */
export const cpuCount = 8;
/** u32 host address of CPU 0; the others follow at Cpu.SIZE. */
export const cpus = 12;
/** u32 guest page after the last page of RAM below 4 GiB. */
export const lowRamEnd = 16;
/** u32 guest page after the last page of RAM above 4 GiB (0x100000 if there is none). */
export const highRamEnd = 20;
/** i32 RUN_CONTROL: what the CPUs shall do; notified on change. */
export const control = 24;
export const CONTROL_PAUSE = 0;
export const CONTROL_RUN = 1;
export const CONTROL_STOP = 2;
/** i32 crossing: CPUs that have seen CONTROL_PAUSE and stand still. */
export const pausedCpus = 28;
/** u32 pages mapped in the page map now. */
export const mappedPages = 32;
/** i32 spin lock of the page map. */
export const pageMapLock = 36;
/** u32 host address of the virtqueues: Vring.QUEUES structs of layout/vring.ts. */
export const vrings = 40;
/** u32 crossing: raised when every CPU must drop its TLB; Cpu.tlbFlushSeen follows (platform/tlb_flush.ts). */
export const tlbFlush = 44;
/** u32 1 = a device of the model answers at the VGA ports and in the window at A0000. */
export const vga = 56;
/** u32 1 = the A20 gate is closed: bit 20 of addresses is 0. */
export const a20Off = 60;

// Doorbells (ioeventfd). A doorbell belongs to a slot = one device; the devices worker sleeps on doorbellSequence.
/** i32 crossing: raised and notified with every doorbell, mailbox post, and byte for the host. */
export const doorbellSequence = 64;
/** i32 crossing: 1 while the devices worker sleeps, so that ringing may skip the notify. */
export const devicesAsleep = 68;
/** u32 number of notify windows in use. */
export const notifyWindows = 72;
/** u32 x 8 per slot: bit q of the 256-bit set = queue q was kicked. 32 slots. */
export const doorbells = 0x400;
export const DOORBELL_SLOT_SIZE = 32;
export const DOORBELL_SLOTS = 32;
/** Notify windows: NOTIFY_WINDOW_SIZE bytes each, 64 of them. A write in one rings queue (address - start) >> shift, or the value. */
export const notifyWindow = 0x800;
export const NOTIFY_WINDOW_SIZE = 32;
export const NOTIFY_WINDOWS = 64;
/** u64 first address (gpa, or port). */
export const notifyStart = 0;
/** u32 length in bytes; 0 = window not in use. */
export const notifyLength = 8;
/** u32 1 = I/O port space. */
export const notifyIsPort = 12;
/** u32 doorbell slot. */
export const notifySlot = 16;
/** u32 log2 of the notify multiplier; 255: the value written is the queue number. */
export const notifyShift = 20;
export const NOTIFY_BY_VALUE = 255;

// Interrupt lines (irqfd). Devices set and clear bits; CPU 0 takes them in at its next poll.
/** u32 crossing: level of GSI 0..23 as the devices drive them (INTx). */
export const irqLines = 0x1000;

// Chips of the platform: 512 bytes each, layouts beside their code's names in layout/.
export const ioapic = 0x2000;
export const pic = 0x2400;
export const pit = 0x2600;
export const rtc = 0x2800;
export const uart = 0x2a00;
export const i8042 = 0x2c00;
export const pm = 0x2e00;
export const clock = 0x3000;
export const debugExit = 0x3100;
/** Behind layout/platform.ts. */
export const hpet = 0x3400;

// Byte rings between guest-side chips and host: layout/byte_ring.ts.
/** UART transmit ring, guest to host. */
export const uartOut = 0x10000;
/** UART receive ring, host to guest. */
export const uartIn = 0x20000;
/** Keyboard and mouse bytes, host to guest: u16 entries, bit 8 = from the auxiliary port. */
export const i8042In = 0x24000;
/** Code invalidation: host page numbers that a device wrote over decoded code; one ring per CPU, layout/byte_ring.ts. */
export const codeRing = 0x30000;
export const CODE_RING_SIZE = 0x1100;
export const SIZE = 0x80000;

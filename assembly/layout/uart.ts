// 16550A at 0x3F8. Offsets from Machine.uart; bytes to and from the host go through Machine.uartOut and uartIn.

export const ier = 0;
export const lcr = 1;
export const mcr = 2;
/** u8 modem status deltas, bits 0-3. */
export const msrDelta = 3;
export const scratch = 4;
/** u8 FCR bits 0 (FIFO on), 6-7 (trigger). */
export const fcr = 5;
/** u16 divisor latch. */
export const divisor = 6;
/** u8 1 = THR has become empty and nobody was told yet. */
export const thrEmpty = 8;
/** u8 1 = a received byte was lost. */
export const overrun = 9;
/** u8 fill and u8 first byte of the receive FIFO. */
export const fifoCount = 10;
export const fifoFirst = 11;
/** u64 ns: when to look again whether the host has made room in uartOut, all ones = not waiting. */
export const retry = 16;
/** u8 x 16. */
export const fifo = 32;
export const FIFO_SIZE = 16;
export const SIZE = 48;
export const PORT = 0x3f8;
export const IRQ = 4;

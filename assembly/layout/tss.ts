// Task state segments (SDM vol. 3, 7.2.1 and 7.6). Offsets in bytes.

/** u16 selector of the task to return to, in both forms. */
export const link = 0;

export const SIZE_32 = 104;
export const cr3 = 28;
export const eip = 32;
export const eflags = 36;
/** u32 x 8: eax ecx edx ebx esp ebp esi edi. */
export const registers = 40;
/** u16 every 4 bytes: es cs ss ds fs gs. */
export const segments = 72;
export const ldt = 96;
/** u16 bit 0: raise #DB on the switch. */
export const trap = 100;
/** u16 offset of the I/O permission map, in the 64-bit TSS too. */
export const ioMap = 102;

export const SIZE_16 = 44;
export const ip16 = 14;
export const flags16 = 16;
/** u16 x 8. */
export const registers16 = 18;
/** u16 x 4: es cs ss ds. */
export const segments16 = 34;
export const ldt16 = 42;

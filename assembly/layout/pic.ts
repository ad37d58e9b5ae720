// The two 8259A. Offsets from Machine.pic; the slave follows the master at CHIP_SIZE. All fields of a chip are u8.

export const irr = 0;
export const imr = 1;
export const isr = 2;
/** Level of each input. */
export const lines = 3;
/** Upper five bits of the vector. */
export const base = 4;
/** Edge/level control: 1 = level. */
export const elcr = 5;
/** Next ICW expected at the odd port: 0 none, 2, 3 or 4. */
export const expect = 6;
export const icw4Needed = 7;
export const single = 8;
export const autoEoi = 9;
export const rotateOnAutoEoi = 10;
export const specialMask = 11;
export const fullyNested = 12;
/** Input with the highest priority. */
export const first = 13;
export const readIsr = 14;
export const poll = 15;
/** Which inputs ELCR may make level-triggered. */
export const elcrMask = 16;
export const CHIP_SIZE = 32;

/** u32 crossing: INTR of the master. */
export const output = 64;
export const SIZE = 72;

// A ring of bytes with one producer and one consumer in different threads. Offsets from the ring's base.
// head and tail run freely; tail - head is the fill. Capacity is a power of two.

/** u32 crossing: bytes consumed so far. */
export const head = 0;
/** u32 crossing: bytes produced so far. */
export const tail = 4;
/** u32 capacity in bytes, set by whoever lays out the machine. */
export const capacity = 8;
export const data = 16;

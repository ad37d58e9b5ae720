// State of one virtqueue, offsets in bytes from its base address (`q` everywhere in assembly/virtio).
// Machine.vrings points to an array of QUEUES of these; src/core/vrings.ts hands them out. One worker owns a queue.
//
//   0x0000 set-up and progress
//   0x0040 what the last pop found
//   0x0100 its descriptors, copied once        MAX_DESCRIPTORS x 16: u64 gpa, u32 len, u32 1 = device-writable
//   0x4100 the host memory behind them         MAX_SEGMENTS x 8: u32 host, u32 len; readable first, then writable

/** u32 base address of the machine. */
export const machine = 0;
/** u32 entries of the ring, a power of two; 0 = the queue is not running. */
export const size = 4;
/** u32 FLAG_. */
export const flags = 8;
export const FLAG_EVENT_IDX = 1;
export const FLAG_INDIRECT = 2;
/** i32 0, or the ERR_ code that stopped the queue until it is set up again. */
export const broken = 12;
/** u64 gpa of the descriptor table, of the driver area (avail) and of the device area (used). */
export const desc = 16;
export const avail = 24;
export const used = 32;
/** u32 free-running 16-bit index of the next avail entry to take. */
export const lastAvail = 40;
/** u32 free-running 16-bit index of the next used entry to write. */
export const nextUsed = 44;
/** u32 used index that the driver can see. */
export const publishedUsed = 48;

/** u32 index of the chain's first descriptor: what goes into the used ring. */
export const head = 64;
/** u32 descriptors in the chain, indirect ones included. */
export const descriptorCount = 68;
/** u32 descriptors of them that the device may only read. */
export const readableDescriptors = 72;
/** u32 host segments to read, and to write after them. */
export const readableSegments = 76;
export const writableSegments = 80;
/** u32 bytes to read and to write. */
export const readableBytes = 84;
export const writableBytes = 88;
/** 16 bytes: copy of the descriptor under examination. */
export const current = 96;

export const descriptors = 0x100;
export const DESCRIPTOR_SIZE = 16;
export const descriptorGpa = 0;
export const descriptorLen = 8;
export const descriptorWritable = 12;
export const MAX_DESCRIPTORS = 1024;
export const segments = 0x4100;
export const SEGMENT_SIZE = 8;
export const segmentHost = 0;
export const segmentLen = 4;
export const MAX_SEGMENTS = 4096;
export const SIZE = 0xc100;
/** Queues of one machine. */
export const QUEUES = 256;
/** Largest ring that we offer or accept. */
export const MAX_RING = 1024;

// Answers of vringPop; a negative one is an ERR_ code: malformed.
export const EMPTY = 0;
export const CHAIN = 1;

/** The size is no power of two or too large. */
export const ERR_SIZE = -1;
/** A part of the ring is not aligned as VIRTIO 1.2, 2.7 demands. */
export const ERR_ALIGNMENT = -2;
/** A part of the ring does not lie in guest memory. */
export const ERR_RING_ADDRESS = -3;
/** avail.idx moved by more than the ring's size. */
export const ERR_AVAIL_INDEX = -4;
/** A descriptor index beyond the table. */
export const ERR_DESCRIPTOR_INDEX = -5;
/** More descriptors than the table has: a loop. */
export const ERR_LOOP = -6;
/** An indirect table inside an indirect table, with NEXT, or without the feature. */
export const ERR_INDIRECT = -7;
/** Length of an indirect table is not a multiple of 16, zero or too large. */
export const ERR_INDIRECT_LENGTH = -8;
/** A readable descriptor after a writable one. */
export const ERR_ORDER = -9;
export const ERR_ZERO_LENGTH = -10;
/** A buffer that does not lie in guest memory, wraps, or needs more than MAX_SEGMENTS segments. */
export const ERR_BUFFER = -11;
/** More than 4 GiB or more than MAX_DESCRIPTORS in one chain. */
export const ERR_TOO_LONG = -12;

// The split virtqueue as the driver lays it out in guest memory (VIRTIO 1.2, 2.7). Offsets from each part's base.
//
//   descriptor table (16-byte aligned): size x { u64 addr, u32 len, u16 flags, u16 next }
//   driver area, "avail" (2): u16 flags, u16 idx, u16 ring[size], u16 used_event
//   device area, "used" (4): u16 flags, u16 idx, { u32 id, u32 len } ring[size], u16 avail_event

export const DESC_SIZE = 16;
export const descAddr = 0;
export const descLen = 8;
export const descFlags = 12;
export const descNext = 14;
export const DESC_NEXT = 1;
export const DESC_WRITE = 2;
export const DESC_INDIRECT = 4;

export const availFlags = 0;
export const availIdx = 2;
export const availRing = 4;
export const AVAIL_ENTRY_SIZE = 2;
export const AVAIL_NO_INTERRUPT = 1;

export const usedFlags = 0;
export const usedIdx = 2;
export const usedRing = 4;
export const USED_ENTRY_SIZE = 8;
export const USED_NO_NOTIFY = 1;

export const DESC_ALIGN = 16;
export const AVAIL_ALIGN = 2;
export const USED_ALIGN = 4;
/** Alignment of the used ring behind the avail ring in the legacy layout (VIRTIO 0.9.5, 2.3). */
export const LEGACY_ALIGN = 4096;

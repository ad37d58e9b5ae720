// Feature bits and status bits that belong to no device (VIRTIO 1.2, sections 2.1 and 6).

export function bit(number: number): bigint {
  return 1n << BigInt(number);
}

export const ANY_LAYOUT = bit(27);
export const INDIRECT_DESC = bit(28);
export const EVENT_IDX = bit(29);
export const VERSION_1 = bit(32);
export const RING_RESET = bit(40);

/** What the transport offers beside the device's own bits. */
export const MODERN_FEATURES = INDIRECT_DESC | EVENT_IDX | VERSION_1 | RING_RESET;
/** The same through the legacy interface, which has 32 bits. */
export const LEGACY_FEATURES = ANY_LAYOUT | INDIRECT_DESC | EVENT_IDX;

/** ACKNOWLEDGE (1), DRIVER (2) and FAILED (128) mean nothing to the device. */
export const STATUS_DRIVER_OK = 4;
export const STATUS_FEATURES_OK = 8;
export const STATUS_NEEDS_RESET = 64;

export const NO_VECTOR = 0xffff;

export const ISR_QUEUE = 1;
export const ISR_CONFIG = 2;

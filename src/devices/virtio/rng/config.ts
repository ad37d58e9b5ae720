// What virtio-rng offers (VIRTIO 1.2, 5.4): one queue, no features, no configuration space.

export const VIRTIO_ID = 4;
export const CLASS_CODE = 0x00ff00;
export const QUEUE_SIZES: readonly number[] = [64];
/** At most so many bytes per request; the driver asks again for more. */
export const MAX_BYTES = 4096;

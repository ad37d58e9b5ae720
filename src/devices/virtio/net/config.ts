// What virtio-net offers, its queues and its configuration space (VIRTIO 1.2, 5.1.2 to 5.1.4).

import { bit } from "../features";

export const VIRTIO_ID = 1;
export const CLASS_CODE = 0x020000;

export const RECEIVE = 0;
export const TRANSMIT = 1;
export const CONTROL = 2;
export const QUEUE_SIZES: readonly number[] = [256, 256, 64];

export const F_CSUM = bit(0);
export const F_GUEST_CSUM = bit(1);
export const F_CTRL_GUEST_OFFLOADS = bit(2);
const F_MTU = bit(3);
export const F_MAC = bit(5);
export const F_GUEST_TSO4 = bit(7);
export const F_GUEST_TSO6 = bit(8);
export const F_GUEST_ECN = bit(9);
export const F_GUEST_UFO = bit(10);
export const F_HOST_TSO4 = bit(11);
export const F_HOST_TSO6 = bit(12);
export const F_HOST_ECN = bit(13);
export const F_MRG_RXBUF = bit(15);
export const F_STATUS = bit(16);
export const F_CTRL_VQ = bit(17);
export const F_CTRL_RX = bit(18);
export const F_CTRL_VLAN = bit(19);
export const F_CTRL_RX_EXTRA = bit(20);
export const F_GUEST_ANNOUNCE = bit(21);
export const F_CTRL_MAC_ADDR = bit(23);
const F_SPEED_DUPLEX = bit(63);

/** Offloads that CTRL_GUEST_OFFLOADS_SET can switch (5.1.6.5.6.1). */
export const GUEST_OFFLOADS = F_GUEST_CSUM | F_GUEST_TSO4 | F_GUEST_TSO6 | F_GUEST_ECN | F_GUEST_UFO;

export const FEATURES =
  F_CSUM |
  F_GUEST_CSUM |
  F_CTRL_GUEST_OFFLOADS |
  F_MTU |
  F_MAC |
  F_GUEST_TSO4 |
  F_GUEST_TSO6 |
  F_GUEST_ECN |
  F_HOST_TSO4 |
  F_HOST_TSO6 |
  F_HOST_ECN |
  F_MRG_RXBUF |
  F_STATUS |
  F_CTRL_VQ |
  F_CTRL_RX |
  F_CTRL_VLAN |
  F_CTRL_RX_EXTRA |
  F_GUEST_ANNOUNCE |
  F_CTRL_MAC_ADDR |
  F_SPEED_DUPLEX;

export const MAC_LENGTH = 6;
export const MAC = 0;
export const STATUS = 6;
const MAX_VIRTQUEUE_PAIRS = 8;
const MTU = 10;
const SPEED = 12;
const DUPLEX = 16;
const CONFIG_LENGTH = 17;

export const S_LINK_UP = 1;
export const S_ANNOUNCE = 2;

/** Mbit/s that the guest reads. Nothing depends on it. */
const SPEED_MBITS = 10_000;
const FULL_DUPLEX = 1;

export const DEFAULT_MTU = 1500;

export function initialConfig(mac: Uint8Array, mtu: number): Uint8Array {
  const config = new Uint8Array(CONFIG_LENGTH);
  const view = new DataView(config.buffer);
  config.set(mac.subarray(0, MAC_LENGTH), MAC);
  view.setUint16(STATUS, S_LINK_UP, true);
  view.setUint16(MAX_VIRTQUEUE_PAIRS, 1, true);
  view.setUint16(MTU, mtu, true);
  view.setUint32(SPEED, SPEED_MBITS, true);
  view.setUint8(DUPLEX, FULL_DUPLEX);
  return config;
}

// What virtio-serial offers, its queues and its configuration space (VIRTIO 1.2, 5.3).

import { bit } from "../features";

export const VIRTIO_ID = 3;
export const CLASS_CODE = 0x078000;
export const QUEUE_SIZE = 128;

export const F_SIZE = bit(0);
export const F_MULTIPORT = bit(1);
export const F_EMERG_WRITE = bit(2);

export const COLS = 0;
export const ROWS = 2;
const MAX_NR_PORTS = 4;
export const EMERG_WR = 8;
const CONFIG_LENGTH = 12;

export const CONTROL_RECEIVE = 2;
export const CONTROL_TRANSMIT = 3;
/** A driver sets up the queues of all ports that there may be, so there are few. */
export const DEFAULT_MAX_PORTS = 8;
export const MAX_PORTS = 31;

/** Ports without and behind the two control queues. */
export function receiveQueue(port: number): number {
  return port === 0 ? 0 : 2 + port * 2;
}

export function transmitQueue(port: number): number {
  return receiveQueue(port) + 1;
}

/** The port of a data queue. */
export function portOfQueue(queue: number): number {
  return queue < CONTROL_RECEIVE ? 0 : (queue >> 1) - 1;
}

export function queueSizes(maxPorts: number): number[] {
  return Array.from({ length: (maxPorts + 1) * 2 }, () => QUEUE_SIZE);
}

export function initialConfig(maxPorts: number): Uint8Array {
  const config = new Uint8Array(CONFIG_LENGTH);
  const view = new DataView(config.buffer);
  view.setUint16(COLS, 80, true);
  view.setUint16(ROWS, 25, true);
  view.setUint32(MAX_NR_PORTS, maxPorts, true);
  return config;
}

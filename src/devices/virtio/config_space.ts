// Access to a device's configuration space by whatever size the driver chose, clipped to what the device has.

import type { AccessSize } from "../../core/crossing";
import type { VirtioDevice } from "./device";

export function readConfig(device: VirtioDevice, offset: number, size: AccessSize): number {
  let value = 0;
  for (let i = 0; i < size; i++) value |= (device.config[offset + i] ?? 0xff) << (8 * i);
  return value >>> 0;
}

export function writeConfig(device: VirtioDevice, offset: number, size: AccessSize, value: number): void {
  if (offset + size <= device.config.length) device.writeConfig(offset, size, value);
}

// The PIIX4's SMBus host controller with nothing on its bus: every transaction ends in "no device" (Intel PIIX4 data
// sheet, 11.4). It is there because Linux's driver binds to the power management function.

import type { AccessSize } from "../../core/crossing";
import type { RegisterHandler } from "./router";

export const SMBUS_BASE = 0x700;
const HOST_STATUS = 0;
const HOST_CONTROL = 2;
const STATUS_DEVICE_ERROR = 0x04;
const CONTROL_START = 0x40;

export class SmbusHost implements RegisterHandler {
  readonly #registers = new Uint8Array(16);

  reset(): void {
    this.#registers.fill(0);
  }

  read(offset: number, size: AccessSize): number {
    let value = 0;
    for (let i = 0; i < size; i++) value |= (this.#registers[offset + i] ?? 0xff) << (8 * i);
    return value >>> 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    for (let i = 0; i < size; i++) this.#writeByte(offset + i, (value >>> (8 * i)) & 0xff);
  }

  #writeByte(offset: number, value: number): void {
    if (offset === HOST_STATUS) {
      this.#registers[HOST_STATUS] = (this.#registers[HOST_STATUS] ?? 0) & ~value;
    } else if (offset === HOST_CONTROL) {
      this.#registers[HOST_CONTROL] = value & ~CONTROL_START;
      if ((value & CONTROL_START) !== 0) this.#registers[HOST_STATUS] = STATUS_DEVICE_ERROR;
    } else if (offset < this.#registers.length) {
      this.#registers[offset] = value;
    }
  }
}

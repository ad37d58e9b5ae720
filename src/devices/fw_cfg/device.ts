// QEMU's firmware configuration device, as far as programs ask it that run without firmware: how many CPUs and how
// much memory there are (QEMU: docs/specs/fw_cfg.rst, the I/O port interface without DMA).

import type { AccessSize } from "../../core/crossing";
import { allOnes, type RegisterHandler } from "../pci/router";

export const FW_CFG_PORT = 0x510;
/** Selector (16 bits, write) and data (8 bits, read). */
export const FW_CFG_PORTS = 2;

const SIGNATURE = 0x00;
const ID = 0x01;
const RAM_SIZE = 0x03;
const CPUS = 0x05;
const MAX_CPUS = 0x0f;
const FILE_DIRECTORY = 0x19;
/** Bits 14 and 15 choose where to look: a write channel, and items of the architecture. */
const ITEM_MASK = 0x3fff;
const ARCHITECTURE = 0x8000;
/** The traditional interface; no DMA. */
const FEATURES = 1;

export interface FwCfgOptions {
  readonly cpus: number;
  readonly ramBytes: number;
}

export class FwCfg implements RegisterHandler {
  readonly #items: ReadonlyMap<number, Uint8Array>;
  #item: Uint8Array | undefined;
  #at = 0;

  constructor({ cpus, ramBytes }: FwCfgOptions) {
    this.#items = new Map([
      [SIGNATURE, new TextEncoder().encode("QEMU")],
      [ID, little(FEATURES, 4)],
      [RAM_SIZE, little(ramBytes, 8)],
      [CPUS, little(cpus, 2)],
      [MAX_CPUS, little(cpus, 2)],
      // A count of 0: no files.
      [FILE_DIRECTORY, new Uint8Array(4)],
    ]);
  }

  /** Past the end of an item, and for items that do not exist, the data port reads 0. */
  read(offset: number, size: AccessSize): number {
    if (offset !== 1 || size !== 1) return allOnes(size);
    return this.#item?.[this.#at++] ?? 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset !== 0 || size !== 2) return;
    this.#item = (value & ARCHITECTURE) === 0 ? this.#items.get(value & ITEM_MASK) : undefined;
    this.#at = 0;
  }

  reset(): void {
    this.#item = this.#items.get(SIGNATURE);
    this.#at = 0;
  }
}

function little(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff);
}

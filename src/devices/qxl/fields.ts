// Reading a copied struct of the QXL interface by offset. Never leaves the copy: its size is the struct's.

import type { Physical } from "./memslots";

/** Half-open. */
export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const TWO_32 = 0x100000000;

export class Fields {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, true);
  }

  i16(at: number): number {
    return this.#view.getInt16(at, true);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  i32(at: number): number {
    return this.#view.getInt32(at, true);
  }

  /** QXLPHYSICAL: slot, generation, offset. */
  physical(at: number): Physical {
    const high = this.u32(at + 4);
    return { slot: high >>> 24, generation: (high >>> 16) & 0xff, offset: (high & 0xffff) * TWO_32 + this.u32(at) };
  }

  /** The same where 0 means that there is nothing. */
  optionalPhysical(at: number): Physical | undefined {
    return this.u32(at) === 0 && this.u32(at + 4) === 0 ? undefined : this.physical(at);
  }

  /** QXLRect has top before left. */
  rect(at: number): Rect {
    return { top: this.i32(at), left: this.i32(at + 4), bottom: this.i32(at + 8), right: this.i32(at + 12) };
  }
}

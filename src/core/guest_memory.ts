// The only maker of views over the shared memory. Everything above asks here for guest bytes, by checked address and
// length together; nothing here trusts a number that came from the guest.
//
// Views are over shared memory. TextDecoder, crypto.getRandomValues, WebSocket.send and ImageData refuse those: copy
// first (`copyOut`). OPFS access handles and texImage2D accept them.

import { PAGE_SIZE } from "../../assembly/layout/memory_map";
import type { Gpa } from "../shared/units";
import type { WasmExports } from "./wasm";

type PhysExports = Pick<WasmExports, "physForRead" | "physForWrite">;

/** A piece of the shared memory. */
export type GuestView = Uint8Array<ArrayBufferLike>;

export type Access = "read" | "write";

const TWO_32 = 0x100000000;
const GPA_LIMIT = 2 ** 52;

/** A gpa from a number that the guest chose, in two 32-bit halves; undefined if no such address can exist. */
export function gpaFromHalves(low: number, high: number): Gpa | undefined {
  const value = (high >>> 0) * TWO_32 + (low >>> 0);
  return value < GPA_LIMIT ? (value as Gpa) : undefined;
}

export class GuestMemory {
  /** Address of the machine whose guest this is. */
  readonly machine: number;
  /** Whole words of the shared memory, for Atomics. */
  readonly words: Int32Array<ArrayBufferLike>;
  /** The whole shared memory, for structs at fixed addresses (assembly/layout). */
  readonly data: DataView<ArrayBufferLike>;
  readonly #bytes: GuestView;
  readonly #phys: PhysExports;

  constructor(memory: WebAssembly.Memory, exports: PhysExports, machine: number) {
    this.machine = machine;
    this.words = new Int32Array(memory.buffer);
    this.data = new DataView(memory.buffer);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#phys = exports;
  }

  /** A view of host memory, for addresses that came out of the engine's own checks. */
  hostView(host: number, length: number): GuestView {
    return this.#bytes.subarray(host, host + length);
  }

  /** The same as unsigned words; `host` is a multiple of 4. */
  hostWords(host: number, count: number): Uint32Array<ArrayBufferLike> {
    return new Uint32Array(this.#bytes.buffer, host, count);
  }

  /** Copies host memory out of the shared memory, into a buffer of our own. */
  copyOut(host: number, target: Uint8Array, at = 0, length = target.length - at): void {
    target.set(this.#bytes.subarray(host, host + length), at);
  }

  copyIn(host: number, source: Uint8Array): void {
    this.#bytes.set(source, host);
  }

  /** Fills `target` from guest memory; false (and a prefix filled) where the range is not all memory. */
  read(gpa: Gpa, target: Uint8Array): boolean {
    return this.#walk(gpa, target.length, "read", (host, at, length) => this.copyOut(host, target, at, length));
  }

  /** Writes to guest memory; false (and a prefix written) where the range is not all writable memory. */
  write(gpa: Gpa, source: Uint8Array): boolean {
    return this.#walk(gpa, source.length, "write", (host, at, length) => {
      this.#bytes.set(source.subarray(at, at + length), host);
    });
  }

  fill(gpa: Gpa, length: number, value: number): boolean {
    return this.#walk(gpa, length, "write", (host, _at, part) => void this.#bytes.fill(value, host, host + part));
  }

  /** Views of a range, merged where host pages touch; undefined if it is not all memory. */
  views(gpa: Gpa, length: number, access: Access): GuestView[] | undefined {
    const found: { host: number; length: number }[] = [];
    const complete = this.#walk(gpa, length, access, (host, _at, part) => {
      const last = found.at(-1);
      if (last !== undefined && last.host + last.length === host) last.length += part;
      else found.push({ host, length: part });
    });
    return complete ? found.map((part) => this.hostView(part.host, part.length)) : undefined;
  }

  readU32(gpa: Gpa): number | undefined {
    const bytes = new Uint8Array(4);
    if (!this.read(gpa, bytes)) return undefined;
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  writeU32(gpa: Gpa, value: number): boolean {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    return this.write(gpa, bytes);
  }

  #walk(gpa: Gpa, length: number, access: Access, part: (host: number, at: number, length: number) => void): boolean {
    if (gpa + length > GPA_LIMIT) return false;
    for (let at = 0; at < length;) {
      const here = gpa + at;
      const size = Math.min(length - at, PAGE_SIZE - (here % PAGE_SIZE));
      const low = (here % TWO_32) | 0;
      const high = Math.floor(here / TWO_32);
      const host =
        access === "read"
          ? this.#phys.physForRead(this.machine, low, high)
          : this.#phys.physForWrite(this.machine, low, high, size);
      if (host === 0) return false;
      part(host >>> 0, at, size);
      at += size;
    }
    return true;
  }
}

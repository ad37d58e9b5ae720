// SCSI's numbers are big-endian; data buffers are lists of views.

import type { View } from "../../backends/disk/types";

export function be16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function be24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | be16(bytes, at + 1);
}

export function be32(bytes: Uint8Array, at: number): number {
  return be16(bytes, at) * 0x10000 + be16(bytes, at + 2);
}

/** Exact as far as disks go, and beyond every disk where it is not. */
export function be64(bytes: Uint8Array, at: number): number {
  return be32(bytes, at) * 0x100000000 + be32(bytes, at + 4);
}

export function setBe16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function setBe24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 16;
  setBe16(bytes, at + 1, value);
}

export function setBe32(bytes: Uint8Array, at: number, value: number): void {
  setBe16(bytes, at, value >>> 16);
  setBe16(bytes, at + 2, value);
}

export function setBe64(bytes: Uint8Array, at: number, value: number): void {
  setBe32(bytes, at, Math.floor(value / 0x100000000));
  setBe32(bytes, at + 4, value % 0x100000000);
}

/** A text in a field of fixed length, left-aligned and filled with spaces (SPC-4, 4.4.1). */
export function setAscii(bytes: Uint8Array, at: number, length: number, text: string): void {
  for (let i = 0; i < length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 0x20;
    bytes[at + i] = code >= 0x20 && code <= 0x7e ? code : 0x20;
  }
}

/** Copies `source` to the front of the views; returns how many bytes found room. */
export function scatter(views: readonly View[], source: Uint8Array): number {
  let done = 0;
  for (const view of views) {
    if (done === source.length) break;
    const part = source.subarray(done, done + view.length);
    view.set(part);
    done += part.length;
  }
  return done;
}

/** The bytes of all views in a buffer of their own. */
export function gather(views: readonly View[]): Uint8Array {
  const bytes = new Uint8Array(views.reduce((sum, view) => sum + view.length, 0));
  let at = 0;
  for (const view of views) {
    bytes.set(view, at);
    at += view.length;
  }
  return bytes;
}

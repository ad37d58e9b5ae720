// Numbers that must not be mixed up. Each is made only by the function that checks it.

declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

/** Guest-physical address. Exact as a number: x86 has at most 52 address bits, a double has 53. */
export type Gpa = Branded<"Gpa">;
/** Offset in the shared memory. */
export type HostAddress = Branded<"HostAddress">;
export type ByteLength = Branded<"ByteLength">;
/** 512-byte sector of a virtio or ATA disk. */
export type Sector = Branded<"Sector">;
export type QueueIndex = Branded<"QueueIndex">;
/** Global system interrupt: an input of the IOAPIC. */
export type Gsi = Branded<"Gsi">;

function checked(value: number, max: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > max) throw new RangeError(`${value} is no ${what}`);
  return value;
}

export function gpa(value: number): Gpa {
  return checked(value, 2 ** 52 - 1, "guest-physical address") as Gpa;
}

export function hostAddress(value: number): HostAddress {
  return checked(value, 2 ** 32 - 1, "offset in the shared memory") as HostAddress;
}

export function byteLength(value: number): ByteLength {
  return checked(value, Number.MAX_SAFE_INTEGER, "length in bytes") as ByteLength;
}

export function sector(value: number): Sector {
  return checked(value, Number.MAX_SAFE_INTEGER, "sector number") as Sector;
}

export function queueIndex(value: number): QueueIndex {
  return checked(value, 65535, "queue number") as QueueIndex;
}

export function gsi(value: number): Gsi {
  return checked(value, 23, "interrupt input of the IOAPIC") as Gsi;
}

export const KiB = 1024;
export const MiB = 1024 * 1024;
export const GiB = 1024 * 1024 * 1024;

/** "1.5 GiB": for messages. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || Number.isInteger(value) || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

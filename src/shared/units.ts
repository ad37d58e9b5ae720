// Numbers that must not be mixed up, each made only by the function that checks it; and units of memory.

declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

/** Guest-physical address. Exact as a number: x86 has at most 52 address bits, a double has 53. */
export type Gpa = Branded<"Gpa">;

function checked(value: number, max: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > max) throw new RangeError(`${value} is no ${what}`);
  return value;
}

export function gpa(value: number): Gpa {
  return checked(value, 2 ** 52 - 1, "guest-physical address") as Gpa;
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

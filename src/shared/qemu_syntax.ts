// The small grammar of QEMU's option values: comma lists with `,,` for a comma, sizes with suffixes, on/off.

import { err, ok, type Result } from "./result";

export interface QemuItem {
  /** Undefined for a word without "=". */
  readonly key: string | undefined;
  readonly value: string;
}

/** Splits at single commas; two commas in a row stand for one. */
export function splitCommas(text: string): string[] {
  const parts: string[] = [];
  let part = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== ",") {
      part += text[i];
    } else if (text[i + 1] === ",") {
      part += ",";
      i++;
    } else {
      parts.push(part);
      part = "";
    }
  }
  parts.push(part);
  return parts;
}

export function escapeCommas(text: string): string {
  return text.replaceAll(",", ",,");
}

/** "a,b=1,c=x,,y" → words and pairs. An empty text has no items. */
export function parseItems(text: string): QemuItem[] {
  if (text === "") return [];
  return splitCommas(text).map((part) => {
    const at = part.indexOf("=");
    if (at < 0) return { key: undefined, value: part };
    return { key: part.slice(0, at), value: part.slice(at + 1) };
  });
}

const suffixes: Record<string, number> = { "": 1, B: 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** A size such as 512, 512M, 1.5G or 0x1000, in bytes; a bare number is in `unit` bytes. */
export function parseSize(text: string, unit: number): Result<number, string> {
  const hex = /^0x[0-9a-f]+$/i.test(text);
  const match = /^([0-9]+(?:\.[0-9]+)?)([BKMGT]?)$/i.exec(text);
  if (!hex && match === null) return err(`"${text}" is not a size such as 512M or 2G`);
  const suffix = match?.[2]?.toUpperCase() ?? "";
  const scale = suffix === "" ? unit : (suffixes[suffix] ?? 1);
  const bytes = hex ? Number(text) * unit : Number(match?.[1]) * scale;
  if (!Number.isSafeInteger(bytes)) return err(`"${text}" is not a whole number of bytes that can be counted`);
  return ok(bytes);
}

/** The shortest text that parseSize(text, 1) reads back. */
export function formatSize(bytes: number): string {
  for (const suffix of ["T", "G", "M", "K"]) {
    const scale = suffixes[suffix] ?? 1;
    if (bytes !== 0 && bytes % scale === 0) return `${bytes / scale}${suffix}`;
  }
  return String(bytes);
}

/** A number in decimal or, with 0x, in hexadecimal. */
export function parseInteger(text: string): Result<number, string> {
  if (!/^(0x[0-9a-f]+|[0-9]+)$/i.test(text)) return err(`"${text}" is not a number`);
  const value = Number(text);
  return Number.isSafeInteger(value) ? ok(value) : err(`"${text}" is too large`);
}

/** "5", "5.0" or "0x1f": hexadecimal with and without 0x. */
export function parseSlot(text: string): Result<number, string> {
  const found = /^(?:0x)?([0-9a-f]{1,2})(?:\.([0-7]))?$/i.exec(text);
  if (found === null) return err(`"${text}" is no slot of the PCI bus`);
  if ((found[2] ?? "0") !== "0") return err(`"${text}": every device has a slot to itself, with function 0`);
  return ok(parseInt(found[1] ?? "", 16));
}

export function parseOnOff(text: string): Result<boolean, string> {
  if (["on", "yes", "true", "y"].includes(text)) return ok(true);
  if (["off", "no", "false", "n"].includes(text)) return ok(false);
  return err(`"${text}" is neither on nor off`);
}

// Options of one drive, device or CPU as a table: name → what its value looks like. Parsing, checking and writing
// all follow the table, so that adding an option is one row.

import { configIssue, type ConfigIssue } from "./config_issue";
import { escapeCommas, formatSize, parseInteger, parseOnOff, parseSize, parseSlot, type QemuItem } from "./qemu_syntax";
import { err, ok, type Result } from "./result";

export type OptionValue = string | number | boolean;

export type OptionKind =
  | { readonly kind: "text"; readonly maxLength: number }
  /** A name by which other options know it. */
  | { readonly kind: "id" }
  | { readonly kind: "url" }
  | { readonly kind: "onoff" }
  | { readonly kind: "integer"; readonly min: number; readonly max: number; readonly hex?: boolean }
  /** A slot of the PCI bus: QEMU's "slot.function", both hexadecimal. */
  | { readonly kind: "slot" }
  | { readonly kind: "size"; readonly min: number; readonly max: number }
  | { readonly kind: "word"; readonly words: readonly string[] };

export type OptionTable = Readonly<Record<string, OptionKind>>;

/** 0 is the host bridge, 1 the ISA bridge. */
const FIRST_SLOT = 2;
const LAST_SLOT = 31;
const MAX_ID = 64;

/** Reads "key=value" pairs. A word alone switches an on/off option on. */
export function parseOptions(
  option: string,
  items: readonly QemuItem[],
  table: OptionTable,
): Result<Record<string, OptionValue>, ConfigIssue> {
  const values: Record<string, OptionValue> = {};
  for (const item of items) {
    const name = item.key ?? item.value;
    const kind = Object.hasOwn(table, name) ? table[name] : undefined;
    if (kind === undefined) return err(configIssue(`${option}: ${name}`, "unknown", Object.keys(table)));
    if (Object.hasOwn(values, name)) return err(configIssue(`${option}: ${name}`, "given twice"));
    if (item.key === undefined && kind.kind !== "onoff") {
      return err(configIssue(`${option}: ${name}`, "needs a value", acceptedValues(kind)));
    }
    const value = parseValue(item.key === undefined ? "on" : item.value, kind);
    const checked = value.ok ? checkValue(value.value, kind) : value;
    if (!checked.ok) return err(configIssue(`${option}: ${name}`, checked.error, acceptedValues(kind)));
    values[name] = checked.value;
  }
  return ok(values);
}

/** Checks values that came as an object, with the same rules. Keys in `known` are left to the caller. */
export function checkOptions(
  option: string,
  values: Readonly<Record<string, unknown>>,
  table: OptionTable,
  known: readonly string[] = [],
): ConfigIssue | undefined {
  for (const [name, value] of Object.entries(values)) {
    if (known.includes(name) || value === undefined) continue;
    const kind = Object.hasOwn(table, name) ? table[name] : undefined;
    if (kind === undefined) return configIssue(`${option}: ${name}`, "unknown", [...known, ...Object.keys(table)]);
    const checked = checkValue(value, kind);
    if (!checked.ok) return configIssue(`${option}: ${name}`, checked.error, acceptedValues(kind));
  }
  return undefined;
}

function parseValue(text: string, kind: OptionKind): Result<OptionValue, string> {
  switch (kind.kind) {
    case "onoff":
      return parseOnOff(text);
    case "integer":
      return parseInteger(text);
    case "slot":
      return parseSlot(text);
    case "size":
      return parseSize(text, 1);
    default:
      return ok(text);
  }
}

function checkValue(value: unknown, kind: OptionKind): Result<OptionValue, string> {
  switch (kind.kind) {
    case "onoff":
      return typeof value === "boolean" ? ok(value) : err("must be true or false");
    case "slot":
      return checkNumber(value, FIRST_SLOT, LAST_SLOT);
    case "integer":
    case "size":
      return checkNumber(value, kind.min, kind.max);
    case "word":
      return typeof value === "string" && kind.words.includes(value) ? ok(value) : err(`"${String(value)}" is unknown`);
    case "url":
      return typeof value === "string" && value !== "" ? ok(value) : err("needs a URL");
    case "text":
      return checkText(value, kind.maxLength);
    case "id":
      return checkId(value);
  }
}

function checkNumber(value: unknown, min: number, max: number): Result<number, string> {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return err("must be a whole number");
  return value >= min && value <= max ? ok(value) : err(`${value} is out of range`);
}

function checkText(value: unknown, maxLength: number): Result<string, string> {
  if (typeof value !== "string") return err("must be a text");
  return value.length <= maxLength ? ok(value) : err(`is longer than ${maxLength} characters`);
}

/** As QEMU's; names that are made begin with #, so that nobody writes them by chance. */
function checkId(value: unknown): Result<string, string> {
  const text = checkText(value, MAX_ID);
  if (!text.ok || /^[#a-z][a-z0-9._-]*$/i.test(text.value)) return text;
  return err(`"${text.value}" is no name`);
}

function acceptedValues(kind: OptionKind): string[] {
  switch (kind.kind) {
    case "onoff":
      return ["on", "off"];
    case "integer":
      return [`${formatInteger(kind.min, kind.hex)} to ${formatInteger(kind.max, kind.hex)}`];
    case "slot":
      return [`${formatInteger(FIRST_SLOT, true)} to ${formatInteger(LAST_SLOT, true)}`];
    case "size":
      return [`${formatSize(kind.min)} to ${formatSize(kind.max)}`];
    case "word":
      return [...kind.words];
    case "url":
      return ["a URL"];
    case "id":
      return ["a letter, and letters, digits, -, . or _ after it"];
    case "text":
      return [`a text of at most ${kind.maxLength} characters`];
  }
}

function formatInteger(value: number, hex: boolean | undefined): string {
  return hex === true ? `0x${value.toString(16)}` : String(value);
}

/** Writes values as ",key=value" pairs in the order of the table. */
export function formatOptions(values: Readonly<Record<string, unknown>>, table: OptionTable): string[] {
  return Object.entries(table).flatMap(([name, kind]) => {
    const value = values[name];
    return value === undefined ? [] : [`${name}=${formatValue(value as OptionValue, kind)}`];
  });
}

function formatValue(value: OptionValue, kind: OptionKind): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "number") {
    if (kind.kind === "slot") return formatInteger(value, true);
    if (kind.kind === "integer") return formatInteger(value, kind.hex);
    return kind.kind === "size" ? formatSize(value) : String(value);
  }
  return escapeCommas(value);
}

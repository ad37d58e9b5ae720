// INQUIRY data and the vital product data pages that all device types have (SPC-4, 6.6 and 7.8). Pure.

import { setAscii, setBe16 } from "./bytes";

export const TYPE_DISK = 0x00;
export const TYPE_CDROM = 0x05;
/** A well-known logical unit. */
const TYPE_WELL_KNOWN = 0x1e;
/** Peripheral qualifier 011b: the target has no such logical unit. */
const NO_UNIT = 0x7f;

export const PAGE_SUPPORTED = 0x00;
const PAGE_SERIAL = 0x80;
const PAGE_DEVICE_ID = 0x83;

/** Vendor, model and serial number as the guest sees them. */
export interface UnitIdentity {
  readonly deviceType: number;
  readonly removable: boolean;
  readonly product: string;
  readonly serial: string;
  /** World wide name: an NAA identifier of 64 bits. */
  readonly wwn?: bigint;
}

const VENDOR = "TABVISOR";
const REVISION = "1.0";

const VERSION_SPC_4 = 0x06;
const RESPONSE_FORMAT = 0x02;
const HISUP = 0x10;
const RMB = 0x80;
const CMDQUE = 0x02;
const STANDARD_LENGTH = 74;

/** Version descriptors (SPC-4, annex E.9): SAM-5, SPC-4, and the device type's own. */
const SAM_5 = 0x00a0;
const SPC_4 = 0x0460;
const SBC_3 = 0x04c0;
const MMC_6 = 0x04e0;

export function standardInquiry({ deviceType, removable, product }: UnitIdentity): Uint8Array {
  const bytes = new Uint8Array(STANDARD_LENGTH);
  bytes[0] = deviceType;
  bytes[1] = removable ? RMB : 0;
  bytes[2] = VERSION_SPC_4;
  bytes[3] = HISUP | RESPONSE_FORMAT;
  bytes[4] = STANDARD_LENGTH - 5;
  bytes[7] = CMDQUE;
  setAscii(bytes, 8, 8, VENDOR);
  setAscii(bytes, 16, 16, product);
  setAscii(bytes, 32, 4, REVISION);
  setBe16(bytes, 58, SAM_5);
  setBe16(bytes, 60, SPC_4);
  setBe16(bytes, 62, deviceType === TYPE_CDROM ? MMC_6 : SBC_3);
  return bytes;
}

/** What INQUIRY says of a logical unit that the target does not have, or of a well-known one. */
export function placeholderInquiry(kind: "absent" | "well-known"): Uint8Array {
  const bytes = new Uint8Array(36);
  bytes[0] = kind === "absent" ? NO_UNIT : TYPE_WELL_KNOWN;
  bytes[2] = VERSION_SPC_4;
  bytes[3] = HISUP | RESPONSE_FORMAT;
  bytes[4] = bytes.length - 5;
  setAscii(bytes, 8, 8, VENDOR);
  setAscii(bytes, 16, 16, "TARGET");
  setAscii(bytes, 32, 4, REVISION);
  return bytes;
}

/** A page's body by its code, in ascending order of codes. */
export type VpdPages = ReadonlyMap<number, () => Uint8Array>;

/** A vital product data page, or undefined where there is none of that code. */
export function vpdPage(identity: UnitIdentity, own: VpdPages, code: number): Uint8Array | undefined {
  const body = vpdBody(identity, own, code);
  if (body === undefined) return undefined;
  const bytes = new Uint8Array(4 + body.length);
  bytes[0] = identity.deviceType;
  bytes[1] = code;
  setBe16(bytes, 2, body.length);
  bytes.set(body, 4);
  return bytes;
}

function vpdBody(identity: UnitIdentity, own: VpdPages, code: number): Uint8Array | undefined {
  switch (code) {
    case PAGE_SUPPORTED:
      return Uint8Array.of(PAGE_SUPPORTED, PAGE_SERIAL, PAGE_DEVICE_ID, ...own.keys());
    case PAGE_SERIAL:
      return ascii(identity.serial);
    case PAGE_DEVICE_ID:
      return deviceIds(identity);
    default:
      return own.get(code)?.();
  }
}

function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  setAscii(bytes, 0, text.length, text);
  return bytes;
}

/** SPC-4, 7.8.6: an identifier made of vendor, product and serial number; the world wide name if there is one. */
function deviceIds({ product, serial, wwn }: UnitIdentity): Uint8Array {
  const name = new Uint8Array(8 + 16 + serial.length);
  setAscii(name, 0, 8, VENDOR);
  setAscii(name, 8, 16, product);
  setAscii(name, 24, serial.length, serial);
  const t10 = [0x02, 0x01, 0, name.length, ...name];
  if (wwn === undefined) return Uint8Array.from(t10);
  const naa = new Uint8Array(8);
  new DataView(naa.buffer).setBigUint64(0, wwn);
  return Uint8Array.from([...t10, 0x01, 0x03, 0, naa.length, ...naa]);
}

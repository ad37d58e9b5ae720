// Sense data: why a command did not end well (SPC-4, 4.5). Pure.

export interface Sense {
  readonly key: number;
  /** Additional sense code and its qualifier (SPC-4, annex E.2). */
  readonly asc: number;
  readonly ascq: number;
  /** The logical block that it is about. */
  readonly information?: number;
}

export type SenseFormat = "fixed" | "descriptor";

const sense = (key: number, asc: number, ascq = 0): Sense => ({ key, asc, ascq });

const NOT_READY = 0x2;
const MEDIUM_ERROR = 0x3;
const ILLEGAL_REQUEST = 0x5;
const UNIT_ATTENTION = 0x6;
const DATA_PROTECT = 0x7;
const MISCOMPARE = 0xe;

export const noSense = sense(0, 0);
export const unitStopped = sense(NOT_READY, 0x04, 0x02);
export const noMediumTrayClosed = sense(NOT_READY, 0x3a, 0x01);
export const noMediumTrayOpen = sense(NOT_READY, 0x3a, 0x02);
export const writeError = sense(MEDIUM_ERROR, 0x0c);
export const readError = sense(MEDIUM_ERROR, 0x11);
export const parameterListLength = sense(ILLEGAL_REQUEST, 0x1a);
export const invalidOpcode = sense(ILLEGAL_REQUEST, 0x20);
export const blockOutOfRange = sense(ILLEGAL_REQUEST, 0x21);
export const invalidFieldInCdb = sense(ILLEGAL_REQUEST, 0x24);
export const unitNotSupported = sense(ILLEGAL_REQUEST, 0x25);
export const invalidFieldInParameters = sense(ILLEGAL_REQUEST, 0x26);
export const savingNotSupported = sense(ILLEGAL_REQUEST, 0x39);
export const removalPrevented = sense(ILLEGAL_REQUEST, 0x53, 0x02);
export const illegalMode = sense(ILLEGAL_REQUEST, 0x64);
export const mediumMayHaveChanged = sense(UNIT_ATTENTION, 0x28);
export const powerOn = sense(UNIT_ATTENTION, 0x29);
export const deviceReset = sense(UNIT_ATTENTION, 0x29, 0x03);
export const nexusLoss = sense(UNIT_ATTENTION, 0x29, 0x07);
export const capacityChanged = sense(UNIT_ATTENTION, 0x2a, 0x09);
export const reportedLunsChanged = sense(UNIT_ATTENTION, 0x3f, 0x0e);
export const writeProtected = sense(DATA_PROTECT, 0x27);
export const noSpace = sense(DATA_PROTECT, 0x27, 0x07);

/** VERIFY found another byte; `block` holds it. */
export function miscompare(block: number): Sense {
  return { ...sense(MISCOMPARE, 0x1d), information: block };
}

export function sameSense(a: Sense, b: Sense): boolean {
  return a.key === b.key && a.asc === b.asc && a.ascq === b.ascq;
}

export const FIXED_SENSE_LENGTH = 18;

export function encodeSense(data: Sense, format: SenseFormat): Uint8Array {
  return format === "fixed" ? encodeFixed(data) : encodeDescriptors(data);
}

/** SPC-4, 4.5.3. */
function encodeFixed({ key, asc, ascq, information }: Sense): Uint8Array {
  const bytes = new Uint8Array(FIXED_SENSE_LENGTH);
  bytes[0] = 0x70;
  bytes[2] = key;
  bytes[7] = FIXED_SENSE_LENGTH - 8;
  bytes[12] = asc;
  bytes[13] = ascq;
  // A number that does not fit is left out and not valid.
  if (information !== undefined && information <= 0xffffffff) {
    bytes[0] |= 0x80;
    new DataView(bytes.buffer).setUint32(3, information);
  }
  return bytes;
}

/** SPC-4, 4.5.2. */
function encodeDescriptors({ key, asc, ascq, information }: Sense): Uint8Array {
  const bytes = new Uint8Array(information === undefined ? 8 : 20);
  bytes.set([0x72, key, asc, ascq]);
  if (information === undefined) return bytes;
  bytes[7] = 12;
  bytes.set([0x00, 0x0a, 0x80, 0x00], 8);
  new DataView(bytes.buffer).setBigUint64(12, BigInt(information));
  return bytes;
}

// Mode pages: what MODE SENSE shows and MODE SELECT may change (SPC-4, 6.11, 6.13 and 7.5).

import { be16, setBe16 } from "./bytes";
import {
  invalidFieldInCdb,
  invalidFieldInParameters,
  parameterListLength,
  type Sense,
  savingNotSupported,
} from "./sense";

/** A page as it is after power-on, with the bits that may be changed. Byte 0 is the code, byte 1 the length. */
export interface ModePage {
  readonly defaults: Uint8Array;
  readonly changeable: Uint8Array;
}

/** Page with `length` bytes after its header; values and changeable bits by offset in the whole page. */
export function modePage(
  code: number,
  length: number,
  values: Readonly<Record<number, number>> = {},
  changeable: Readonly<Record<number, number>> = {},
): ModePage {
  const fill = (bytes: Readonly<Record<number, number>>): Uint8Array => {
    const page = new Uint8Array(length + 2);
    page.set([code, length]);
    for (const [at, value] of Object.entries(bytes)) page[Number(at)] = value;
    return page;
  };
  return { defaults: fill(values), changeable: fill(changeable) };
}

/** MODE SENSE and MODE SELECT come with a header of one of two shapes (SPC-4, 7.5.5). */
export type ModeHeader = 6 | 10;

const HEADER_LENGTH: Readonly<Record<ModeHeader, number>> = { 6: 4, 10: 8 };

const ALL_PAGES = 0x3f;
const ALL_SUBPAGES = 0xff;

const CHANGEABLE = 1;
const DEFAULTS = 2;
const SAVED = 3;

export interface ModeSenseRequest {
  readonly header: ModeHeader;
  /** Page control, 0 to 3: current, changeable, default, saved. */
  readonly control: number;
  readonly page: number;
  readonly subpage: number;
  /** Device-specific parameter. */
  readonly specific: number;
  /** The block descriptor, empty where it is not wanted. */
  readonly block: Uint8Array;
}

export class ModePages {
  readonly #pages: { readonly page: ModePage; readonly current: Uint8Array }[];

  constructor(pages: readonly ModePage[]) {
    this.#pages = pages.map((page) => ({ page, current: page.defaults.slice() }));
  }

  reset(): void {
    for (const { page, current } of this.#pages) current.set(page.defaults);
  }

  /** One byte of a page as it is now. */
  byte(code: number, at: number): number {
    return this.#pages.find(({ current }) => current[0] === code)?.current[at] ?? 0;
  }

  sense(request: ModeSenseRequest): Uint8Array | Sense {
    if (request.control === SAVED) return savingNotSupported;
    if (request.subpage !== 0 && request.subpage !== ALL_SUBPAGES) return invalidFieldInCdb;
    const wanted = this.#pages.filter(({ current }) => request.page === ALL_PAGES || current[0] === request.page);
    if (wanted.length === 0) return invalidFieldInCdb;
    const bodies = wanted.map(({ page, current }) => {
      if (request.control === CHANGEABLE) return page.changeable;
      return request.control === DEFAULTS ? page.defaults : current;
    });
    return Uint8Array.from([...senseHeader(request, bodies), ...request.block, ...bodies.flatMap((body) => [...body])]);
  }

  /** Takes over a parameter list, all of it or nothing. `block`: the block descriptor as MODE SENSE shows it. */
  select(list: Uint8Array, header: ModeHeader, block: Uint8Array): Sense | undefined {
    // SPC-4, 6.9.1: no list is no change.
    if (list.length === 0) return undefined;
    if (list.length < HEADER_LENGTH[header]) return parameterListLength;
    const blockLength = header === 6 ? (list[3] ?? 0) : be16(list, 6);
    const start = HEADER_LENGTH[header] + blockLength;
    if (start > list.length) return parameterListLength;
    if (blockLength !== 0 && !sameBlocks(list.subarray(HEADER_LENGTH[header], start), block)) {
      return invalidFieldInParameters;
    }
    const changes: { current: Uint8Array; next: Uint8Array }[] = [];
    for (let at = start; at < list.length;) {
      const known = this.#pages.find(({ current }) => current[0] === list[at]);
      if (known === undefined || list[at + 1] !== known.current[1]) return invalidFieldInParameters;
      const next = list.slice(at, at + known.current.length);
      if (next.length < known.current.length) return parameterListLength;
      if (!mayBecome(known.page, known.current, next)) return invalidFieldInParameters;
      changes.push({ current: known.current, next });
      at += next.length;
    }
    for (const { current, next } of changes) current.set(next);
    return undefined;
  }
}

function senseHeader({ header, specific, block }: ModeSenseRequest, bodies: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH[header]);
  const length = bodies.reduce((sum, body) => sum + body.length, bytes.length + block.length);
  if (header === 6) {
    bytes.set([length - 1, 0, specific, block.length]);
  } else {
    setBe16(bytes, 0, length - 2);
    bytes[3] = specific;
    setBe16(bytes, 6, block.length);
  }
  return bytes;
}

/** Number and size of blocks cannot be changed; a number of zero means as it is (SBC-3, 6.4.2.2). */
function sameBlocks(given: Uint8Array, block: Uint8Array): boolean {
  if (given.length !== block.length) return false;
  const anyNumber = be16(given, 0) === 0 && be16(given, 2) === 0;
  return given.every((byte, at) => (at < 4 && anyNumber) || byte === block[at]);
}

function mayBecome(page: ModePage, current: Uint8Array, next: Uint8Array): boolean {
  return next.every((byte, at) => {
    const fixed = at < 2 ? 0 : ~(page.changeable[at] ?? 0);
    return ((byte ^ (current[at] ?? 0)) & fixed & 0xff) === 0;
  });
}

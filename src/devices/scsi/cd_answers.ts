// What a CD-ROM drive says of itself and of its disc (MMC-6). Pure.

import { setBe16, setBe24, setBe32 } from "./bytes";
import type { ModePage } from "./mode_pages";
import { modePage } from "./mode_pages";

export const CD_BLOCK = 2048;
/** Blocks of a CD of 80 minutes: what is larger is a DVD. */
const CD_MAX_BLOCKS = 80 * 60 * 75;

const PROFILE_NONE = 0x0000;
const PROFILE_CD_ROM = 0x0008;
const PROFILE_DVD_ROM = 0x0010;

/** Capabilities and mechanical status (MMC-3, 5.5.10): locks, ejects, loads with a tray; reads what DVD drives read. */
export const capabilitiesPage: ModePage = modePage(0x2a, 0x14, {
  2: 0x3b,
  4: 0x70,
  6: 0x29,
  8: 0x16,
  9: 0x00,
  14: 0x16,
});

/** What is in the drive. */
export interface DiscState {
  /** Undefined: no disc. */
  readonly blocks: number | undefined;
}

function profileOf({ blocks }: DiscState): number {
  if (blocks === undefined) return PROFILE_NONE;
  return isDvd(blocks) ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
}

export function isDvd(blocks: number): boolean {
  return blocks > CD_MAX_BLOCKS;
}

interface Feature {
  readonly code: number;
  readonly version: number;
  readonly persistent: boolean;
  readonly current: boolean;
  readonly data: readonly number[];
}

/** MMC-6, 5.3. */
function featuresOf(state: DiscState): Feature[] {
  const profile = profileOf(state);
  const always = (code: number, version: number, data: readonly number[]): Feature => {
    return { code, version, persistent: true, current: true, data };
  };
  const profileEntry = (code: number): number[] => [code >> 8, code & 0xff, profile === code ? 1 : 0, 0];
  const readable = profile !== PROFILE_NONE;
  return [
    always(0x0000, 0, [...profileEntry(PROFILE_DVD_ROM), ...profileEntry(PROFILE_CD_ROM)]),
    // Core: SCSI, GET EVENT STATUS NOTIFICATION by polling.
    always(0x0001, 2, [0, 0, 0, 1, 0x03, 0, 0, 0]),
    // Morphing: no operational change requests.
    always(0x0002, 1, [0x02, 0, 0, 0]),
    // Removable medium: tray, load, eject, lock.
    always(0x0003, 2, [0x39, 0, 0, 0]),
    { code: 0x0010, version: 0, persistent: false, current: readable, data: [0, 0, 8, 0, 0, 1, 0, 0] },
    { code: 0x001e, version: 2, persistent: false, current: profile === PROFILE_CD_ROM, data: [0, 0, 0, 0] },
    { code: 0x001f, version: 1, persistent: false, current: profile === PROFILE_DVD_ROM, data: [] },
    always(0x0105, 1, [0, 0, 0, 0]),
  ];
}

/** MMC-6, 6.5. `wanted`: 0 all features from `start` on, 1 the current ones of them, 2 that one. */
export function getConfiguration(wanted: number, start: number, state: DiscState): Uint8Array {
  const features = featuresOf(state).filter(({ code, current }) => {
    if (wanted === 2) return code === start;
    return code >= start && (wanted === 0 || current);
  });
  const body = features.flatMap(({ code, version, persistent, current, data }) => [
    code >> 8,
    code & 0xff,
    (version << 2) | (persistent ? 2 : 0) | (current ? 1 : 0),
    data.length,
    ...data,
  ]);
  const bytes = new Uint8Array(8 + body.length);
  setBe32(bytes, 0, bytes.length - 4);
  setBe16(bytes, 6, profileOf(state));
  bytes.set(body, 8);
  return bytes;
}

/** Class media in the masks of GET EVENT STATUS NOTIFICATION, and as its number. */
const MEDIA_CLASS = 0x10;
const MEDIA_CLASS_NUMBER = 4;
const NO_EVENT_AVAILABLE = 0x80;

/** MMC-6, 6.7: whether the classes asked for are ones that we have. */
export function wantsMediaEvents(classes: number): boolean {
  return (classes & MEDIA_CLASS) !== 0;
}

export function noEvents(): Uint8Array {
  return Uint8Array.of(0, 2, NO_EVENT_AVAILABLE, MEDIA_CLASS);
}

export function mediaEvent(event: number, open: boolean, present: boolean): Uint8Array {
  return Uint8Array.of(0, 6, MEDIA_CLASS_NUMBER, MEDIA_CLASS, event, (open ? 1 : 0) | (present ? 2 : 0), 0, 0);
}

/** MMC-6, 6.22: a finished disc with one session and one track. */
export function discInformation(): Uint8Array {
  const bytes = new Uint8Array(34);
  setBe16(bytes, 0, bytes.length - 2);
  // Last session complete, disc finalized.
  bytes[2] = 0x0e;
  bytes.set([1, 1, 1, 1], 3);
  // Unrestricted use.
  bytes[7] = 0x20;
  // There is no lead-in of a next session, and no last place for a lead-out.
  bytes.fill(0xff, 16, 24);
  return bytes;
}

/** MMC-6, 6.27. */
export function trackInformation(blocks: number): Uint8Array {
  const bytes = new Uint8Array(36);
  setBe16(bytes, 0, bytes.length - 2);
  bytes.set([1, 1], 2);
  // A data track, recorded without interruption, in mode 1.
  bytes[5] = 0x04;
  bytes[6] = 0x01;
  setBe32(bytes, 24, Math.min(blocks, 0xffffffff));
  return bytes;
}

/** MMC-6, 6.10: no changer, nothing playing. */
export function mechanismStatus(open: boolean): Uint8Array {
  const bytes = new Uint8Array(8);
  bytes[1] = open ? 0x10 : 0;
  return bytes;
}

const DVD_PHYSICAL = 0x00;
const DVD_COPYRIGHT = 0x01;
/** First block of the data area of a DVD-ROM. */
const DVD_DATA_START = 0x30000;

/** MMC-6, 6.23: undefined where there is no such structure. */
export function dvdStructure(format: number, blocks: number): Uint8Array | undefined {
  if (format === DVD_COPYRIGHT) return Uint8Array.of(0, 6, 0, 0, 0, 0, 0, 0);
  if (format !== DVD_PHYSICAL) return undefined;
  const bytes = new Uint8Array(4 + 2048);
  setBe16(bytes, 0, bytes.length - 2);
  // DVD-ROM of part version 1, 120 mm, at the slowest rate, one layer.
  bytes.set([0x01, 0x0f, 0x01, 0x00], 4);
  setBe24(bytes, 9, DVD_DATA_START);
  setBe24(bytes, 13, Math.min(DVD_DATA_START + blocks - 1, 0xffffff));
  return bytes;
}

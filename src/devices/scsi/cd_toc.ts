// READ TOC/PMA/ATIP: a disc with one session and one data track (MMC-6, 6.25). Pure.

import { setBe16, setBe32 } from "./bytes";

/** Control: a data track; ADR: the entry holds a position. */
const DATA_TRACK = 0x14;
const LEAD_OUT = 0xaa;
const TRACK = 1;
/** Two seconds of 75 frames come before block 0. */
const PREGAP = 150;

const FORMAT_TOC = 0;
const FORMAT_SESSIONS = 1;
const FORMAT_RAW = 2;

/** `start`: the first track wanted. Undefined: there is no such format or track. */
export function readToc(format: number, start: number, msf: boolean, blocks: number): Uint8Array | undefined {
  switch (format) {
    case FORMAT_TOC:
      return tableOfContents(start, msf, blocks);
    case FORMAT_SESSIONS:
      return withLength([1, 1, 0, DATA_TRACK, TRACK, 0, ...position(0, msf)]);
    case FORMAT_RAW:
      return start > 1 ? undefined : rawTable(blocks);
    default:
      return undefined;
  }
}

function tableOfContents(start: number, msf: boolean, blocks: number): Uint8Array | undefined {
  if (start > TRACK && start !== LEAD_OUT) return undefined;
  const track = [0, DATA_TRACK, TRACK, 0, ...position(0, msf)];
  const leadOut = [0, DATA_TRACK, LEAD_OUT, 0, ...position(blocks, msf)];
  return withLength([TRACK, TRACK, ...(start > TRACK ? [] : track), ...leadOut]);
}

/** Points A0 to A2 and the track, as they lie in the lead-in. */
function rawTable(blocks: number): Uint8Array {
  const entry = (point: number, place: readonly number[]): number[] => [1, DATA_TRACK, 0, point, 0, 0, 0, 0, ...place];
  return withLength([
    1,
    1,
    ...entry(0xa0, [TRACK, 0, 0]),
    ...entry(0xa1, [TRACK, 0, 0]),
    ...entry(0xa2, position(blocks, true).slice(1)),
    ...entry(TRACK, position(0, true).slice(1)),
  ]);
}

/** Four bytes: a block address, or minutes, seconds and frames. */
function position(block: number, msf: boolean): number[] {
  if (msf) {
    const frames = block + PREGAP;
    // A disc that is larger than a CD has no such address.
    return [0, Math.min(Math.floor(frames / 75 / 60), 0xff), Math.floor(frames / 75) % 60, frames % 75];
  }
  const bytes = new Uint8Array(4);
  setBe32(bytes, 0, Math.min(block, 0xffffffff));
  return [...bytes];
}

function withLength(body: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2 + body.length);
  setBe16(bytes, 0, body.length);
  bytes.set(body, 2);
  return bytes;
}

// Commands that change a disk: writes, flushes, write same and unmap (SBC-3, 5).

import type { DiskAnswer } from "../../backends/disk/types";
import { blockRange } from "./block_range";
import { type BlockHost, checkedRange, counted, FUA, inLengths, isSense, transferBytes } from "./block_commands";
import type { BlockMedium } from "./block_medium";
import { be16, be32, be64 } from "./bytes";
import { field, type ScsiCommand, usageOf } from "./command";
import * as Op from "./opcodes";
import {
  blockOutOfRange,
  invalidFieldInCdb,
  invalidFieldInParameters,
  parameterListLength,
  writeProtected,
} from "./sense";
import { after, check, ended, good, inTurn, nothingMoved, parameters, type ScsiTask, type TaskAnswer } from "./task";

export interface WriteHost extends BlockHost {
  /** The initiator has switched the write cache off: each write is flushed. */
  readonly writeThrough: () => boolean;
}

/** Of WRITE SAME. */
const ANCHOR = 0x10;
const UNMAP_BIT = 0x08;
const NDOB = 0x01;
/** Of UNMAP. */
const UNMAP_ANCHOR = 0x01;
export const MAX_UNMAP_DESCRIPTORS = 255;

/** How much of a pattern is written at a time. */
const PATTERN_BYTES = 64 * 1024;

export function writeCommands(host: WriteHost): ScsiCommand[] {
  const write = { needsReady: true, dataOut: transferBytes(host) };
  const plain = [
    [Op.WRITE_6, 6],
    [Op.WRITE_10, 10],
    [Op.WRITE_12, 12],
    [Op.WRITE_16, 16],
  ] as const;
  const verified = [
    [Op.WRITE_AND_VERIFY_10, 10],
    [Op.WRITE_AND_VERIFY_12, 12],
    [Op.WRITE_AND_VERIFY_16, 16],
  ] as const;
  const flushes = [
    [Op.SYNCHRONIZE_CACHE_10, 10],
    [Op.SYNCHRONIZE_CACHE_16, 16],
  ] as const;
  return [
    ...inLengths(plain, 0x10 | FUA, { ...write, run: (task) => writeBlocks(host, task, forced(host, task.cdb)) }),
    // What has reached the medium needs no second look at what memory holds: the back end vouches for it.
    ...inLengths(verified, 0x16, { ...write, run: (task) => writeBlocks(host, task, true) }),
    ...inLengths(flushes, 0x02, { needsReady: true, run: (task) => synchronize(host, task) }),
    ...writeSameCommands(host),
    {
      opcode: Op.UNMAP,
      usage: usageOf(10, ...field(7, 2)),
      needsReady: true,
      dataOut: (cdb) => be16(cdb, 7),
      run: (task) => unmap(host, task),
    },
  ];
}

/** Force unit access: the bit of WRITE(10) and longer ones, or the cache page. */
function forced(host: WriteHost, cdb: Uint8Array): boolean {
  return host.writeThrough() || (cdb[0] !== Op.WRITE_6 && ((cdb[1] ?? 0) & FUA) !== 0);
}

function writeBlocks(host: WriteHost, { cdb, dataOut, token }: ScsiTask, force: boolean): TaskAnswer {
  const medium = host.medium();
  const range = checkedRange(cdb, medium, medium.maxBlocks);
  if (isSense(range)) return check(range);
  if (medium.readOnly) return check(writeProtected);
  const length = range.blocks * medium.blockSize;
  host.counters.writes++;
  host.counters.writtenBytes += length;
  if (length === 0) return nothingMoved;
  const answer = durable(medium.write(range.lba, dataOut.views(0, length), token), medium, force);
  return after(answer, (outcome) => ended(counted(host, outcome), "write", length));
}

function durable(written: DiskAnswer, medium: BlockMedium, force: boolean): DiskAnswer {
  if (!force) return written;
  if (typeof written === "string") return written === "ok" ? medium.flush() : written;
  return written.then((outcome) => (outcome === "ok" ? medium.flush() : outcome));
}

/** The whole cache, whatever the range (SBC-3, 5.22: more is allowed). */
function synchronize(host: WriteHost, { cdb }: ScsiTask): TaskAnswer {
  const medium = host.medium();
  // A length of zero means up to the end.
  if (!medium.contains(blockRange(cdb))) return check(blockOutOfRange);
  host.counters.flushes++;
  return after(medium.flush(), (outcome) => ended(counted(host, outcome), "write", 0));
}

function writeSameCommands(host: WriteHost): ScsiCommand[] {
  const block = (): number => host.blockSize;
  return [
    ...inLengths([[Op.WRITE_SAME_10, 10]], UNMAP_BIT, {
      needsReady: true,
      dataOut: block,
      run: (task) => writeSame(host, task, true),
    }),
    ...inLengths([[Op.WRITE_SAME_16, 16]], UNMAP_BIT | NDOB, {
      needsReady: true,
      dataOut: (cdb) => (hasBlock(cdb) ? host.blockSize : 0),
      run: (task) => writeSame(host, task, hasBlock(task.cdb)),
    }),
  ];
}

/** NDOB: no data-out buffer; the blocks become zero (SBC-3, 5.43). */
function hasBlock(cdb: Uint8Array): boolean {
  return ((cdb[1] ?? 0) & NDOB) === 0;
}

function writeSame(host: WriteHost, task: ScsiTask, withBlock: boolean): TaskAnswer {
  const medium = host.medium();
  const { cdb, token } = task;
  const known = UNMAP_BIT | (cdb[0] === Op.WRITE_SAME_16 ? NDOB : 0);
  if (((cdb[1] ?? 0) & ~known & (ANCHOR | 0x0f)) !== 0) return check(invalidFieldInCdb);
  const range = checkedRange(cdb, medium, medium.maxBlocks);
  if (isSense(range)) return check(range);
  // Up to the end of the disk would be without bound: VPD page B0 says so (WSNZ).
  if (range.blocks === 0) return check(invalidFieldInCdb);
  if (medium.readOnly) return check(writeProtected);
  const pattern = withBlock ? parameters(task, medium.blockSize) : new Uint8Array(0);
  host.counters.writes++;
  // Zeroes take no room, asked for or not.
  const written = pattern.every((byte) => byte === 0)
    ? medium.writeZeroes(range)
    : writePattern(medium, range, pattern, token);
  const answer = durable(written, medium, host.writeThrough());
  return after(answer, (outcome) => ended(counted(host, outcome), "write", pattern.length));
}

function writePattern(
  medium: BlockMedium,
  { lba, blocks }: { lba: number; blocks: number },
  pattern: Uint8Array,
  token: ScsiTask["token"],
): DiskAnswer {
  const perStep = Math.min(blocks, Math.max(1, Math.floor(PATTERN_BYTES / pattern.length)));
  const repeated = new Uint8Array(perStep * pattern.length);
  for (let i = 0; i < perStep; i++) repeated.set(pattern, i * pattern.length);
  const steps = Array.from({ length: Math.ceil(blocks / perStep) }, (_, i) => i * perStep);
  return inTurn(steps, (first) => {
    // An aborted command stops between two steps.
    if (token.cancelled) return "io-error";
    const part = repeated.subarray(0, Math.min(perStep, blocks - first) * pattern.length);
    return medium.write(lba + first, [part], token);
  });
}

/** SBC-3, 5.34. */
function unmap(host: WriteHost, task: ScsiTask): TaskAnswer {
  const medium = host.medium();
  if (((task.cdb[1] ?? 0) & UNMAP_ANCHOR) !== 0) return check(invalidFieldInCdb);
  const length = be16(task.cdb, 7);
  if (length === 0) return nothingMoved;
  if (length < 8) return check(parameterListLength);
  if (medium.readOnly) return check(writeProtected);
  const list = parameters(task, length);
  // A list that is cut off has fewer descriptors.
  const count = Math.floor(Math.min(be16(list, 2), length - 8) / 16);
  if (count > MAX_UNMAP_DESCRIPTORS) return check(invalidFieldInParameters);
  const ranges = Array.from({ length: count }, (_, i) => ({
    lba: be64(list, 8 + i * 16),
    blocks: be32(list, 16 + i * 16),
  }));
  if (ranges.reduce((sum, { blocks }) => sum + blocks, 0) > medium.maxBlocks) return check(invalidFieldInParameters);
  const outside = ranges.find((range) => !medium.contains(range));
  if (outside !== undefined) return check({ ...blockOutOfRange, information: outside.lba });
  host.counters.unmaps++;
  const answer = inTurn(ranges, (range) => (range.blocks === 0 ? "ok" : medium.discard(range)));
  return after(answer, (outcome) => (outcome === "ok" ? good(length) : ended(counted(host, outcome), "write", 0)));
}

// Commands that read, compare and measure blocks: of disks and of CD-ROMs (SBC-3, 5; MMC-6, 6).

import type { DiskAnswer, DiskOutcome } from "../../backends/disk/types";
import { be32, be64, gather, setBe32, setBe64 } from "./bytes";
import type { BlockMedium } from "./block_medium";
import { blockRange, type BlockRange } from "./block_range";
import { field, type ScsiCommand, usageOf } from "./command";
import type { UnitCounters } from "./counters";
import * as Op from "./opcodes";
import { blockOutOfRange, invalidFieldInCdb, miscompare, type Sense } from "./sense";
import { after, check, ended, good, inTurn, nothingMoved, reply, type ScsiTask, type TaskAnswer } from "./task";

/** What block commands need of their device type. */
export interface BlockHost {
  /** Called only while the unit is ready. */
  readonly medium: () => BlockMedium;
  readonly blockSize: number;
  readonly counters: UnitCounters;
}

const DPO = 0x10;
export const FUA = 0x08;
const PROTECT = 0xe0;
const BYTCHK = 0x06;

/** How much VERIFY compares at a time. */
const COMPARE_BYTES = 64 * 1024;

/** CDB usage of a command with an address and a length; `flags` are those of byte 1. */
export function rangeUsage(length: 6 | 10 | 12 | 16, flags: number): number[] {
  switch (length) {
    case 6:
      return usageOf(6, [1, 0x1f], ...field(2, 3));
    case 10:
      return usageOf(10, [1, flags], ...field(2, 4), ...field(7, 2));
    case 12:
      return usageOf(12, [1, flags], ...field(2, 4), ...field(6, 4));
    case 16:
      return usageOf(16, [1, flags], ...field(2, 8), ...field(10, 4));
  }
}

/** The same command in several lengths. */
export function inLengths(
  opcodes: readonly (readonly [opcode: number, length: 6 | 10 | 12 | 16])[],
  flags: number,
  rest: Omit<ScsiCommand, "opcode" | "usage">,
): ScsiCommand[] {
  return opcodes.map(([opcode, length]) => ({ opcode, usage: rangeUsage(length, flags), ...rest }));
}

/** The range of a command, or why it cannot be. */
export function checkedRange(cdb: Uint8Array, medium: BlockMedium, limit: number): BlockRange | Sense {
  const range = blockRange(cdb);
  // There is no protection information (SBC-3, 4.22); commands of six bytes have address bits there.
  if ((cdb[0] ?? 0) >> 5 !== 0 && ((cdb[1] ?? 0) & PROTECT) !== 0) return invalidFieldInCdb;
  if (!medium.contains(range)) return { ...blockOutOfRange, information: range.lba };
  return range.blocks > limit ? invalidFieldInCdb : range;
}

export function isSense(value: BlockRange | Sense): value is Sense {
  return "key" in value;
}

export function transferBytes(host: BlockHost): (cdb: Uint8Array) => number {
  return (cdb) => blockRange(cdb).blocks * host.blockSize;
}

export function counted(host: BlockHost, outcome: DiskOutcome): DiskOutcome {
  if (outcome !== "ok") host.counters.errors++;
  return outcome;
}

export function readCommands(host: BlockHost): ScsiCommand[] {
  const lengths = [
    [Op.READ_6, 6],
    [Op.READ_10, 10],
    [Op.READ_12, 12],
    [Op.READ_16, 16],
  ] as const;
  return inLengths(lengths, DPO | FUA, {
    needsReady: true,
    dataIn: transferBytes(host),
    run: (task) => {
      const medium = host.medium();
      const range = checkedRange(task.cdb, medium, medium.maxBlocks);
      return isSense(range) ? check(range) : readBlocks(host, task, range);
    },
  });
}

/** Reads a range that was checked. */
export function readBlocks(host: BlockHost, { dataIn, token }: ScsiTask, range: BlockRange): TaskAnswer {
  const medium = host.medium();
  const length = range.blocks * medium.blockSize;
  host.counters.reads++;
  host.counters.readBytes += length;
  if (length === 0) return nothingMoved;
  const answer = medium.read(range.lba, dataIn.views(0, length), token);
  return after(answer, (outcome) => ended(counted(host, outcome), "read", length));
}

/** Capacity, and what only looks whether blocks exist. */
export function capacityCommands(host: BlockHost): ScsiCommand[] {
  return [
    {
      opcode: Op.READ_CAPACITY_10,
      usage: usageOf(10),
      needsReady: true,
      dataIn: () => 8,
      run: (task) => readCapacity10(host, task),
    },
    { opcode: Op.SEEK_10, usage: usageOf(10, ...field(2, 4)), needsReady: true, run: (task) => seek(host, task) },
  ];
}

function readCapacity10(host: BlockHost, task: ScsiTask): TaskAnswer {
  const { blocks, blockSize } = host.medium();
  // PMI and its address are obsolete, and zero.
  if (be32(task.cdb, 2) !== 0 || ((task.cdb[8] ?? 0) & 1) !== 0) return check(invalidFieldInCdb);
  const data = new Uint8Array(8);
  // SBC-3, 5.16.2: READ CAPACITY(16) tells what does not fit.
  setBe32(data, 0, Math.min(Math.max(blocks - 1, 0), 0xffffffff));
  setBe32(data, 4, blockSize);
  return reply(task, data, 8);
}

function seek(host: BlockHost, { cdb }: ScsiTask): TaskAnswer {
  return host.medium().contains({ lba: be32(cdb, 2), blocks: 1 }) ? nothingMoved : check(blockOutOfRange);
}

/** SBC-3, 5.17: provisioning and physical blocks are the disk's. */
export function readCapacity16(
  host: BlockHost,
  task: ScsiTask,
  shape: { exponent: number; provisioned: boolean },
): TaskAnswer {
  const { blocks, blockSize } = host.medium();
  if (be64(task.cdb, 2) !== 0 || ((task.cdb[14] ?? 0) & 1) !== 0) return check(invalidFieldInCdb);
  const data = new Uint8Array(32);
  setBe64(data, 0, Math.max(blocks - 1, 0));
  setBe32(data, 8, blockSize);
  data[13] = shape.exponent;
  data[14] = shape.provisioned ? 0x80 : 0;
  return reply(task, data, be32(task.cdb, 10));
}

/** VERIFY and PRE-FETCH: the first compares if it is given something to compare with (SBC-3, 5.36). */
export function verifyCommands(host: BlockHost): ScsiCommand[] {
  const expected = (cdb: Uint8Array): number => {
    const mode = ((cdb[1] ?? 0) & BYTCHK) >> 1;
    if (mode === 0 || mode === 2) return 0;
    const { blocks } = blockRange(cdb);
    return (mode === 3 ? Math.min(blocks, 1) : blocks) * host.blockSize;
  };
  const lengths = [
    [Op.VERIFY_10, 10],
    [Op.VERIFY_12, 12],
    [Op.VERIFY_16, 16],
  ] as const;
  const fetches = [
    [Op.PRE_FETCH_10, 10],
    [Op.PRE_FETCH_16, 16],
  ] as const;
  return [
    ...inLengths(lengths, DPO | BYTCHK, {
      needsReady: true,
      dataOut: expected,
      run: (task) => verify(host, task, expected(task.cdb)),
    }),
    ...inLengths(fetches, 0, { needsReady: true, run: ({ cdb }) => prefetch(host, cdb) }),
  ];
}

function prefetch(host: BlockHost, cdb: Uint8Array): TaskAnswer {
  const range = checkedRange(cdb, host.medium(), Infinity);
  return isSense(range) ? check(range) : nothingMoved;
}

function verify(host: BlockHost, task: ScsiTask, given: number): TaskAnswer {
  const medium = host.medium();
  const mode = ((task.cdb[1] ?? 0) & BYTCHK) >> 1;
  if (mode === 2) return check(invalidFieldInCdb);
  const range = checkedRange(task.cdb, medium, mode === 0 ? Infinity : medium.maxBlocks);
  if (isSense(range)) return check(range);
  if (given === 0) return nothingMoved;
  // Copied now: the buffer is not ours after a wait, and a guest could change it.
  const data = gather(task.dataOut.views(0, given));
  return compare(host, medium, { range, data, repeats: mode === 3 }, task);
}

interface Comparison {
  readonly range: BlockRange;
  readonly data: Uint8Array;
  /** The data is one block, for all of them. */
  readonly repeats: boolean;
}

function compare(
  host: BlockHost,
  medium: BlockMedium,
  { range, data, repeats }: Comparison,
  task: ScsiTask,
): TaskAnswer {
  const { blockSize } = medium;
  const perStep = Math.max(1, Math.floor(COMPARE_BYTES / blockSize));
  const scratch = new Uint8Array(Math.min(perStep, range.blocks) * blockSize);
  const steps = Array.from({ length: Math.ceil(range.blocks / perStep) }, (_, i) => i * perStep);
  let different: number | undefined;
  const step = (first: number): DiskAnswer => {
    if (different !== undefined) return "ok";
    const found = scratch.subarray(0, Math.min(perStep, range.blocks - first) * blockSize);
    const look = (outcome: DiskOutcome): DiskOutcome => {
      if (outcome === "ok") {
        const at = repeats ? differs(found, data, 0, blockSize) : differs(found, data, first * blockSize, data.length);
        if (at >= 0) different = range.lba + first + Math.floor(at / blockSize);
      }
      return outcome;
    };
    const answer = medium.read(range.lba + first, [found], task.token);
    return typeof answer === "string" ? look(answer) : answer.then(look);
  };
  return after(inTurn(steps, step), (outcome) => {
    if (outcome !== "ok") return ended(counted(host, outcome), "read", 0);
    return different === undefined ? good(data.length) : check(miscompare(different));
  });
}

/** Place of the first byte that is not as in `data` from `start` on, which repeats itself after `period`; or -1. */
function differs(found: Uint8Array, data: Uint8Array, start: number, period: number): number {
  for (let i = 0; i < found.length; i++) if (found[i] !== data[(start + i) % period]) return i;
  return -1;
}

// A disk as a logical unit (SBC-3): scsi-hd in QEMU's words.

import type { DiskBackend } from "../../backends/disk/types";
import { be32, be64, setBe16, setBe24, setBe32, setBe64 } from "./bytes";
import { type BlockHost, capacityCommands, readCapacity16, readCommands, verifyCommands } from "./block_commands";
import { BlockMedium } from "./block_medium";
import { field, type ScsiCommand, usageOf } from "./command";
import { TYPE_DISK, type VpdPages } from "./inquiry";
import { ModePages, modePage } from "./mode_pages";
import * as Op from "./opcodes";
import { controlPage, errorRecoveryPage } from "./pages";
import { blockOutOfRange, invalidFieldInCdb, unitStopped } from "./sense";
import { check, nothingMoved, reply, type ScsiTask, type TaskAnswer } from "./task";
import { LogicalUnit } from "./unit";
import type { UnitType } from "./unit_type";
import { MAX_UNMAP_DESCRIPTORS, writeCommands } from "./write_commands";

export interface ScsiDiskOptions {
  readonly serial?: string;
  readonly wwn?: bigint;
  /** 512 to 4096, powers of two. */
  readonly logicalBlockSize?: number;
  /** At least the logical one. */
  readonly physicalBlockSize?: number;
  /** 1: no rotating medium; else rotations per minute (SBC-3, 6.6.2). */
  readonly rotationRate?: number;
}

interface DiskShape {
  readonly medium: BlockMedium;
  /** Logical blocks in a physical one, as a power of two. */
  readonly exponent: number;
  readonly rotationRate: number;
}

const PRODUCT = "HARDDISK";
const DEFAULT_BLOCK = 512;
/** A back end frees no less than this. */
const UNMAP_GRANULARITY_BYTES = 4096;
const SOLID_STATE = 1;

/** Mode parameters: write protected, and DPO and FUA are understood (SBC-3, 6.4.1). */
const WP = 0x80;
const DPOFUA = 0x10;

const PAGE_CACHING = 0x08;
/** Write cache enable. */
const WCE = 0x04;

export function scsiDisk(disk: DiskBackend, options: ScsiDiskOptions = {}): LogicalUnit {
  const logical = options.logicalBlockSize ?? DEFAULT_BLOCK;
  const shape = {
    medium: new BlockMedium(disk, logical),
    exponent: Math.max(0, Math.log2((options.physicalBlockSize ?? logical) / logical)),
    rotationRate: options.rotationRate ?? SOLID_STATE,
  };
  const identity = {
    deviceType: TYPE_DISK,
    removable: false,
    product: PRODUCT,
    serial: options.serial ?? "",
    ...(options.wwn === undefined ? {} : { wwn: options.wwn }),
  };
  return new LogicalUnit(identity, (unit) => diskType(unit, shape));
}

function diskType(unit: LogicalUnit, shape: DiskShape): UnitType {
  const { medium } = shape;
  const modes = new ModePages([errorRecoveryPage, modePage(PAGE_CACHING, 0x12, { 2: WCE }, { 2: WCE }), controlPage]);
  /** Stopped by START STOP UNIT. */
  let stopped = false;
  const host = {
    medium: () => medium,
    blockSize: medium.blockSize,
    counters: unit.counters,
    writeThrough: () => (modes.byte(PAGE_CACHING, 2) & WCE) === 0,
  };
  return {
    pages: diskPages(shape),
    modes,
    modeSpecific: () => DPOFUA | (medium.readOnly ? WP : 0),
    blockDescriptor: () => blockDescriptor(medium),
    notReady: () => (stopped ? unitStopped : undefined),
    reset: () => {
      stopped = false;
    },
    commands: [
      ...readCommands(host),
      ...writeCommands(host),
      ...verifyCommands(host),
      ...capacityCommands(host),
      ...serviceActions(host, shape),
      {
        opcode: Op.START_STOP_UNIT,
        usage: usageOf(6, [1, 0x01], [4, 0xf3]),
        run: ({ cdb }) => {
          const start = startStop(cdb);
          if (start === undefined) return check(invalidFieldInCdb);
          if (start !== "power") stopped = start === "stop";
          return nothingMoved;
        },
      },
      {
        // A disk that cannot be removed allows everything.
        opcode: Op.PREVENT_ALLOW_MEDIUM_REMOVAL,
        usage: usageOf(6, [4, 0x03]),
        run: () => nothingMoved,
      },
    ],
  };
}

/** SBC-3, 5.20: power conditions other than "start valid" change nothing here; there is nothing to eject. */
function startStop(cdb: Uint8Array): "start" | "stop" | "power" | undefined {
  const flags = cdb[4] ?? 0;
  if (flags >> 4 !== 0) return "power";
  if ((flags & 0x02) !== 0) return undefined;
  return (flags & 0x01) === 0 ? "stop" : "start";
}

function blockDescriptor(medium: BlockMedium): Uint8Array {
  const bytes = new Uint8Array(8);
  setBe32(bytes, 0, Math.min(medium.blocks, 0xffffffff));
  setBe24(bytes, 5, medium.blockSize);
  return bytes;
}

function serviceActions(host: BlockHost, { exponent, medium }: DiskShape): ScsiCommand[] {
  const allocation = (cdb: Uint8Array): number => be32(cdb, 10);
  const common = { opcode: Op.SERVICE_ACTION_IN_16, needsReady: true, dataIn: allocation };
  return [
    {
      ...common,
      action: Op.SA_READ_CAPACITY_16,
      usage: usageOf(16, [1, 0x1f], ...field(10, 4)),
      run: (task) => readCapacity16(host, task, { exponent, provisioned: !medium.readOnly }),
    },
    {
      ...common,
      action: Op.SA_GET_LBA_STATUS,
      usage: usageOf(16, [1, 0x1f], ...field(2, 8), ...field(10, 4)),
      run: (task) => lbaStatus(medium, task),
    },
  ];
}

/** SBC-3, 5.6: which blocks are mapped is the back end's secret, so that all are "mapped or unknown". */
function lbaStatus(medium: BlockMedium, task: ScsiTask): TaskAnswer {
  const lba = be64(task.cdb, 2);
  if (!medium.contains({ lba, blocks: 1 })) return check(blockOutOfRange);
  const data = new Uint8Array(24);
  setBe32(data, 0, data.length - 4);
  setBe64(data, 8, lba);
  setBe32(data, 16, Math.min(medium.blocks - lba, 0xffffffff));
  return reply(task, data, be32(task.cdb, 10));
}

function diskPages(shape: DiskShape): VpdPages {
  return new Map([
    [0xb0, () => blockLimits(shape)],
    [0xb1, () => blockCharacteristics(shape)],
    [0xb2, () => blockProvisioning(shape)],
  ]);
}

/** SBC-3, 6.6.4. Offsets are less by the page's header of four bytes. */
function blockLimits({ medium, exponent }: DiskShape): Uint8Array {
  const bytes = new Uint8Array(60);
  // WSNZ: WRITE SAME needs a number of blocks.
  bytes[0] = 0x01;
  setBe16(bytes, 2, 1 << exponent);
  setBe32(bytes, 4, medium.maxBlocks);
  if (medium.readOnly) return bytes;
  setBe32(bytes, 16, medium.maxBlocks);
  setBe32(bytes, 20, MAX_UNMAP_DESCRIPTORS);
  setBe32(bytes, 24, Math.max(1, UNMAP_GRANULARITY_BYTES / medium.blockSize));
  // UGAVALID with an alignment of zero.
  setBe32(bytes, 28, 0x80000000);
  setBe64(bytes, 32, medium.maxBlocks);
  return bytes;
}

/** SBC-3, 6.6.2. */
function blockCharacteristics({ rotationRate }: DiskShape): Uint8Array {
  const bytes = new Uint8Array(60);
  setBe16(bytes, 0, rotationRate);
  return bytes;
}

/** SBC-3, 6.6.3: UNMAP and both WRITE SAMEs; unmapped blocks need not read as zero; thin. */
function blockProvisioning({ medium }: DiskShape): Uint8Array {
  return medium.readOnly ? Uint8Array.of(0, 0, 0, 0) : Uint8Array.of(0, 0xe0, 0x02, 0);
}

// A CD-ROM or DVD-ROM drive as a logical unit (MMC-6): scsi-cd in QEMU's words. The disc can be ejected and changed
// by the guest and by whoever owns the machine.

import type { DiskBackend } from "../../backends/disk/types";
import { be16, be24, be32 } from "./bytes";
import { type BlockHost, capacityCommands, readBlocks, readCommands, verifyCommands } from "./block_commands";
import { BlockMedium } from "./block_medium";
import * as Cd from "./cd_answers";
import { readToc } from "./cd_toc";
import { field, type ScsiCommand, usageOf } from "./command";
import { TYPE_CDROM } from "./inquiry";
import { ModePages } from "./mode_pages";
import * as Op from "./opcodes";
import { errorRecoveryPage } from "./pages";
import { blockOutOfRange, illegalMode, invalidFieldInCdb, removalPrevented } from "./sense";
import { check, nothingMoved, reply, type ScsiTask, type TaskAnswer } from "./task";
import { Tray } from "./tray";
import { LogicalUnit } from "./unit";
import type { UnitType } from "./unit_type";

export interface ScsiCdromOptions {
  readonly serial?: string;
  readonly wwn?: bigint;
  /** The tray opened or closed, by whomever. */
  readonly trayMoved?: (open: boolean) => void;
}

export interface ScsiCdrom {
  readonly unit: LogicalUnit;
  readonly tray: Tray;
}

const PRODUCT = "CD-ROM";

export function cdMedium(disk: DiskBackend): BlockMedium {
  return new BlockMedium(disk, Cd.CD_BLOCK);
}

/** `disk`: left out, the drive is empty. */
export function scsiCdrom(disk: DiskBackend | undefined, options: ScsiCdromOptions = {}): ScsiCdrom {
  const identity = {
    deviceType: TYPE_CDROM,
    removable: true,
    product: PRODUCT,
    serial: options.serial ?? "",
    ...(options.wwn === undefined ? {} : { wwn: options.wwn }),
  };
  const tray = new Tray(disk === undefined ? undefined : cdMedium(disk), {
    attention: (sense) => unit.attention(sense),
    moved: (open) => options.trayMoved?.(open),
  });
  const unit = new LogicalUnit(identity, (made) => cdromType(made, tray));
  return { unit, tray };
}

function cdromType(unit: LogicalUnit, tray: Tray): UnitType {
  const host: BlockHost = {
    medium: () => {
      if (tray.medium === undefined) throw new Error("the unit is not ready");
      return tray.medium;
    },
    blockSize: Cd.CD_BLOCK,
    counters: unit.counters,
  };
  return {
    pages: new Map(),
    modes: new ModePages([errorRecoveryPage, Cd.capabilitiesPage]),
    modeSpecific: () => 0,
    blockDescriptor: () => new Uint8Array(0),
    notReady: () => tray.notReady(),
    reset: () => tray.reset(),
    commands: [
      ...readCommands(host),
      ...verifyCommands(host),
      ...capacityCommands(host),
      ...trayCommands(tray),
      ...driveCommands(tray),
      ...discCommands(host),
    ],
  };
}

/** MMC-6, 6.42 and 6.14 (PREVENT ALLOW MEDIUM REMOVAL). */
function trayCommands(tray: Tray): ScsiCommand[] {
  return [
    { opcode: Op.START_STOP_UNIT, usage: usageOf(6, [1, 0x01], [4, 0xf3]), run: ({ cdb }) => startStop(tray, cdb) },
    {
      opcode: Op.PREVENT_ALLOW_MEDIUM_REMOVAL,
      usage: usageOf(6, [4, 0x01]),
      run: ({ cdb }) => {
        tray.lock(((cdb[4] ?? 0) & 0x01) !== 0);
        return nothingMoved;
      },
    },
  ];
}

function startStop(tray: Tray, cdb: Uint8Array): TaskAnswer {
  const flags = cdb[4] ?? 0;
  const [power, loej, start] = [flags >> 4, (flags & 0x02) !== 0, (flags & 0x01) !== 0];
  // There is nothing that spins.
  if (power !== 0 || !loej) return nothingMoved;
  if (!start && tray.locked) return check(removalPrevented);
  tray.move(!start);
  return nothingMoved;
}

/** What the drive answers with and without a disc. */
function driveCommands(tray: Tray): ScsiCommand[] {
  const state = (): Cd.DiscState => ({ blocks: tray.medium?.blocks });
  return [
    {
      opcode: Op.GET_CONFIGURATION,
      usage: usageOf(10, [1, 0x03], [2, 0xff], [3, 0xff], ...field(7, 2)),
      ignoresAttention: true,
      dataIn: (cdb) => be16(cdb, 7),
      run: (task) => {
        const wanted = (task.cdb[1] ?? 0) & 0x03;
        if (wanted === 3) return check(invalidFieldInCdb);
        return reply(task, Cd.getConfiguration(wanted, be16(task.cdb, 2), state()), be16(task.cdb, 7));
      },
    },
    {
      opcode: Op.GET_EVENT_STATUS_NOTIFICATION,
      usage: usageOf(10, [1, 0x01], [4, 0xff], ...field(7, 2)),
      ignoresAttention: true,
      dataIn: (cdb) => be16(cdb, 7),
      run: (task) => eventStatus(tray, task),
    },
    {
      opcode: Op.MECHANISM_STATUS,
      usage: usageOf(12, ...field(8, 2)),
      dataIn: (cdb) => be16(cdb, 8),
      run: (task) => reply(task, Cd.mechanismStatus(tray.open), be16(task.cdb, 8)),
    },
    // The drive is as fast as it is.
    { opcode: Op.SET_CD_SPEED, usage: usageOf(12, ...field(2, 4)), run: () => nothingMoved },
  ];
}

/** Asynchronous notification does not exist: only polling (MMC-6, 6.7.2.1). */
function eventStatus(tray: Tray, task: ScsiTask): TaskAnswer {
  const [, flags = 0, , , classes = 0] = task.cdb;
  if ((flags & 0x01) === 0) return check(invalidFieldInCdb);
  const allocation = be16(task.cdb, 7);
  if (!Cd.wantsMediaEvents(classes)) return reply(task, Cd.noEvents(), allocation);
  // An initiator that takes the header only has not heard of the event.
  const event = allocation > 4 ? tray.takeEvent() : 0;
  return reply(task, Cd.mediaEvent(event, tray.open, tray.inside !== undefined), allocation);
}

function discCommands(host: BlockHost): ScsiCommand[] {
  const long = (cdb: Uint8Array): number => be16(cdb, 7);
  return [
    {
      opcode: Op.READ_TOC,
      usage: usageOf(10, [1, 0x02], [2, 0x0f], [6, 0xff], ...field(7, 2), [9, 0xc0]),
      needsReady: true,
      dataIn: long,
      run: (task) => toc(host, task),
    },
    {
      opcode: Op.READ_DISC_INFORMATION,
      usage: usageOf(10, [1, 0x07], ...field(7, 2)),
      needsReady: true,
      dataIn: long,
      run: (task) => {
        if (((task.cdb[1] ?? 0) & 0x07) !== 0) return check(invalidFieldInCdb);
        return reply(task, Cd.discInformation(), long(task.cdb));
      },
    },
    {
      opcode: Op.READ_TRACK_INFORMATION,
      usage: usageOf(10, [1, 0x03], ...field(2, 4), ...field(7, 2)),
      needsReady: true,
      dataIn: long,
      run: (task) => trackInformation(host, task),
    },
    {
      opcode: Op.READ_DVD_STRUCTURE,
      usage: usageOf(12, [1, 0x0f], [7, 0xff], ...field(8, 2)),
      needsReady: true,
      dataIn: (cdb) => be16(cdb, 8),
      run: (task) => {
        const { blocks } = host.medium();
        if (!Cd.isDvd(blocks)) return check(illegalMode);
        const data = Cd.dvdStructure(task.cdb[7] ?? 0, blocks);
        return data === undefined ? check(invalidFieldInCdb) : reply(task, data, be16(task.cdb, 8));
      },
    },
    {
      opcode: Op.READ_CD,
      usage: usageOf(12, [1, 0x1c], ...field(2, 7), [9, 0xf8]),
      needsReady: true,
      dataIn: (cdb) => (wantsUserData(cdb) ? be24(cdb, 6) * Cd.CD_BLOCK : 0),
      run: (task) => readCd(host, task),
    },
  ];
}

/** Old drivers have the format in the control byte (MMC-6, 6.25.2.5). */
function toc(host: BlockHost, task: ScsiTask): TaskAnswer {
  const [, flags = 0, format = 0, , , , start = 0, , , control = 0] = task.cdb;
  const chosen = (format & 0x0f) === 0 ? control >> 6 : format & 0x0f;
  const data = readToc(chosen, start, (flags & 0x02) !== 0, host.medium().blocks);
  return data === undefined ? check(invalidFieldInCdb) : reply(task, data, be16(task.cdb, 7));
}

/** By block address, by track or by session: there is one of each. */
function trackInformation(host: BlockHost, task: ScsiTask): TaskAnswer {
  const { blocks } = host.medium();
  const address = be32(task.cdb, 2);
  const kind = (task.cdb[1] ?? 0) & 0x03;
  const exists = kind === 0 ? address < blocks : kind !== 3 && address === 1;
  return exists ? reply(task, Cd.trackInformation(blocks), be16(task.cdb, 7)) : check(invalidFieldInCdb);
}

/** Which parts of a sector READ CD wants: user data is 2048 bytes of a sector in mode 1. */
const PARTS = 0xf8;
const USER_DATA = 0x10;

function wantsUserData(cdb: Uint8Array): boolean {
  return ((cdb[9] ?? 0) & PARTS) === USER_DATA;
}

/** MMC-6, 6.19: of the parts of a sector we have the user data, and no subchannels. */
function readCd(host: BlockHost, task: ScsiTask): TaskAnswer {
  const [, flags = 0, , , , , , , , parts = 0, subchannel = 0] = task.cdb;
  if ((parts & PARTS) === 0) return nothingMoved;
  if (!wantsUserData(task.cdb) || (parts & 0x06) !== 0 || (subchannel & 0x07) !== 0) return check(invalidFieldInCdb);
  // Expected sector type: any, or mode 1.
  if (![0, 2].includes((flags >> 2) & 0x07)) return check(illegalMode);
  const medium = host.medium();
  const range = { lba: be32(task.cdb, 2), blocks: be24(task.cdb, 6) };
  if (!medium.contains(range)) return check({ ...blockOutOfRange, information: range.lba });
  return range.blocks > medium.maxBlocks ? check(invalidFieldInCdb) : readBlocks(host, task, range);
}

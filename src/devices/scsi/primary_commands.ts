// Commands of every device type (SPC-4, 6).

import { be16, be32, setBe16, setBe32 } from "./bytes";
import { cdbLength, field, type ScsiCommand, usageOf } from "./command";
import { PAGE_SUPPORTED, standardInquiry, vpdPage } from "./inquiry";
import type { ModeHeader } from "./mode_pages";
import * as Op from "./opcodes";
import { encodeSense, invalidFieldInCdb, noSense, reportedLunsChanged } from "./sense";
import { check, nothingMoved, parameters, reply, type ScsiTask, type TaskAnswer } from "./task";
import type { AnyUnit, UnitType } from "./unit_type";

const EVPD = 0x01;
const DESC = 0x01;
const DBD = 0x08;
const PAGE_FORMAT = 0x10;
const SAVE_PAGES = 0x01;
const SELF_TEST = 0x04;

export function primaryCommands(unit: AnyUnit, type: UnitType): ScsiCommand[] {
  return [
    { opcode: Op.TEST_UNIT_READY, usage: usageOf(6), needsReady: true, run: () => nothingMoved },
    {
      opcode: Op.REQUEST_SENSE,
      usage: usageOf(6, [1, DESC], [4, 0xff]),
      ignoresAttention: true,
      dataIn: (cdb) => cdb[4] ?? 0,
      run: (task) => requestSense(unit, task),
    },
    {
      opcode: Op.INQUIRY,
      usage: usageOf(6, [1, EVPD], ...field(2, 3)),
      ignoresAttention: true,
      dataIn: (cdb) => be16(cdb, 3),
      run: (task) => inquiry(unit, type, task),
    },
    {
      opcode: Op.REPORT_LUNS,
      usage: usageOf(12, ...field(2, 1), ...field(6, 4)),
      ignoresAttention: true,
      dataIn: (cdb) => be32(cdb, 6),
      run: (task) => {
        unit.dropAttention(reportedLunsChanged);
        return reportLuns(task, unit.luns());
      },
    },
    ...modeCommands(type),
    // With one initiator nobody else can hold a reservation.
    ...[Op.RESERVE_6, Op.RELEASE_6].map((opcode) => ({ opcode, usage: usageOf(6), run: () => nothingMoved })),
    ...[Op.RESERVE_10, Op.RELEASE_10].map((opcode) => ({ opcode, usage: usageOf(10), run: () => nothingMoved })),
    {
      opcode: Op.SEND_DIAGNOSTIC,
      usage: usageOf(6, [1, SELF_TEST]),
      // The default self-test passes; there are no diagnostic pages.
      run: ({ cdb }) => (((cdb[1] ?? 0) & SELF_TEST) === 0 ? check(invalidFieldInCdb) : nothingMoved),
    },
    {
      opcode: Op.MAINTENANCE_IN,
      action: Op.SA_REPORT_SUPPORTED_OPERATION_CODES,
      usage: usageOf(12, [1, 0x1f], [2, 0x07], ...field(3, 7)),
      dataIn: (cdb) => be32(cdb, 6),
      run: (task) => reportOperationCodes(unit, task),
    },
  ];
}

/** Sense data of a command comes with its status, so that only what is pending is left to tell (SPC-4, 6.37). */
function requestSense(unit: AnyUnit, task: ScsiTask): TaskAnswer {
  const format = ((task.cdb[1] ?? 0) & DESC) === 0 ? "fixed" : "descriptor";
  return reply(task, encodeSense(unit.takeAttention() ?? noSense, format), task.cdb[4] ?? 0);
}

function inquiry(unit: AnyUnit, type: UnitType, task: ScsiTask): TaskAnswer {
  const [, flags = 0, page = PAGE_SUPPORTED] = task.cdb;
  const allocation = be16(task.cdb, 3);
  if ((flags & EVPD) === 0) {
    return page === 0 ? reply(task, standardInquiry(unit.identity), allocation) : check(invalidFieldInCdb);
  }
  const data = vpdPage(unit.identity, type.pages, page);
  return data === undefined ? check(invalidFieldInCdb) : reply(task, data, allocation);
}

/** `luns`: all of the target, 8 bytes each. Select 1 asks for well-known units only, of which a target has none here. */
export function reportLuns(task: ScsiTask, luns: Uint8Array): TaskAnswer {
  const [, , select = 0] = task.cdb;
  if (select > 2) return check(invalidFieldInCdb);
  const listed = select === 1 ? new Uint8Array(0) : luns;
  const data = new Uint8Array(8 + listed.length);
  setBe32(data, 0, listed.length);
  data.set(listed, 8);
  return reply(task, data, be32(task.cdb, 6));
}

function modeCommands(type: UnitType): ScsiCommand[] {
  const sense = (header: ModeHeader, opcode: number, allocation: (cdb: Uint8Array) => number): ScsiCommand => ({
    opcode,
    usage:
      header === 6 ? usageOf(6, [1, DBD], ...field(2, 3)) : usageOf(10, [1, DBD], [2, 0xff], [3, 0xff], ...field(7, 2)),
    dataIn: allocation,
    run: (task) => modeSense(type, task, header, allocation(task.cdb)),
  });
  const select = (header: ModeHeader, opcode: number, length: (cdb: Uint8Array) => number): ScsiCommand => ({
    opcode,
    usage: header === 6 ? usageOf(6, [1, PAGE_FORMAT], [4, 0xff]) : usageOf(10, [1, PAGE_FORMAT], ...field(7, 2)),
    dataOut: length,
    run: (task) => modeSelect(type, task, header, length(task.cdb)),
  });
  const short = (cdb: Uint8Array): number => cdb[4] ?? 0;
  const long = (cdb: Uint8Array): number => be16(cdb, 7);
  return [
    sense(6, Op.MODE_SENSE_6, short),
    sense(10, Op.MODE_SENSE_10, long),
    select(6, Op.MODE_SELECT_6, short),
    select(10, Op.MODE_SELECT_10, long),
  ];
}

function modeSense(type: UnitType, task: ScsiTask, header: ModeHeader, allocation: number): TaskAnswer {
  const [, flags = 0, code = 0, subpage = 0] = task.cdb;
  const data = type.modes.sense({
    header,
    control: code >> 6,
    page: code & 0x3f,
    subpage,
    specific: type.modeSpecific(),
    block: (flags & DBD) === 0 ? type.blockDescriptor() : new Uint8Array(0),
  });
  return data instanceof Uint8Array ? reply(task, data, allocation) : check(data);
}

function modeSelect(type: UnitType, task: ScsiTask, header: ModeHeader, length: number): TaskAnswer {
  const [, flags = 0] = task.cdb;
  if ((flags & PAGE_FORMAT) === 0 || (flags & SAVE_PAGES) !== 0) return check(invalidFieldInCdb);
  const refused = type.modes.select(parameters(task, length), header, type.blockDescriptor());
  return refused === undefined ? { ...nothingMoved, transferred: length } : check(refused);
}

const SUPPORTED = 0x03;
const NOT_SUPPORTED = 0x01;
const SERVACTV = 0x01;

/** SPC-4, 6.33. Command timeouts are not told. */
function reportOperationCodes(unit: AnyUnit, task: ScsiTask): TaskAnswer {
  const [, , options = 0, opcode = 0] = task.cdb;
  const action = be16(task.cdb, 4);
  const allocation = be32(task.cdb, 6);
  const { commands } = unit;
  const rows = commands.filter((command) => command.opcode === opcode);
  const hasActions = rows.some((command) => command.action !== undefined);
  switch (options & 0x07) {
    case 0:
      return reply(task, allOperationCodes(commands), allocation);
    case 1:
      if (hasActions) return check(invalidFieldInCdb);
      return reply(task, oneOperationCode(rows[0]), allocation);
    case 2:
      if (rows.length > 0 && !hasActions) return check(invalidFieldInCdb);
      return reply(task, oneOperationCode(rows.find((command) => command.action === action)), allocation);
    case 3:
      return reply(task, oneOperationCode(rows.find((command) => (command.action ?? 0) === action)), allocation);
    default:
      return check(invalidFieldInCdb);
  }
}

function allOperationCodes(commands: readonly ScsiCommand[]): Uint8Array {
  const data = new Uint8Array(4 + commands.length * 8);
  setBe32(data, 0, commands.length * 8);
  for (const [i, command] of commands.entries()) {
    const at = 4 + i * 8;
    data[at] = command.opcode;
    setBe16(data, at + 2, command.action ?? 0);
    data[at + 5] = command.action === undefined ? 0 : SERVACTV;
    setBe16(data, at + 6, cdbLength(command));
  }
  return data;
}

function oneOperationCode(command: ScsiCommand | undefined): Uint8Array {
  if (command === undefined) return Uint8Array.of(0, NOT_SUPPORTED, 0, 0);
  const length = cdbLength(command);
  const [flags = 0, ...rest] = command.usage;
  const first = command.action === undefined ? flags : (flags & 0xe0) | command.action;
  return Uint8Array.of(0, SUPPORTED, length >> 8, length & 0xff, command.opcode, first, ...rest);
}

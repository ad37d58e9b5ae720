// Targets and their logical units as an initiator sees them: addresses, REPORT LUNS, and what answers where nothing
// is (SPC-4, 6.35 and SAM-5, 4.7).

import { be16, be32 } from "./bytes";
import { placeholderInquiry } from "./inquiry";
import * as Op from "./opcodes";
import { reportLuns } from "./primary_commands";
import { encodeSense, invalidFieldInCdb, noSense, reportedLunsChanged, type Sense, unitNotSupported } from "./sense";
import { check, nothingMoved, overrun, reply, type ScsiTask, type TaskAnswer } from "./task";
import type { LogicalUnit } from "./unit";

export const MAX_TARGET = 255;
/** Flat addressing has 14 bits; QEMU's controllers have as many. */
export const MAX_LUN = 16383;

export interface UnitAddress {
  readonly target: number;
  readonly lun: number;
}

/** What the port of the bus does with changes. */
export interface BusListener {
  added(address: UnitAddress): void;
  removed(address: UnitAddress, unit: LogicalUnit): void;
  changed(address: UnitAddress, sense: Sense): void;
}

type Target = Map<number, LogicalUnit>;

export class ScsiBus {
  readonly #targets = new Map<number, Target>();
  #listener: BusListener | undefined;

  listen(listener: BusListener): void {
    this.#listener = listener;
  }

  hasTarget(target: number): boolean {
    return this.#targets.has(target);
  }

  unitAt({ target, lun }: UnitAddress): LogicalUnit | undefined {
    return this.#targets.get(target)?.get(lun);
  }

  /** Every unit of a target, or of all. */
  units(target?: number): LogicalUnit[] {
    const targets = target === undefined ? [...this.#targets.values()] : [this.#targets.get(target) ?? new Map()];
    return targets.flatMap((units) => [...units.values()]);
  }

  /** The first target that has no units. */
  freeTarget(): number | undefined {
    for (let target = 0; target <= MAX_TARGET; target++) if (!this.#targets.has(target)) return target;
    return undefined;
  }

  /** False: the address is taken, or there is no such address. */
  add(address: UnitAddress, unit: LogicalUnit): boolean {
    const { target, lun } = address;
    if (target > MAX_TARGET || lun > MAX_LUN || this.unitAt(address) !== undefined) return false;
    const units = this.#targets.get(target) ?? new Map<number, LogicalUnit>();
    this.#lunsChanged(units);
    units.set(lun, unit);
    this.#targets.set(target, units);
    unit.luns = () => encodeLuns(units);
    unit.changed = (sense) => this.#listener?.changed(address, sense);
    this.#listener?.added(address);
    return true;
  }

  /** The unit that was there, if any. Its tasks are the listener's affair. */
  remove(address: UnitAddress): LogicalUnit | undefined {
    const units = this.#targets.get(address.target);
    const unit = units?.get(address.lun);
    if (units === undefined || unit === undefined) return undefined;
    units.delete(address.lun);
    if (units.size === 0) this.#targets.delete(address.target);
    this.#lunsChanged(units);
    unit.changed = () => undefined;
    this.#listener?.removed(address, unit);
    return unit;
  }

  /** Undefined: there is no such target. */
  execute(address: UnitAddress, task: ScsiTask): TaskAnswer | undefined {
    const units = this.#targets.get(address.target);
    if (units === undefined) return undefined;
    const unit = units.get(address.lun);
    return unit === undefined ? executeElsewhere(task, "absent", encodeLuns(units)) : unit.execute(task);
  }

  /** A command for the well-known logical unit that knows all targets; `luns`: what it reports. */
  executeWellKnown(task: ScsiTask, luns: Uint8Array): TaskAnswer {
    return executeElsewhere(task, "well-known", luns);
  }

  /** All addresses, ascending. */
  addresses(): UnitAddress[] {
    return [...this.#targets]
      .flatMap(([target, units]) => [...units.keys()].map((lun) => ({ target, lun })))
      .sort((a, b) => a.target - b.target || a.lun - b.lun);
  }

  /** SPC-4, 6.35.1: told by the target's other units. */
  #lunsChanged(units: Target): void {
    for (const unit of units.values()) unit.attention(reportedLunsChanged);
  }
}

/** A logical unit number as REPORT LUNS has it: peripheral addressing below 256, flat above (SAM-5, 4.7.7). */
export function encodeLun(bytes: Uint8Array, at: number, lun: number): void {
  bytes[at] = lun < 256 ? 0 : 0x40 | (lun >> 8);
  bytes[at + 1] = lun;
}

function encodeLuns(units: Target): Uint8Array {
  const luns = [...units.keys()].sort((a, b) => a - b);
  const bytes = new Uint8Array(luns.length * 8);
  for (const [i, lun] of luns.entries()) encodeLun(bytes, i * 8, lun);
  return bytes;
}

/** What a target says of a unit that it does not have, and a well-known unit of itself (SPC-4, 6.6.1 and 6.37). */
function executeElsewhere(task: ScsiTask, kind: "absent" | "well-known", luns: Uint8Array): TaskAnswer {
  const { cdb } = task;
  const room = (bytes: number): boolean => bytes <= task.dataIn.length;
  const state = kind === "absent" ? unitNotSupported : noSense;
  switch (cdb[0]) {
    case Op.TEST_UNIT_READY:
      return kind === "absent" ? check(state) : nothingMoved;
    case Op.INQUIRY:
      if (!room(be16(cdb, 3))) return overrun;
      if (cdb[1] !== 0 || cdb[2] !== 0) return check(invalidFieldInCdb);
      return reply(task, placeholderInquiry(kind), be16(cdb, 3));
    case Op.REPORT_LUNS:
      return room(be32(cdb, 6)) ? reportLuns(task, luns) : overrun;
    case Op.REQUEST_SENSE: {
      if (!room(cdb[4] ?? 0)) return overrun;
      const format = ((cdb[1] ?? 0) & 1) === 0 ? "fixed" : "descriptor";
      return reply(task, encodeSense(state, format), cdb[4] ?? 0);
    }
    default:
      return check(unitNotSupported);
  }
}

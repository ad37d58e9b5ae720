// A logical unit: takes commands, one table row each, and keeps what belongs to all device types: identity, unit
// attentions, mode pages (SAM-5, 4.7). The device types are disk.ts and cdrom.ts.

import { cdbLength, type ScsiCommand } from "./command";
import { newUnitCounters } from "./counters";
import type { UnitIdentity } from "./inquiry";
import { PAGE_CONTROL, CONTROL_D_SENSE } from "./pages";
import { primaryCommands } from "./primary_commands";
import {
  capacityChanged,
  invalidFieldInCdb,
  invalidOpcode,
  powerOn,
  sameSense,
  type Sense,
  type SenseFormat,
} from "./sense";
import { check, overrun, type ScsiTask, STATUS_CHECK_CONDITION, type TaskAnswer, type TaskResult } from "./task";
import type { AnyUnit, UnitType } from "./unit_type";

/** Auto contingent allegiance, which we do not have (SAM-5, 5.2). */
const NACA = 0x04;

export class LogicalUnit implements AnyUnit {
  readonly identity: UnitIdentity;
  readonly counters = newUnitCounters();
  /** LUNs of the target, as REPORT LUNS gives them; set by the target. */
  luns: () => Uint8Array = () => new Uint8Array(8);
  /** Told of changes that a port may announce by an event. */
  changed: (sense: Sense) => void = () => undefined;
  readonly #type: UnitType;
  readonly #commands = new Map<number, ScsiCommand[]>();
  /** Pending, in the order in which they are told. */
  #attentions: Sense[] = [powerOn];

  constructor(identity: UnitIdentity, makeType: (unit: LogicalUnit) => UnitType) {
    this.identity = identity;
    this.#type = makeType(this);
    for (const command of [...primaryCommands(this, this.#type), ...this.#type.commands]) {
      this.#commands.set(command.opcode, [...(this.#commands.get(command.opcode) ?? []), command]);
    }
  }

  /** Ascending by operation code and service action. */
  get commands(): ScsiCommand[] {
    const all = [...this.#commands.values()].flat();
    return all.sort((a, b) => a.opcode - b.opcode || (a.action ?? 0) - (b.action ?? 0));
  }

  get senseFormat(): SenseFormat {
    const descriptors = (this.#type.modes.byte(PAGE_CONTROL, 2) & CONTROL_D_SENSE) !== 0;
    return descriptors ? "descriptor" : "fixed";
  }

  execute(task: ScsiTask): TaskAnswer {
    this.counters.commands++;
    const answer = this.#start(task);
    if (answer instanceof Promise) return answer.then((result) => this.#count(result));
    return this.#count(answer);
  }

  /** Tells the initiator of something with its next command; once, however often it happens. */
  attention(sense: Sense): void {
    if (!this.#attentions.some((pending) => sameSense(pending, sense))) this.#attentions.push(sense);
  }

  /** The attention that is told now, if any. */
  takeAttention(): Sense | undefined {
    return this.#attentions.shift();
  }

  dropAttention(sense: Sense): void {
    this.#attentions = this.#attentions.filter((pending) => !sameSense(pending, sense));
  }

  /** The back end has another size than before (SBC-3, 4.5.1). */
  capacityChanged(): void {
    this.attention(capacityChanged);
    this.changed(capacityChanged);
  }

  /** A reset makes all earlier attentions pointless (SAM-5, 5.14.4). */
  reset(reason: Sense = powerOn): void {
    this.#type.modes.reset();
    this.#type.reset();
    this.#attentions = [reason];
  }

  #start(task: ScsiTask): TaskAnswer {
    const { cdb } = task;
    const rows = this.#commands.get(cdb[0] ?? 0);
    const command = rows?.find(({ action }) => action === undefined || action === ((cdb[1] ?? 0) & 0x1f));
    if (command?.ignoresAttention !== true) {
      const attention = this.takeAttention();
      if (attention !== undefined) return check(attention);
    }
    if (rows === undefined) return check(invalidOpcode);
    if (command === undefined) return check(invalidFieldInCdb);
    if (((cdb[cdbLength(command) - 1] ?? 0) & NACA) !== 0) return check(invalidFieldInCdb);
    if ((command.dataIn?.(cdb) ?? 0) > task.dataIn.length) return overrun;
    if ((command.dataOut?.(cdb) ?? 0) > task.dataOut.length) return overrun;
    const notReady = command.needsReady === true ? this.#type.notReady() : undefined;
    return notReady === undefined ? command.run(task) : check(notReady);
  }

  #count(result: TaskResult): TaskResult {
    if (result.status === STATUS_CHECK_CONDITION) this.counters.checkConditions++;
    return result;
  }
}

// A command on its way through a target: what the initiator's port gives, and what it gets back (SAM-5, 5.1).

import type { CancelToken, DiskAnswer, DiskOutcome, View } from "../../backends/disk/types";
import { gather, scatter } from "./bytes";
import { noSpace, readError, type Sense, writeError, writeProtected, invalidOpcode } from "./sense";

export const STATUS_GOOD = 0x00;
export const STATUS_CHECK_CONDITION = 0x02;

/** Longest CDB that we look at; what is shorter is filled up with zeroes. */
export const CDB_BYTES = 32;

/** Data-in or data-out buffer of the initiator. */
export interface DataBuffer {
  readonly length: number;
  /**
   * Views of [from, from + length), cut off at the end. To be asked for before the first wait: they stay good
   * afterwards, but the buffer does not.
   */
  views(from: number, length: number): View[];
}

export interface ScsiTask {
  /** A copy of CDB_BYTES bytes. */
  readonly cdb: Uint8Array;
  readonly dataIn: DataBuffer;
  readonly dataOut: DataBuffer;
  /** The task was aborted: its buffers must not be written any more. */
  readonly token: CancelToken;
}

export interface TaskResult {
  readonly status: number;
  /** With CHECK CONDITION. */
  readonly sense?: Sense;
  /** Bytes moved, in whatever direction. */
  readonly transferred: number;
  /** The command asks for more bytes than the initiator's buffer has: nothing was done. */
  readonly overrun?: boolean;
}

/** Promises never reject: trouble is a status. */
export type TaskAnswer = TaskResult | Promise<TaskResult>;

export const nothingMoved: TaskResult = { status: STATUS_GOOD, transferred: 0 };
export const overrun: TaskResult = { status: STATUS_GOOD, transferred: 0, overrun: true };

export function good(transferred: number): TaskResult {
  return { status: STATUS_GOOD, transferred };
}

export function check(sense: Sense): TaskResult {
  return { status: STATUS_CHECK_CONDITION, sense, transferred: 0 };
}

/** Data for the initiator, cut off at the CDB's allocation length (SPC-4, 4.2.5.6). */
export function reply(task: ScsiTask, data: Uint8Array, allocation: number): TaskResult {
  const length = Math.min(data.length, allocation);
  return good(scatter(task.dataIn.views(0, length), data.subarray(0, length)));
}

/** A copy of a parameter list; the caller's table row has checked that the buffer holds so much. */
export function parameters(task: ScsiTask, length: number): Uint8Array {
  return gather(task.dataOut.views(0, length));
}

/** Goes on with an outcome when it is there: in this turn if it is there already. */
export function after(answer: DiskAnswer, finish: (outcome: DiskOutcome) => TaskAnswer): TaskAnswer {
  return typeof answer === "string" ? finish(answer) : answer.then(finish);
}

/** What a back end's answer is to the initiator. */
export function ended(outcome: DiskOutcome, direction: "read" | "write", transferred: number): TaskResult {
  switch (outcome) {
    case "ok":
      return good(transferred);
    case "io-error":
      return check(direction === "read" ? readError : writeError);
    case "read-only":
      return check(writeProtected);
    case "no-space":
      return check(noSpace);
    case "unsupported":
      return check(invalidOpcode);
  }
}

/** Does the steps one after the other until one fails. */
export function inTurn<T>(steps: readonly T[], step: (item: T) => DiskAnswer, from = 0): DiskAnswer {
  for (let i = from; i < steps.length; i++) {
    const answer = step(steps[i] as T);
    if (typeof answer !== "string") {
      return answer.then((outcome) => (outcome === "ok" ? inTurn(steps, step, i + 1) : outcome));
    }
    if (answer !== "ok") return answer;
  }
  return "ok";
}

// A row of a device type's command table: one for each operation code and service action.

import type { ScsiTask, TaskAnswer } from "./task";

export interface ScsiCommand {
  readonly opcode: number;
  /** In the low five bits of byte 1, for operation codes that have service actions. */
  readonly action?: number;
  /**
   * The CDB's usage data after its first byte: bits that mean something to us (SPC-4, 6.33.3). Its length is the
   * CDB's.
   */
  readonly usage: readonly number[];
  /** Done although a unit attention is pending, which stays (SAM-5, 5.14.1). */
  readonly ignoresAttention?: boolean;
  /** Fails while the unit is not ready. */
  readonly needsReady?: boolean;
  /** Bytes that the command moves at most. */
  readonly dataIn?: (cdb: Uint8Array) => number;
  readonly dataOut?: (cdb: Uint8Array) => number;
  readonly run: (task: ScsiTask) => TaskAnswer;
}

/** NORMACA and LINK stay zero (SAM-5, 5.2). */
const CONTROL = 0x00;

/** Usage data of a CDB of which only some bytes mean something: [byte, mask] pairs. */
export function usageOf(length: number, ...bytes: readonly (readonly [at: number, mask: number])[]): number[] {
  const usage = Array<number>(length - 1).fill(0);
  for (const [at, mask] of bytes) usage[at - 1] = mask;
  usage[length - 2] = CONTROL;
  return usage;
}

/** [byte, 0xff] for each of a field's bytes. */
export function field(at: number, length: number): [number, number][] {
  return Array.from({ length }, (_, i) => [at + i, 0xff]);
}

export function cdbLength(command: ScsiCommand): number {
  return command.usage.length + 1;
}

// The other end of a SCSI bus, for tests: sends commands to a unit and unpacks what comes back.

import { encodeSense, type Sense } from "../sense";
import { CDB_BYTES, type ScsiTask, type TaskAnswer, type TaskResult } from "../task";

export interface Reply {
  readonly status: number;
  /** "key/asc/ascq" in hex, as dmesg and sg3-utils write it. */
  readonly sense: string;
  readonly information: number | undefined;
  readonly data: Uint8Array;
  readonly transferred: number;
  readonly overrun: boolean;
}

type Execute = (task: ScsiTask) => TaskAnswer | undefined;

export interface Buffers {
  /** Length of the data-in buffer; it is given in two views. */
  readonly in?: number;
  readonly out?: Uint8Array;
  readonly token?: { cancelled: boolean };
}

export class Initiator {
  readonly #execute: Execute;

  constructor(execute: Execute) {
    this.#execute = execute;
  }

  /** The reply of a command that is answered at once. */
  now(cdb: readonly number[], buffers: Buffers = {}): Reply {
    const { answer, data } = this.#start(cdb, buffers);
    if (answer === undefined || answer instanceof Promise) throw new Error("no answer yet");
    return unpack(answer, data);
  }

  async later(cdb: readonly number[], buffers: Buffers = {}): Promise<Reply> {
    const { answer, data } = this.#start(cdb, buffers);
    if (answer === undefined) throw new Error("no answer");
    return unpack(await answer, data);
  }

  /** Tells away what is pending after power-on. */
  clear(): void {
    for (let i = 0; i < 8 && this.now([0, 0, 0, 0, 0, 0]).sense.startsWith("6/"); i++);
  }

  #start(cdb: readonly number[], buffers: Buffers): { answer: TaskAnswer | undefined; data: Uint8Array } {
    const data = new Uint8Array(buffers.in ?? 0);
    const bytes = new Uint8Array(CDB_BYTES);
    bytes.set(cdb);
    const answer = this.#execute({
      cdb: bytes,
      dataIn: splitBuffer(data),
      dataOut: splitBuffer(buffers.out ?? new Uint8Array(0)),
      token: buffers.token ?? { cancelled: false },
    });
    return { answer, data };
  }
}

/** A buffer in two views that meet at an odd place. */
function splitBuffer(data: Uint8Array): ScsiTask["dataIn"] {
  const seam = Math.floor(data.length / 3);
  return {
    length: data.length,
    views: (from, length) => {
      const end = Math.min(from + length, data.length);
      const parts = [data.subarray(from, Math.min(end, seam)), data.subarray(Math.max(from, seam), end)];
      return parts.filter((part) => part.length > 0);
    },
  };
}

function unpack(result: TaskResult, data: Uint8Array): Reply {
  return {
    status: result.status,
    sense: result.sense === undefined ? "" : senseText(result.sense),
    information: result.sense?.information,
    data: data.subarray(0, result.transferred),
    transferred: result.transferred,
    overrun: result.overrun === true,
  };
}

function senseText(sense: Sense): string {
  const bytes = encodeSense(sense, "fixed");
  return [bytes[2], bytes[12], bytes[13]].map((byte) => (byte ?? 0).toString(16)).join("/");
}

/** A number as big-endian bytes, for CDBs. */
export function be(value: number, length: number): number[] {
  return Array.from({ length }, (_, i) => Math.floor(value / 256 ** (length - 1 - i)) % 256);
}

// Requests of virtio-scsi's queues, from bytes that were copied out of guest memory (VIRTIO 1.2, 5.6.6). Pure.

import { encodeLun, type UnitAddress } from "../../scsi/bus";
import { encodeSense, type SenseFormat } from "../../scsi/sense";
import { CDB_BYTES, type TaskResult } from "../../scsi/task";
import { EVENT_SIZE, LARGEST_CDB_SIZE } from "./config";

/** Before the CDB of a command. */
export const COMMAND_HEADER = 19;
export const MAX_COMMAND = COMMAND_HEADER + LARGEST_CDB_SIZE;
/** Before the sense data of a response. */
export const RESPONSE_HEADER = 12;

export const S_OK = 0;
export const S_OVERRUN = 1;
export const S_ABORTED = 2;
export const S_BAD_TARGET = 3;
export const S_RESET = 4;
export const S_FAILURE = 9;
export const S_FUNCTION_SUCCEEDED = 10;
export const S_FUNCTION_REJECTED = 11;
export const S_INCORRECT_LUN = 12;

/** What the eight bytes of a LUN field mean (5.6.6.1). */
export type LunField =
  | ({ readonly kind: "unit" } & UnitAddress)
  /** REPORT LUNS for the whole device. */
  | { readonly kind: "well-known" }
  | { readonly kind: "nowhere" };

export function parseLun(bytes: Uint8Array, at: number): LunField {
  const [first, target = 0, high = 0, low = 0, ...rest] = bytes.subarray(at, at + 8);
  if (rest.some((byte) => byte !== 0)) return { kind: "nowhere" };
  if (first === 0xc1 && target === 0x01 && high === 0 && low === 0) return { kind: "well-known" };
  // Single level: peripheral addressing on bus 0, or flat addressing (SAM-5, 4.7.7).
  if (first !== 1 || (high !== 0 && high >> 6 !== 1)) return { kind: "nowhere" };
  return { kind: "unit", target, lun: ((high & 0x3f) << 8) | low };
}

function putLun(bytes: Uint8Array, at: number, { target, lun }: UnitAddress): void {
  bytes.set([1, target], at);
  encodeLun(bytes, at + 2, lun);
}

/** All addresses of the device, as REPORT LUNS lists them. */
export function deviceLuns(addresses: readonly UnitAddress[]): Uint8Array {
  const bytes = new Uint8Array(addresses.length * 8);
  for (const [i, address] of addresses.entries()) putLun(bytes, i * 8, address);
  return bytes;
}

export interface CommandRequest {
  readonly lun: LunField;
  readonly id: bigint;
  /** CDB_BYTES bytes; what the driver's CDBs are longer by means nothing to any command. */
  readonly cdb: Uint8Array;
}

/** `bytes`: the header and the CDB. Task attribute, priority and CRN change nothing: tasks are simple. */
export function parseCommand(bytes: Uint8Array): CommandRequest {
  const cdb = new Uint8Array(CDB_BYTES);
  cdb.set(bytes.subarray(COMMAND_HEADER, COMMAND_HEADER + CDB_BYTES));
  return { lun: parseLun(bytes, 0), id: idAt(bytes, 8), cdb };
}

function idAt(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at, true);
}

/** A response without sense data. */
export function encodeFailure(senseSize: number, response: number): Uint8Array {
  const bytes = new Uint8Array(RESPONSE_HEADER + senseSize);
  bytes[11] = response;
  return bytes;
}

/** `buffer`: bytes of the driver's data buffer, so that it knows what is left of it. */
export function encodeResponse(senseSize: number, result: TaskResult, format: SenseFormat, buffer: number): Uint8Array {
  const bytes = encodeFailure(senseSize, result.overrun === true ? S_OVERRUN : S_OK);
  const view = new DataView(bytes.buffer);
  const sense = result.sense === undefined ? new Uint8Array(0) : encodeSense(result.sense, format);
  const told = sense.subarray(0, senseSize);
  view.setUint32(0, told.length, true);
  view.setUint32(4, buffer - result.transferred, true);
  bytes[10] = result.status;
  bytes.set(told, RESPONSE_HEADER);
  return bytes;
}

const T_TMF = 0;
const T_AN_QUERY = 1;
const T_AN_SUBSCRIBE = 2;

/** Type and the longest of the control requests. */
export const CONTROL_TYPE_SIZE = 4;
export const MAX_CONTROL = 24;
const AN_SIZE = 16;

export type TmfName =
  | "abort-task"
  | "abort-task-set"
  | "clear-aca"
  | "clear-task-set"
  | "nexus-reset"
  | "unit-reset"
  | "query-task"
  | "query-task-set";

const tmfNames: readonly TmfName[] = [
  "abort-task",
  "abort-task-set",
  "clear-aca",
  "clear-task-set",
  "nexus-reset",
  "unit-reset",
  "query-task",
  "query-task-set",
];

export type ControlRequest =
  | { readonly kind: "tmf"; readonly name: TmfName | undefined; readonly lun: LunField; readonly id: bigint }
  /** Asynchronous notification, query or subscribe. */
  | { readonly kind: "notification"; readonly lun: LunField }
  | { readonly kind: "unknown" };

/** Undefined: too short for what it says it is. */
export function parseControl(bytes: Uint8Array): ControlRequest | undefined {
  if (bytes.length < CONTROL_TYPE_SIZE) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (view.getUint32(0, true)) {
    case T_TMF:
      if (bytes.length < MAX_CONTROL) return undefined;
      return { kind: "tmf", name: tmfNames[view.getUint32(4, true)], lun: parseLun(bytes, 8), id: idAt(bytes, 16) };
    case T_AN_QUERY:
    case T_AN_SUBSCRIBE:
      return bytes.length < AN_SIZE ? undefined : { kind: "notification", lun: parseLun(bytes, 4) };
    default:
      return { kind: "unknown" };
  }
}

/** Bytes of the response; the last one is the response code. */
export function controlResponseSize(request: ControlRequest): number {
  return request.kind === "notification" ? 5 : 1;
}

/** Bit of every event: earlier ones were lost. */
const EVENTS_MISSED = 0x80000000;
const T_NO_EVENT = 0;
const T_TRANSPORT_RESET = 1;
const T_PARAM_CHANGE = 3;
const RESET_RESCAN = 1;
const RESET_REMOVED = 2;

export type ScsiEvent =
  | { readonly kind: "missed" }
  | { readonly kind: "added" | "removed"; readonly address: UnitAddress }
  /** A parameter changed: the sense data that a unit attention would have. */
  | { readonly kind: "changed"; readonly address: UnitAddress; readonly asc: number; readonly ascq: number };

export function encodeEvent(event: ScsiEvent, missed: boolean): Uint8Array {
  const bytes = new Uint8Array(EVENT_SIZE);
  const view = new DataView(bytes.buffer);
  const put = (type: number, reason: number): void => {
    view.setUint32(0, (type | (missed ? EVENTS_MISSED : 0)) >>> 0, true);
    view.setUint32(12, reason, true);
  };
  if (event.kind === "missed") {
    put(T_NO_EVENT, 0);
    return bytes;
  }
  putLun(bytes, 4, event.address);
  if (event.kind === "changed") put(T_PARAM_CHANGE, event.asc | (event.ascq << 8));
  else put(T_TRANSPORT_RESET, event.kind === "added" ? RESET_RESCAN : RESET_REMOVED);
  return bytes;
}

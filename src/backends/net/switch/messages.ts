// What the members of a switch tell each other: through a MessagePort in one tab, through a BroadcastChannel between
// tabs. Members in other tabs may run another version of this program: nothing is believed.

import { ETHERNET_HEADER, MAX_FRAME } from "../../../shared/net/ethernet";
import type { Frame, Offload, Segmentation } from "../types";

export type SwitchMessage =
  | { readonly kind: "frames"; readonly frames: readonly Frame[] }
  /** So many bytes of frames have found their place: there is room for as many. */
  | { readonly kind: "taken"; readonly bytes: number };

/** On a BroadcastChannel, which everybody hears. */
export interface Envelope {
  readonly from: string;
  /** The tab of the sender. Members in one tab have a faster way and do not listen to each other here. */
  readonly page: string;
  /** Left out: for all. */
  readonly to?: string;
  readonly message: SwitchMessage | { readonly kind: "hello" } | { readonly kind: "bye" };
}

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function isOffset(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffff;
}

export function readEnvelope(data: unknown): Envelope | undefined {
  if (!isFields(data) || typeof data.from !== "string" || typeof data.page !== "string") return undefined;
  if (data.to !== undefined && typeof data.to !== "string") return undefined;
  const { from, page, to } = data;
  const message = isFields(data.message) ? readAny(data.message) : undefined;
  return message === undefined ? undefined : { from, page, message, ...(to === undefined ? {} : { to }) };
}

function readAny(message: Fields): Envelope["message"] | undefined {
  return message.kind === "hello" || message.kind === "bye" ? { kind: message.kind } : readMessage(message);
}

export function readMessage(data: unknown): SwitchMessage | undefined {
  if (!isFields(data)) return undefined;
  if (data.kind === "taken") {
    return typeof data.bytes === "number" && data.bytes >= 0 ? { kind: "taken", bytes: data.bytes } : undefined;
  }
  if (data.kind !== "frames" || !Array.isArray(data.frames)) return undefined;
  const frames = data.frames.flatMap((frame: unknown) => readFrame(frame) ?? []);
  return { kind: "frames", frames };
}

function readFrame(data: unknown): Frame | undefined {
  if (!isFields(data) || !(data.bytes instanceof Uint8Array) || !(data.bytes.buffer instanceof ArrayBuffer))
    return undefined;
  const bytes = data.bytes as Uint8Array<ArrayBuffer>;
  if (bytes.length < ETHERNET_HEADER || bytes.length > MAX_FRAME) return undefined;
  if (data.offload === undefined) return { bytes };
  const offload = readOffload(data.offload, bytes.length);
  return offload === undefined ? undefined : { bytes, offload };
}

function readOffload(data: unknown, length: number): Offload | undefined {
  if (!isFields(data) || !isOffset(data.checksumStart) || !isOffset(data.checksumOffset)) return undefined;
  const { checksumStart, checksumOffset } = data;
  if (checksumStart + checksumOffset + 2 > length) return undefined;
  if (data.segmentation === undefined) return { checksumStart, checksumOffset };
  const segmentation = readSegmentation(data.segmentation);
  return segmentation === undefined ? undefined : { checksumStart, checksumOffset, segmentation };
}

function readSegmentation(data: unknown): Segmentation | undefined {
  if (!isFields(data) || !isOffset(data.size) || data.size === 0) return undefined;
  if (data.protocol !== "tcp4" && data.protocol !== "tcp6") return undefined;
  return { protocol: data.protocol, size: data.size, ecn: data.ecn === true };
}

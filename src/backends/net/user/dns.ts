// The name server (RFC 1035): A for every name that can exist, PTR back, nothing of other types.

import { formatIpv4, parseIpv4 } from "../../../shared/net/addresses";
import type { NetworkPlan } from "../../../shared/net/user_plan";
import type { Names } from "./names";

export const DNS_SERVER = 53;

const HEADER = 12;
const RESPONSE = 0x8000;
const RECURSION_DESIRED = 0x0100;
const RECURSION_AVAILABLE = 0x0080;
const OPCODE = 0x7800;
const NO_ERROR = 0;
const FORMAT_ERROR = 1;
const NO_NAME = 3;
const NOT_IMPLEMENTED = 4;
const REFUSED = 5;
const TYPE_A = 1;
const TYPE_PTR = 12;
const CLASS_IN = 1;
const MAX_NAME = 253;
const MAX_LABEL = 63;
const TTL_SECONDS = 60;
/** The name in the question, seen from an answer. */
const POINTER_TO_QUESTION = 0xc000 + HEADER;

const REVERSE = ".in-addr.arpa";
/** Names that mean something only in one's own network, or nowhere (RFC 6761, 6762, 8375). */
const privateEndings: readonly string[] = [
  "arpa",
  "local",
  "localhost",
  "internal",
  "home",
  "lan",
  "invalid",
  "test",
  "onion",
];

interface Question {
  readonly name: string;
  readonly type: number;
  readonly kind: number;
  /** Where it ends. */
  readonly end: number;
}

interface Answer {
  readonly code: number;
  /** Data of the one record, if there is one. */
  readonly record?: Uint8Array;
}

/** The answer to a query; undefined if it was none. */
export function answerQuery(
  query: Uint8Array<ArrayBuffer>,
  plan: NetworkPlan,
  names: Names,
): Uint8Array<ArrayBuffer> | undefined {
  if (query.length < HEADER) return undefined;
  const view = new DataView(query.buffer, query.byteOffset, query.byteLength);
  const flags = view.getUint16(2);
  if ((flags & RESPONSE) !== 0) return undefined;
  const question = view.getUint16(4) === 1 ? readQuestion(query) : undefined;
  if ((flags & OPCODE) !== 0) return respond(query, flags, undefined, { code: NOT_IMPLEMENTED });
  if (question === undefined) return respond(query, flags, undefined, { code: FORMAT_ERROR });
  return respond(query, flags, question, resolve(question, plan, names));
}

function readQuestion(query: Uint8Array): Question | undefined {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = 0; at < query.length; at += 1 + length) {
    length = query[at] ?? 0;
    if (length === 0) break;
    // A pointer has nothing before it to point to.
    if (length > MAX_LABEL || at + 1 + length > query.length) return undefined;
    labels.push(String.fromCharCode(...query.subarray(at + 1, at + 1 + length)));
  }
  const name = labels.join(".").toLowerCase();
  if (at + 5 > query.length || name.length > MAX_NAME) return undefined;
  const view = new DataView(query.buffer, query.byteOffset + at + 1);
  return { name, type: view.getUint16(0), kind: view.getUint16(2), end: at + 5 };
}

function resolve({ name, type, kind }: Question, plan: NetworkPlan, names: Names): Answer {
  if (kind !== CLASS_IN) return { code: REFUSED };
  if (name.endsWith(REVERSE)) return type === TYPE_PTR ? reverse(name, plan, names) : { code: NO_NAME };
  const address = lookUp(name, plan, names);
  if (address === undefined) return { code: plan.restrict ? REFUSED : NO_NAME };
  return type === TYPE_A ? { code: NO_ERROR, record: bytesOf(address) } : { code: NO_ERROR };
}

/** QEMU has no name for the gateway; Docker and others call the computer outside so. */
export const HOST_NAME = "host.internal";

function lookUp(name: string, plan: NetworkPlan, names: Names): number | undefined {
  if (name === HOST_NAME) return plan.host;
  if (plan.restrict || !isPublic(name)) return undefined;
  return names.addressOf(name);
}

/** Host names as URLs can have them, with a dot. */
function isPublic(name: string): boolean {
  if (!/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*$/.test(name)) return false;
  return !privateEndings.includes(name.slice(name.lastIndexOf(".") + 1));
}

function reverse(name: string, plan: NetworkPlan, names: Names): Answer {
  const address = parseIpv4(name.slice(0, -REVERSE.length).split(".").reverse().join("."));
  const found = address === plan.host ? HOST_NAME : address === undefined ? undefined : names.nameOf(address);
  return found === undefined ? { code: NO_NAME } : { code: NO_ERROR, record: encodeName(found) };
}

function bytesOf(address: number): Uint8Array {
  return Uint8Array.from(formatIpv4(address).split("."), Number);
}

function encodeName(name: string): Uint8Array {
  const labels = name.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  return Uint8Array.from([...labels, 0]);
}

function respond(
  query: Uint8Array<ArrayBuffer>,
  flags: number,
  question: Question | undefined,
  answer: Answer,
): Uint8Array<ArrayBuffer> {
  const end = question?.end ?? HEADER;
  const { record } = answer;
  const response = new Uint8Array(end + (record === undefined ? 0 : 12 + record.length));
  const view = new DataView(response.buffer);
  response.set(query.subarray(0, end));
  const kept = flags & (OPCODE | RECURSION_DESIRED);
  view.setUint16(2, RESPONSE | RECURSION_AVAILABLE | kept | answer.code);
  view.setUint16(4, question === undefined ? 0 : 1);
  view.setUint16(6, record === undefined ? 0 : 1);
  view.setUint32(8, 0);
  if (record === undefined || question === undefined) return response;
  view.setUint16(end, POINTER_TO_QUESTION);
  view.setUint16(end + 2, question.type);
  view.setUint16(end + 4, CLASS_IN);
  view.setUint32(end + 6, TTL_SECONDS);
  view.setUint16(end + 10, record.length);
  response.set(record, end + 12);
  return response;
}

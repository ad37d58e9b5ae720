// A port of a switch that machines of one name share, as QEMU's `-netdev socket,mcast=…`. There is no switch in the
// middle: every member knows all others, learns who has which address, and sends to that one only.

import type { Frame, NetBackend, NicPort } from "../types";
import { type Envelope, readEnvelope, readMessage, type SwitchMessage } from "./messages";
import { Peer } from "./peer";

/** Addresses that are remembered, as switches have a table of a certain size. */
const MAX_ADDRESSES = 1024;
/** Frames for the guest that may wait until it has room. */
const MAX_WAITING = 8 * 1024 * 1024;

interface Waiting {
  readonly frame: Frame;
  readonly from: Peer;
}

export class SwitchPort implements NetBackend {
  readonly #channel: BroadcastChannel;
  readonly #page: string;
  readonly #id = crypto.randomUUID();
  /** Members in this tab. */
  readonly #local = new Set<Peer>();
  /** Members in other tabs, by their names for themselves. */
  readonly #remote = new Map<string, Peer>();
  readonly #addresses = new Map<number, Peer>();
  readonly #ports: MessagePort[] = [];
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #nic: NicPort | undefined;
  #closed = false;

  /** `page` is the same for all members in this tab. */
  constructor(name: string, page: string) {
    this.#page = page;
    this.#channel = new BroadcastChannel(`tabvisor-switch:${name}`);
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => this.#hear(readEnvelope(data));
    this.#announce({ kind: "hello" });
  }

  get members(): number {
    return this.#local.size + this.#remote.size;
  }

  plug(nic: NicPort): void {
    this.#nic = nic;
    nic.onRoom = () => this.#deliver();
  }

  unplug(): void {
    this.#nic = undefined;
    for (const { frame, from } of this.#waiting.splice(0)) from.acknowledge(frame.bytes.length);
    this.#waitingBytes = 0;
  }

  /** A member in this tab, at the other end of a port. */
  join(port: MessagePort): void {
    const peer = new Peer((message, transfer) => port.postMessage(message, transfer));
    this.#local.add(peer);
    this.#ports.push(port);
    port.addEventListener("message", ({ data }: MessageEvent<unknown>) => this.#receive(peer, readMessage(data)));
    // Not in every browser; elsewhere what is sent to one that has gone is lost, once.
    port.addEventListener("close", () => this.#forget(peer));
    port.start();
  }

  send(frame: Frame): void {
    const { bytes } = frame;
    const isGroup = ((bytes[0] ?? 0) & 1) !== 0;
    const known = isGroup ? undefined : this.#addresses.get(keyOf(bytes, 0));
    if (known !== undefined) {
      known.add(frame);
      return;
    }
    // Nobody else may have a buffer that is transferred: every member gets its own.
    for (const peer of this.#peers()) peer.add({ ...frame, bytes: bytes.slice() });
  }

  sent(): void {
    for (const peer of this.#local) peer.flush(true);
    for (const peer of this.#remote.values()) peer.flush(false);
  }

  setPaused(): void {
    // Who does not take frames gets no more after a while.
  }

  close(): void {
    this.#announce({ kind: "bye" });
    this.#closed = true;
    this.#channel.close();
    for (const port of this.#ports) port.close();
  }

  *#peers(): Generator<Peer> {
    yield* this.#local;
    yield* this.#remote.values();
  }

  #announce(message: Envelope["message"], to?: string): void {
    if (this.#closed) return;
    const envelope: Envelope = { from: this.#id, page: this.#page, message, ...(to === undefined ? {} : { to }) };
    this.#channel.postMessage(envelope);
  }

  #hear(envelope: Envelope | undefined): void {
    if (envelope === undefined || envelope.page === this.#page) return;
    const { from, to, message } = envelope;
    if (to !== undefined && to !== this.#id) return;
    const known = this.#remote.get(from);
    if (message.kind === "bye") {
      this.#remote.delete(from);
      if (known !== undefined) this.#forget(known);
      return;
    }
    const peer = known ?? new Peer((answer) => this.#announce(answer, from));
    this.#remote.set(from, peer);
    // Who is new learns of those that were there before.
    if (message.kind === "hello" && to === undefined) this.#announce({ kind: "hello" }, from);
    else if (message.kind !== "hello") this.#receive(peer, message);
  }

  #forget(peer: Peer): void {
    this.#local.delete(peer);
    for (const [address, owner] of this.#addresses) if (owner === peer) this.#addresses.delete(address);
  }

  #receive(peer: Peer, message: SwitchMessage | undefined): void {
    if (message === undefined) return;
    if (message.kind === "taken") {
      peer.taken(message.bytes);
      return;
    }
    for (const frame of message.frames) {
      this.#learn(frame.bytes, peer);
      const { length } = frame.bytes;
      // What is lost here, for want of room or of a card, is not under way any more.
      if (this.#nic === undefined || this.#waitingBytes + length > MAX_WAITING) {
        peer.acknowledge(length);
        continue;
      }
      this.#waiting.push({ frame, from: peer });
      this.#waitingBytes += length;
    }
    this.#deliver();
  }

  #learn(bytes: Uint8Array, peer: Peer): void {
    if (((bytes[6] ?? 1) & 1) !== 0) return;
    const address = keyOf(bytes, 6);
    if (!this.#addresses.has(address) && this.#addresses.size >= MAX_ADDRESSES) return;
    this.#addresses.set(address, peer);
  }

  #deliver(): void {
    const nic = this.#nic;
    if (nic === undefined) return;
    const taken = new Map<Peer, number>();
    let done = 0;
    nic.batch(() => {
      for (const { frame, from } of this.#waiting) {
        if (!nic.hasRoom) break;
        done++;
        this.#waitingBytes -= frame.bytes.length;
        taken.set(from, (taken.get(from) ?? 0) + frame.bytes.length);
        nic.receive(frame);
      }
    });
    this.#waiting.splice(0, done);
    for (const [peer, bytes] of taken) peer.acknowledge(bytes);
  }
}

/** Six bytes as one number. */
function keyOf(bytes: Uint8Array, at: number): number {
  let key = 0;
  for (let i = at; i < at + 6; i++) key = key * 256 + (bytes[i] ?? 0);
  return key;
}

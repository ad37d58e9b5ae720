// All TCP connections of the guest: finds whom a segment is for, and lets those send that have something to send.

import { fold, pseudoHeader4 } from "../../../../shared/net/checksum";
import type { Offload } from "../../types";
import { askArp } from "../arp";
import type { Clock } from "../clock";
import { type Ipv4Packet, isIntact, PROTOCOL_TCP } from "../ipv4";
import { type Link, PAYLOAD } from "../link";
import { Connection } from "./connection";
import { type ConnectionOwner, type ConnectionUser, type Endpoints, nobody } from "./connection_user";
import {
  ACK,
  CHECKSUM_OFFSET,
  headerLength,
  lengthOf,
  MIN_HEADER,
  parseSegment,
  RST,
  type Segment,
  SYN,
  writeHeader,
} from "./segment";
import { add } from "./sequence";

const MAX_CONNECTIONS = 1024;
/** Deadlines are looked at so often while there are any. */
const TICK_MS = 100;
const FIRST_EPHEMERAL = 49_152;
const LAST_PORT = 65_535;
const IPV4_HEADER = 20;

/** Makes the user of a new connection. */
export type UserFactory = (connection: Connection) => ConnectionUser;

/** Who serves a connection that the guest opens; undefined: it is refused. */
export type Accept = (ends: Endpoints) => UserFactory | undefined;

export class Tcp implements ConnectionOwner<Connection> {
  readonly mss: number;
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #accept: Accept;
  readonly #connections = new Map<string, Connection>();
  /** Those with something to send. */
  readonly #ready = new Set<Connection>();
  #flushing = false;
  #scheduled = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nextPort = FIRST_EPHEMERAL;

  constructor(link: Link, clock: Clock, accept: Accept) {
    this.#link = link;
    this.#clock = clock;
    this.#accept = accept;
    this.mss = link.nic.mtu - IPV4_HEADER - MIN_HEADER;
  }

  get count(): number {
    return this.#connections.size;
  }

  get hasRoom(): boolean {
    return this.#link.nic.hasRoom;
  }

  now(): number {
    return this.#clock.now();
  }

  /** `unchecked`: the checksum was left open by the guest. */
  receive(packet: Ipv4Packet, unchecked: boolean): void {
    if (!unchecked && !isIntact(packet)) return;
    const segment = parseSegment(packet.payload);
    if (segment === undefined) return;
    const ends: Endpoints = {
      guest: packet.source,
      guestPort: segment.sourcePort,
      host: packet.destination,
      hostPort: segment.destinationPort,
    };
    const connection = this.#find(ends, segment);
    if (connection !== undefined) connection.arrive(segment);
    else this.#arriveNew(ends, segment);
  }

  /** Opens a connection to the guest; undefined: there are too many. */
  connect(guest: number, port: number, user: UserFactory): Connection | undefined {
    const hostPort = this.#freePort(guest, port);
    if (hostPort === undefined || this.#connections.size >= MAX_CONNECTIONS) return undefined;
    return this.#open({ guest, guestPort: port, host: this.#link.plan.host, hostPort }, user);
  }

  /** Sends what is to be sent, as far as the guest's card has room. */
  flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#link.nic.batch(() => {
      for (const connection of this.#ready) {
        if (!this.hasRoom) break;
        this.#ready.delete(connection);
        connection.output();
      }
    });
    this.#flushing = false;
  }

  wants(connection: Connection): void {
    this.#ready.add(connection);
    if (this.#scheduled || this.#flushing) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  finished(connection: Connection): void {
    this.#ready.delete(connection);
    const key = keyOf(connection.ends);
    if (this.#connections.get(key) === connection) this.#connections.delete(key);
  }

  transmit(connection: Connection, header: Omit<Segment, "payload">, from: number, length: number): void {
    this.#startTimer();
    this.#send(connection.ends, header, length, (target) => connection.sendQueue.copy(from, target));
  }

  /** A neighbour has answered: who waits for it need not wait longer. */
  neighbourFound(address: number): void {
    for (const connection of this.#connections.values()) {
      if (connection.state === "syn-sent" && connection.ends.guest === address) connection.tick();
    }
  }

  setPaused(paused: boolean): void {
    if (paused) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!paused) this.#startTimer();
  }

  /** Ends all connections without a word to the guest. */
  close(): void {
    clearTimeout(this.#timer);
    for (const connection of [...this.#connections.values()]) connection.abort();
    this.#ready.clear();
    clearTimeout(this.#timer);
  }

  #find(ends: Endpoints, segment: Segment): Connection | undefined {
    const connection = this.#connections.get(keyOf(ends));
    // A new connection between the same ends may begin while the old one only waits (RFC 9293, section 3.6.1).
    if (connection?.state !== "time-wait" || (segment.flags & (SYN | ACK | RST)) !== SYN) return connection;
    connection.abort();
    return undefined;
  }

  #arriveNew(ends: Endpoints, segment: Segment): void {
    if ((segment.flags & RST) !== 0) return;
    const opens = (segment.flags & (SYN | ACK)) === SYN;
    const user = opens && this.#connections.size < MAX_CONNECTIONS ? this.#accept(ends) : undefined;
    if (user === undefined) this.#refuse(ends, segment);
    else this.#open(ends, user, segment);
  }

  #open(ends: Endpoints, user: UserFactory, syn?: Segment): Connection {
    const iss = Math.floor(Math.random() * 2 ** 32);
    const connection = new Connection(
      this,
      ends,
      nobody(() => undefined),
      syn === undefined ? { iss } : { iss, syn },
    );
    this.#connections.set(keyOf(ends), connection);
    connection.user = user(connection);
    return connection;
  }

  /** RFC 9293, section 3.10.7.1: RST to what belongs to no connection. */
  #refuse(ends: Endpoints, segment: Segment): void {
    const ports = { sourcePort: ends.hostPort, destinationPort: ends.guestPort, window: 0 };
    const header =
      (segment.flags & ACK) === 0
        ? { ...ports, flags: RST | ACK, sequence: 0, acknowledgement: add(segment.sequence, lengthOf(segment)) }
        : { ...ports, flags: RST, sequence: segment.acknowledgement, acknowledgement: 0 };
    this.#send(ends, header, 0, () => undefined);
  }

  #send(ends: Endpoints, header: Omit<Segment, "payload">, length: number, copy: (target: Uint8Array) => void): void {
    if (!this.#link.knows(ends.guest)) {
      // Whoever needs an answer sends again.
      askArp(this.#link, ends.guest);
      return;
    }
    const headers = headerLength(header);
    const size = headers + length;
    const to = { source: ends.host, destination: ends.guest, protocol: PROTOCOL_TCP };
    const packet = this.#link.packet(to, size);
    writeHeader(packet.view, PAYLOAD, header);
    if (length > 0) copy(packet.bytes.subarray(PAYLOAD + headers));
    // The card, or the guest itself, completes the checksum and cuts what is too long.
    packet.view.setUint16(PAYLOAD + CHECKSUM_OFFSET, pseudoSum(ends, size));
    this.#link.send(packet, this.#offload(length));
  }

  #offload(length: number): Offload {
    const checksum = { checksumStart: PAYLOAD, checksumOffset: CHECKSUM_OFFSET };
    if (length <= this.mss) return checksum;
    return { ...checksum, segmentation: { protocol: "tcp4", size: this.mss, ecn: false } };
  }

  #freePort(guest: number, guestPort: number): number | undefined {
    for (let i = FIRST_EPHEMERAL; i <= LAST_PORT; i++) {
      const port = this.#nextPort;
      this.#nextPort = port === LAST_PORT ? FIRST_EPHEMERAL : port + 1;
      const ends = { guest, guestPort, host: this.#link.plan.host, hostPort: port };
      if (!this.#connections.has(keyOf(ends))) return port;
    }
    return undefined;
  }

  #startTimer(): void {
    if (this.#timer !== undefined || this.#clock.isPaused) return;
    this.#timer = setTimeout(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    this.#timer = undefined;
    const now = this.now();
    let more = false;
    this.#link.nic.batch(() => {
      for (const connection of [...this.#connections.values()]) {
        if (connection.deadline <= now) connection.tick();
        if (connection.deadline !== Infinity) more = true;
      }
    });
    if (more) this.#startTimer();
  }
}

function keyOf({ guest, guestPort, host, hostPort }: Endpoints): string {
  return `${guest}:${guestPort} ${host}:${hostPort}`;
}

/** Folded, as the checksum field has it until the rest is added. */
function pseudoSum({ guest, host }: Endpoints, length: number): number {
  return fold(pseudoHeader4(host, guest, PROTOCOL_TCP, length));
}

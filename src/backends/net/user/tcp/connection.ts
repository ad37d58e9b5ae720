// One TCP connection with the guest: the state machine of RFC 9293. The way to the guest is one hop that loses nothing
// unless the guest's queue is full, and says so beforehand (hasRoom): there is retransmission and flow control, but no
// congestion control.

import { type CloseReason, type ConnectionOwner, type ConnectionUser, type Endpoints, nobody } from "./connection_user";
import { ReceiveWindow } from "./receive_window";
import { RoundTrip } from "./round_trip";
import { ACK, FIN, PSH, RST, type Segment, SYN } from "./segment";
import { SendQueue } from "./send_queue";
import { add, distance } from "./sequence";

/** Bytes that are queued for the guest before a writer has to wait. */
const SEND_CAPACITY = 512 * 1024;
/** RFC 9293, section 3.7.1: for those who do not say. */
const DEFAULT_MSS = 536;
/** A sender that offers less is lying, or wants to drown us in headers. */
const MIN_MSS = 48;
/** Longest payload of a segment that is left to the card to cut. */
const MAX_PAYLOAD = 65535 - 60;
/** Attempts without any answer, 1 s to 60 s apart. */
const MAX_ATTEMPTS = 12;
const MAX_SYN_ATTEMPTS = 6;
const TIME_WAIT_MS = 4000;
/** For a guest that never closes its half of a connection that nobody uses any more. */
const FIN_WAIT_MS = 60_000;
const FAST_RETRANSMIT = 3;

type State =
  | "syn-sent"
  | "syn-received"
  | "established"
  | "fin-wait-1"
  | "fin-wait-2"
  | "closing"
  | "time-wait"
  | "close-wait"
  | "last-ack"
  | "closed";

export class Connection {
  readonly ends: Endpoints;
  readonly sendQueue = new SendQueue();
  /** When `tick` has something to do. */
  deadline = Infinity;
  user: ConnectionUser;
  state: State;
  readonly #owner: ConnectionOwner<Connection>;
  readonly #window = new ReceiveWindow();
  readonly #roundTrip = new RoundTrip();
  // Names as in RFC 9293, section 3.3.1.
  #sndUna: number;
  #sndNxt: number;
  #sndWnd = 0;
  #sndWl1 = 0;
  #sndWl2 = 0;
  #sndScale = 0;
  #mss = DEFAULT_MSS;
  #ackWanted = false;
  #finWanted = false;
  #finSent = false;
  /** Where the guest's FIN stands, once it is known. */
  #finAt: number | undefined;
  #duplicateAcks = 0;
  #attempts = 0;
  /** Until this is acknowledged, what gets lost is sent again piece by piece. */
  #recover: number | undefined;
  #timed: { readonly until: number; readonly began: number } | undefined;
  #timer: "retransmit" | "probe" | "end" | undefined;
  #writerWaits = false;
  /** Nobody uses it any more. */
  #released = false;

  /** From a SYN of the guest, or without one towards it. `output` sends our own SYN. */
  constructor(
    owner: ConnectionOwner<Connection>,
    ends: Endpoints,
    user: ConnectionUser,
    initial: { iss: number; syn?: Segment },
  ) {
    this.#owner = owner;
    this.ends = ends;
    this.user = user;
    this.#sndUna = initial.iss;
    this.#sndNxt = initial.iss;
    this.state = initial.syn === undefined ? "syn-sent" : "syn-received";
    if (initial.syn !== undefined) this.#takeSyn(initial.syn);
    this.#sendSyn();
  }

  /** Bytes that may be written before a writer should wait. */
  get writableBytes(): number {
    return Math.max(0, SEND_CAPACITY - this.sendQueue.length);
  }

  /** Everything that was written has been acknowledged. */
  get isFlushed(): boolean {
    return this.sendQueue.length === 0;
  }

  /** The bytes must not change any more. */
  write(bytes: Uint8Array): void {
    if (this.#finWanted || this.state === "closed") return;
    this.sendQueue.add(bytes);
    if (this.writableBytes === 0) this.#writerWaits = true;
    this.#owner.wants(this);
  }

  /** No more will be written; what was goes out first. */
  end(): void {
    if (this.#finWanted || this.state === "closed") return;
    this.#finWanted = true;
    this.#owner.wants(this);
  }

  /** The user has done: what was written goes out, what comes is dropped. */
  release(): void {
    this.end();
    this.#released = true;
    this.user = nobody((bytes) => this.consumed(bytes.length));
    this.consumed(this.#window.unconsumed);
    if (this.state === "fin-wait-2") this.#arm("end", FIN_WAIT_MS);
  }

  /** Breaks off: the guest is told by RST. */
  abort(): void {
    if (this.state === "closed") return;
    if (this.state !== "syn-sent" && this.state !== "time-wait") this.#send(RST | ACK, this.#sndNxt);
    this.#close("aborted");
  }

  /** The user has done with so many bytes. */
  consumed(count: number): void {
    if (!this.#window.consumed(count, this.#owner.mss) || this.state === "closed") return;
    this.#ackWanted = true;
    this.#owner.wants(this);
  }

  /** A segment of the guest for this connection (section 3.10.7). */
  arrive(segment: Segment): void {
    if (this.state === "closed") return;
    if (this.state === "syn-sent") this.#arriveInSynSent(segment);
    else this.#arriveSynchronized(segment);
    if (this.#ackWanted || this.sendQueue.length > 0 || this.#finWanted) this.#owner.wants(this);
  }

  /** Sends what there is and may be sent. */
  output(): void {
    if (this.state === "closed" || this.state === "syn-sent" || this.state === "syn-received") return;
    while (this.#sendNext()) {
      // One segment each.
    }
    if (this.#ackWanted) this.#send(ACK, this.#sndNxt);
    this.#setTimer();
  }

  /** The deadline has passed. */
  tick(): void {
    const timer = this.#timer;
    this.#timer = undefined;
    this.deadline = Infinity;
    if (timer === "end") this.#close("done");
    else if (timer !== undefined) this.#timedOut(timer);
  }

  #arriveInSynSent(segment: Segment): void {
    const { flags, acknowledgement } = segment;
    const acks = (flags & ACK) !== 0;
    if (acks && acknowledgement !== this.#sndNxt) {
      if ((flags & RST) === 0) this.#sendRaw(RST, acknowledgement, 0);
      return;
    }
    if ((flags & RST) !== 0) {
      if (acks) this.#close("reset");
      return;
    }
    if ((flags & SYN) === 0) return;
    this.#takeSyn(segment);
    if (!acks) {
      // Both sides have begun at the same time.
      this.state = "syn-received";
      this.#sndNxt = this.#sndUna;
      this.#sendSyn();
      return;
    }
    this.#establish(segment);
    this.#ackWanted = true;
  }

  #arriveSynchronized(segment: Segment): void {
    const { flags, sequence, acknowledgement } = segment;
    if (!this.#window.accepts(segment)) {
      if ((flags & RST) !== 0) return;
      if (this.state === "syn-received" && (flags & SYN) !== 0) this.#sendSynAgain();
      else this.#ackWanted = true;
      // What fills a closed window still carries an acknowledgement.
      if ((flags & (ACK | SYN)) === ACK && sequence === this.#window.next) this.#takeAck(segment);
      return;
    }
    if ((flags & RST) !== 0) {
      // RFC 5961, section 3: only the exact number ends a connection.
      if (sequence === this.#window.next) this.#close("reset");
      else this.#ackWanted = true;
      return;
    }
    if ((flags & SYN) !== 0) {
      this.#ackWanted = true;
      return;
    }
    if ((flags & ACK) === 0) return;
    if (this.state === "syn-received") {
      if (acknowledgement !== this.#sndNxt) {
        this.#sendRaw(RST, acknowledgement, 0);
        return;
      }
      this.#establish(segment);
    }
    if (!this.#takeAck(segment)) return;
    this.#takePayload(segment);
    this.#takeFin(segment);
  }

  #takeSyn(segment: Segment): void {
    // Scaling only when both sides know it (RFC 7323, section 2.2).
    this.#window.begin(segment.sequence, segment.windowScale !== undefined);
    this.#mss = Math.min(Math.max(segment.mss ?? DEFAULT_MSS, MIN_MSS), this.#owner.mss);
    this.#sndScale = segment.windowScale ?? 0;
    this.#sndWnd = segment.window;
    this.#sndWl1 = segment.sequence;
    this.#sndWl2 = segment.acknowledgement;
  }

  #sendSyn(): void {
    const reply = this.state === "syn-received";
    const { scale } = this.#window;
    this.#owner.transmit(
      this,
      {
        ...this.#ports(),
        sequence: this.#sndUna,
        acknowledgement: reply ? this.#window.next : 0,
        flags: reply ? SYN | ACK : SYN,
        window: this.#window.offerUnscaled(),
        mss: this.#owner.mss,
        ...(scale === 0 ? {} : { windowScale: scale }),
      },
      0,
      0,
    );
    this.#sndNxt = add(this.#sndUna, 1);
    this.#arm("retransmit", this.#roundTrip.timeout);
  }

  #sendSynAgain(): void {
    this.#sndNxt = this.#sndUna;
    this.#sendSyn();
  }

  #establish(segment: Segment): void {
    this.state = "established";
    this.#sndUna = this.#sndNxt;
    this.#attempts = 0;
    this.#disarm();
    this.#roundTrip.progressed();
    this.#takeWindow(segment);
    this.user.opened();
  }

  /** False: the segment is to be dropped. */
  #takeAck(segment: Segment): boolean {
    const { acknowledgement } = segment;
    const progress = distance(this.#sndUna, acknowledgement);
    if (distance(this.#sndNxt, acknowledgement) > 0) {
      // For something that was never sent.
      this.#ackWanted = true;
      return false;
    }
    if (progress < 0) return true;
    if (progress > 0) this.#advance(progress);
    else this.#countDuplicate(segment);
    // An answer to a probe: the guest is there, if not ready.
    if (this.#timer === "probe") this.#attempts = 0;
    this.#takeWindow(segment);
    return this.state !== "closed";
  }

  #takeWindow({ sequence, acknowledgement, window, flags }: Segment): void {
    const newer = distance(this.#sndWl1, sequence);
    if (newer < 0 || (newer === 0 && distance(this.#sndWl2, acknowledgement) < 0)) return;
    // The window of a SYN is never scaled.
    this.#sndWnd = (flags & SYN) === 0 ? window * 2 ** this.#sndScale : window;
    this.#sndWl1 = sequence;
    this.#sndWl2 = acknowledgement;
  }

  #advance(progress: number): void {
    const finAcknowledged = this.#finSent && progress > this.sendQueue.length;
    this.#sndUna = add(this.#sndUna, progress);
    this.sendQueue.drop(Math.min(progress, this.sendQueue.length));
    this.#attempts = 0;
    this.#duplicateAcks = 0;
    this.#roundTrip.progressed();
    if (this.#timed !== undefined && distance(this.#timed.until, this.#sndUna) >= 0) {
      this.#roundTrip.measured(this.#owner.now() - this.#timed.began);
      this.#timed = undefined;
    }
    this.#disarm();
    if (this.#recover !== undefined) {
      if (distance(this.#recover, this.#sndUna) >= 0) this.#recover = undefined;
      else this.#sendAgain();
    }
    if (finAcknowledged) this.#finAcknowledged();
    if (this.#writerWaits && this.writableBytes > 0 && this.state !== "closed") {
      this.#writerWaits = false;
      this.user.writable();
    }
  }

  #countDuplicate({ payload, flags, window }: Segment): void {
    const outstanding = this.#sndNxt !== this.#sndUna;
    const same = window * 2 ** this.#sndScale === this.#sndWnd;
    if (!outstanding || payload.length > 0 || (flags & FIN) !== 0 || !same) return;
    this.#duplicateAcks++;
    if (this.#duplicateAcks !== FAST_RETRANSMIT || this.#recover !== undefined) return;
    this.#recover = this.#sndNxt;
    this.#sendAgain();
  }

  #finAcknowledged(): void {
    switch (this.state) {
      case "fin-wait-1":
        this.state = "fin-wait-2";
        if (this.#released) this.#arm("end", FIN_WAIT_MS);
        return;
      case "closing":
        this.#enterTimeWait();
        return;
      case "last-ack":
        this.#close("done");
        return;
      default:
        return;
    }
  }

  #takePayload(segment: Segment): void {
    if (segment.payload.length === 0) return;
    if (this.state !== "established" && this.state !== "fin-wait-1" && this.state !== "fin-wait-2") return;
    this.#ackWanted = true;
    this.#window.take(segment, (bytes) => this.user.received(bytes));
  }

  #takeFin({ flags, sequence, payload }: Segment): void {
    if ((flags & FIN) !== 0) this.#finAt = add(sequence, payload.length);
    if (this.#finAt === undefined || this.#finAt !== this.#window.next) return;
    const { state } = this;
    if (state !== "established" && state !== "fin-wait-1" && state !== "fin-wait-2") return;
    this.#finAt = undefined;
    this.#window.finish();
    this.#ackWanted = true;
    if (state === "established") this.state = "close-wait";
    else if (state === "fin-wait-1") this.state = "closing";
    else this.#enterTimeWait();
    this.user.ended();
  }

  #enterTimeWait(): void {
    this.state = "time-wait";
    this.#arm("end", TIME_WAIT_MS);
  }

  /** One segment of new data, with the FIN behind it if that is all. False: there is nothing that may be sent. */
  #sendNext(): boolean {
    const sent = distance(this.#sndUna, this.#sndNxt);
    const unsent = this.sendQueue.length - sent;
    const finIsDue = this.#finWanted && !this.#finSent;
    if (unsent <= 0 && !finIsDue) return false;
    if (!this.#mayTransmit()) return false;
    let length = Math.min(unsent, Math.max(0, this.#sndWnd - sent), MAX_PAYLOAD);
    if (length < unsent) {
      // RFC 9293, section 3.8.6.2.1: no small pieces while larger ones will be possible.
      if (length > this.#mss) length -= length % this.#mss;
      else if (length === 0 || (length < this.#mss && sent > 0)) return false;
    }
    const isLast = length === unsent;
    const withFin = isLast && finIsDue;
    const sequence = this.#sndNxt;
    this.#sndNxt = add(sequence, length + (withFin ? 1 : 0));
    if (withFin) this.#noteFinSent();
    this.#timed ??= { until: this.#sndNxt, began: this.#owner.now() };
    this.#send(ACK | (isLast && length > 0 ? PSH : 0) | (withFin ? FIN : 0), sequence, sent, length);
    return true;
  }

  #mayTransmit(): boolean {
    if (this.state === "time-wait" || this.state === "fin-wait-2") return false;
    if (this.#owner.hasRoom) return true;
    this.#owner.wants(this);
    return false;
  }

  #noteFinSent(): void {
    this.#finSent = true;
    if (this.state === "established") this.state = "fin-wait-1";
    else if (this.state === "close-wait") this.state = "last-ack";
  }

  /** The first segment that is not acknowledged, once more. */
  #sendAgain(): void {
    const outstanding = distance(this.#sndUna, this.#sndNxt);
    const length = Math.min(outstanding, this.sendQueue.length, MAX_PAYLOAD - (MAX_PAYLOAD % this.#mss));
    const withFin = this.#finSent && length === this.sendQueue.length;
    // Karn's algorithm: nobody knows which of the two is acknowledged.
    this.#timed = undefined;
    if (length > 0 || withFin) this.#send(ACK | PSH | (withFin ? FIN : 0), this.#sndUna, 0, length);
    this.#arm("retransmit", this.#roundTrip.timeout);
  }

  #timedOut(timer: "retransmit" | "probe"): void {
    const opening = this.state === "syn-sent" || this.state === "syn-received";
    if (++this.#attempts > (opening ? MAX_SYN_ATTEMPTS : MAX_ATTEMPTS)) {
      if (!opening) this.#send(RST | ACK, this.#sndNxt);
      this.#close("timeout");
      return;
    }
    this.#roundTrip.timedOut();
    if (opening) {
      this.#sendSynAgain();
    } else if (timer === "probe") {
      // An old number: the answer tells the window (RFC 9293, section 3.8.6.1).
      this.#send(ACK, add(this.#sndUna, -1));
      this.#arm("probe", this.#roundTrip.timeout);
    } else {
      this.#recover = this.#sndNxt;
      this.#sendAgain();
    }
  }

  #setTimer(): void {
    const outstanding = this.#sndNxt !== this.#sndUna;
    if (this.#timer !== undefined && !(this.#timer === "probe" && outstanding)) return;
    if (outstanding) this.#arm("retransmit", this.#roundTrip.timeout);
    else if (this.sendQueue.length > 0 && this.#sndWnd === 0) this.#arm("probe", this.#roundTrip.timeout);
  }

  #arm(timer: "retransmit" | "probe" | "end", milliseconds: number): void {
    this.#timer = timer;
    this.deadline = this.#owner.now() + milliseconds;
  }

  #disarm(): void {
    this.#timer = undefined;
    this.deadline = Infinity;
  }

  #ports(): { sourcePort: number; destinationPort: number } {
    return { sourcePort: this.ends.hostPort, destinationPort: this.ends.guestPort };
  }

  /** A segment with the present acknowledgement and window. */
  #send(flags: number, sequence: number, from = 0, length = 0): void {
    this.#ackWanted = false;
    const window = this.#window.offer();
    const header = { ...this.#ports(), sequence, acknowledgement: this.#window.next, flags, window };
    this.#owner.transmit(this, header, from, length);
  }

  #sendRaw(flags: number, sequence: number, acknowledgement: number): void {
    this.#owner.transmit(this, { ...this.#ports(), sequence, acknowledgement, flags, window: 0 }, 0, 0);
  }

  #close(reason: CloseReason): void {
    if (this.state === "closed") return;
    const silent = this.state === "time-wait";
    this.state = "closed";
    this.#disarm();
    this.sendQueue.clear();
    this.#window.clear();
    this.#owner.finished(this);
    this.user.closed(silent ? "done" : reason);
  }
}

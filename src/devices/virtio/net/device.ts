// virtio-net: an Ethernet card (VIRTIO 1.2, 5.1). Checksums and the cutting of long segments are left to whoever
// receives a frame; a guest that cannot take such frames gets them cut and checked here.

import type { Frame, NetBackend, NicPort } from "../../../backends/net/types";
import type { AccessSize } from "../../../core/crossing";
import { assertNever } from "../../../shared/assert_never";
import { ETHERNET_HEADER, MAX_FRAME } from "../../../shared/net/ethernet";
import type { DeviceHost, VirtioDevice } from "../device";
import { VERSION_1 } from "../features";
import type { Chain, TakeAnswer } from "../queue";
import * as Config from "./config";
import { ACK_ERROR, ACK_OK, type ControlCommand, MAX_COMMAND, parseCommand } from "./control";
import { newNetCounters } from "./counters";
import { type FilterState, ReceiveFilter } from "./filter";
import { type ReceiveShape, Receiver } from "./receiver";
import { HEADER, LEGACY_HEADER, parseHeader } from "./request";
import { cutSegments, fillChecksum } from "./segment";

export interface NetOptions {
  readonly mac: Uint8Array;
  /** Largest IP packet that the guest is told to send. */
  readonly mtu?: number;
  /** The driver has changed what it wants to hear; said once, and again after somebody has looked. */
  readonly filterChanged?: () => void;
}

/** How often in one turn the back end is asked for more. */
const MAX_REFILLS = 16;
const filterCommands: ReadonlySet<ControlCommand["kind"]> = new Set(["mode", "table", "address", "vlan"]);

export class VirtioNet implements VirtioDevice, NicPort {
  readonly name = "virtio-net";
  readonly virtioId = Config.VIRTIO_ID;
  readonly classCode = Config.CLASS_CODE;
  readonly deviceFeatures = Config.FEATURES;
  readonly queueSizes = Config.QUEUE_SIZES;
  readonly config: Uint8Array;
  readonly counters = newNetCounters();
  readonly mac: Uint8Array;
  readonly mtu: number;
  onRoom: () => void = () => undefined;
  readonly #backend: NetBackend;
  readonly #ownMac: Uint8Array;
  readonly #view: DataView;
  readonly #filter: ReceiveFilter;
  readonly #filterChanged: () => void;
  #filterSeen = true;
  readonly #receiver = new Receiver(this.counters);
  readonly #header = new Uint8Array(HEADER);
  #host: DeviceHost | undefined;
  /** Between DRIVER_OK and the next reset. */
  #active = false;
  #linkUp = true;
  /** Feature bits of the offloads that the guest accepts now. */
  #guestOffloads = 0n;
  /** Frames are gathered and shown to the driver together. */
  #batches = 0;

  constructor(backend: NetBackend, options: NetOptions) {
    this.#backend = backend;
    this.mtu = options.mtu ?? Config.DEFAULT_MTU;
    this.#ownMac = options.mac.slice(0, Config.MAC_LENGTH);
    this.config = Config.initialConfig(this.#ownMac, this.mtu);
    this.mac = this.config.subarray(Config.MAC, Config.MAC + Config.MAC_LENGTH);
    this.#view = new DataView(this.config.buffer);
    this.#filter = new ReceiveFilter(this.mac);
    this.#filterChanged = options.filterChanged ?? (() => undefined);
    backend.plug(this);
  }

  attach(host: DeviceHost): void {
    this.#host = host;
  }

  /** Drivers of virtio 0.9.5 without CTRL_MAC_ADDR write their address here (5.1.4.3). */
  writeConfig(offset: number, size: AccessSize, value: number): void {
    if (this.#has(VERSION_1) || this.#has(Config.F_CTRL_MAC_ADDR)) return;
    for (let i = 0; i < size && offset + i < Config.MAC + Config.MAC_LENGTH; i++) {
      this.config[offset + i] = (value >>> (8 * i)) & 0xff;
    }
  }

  activate(): void {
    this.#active = true;
    this.#guestOffloads = this.#features & Config.GUEST_OFFLOADS;
    this.#filter.reset(this.#has(Config.F_CTRL_VLAN));
    this.onRoom();
  }

  onKick(index: number): void {
    switch (index) {
      case Config.RECEIVE:
        this.#flush();
        return;
      case Config.TRANSMIT:
        this.batch(() => this.#transmit());
        return;
      case Config.CONTROL:
        this.#control();
        return;
      default:
        return;
    }
  }

  reset(): void {
    this.#active = false;
    this.#receiver.clear();
    this.config.set(this.#ownMac, Config.MAC);
    this.#setStatus(Config.S_ANNOUNCE, false);
    this.#filter.reset(false);
  }

  resetQueue(): void {
    // Frames wait in the receiver, not in the ring.
  }

  /** The cable: without it frames are lost both ways. */
  setLink(up: boolean): void {
    if (this.#linkUp === up) return;
    this.#linkUp = up;
    this.#setStatus(Config.S_LINK_UP, up);
    // Switches may have forgotten the guest meanwhile: it shall announce itself (5.1.6.5.4).
    if (up && this.#has(Config.F_GUEST_ANNOUNCE)) this.#setStatus(Config.S_ANNOUNCE, true);
    if (this.#has(Config.F_STATUS)) this.#host?.configChanged();
  }

  get linkUp(): boolean {
    return this.#linkUp;
  }

  /** What the driver wants to hear. */
  lookAtFilter(): FilterState {
    this.#filterSeen = true;
    return this.#filter.state;
  }

  get hasRoom(): boolean {
    return this.#receiver.hasRoom;
  }

  receive(frame: Frame): void {
    if (!this.#active || !this.#linkUp) return;
    if (!this.#filter.accepts(frame.bytes)) {
      this.counters.filtered++;
      return;
    }
    for (const part of this.#acceptable(frame)) this.#receiver.add(part);
    if (this.#batches === 0) this.#flush();
  }

  batch(deliver: () => void): void {
    this.#batches++;
    deliver();
    this.#batches--;
    if (this.#batches === 0) this.#flush();
  }

  get #features(): bigint {
    return this.#host?.features ?? 0n;
  }

  #has(feature: bigint): boolean {
    return (this.#features & feature) !== 0n;
  }

  get #shape(): ReceiveShape {
    const mergeable = this.#has(Config.F_MRG_RXBUF);
    return { mergeable, headerLength: mergeable || this.#has(VERSION_1) ? HEADER : LEGACY_HEADER };
  }

  #setStatus(bit: number, on: boolean): void {
    const status = this.#view.getUint16(Config.STATUS, true);
    this.#view.setUint16(Config.STATUS, on ? status | bit : status & ~bit, true);
  }

  #flush(): void {
    const queue = this.#host?.queue(Config.RECEIVE);
    for (let turn = 0; turn < MAX_REFILLS; turn++) {
      if (!this.#active || this.#receiver.isEmpty || queue === undefined || !queue.running) return;
      const hadRoom = this.#receiver.hasRoom;
      const misuse = this.#receiver.flush(queue, this.#shape);
      if (misuse !== undefined) this.#host?.fail(misuse, Config.RECEIVE);
      if (hadRoom || !this.#receiver.hasRoom) return;
      this.#batches++;
      this.onRoom();
      this.#batches--;
    }
  }

  /** The frame as the guest can take it: whole, checked, or in pieces. */
  #acceptable(frame: Frame): readonly Frame[] {
    const { offload } = frame;
    if (offload === undefined) return [frame];
    const takes = (feature: bigint): boolean => (this.#guestOffloads & feature) === feature;
    const checks = takes(Config.F_GUEST_CSUM);
    const { segmentation } = offload;
    if (segmentation === undefined) return [checks ? frame : fillChecksum(frame, offload)];
    const tso = segmentation.protocol === "tcp4" ? Config.F_GUEST_TSO4 : Config.F_GUEST_TSO6;
    if (checks && takes(segmentation.ecn ? tso | Config.F_GUEST_ECN : tso)) return [frame];
    const segments = cutSegments(frame, offload);
    if (segments !== undefined) return segments;
    this.counters.droppedIn++;
    return [];
  }

  #transmit(): void {
    const queue = this.#host?.queue(Config.TRANSMIT);
    const { headerLength } = this.#shape;
    queue?.drain((chain) => {
      if (chain.writableBytes !== 0 || chain.readableBytes < headerLength) {
        this.#host?.fail("a frame without a header, or with buffers to write to", Config.TRANSMIT);
        return "taken" satisfies TakeAnswer;
      }
      const frame = this.#takeFrame(chain, headerLength);
      if (frame === undefined) this.counters.badFrames++;
      else if (this.#linkUp) this.#send(frame);
      queue.push(chain.head, 0);
      return "taken";
    });
    this.#backend.sent();
  }

  #send(frame: Frame): void {
    this.counters.framesOut++;
    this.counters.bytesOut += frame.bytes.length;
    this.#backend.send(frame);
  }

  #takeFrame(chain: Chain, headerLength: number): Frame | undefined {
    const length = chain.readableBytes - headerLength;
    if (length < ETHERNET_HEADER || length > MAX_FRAME) return undefined;
    chain.read(0, this.#header.subarray(0, headerLength));
    const offload = parseHeader(this.#header, length, {
      checksum: this.#has(Config.F_CSUM),
      tso4: this.#has(Config.F_HOST_TSO4),
      tso6: this.#has(Config.F_HOST_TSO6),
    });
    if (offload === "bad") return undefined;
    const bytes = new Uint8Array(length);
    chain.read(headerLength, bytes);
    return offload === "none" ? { bytes } : { bytes, offload };
  }

  /** Linux waits for each answer in a loop: commands end in the turn in which they come. */
  #control(): void {
    const queue = this.#host?.queue(Config.CONTROL);
    queue?.drain((chain) => {
      if (chain.writableBytes === 0) {
        this.#host?.fail("a command without room for the answer", Config.CONTROL);
        return "taken" satisfies TakeAnswer;
      }
      this.counters.controlCommands++;
      const command = this.#takeCommand(chain);
      if (command === undefined) this.counters.badCommands++;
      else this.#obey(command);
      if (command !== undefined && filterCommands.has(command.kind)) this.#tellFilter();
      queue.push(chain.head, chain.write(0, Uint8Array.of(command === undefined ? ACK_ERROR : ACK_OK)));
      return "taken";
    });
  }

  #tellFilter(): void {
    if (!this.#filterSeen) return;
    this.#filterSeen = false;
    this.#filterChanged();
  }

  #takeCommand(chain: Chain): ControlCommand | undefined {
    if (chain.readableBytes > MAX_COMMAND) return undefined;
    const bytes = new Uint8Array(chain.readableBytes);
    chain.read(0, bytes);
    return parseCommand(bytes, this.#features);
  }

  #obey(command: ControlCommand): void {
    switch (command.kind) {
      case "mode":
        this.#filter.setMode(command.mode, command.on);
        return;
      case "table":
        this.#filter.setTable(command.unicast, command.multicast);
        return;
      case "address":
        this.mac.set(command.mac);
        return;
      case "vlan":
        this.#filter.setVlan(command.id, command.on);
        return;
      case "announced":
        this.#setStatus(Config.S_ANNOUNCE, false);
        return;
      case "offloads":
        this.#guestOffloads = command.features;
        return;
      default:
        assertNever(command);
    }
  }
}

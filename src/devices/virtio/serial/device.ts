// virtio-serial: consoles and named ports, each a pair of byte streams (VIRTIO 1.2, 5.3). Port 0 is the console hvc0.

import type { PortBackend } from "../../../backends/console/types";
import type { AccessSize } from "../../../core/crossing";
import { assertNever } from "../../../shared/assert_never";
import type { DeviceHost, VirtioDevice } from "../device";
import type { Chain, TakeAnswer } from "../queue";
import {
  CLASS_CODE,
  COLS,
  CONTROL_RECEIVE,
  CONTROL_TRANSMIT,
  DEFAULT_MAX_PORTS,
  EMERG_WR,
  F_EMERG_WRITE,
  F_MULTIPORT,
  F_SIZE,
  initialConfig,
  MAX_PORTS,
  portOfQueue,
  queueSizes,
  receiveQueue,
  ROWS,
  transmitQueue,
  VIRTIO_ID,
} from "./config";
import { newSerialCounters } from "./counters";
import { type DriverMessage, isResize, MESSAGE_SIZE, parseMessage, say } from "./request";

/** Output is taken from the guest in pieces of at most so many bytes. */
const MAX_PIECE = 64 * 1024;
/** Linux writes 32 KiB at a time. Of a chain with more than this, whose buffers may overlap, the rest is dropped. */
const MAX_OUTPUT = 1024 * 1024;
/** Messages that wait for buffers of the driver; while there are more, the driver's own are left waiting. */
const MAX_PENDING = 256;

export interface PortOptions {
  /** Without it the port has no name under /dev/virtio-ports. */
  readonly name?: string;
  /** A console becomes hvcN; other ports are /dev/vportNpM. */
  readonly console?: boolean;
}

interface Port {
  readonly id: number;
  readonly options: PortOptions;
  readonly backend: PortBackend;
  /** The driver has the port. */
  ready: boolean;
  guestOpen: boolean;
  hostOpen: boolean;
  /** Of a console's terminal. */
  size: { cols: number; rows: number } | undefined;
}

export class VirtioSerial implements VirtioDevice {
  readonly name = "virtio-serial";
  readonly virtioId = VIRTIO_ID;
  readonly classCode = CLASS_CODE;
  readonly deviceFeatures = F_SIZE | F_MULTIPORT | F_EMERG_WRITE;
  readonly queueSizes: readonly number[];
  /** Configuration changes and all queues share two, as the driver would have it with too few vectors. */
  readonly msixVectors = 2;
  readonly config: Uint8Array;
  readonly counters = newSerialCounters();
  readonly #ports = new Map<number, Port>();
  readonly #maxPorts: number;
  readonly #view: DataView;
  readonly #control = new Uint8Array(MESSAGE_SIZE);
  #pending: Uint8Array[] = [];
  #driverReady = false;
  #host: DeviceHost | undefined;

  constructor(maxPorts: number = DEFAULT_MAX_PORTS) {
    this.#maxPorts = Math.min(Math.max(maxPorts, 1), MAX_PORTS);
    this.queueSizes = queueSizes(this.#maxPorts);
    this.config = initialConfig(this.#maxPorts);
    this.#view = new DataView(this.config.buffer);
  }

  attach(host: DeviceHost): void {
    this.#host = host;
  }

  /** Adds a port at the lowest free number, or at 0 for the first console; undefined when there is no room. */
  addPort(backend: PortBackend, options: PortOptions = {}): number | undefined {
    // Port 0 is for a console: drivers without MULTIPORT know no other.
    let id = options.console === true ? 0 : 1;
    while (this.#ports.has(id)) id++;
    if (id >= this.#maxPorts) return undefined;
    const hostOpen = options.console === true;
    const port: Port = { id, options, backend, ready: false, guestOpen: false, hostOpen, size: undefined };
    this.#ports.set(id, port);
    backend.input.onData = () => this.#deliver(port);
    if (backend.flow !== undefined) backend.flow.onRoom = () => this.#takeOutput(transmitQueue(id));
    if (this.#driverReady) this.#send(say.addPort(id));
    return id;
  }

  removePort(id: number): void {
    const port = this.#ports.get(id);
    if (port === undefined) return;
    port.backend.input.onData = () => undefined;
    if (port.backend.flow !== undefined) port.backend.flow.onRoom = () => undefined;
    this.#ports.delete(id);
    this.#setGuestOpen(port, false);
    // What the driver still has in the port's ring is nobody's.
    this.#takeOutput(transmitQueue(id));
    if (this.#driverReady) this.#send(say.removePort(id));
  }

  /** Whether somebody listens on the host side: until then a guest's write to the port waits. */
  setHostOpen(id: number, open: boolean): void {
    const port = this.#ports.get(id);
    if (port === undefined || port.hostOpen === open) return;
    port.hostOpen = open;
    if (port.ready) this.#send(say.open(id, open));
  }

  /** The terminal of a console has a new size. The configuration space has that of port 0 (5.3.4). */
  resize(cols: number, rows: number, id = 0): void {
    const port = this.#ports.get(id);
    if (port?.size?.cols === cols && port.size.rows === rows) return;
    if (port !== undefined) port.size = { cols, rows };
    if (this.#has(F_MULTIPORT) && port?.ready === true) {
      // Only the last size counts, should the driver be slow to give buffers.
      this.#pending = this.#pending.filter((message) => !isResize(message, id));
      this.#send(say.resize(id, cols, rows));
    }
    if (id !== 0) return;
    this.#view.setUint16(COLS, cols, true);
    this.#view.setUint16(ROWS, rows, true);
    if (this.#has(F_SIZE)) this.#host?.configChanged();
  }

  writeConfig(offset: number, _size: AccessSize, value: number): void {
    // Emergency write (5.3.4): one character, before the driver is up.
    if (offset === EMERG_WR) this.#ports.get(0)?.backend.output(Uint8Array.of(value & 0xff));
  }

  activate(): void {
    if (this.#has(F_MULTIPORT)) return;
    const port = this.#ports.get(0);
    if (port !== undefined) this.#setGuestOpen(port, true);
  }

  onKick(index: number): void {
    if (index === CONTROL_RECEIVE) {
      this.#sendPending();
      this.#takeMessages();
    } else if (index === CONTROL_TRANSMIT) {
      this.#takeMessages();
    } else if (index % 2 === 0) {
      const port = this.#ports.get(portOfQueue(index));
      if (port !== undefined) this.#deliver(port);
    } else {
      this.#takeOutput(index);
    }
  }

  reset(): void {
    this.#pending = [];
    this.#driverReady = false;
    for (const port of this.#ports.values()) {
      port.ready = false;
      this.#setGuestOpen(port, false);
    }
  }

  resetQueue(): void {
    // Nothing is under way between turns.
  }

  #has(feature: bigint): boolean {
    return ((this.#host?.features ?? 0n) & feature) !== 0n;
  }

  /**
   * Guest to host. A console's chains are returned at once, whatever becomes of the bytes: Linux waits for them in a
   * loop. Those of a port with flow control stay in the ring until there is room.
   */
  #takeOutput(index: number): void {
    const port = this.#ports.get(portOfQueue(index));
    const queue = this.#host?.queue(index);
    queue?.drain((chain) => {
      const length = Math.min(chain.readableBytes, MAX_OUTPUT);
      if (port?.hostOpen === true) {
        if (port.backend.flow?.accepts(length) === false) return "later" satisfies TakeAnswer;
        this.#output(port, chain, length);
      } else {
        this.counters.bytesCut += length;
      }
      queue.push(chain.head, 0);
      return "taken";
    });
  }

  #output(port: Port, chain: Chain, length: number): void {
    this.counters.bytesOut += length;
    this.counters.bytesCut += chain.readableBytes - length;
    for (let at = 0; at < length; at += MAX_PIECE) {
      // A copy of its own: decoders and transfers refuse shared memory.
      const bytes = new Uint8Array(Math.min(MAX_PIECE, length - at));
      chain.read(at, bytes);
      port.backend.output(bytes);
    }
  }

  /** Host to guest, as far as the driver has given buffers; the rest waits in the back end. */
  #deliver(port: Port): void {
    const { input } = port.backend;
    if (!port.guestOpen || input.length === 0) return;
    const queue = this.#host?.queue(receiveQueue(port.id));
    queue?.drain((chain) => {
      if (input.length === 0) return "later" satisfies TakeAnswer;
      let written = 0;
      for (const view of chain.writable(0, Math.min(chain.writableBytes, input.length))) written += input.take(view);
      this.counters.bytesIn += written;
      queue.push(chain.head, written);
      return "taken";
    });
  }

  #takeMessages(): void {
    const queue = this.#host?.queue(CONTROL_TRANSMIT);
    queue?.drain((chain) => {
      if (this.#pending.length >= MAX_PENDING) return "later" satisfies TakeAnswer;
      const length = chain.read(0, this.#control);
      this.#onMessage(parseMessage(this.#control.subarray(0, length)));
      queue.push(chain.head, 0);
      return "taken";
    });
  }

  #onMessage(message: DriverMessage | undefined): void {
    this.counters.controlMessages++;
    if (message === undefined) {
      this.counters.badMessages++;
      return;
    }
    switch (message.kind) {
      case "device-ready":
        this.#driverReady = message.ready;
        if (message.ready) for (const port of this.#ports.values()) this.#send(say.addPort(port.id));
        return;
      case "port-ready":
        this.#onPortReady(message.port, message.ready);
        return;
      case "port-open": {
        const port = this.#ports.get(message.port);
        if (port === undefined) this.counters.badMessages++;
        else this.#setGuestOpen(port, message.open);
        return;
      }
      default:
        assertNever(message);
    }
  }

  #onPortReady(id: number, ready: boolean): void {
    const port = this.#ports.get(id);
    if (port === undefined) {
      this.counters.badMessages++;
      return;
    }
    port.ready = ready;
    if (!ready) return;
    const { console, name } = port.options;
    if (console === true) {
      this.#send(say.isConsole(id));
      const { cols, rows } = port.size ?? {
        cols: this.#view.getUint16(COLS, true),
        rows: this.#view.getUint16(ROWS, true),
      };
      this.#send(say.resize(id, cols, rows));
    }
    if (name !== undefined) this.#send(say.name(id, name));
    if (port.hostOpen) this.#send(say.open(id, true));
  }

  #setGuestOpen(port: Port, open: boolean): void {
    if (port.guestOpen === open) return;
    port.guestOpen = open;
    port.backend.guestOpened?.(open);
    if (open) this.#deliver(port);
  }

  #send(message: Uint8Array): void {
    this.#pending.push(message);
    this.#sendPending();
  }

  #sendPending(): void {
    if (this.#pending.length === 0) return;
    const queue = this.#host?.queue(CONTROL_RECEIVE);
    queue?.drain((chain) => {
      const message = this.#pending.shift();
      if (message === undefined) return "later" satisfies TakeAnswer;
      queue.push(chain.head, chain.write(0, message));
      return "taken";
    });
  }
}

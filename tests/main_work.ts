// What each device is there for, done once by a driver that may have negotiated anything: the work that must be possible
// whatever features were left out.

import { expect } from "vitest";
import type { TestBus } from "./virtio";
import { ConsoleInput } from "../src/backends/console/console_input";
import { RamDisk } from "../src/backends/disk/ram";
import type { Frame, NetBackend, NicPort } from "../src/backends/net/types";
import { gpa } from "../src/shared/units";
import { scsiDisk } from "../src/devices/scsi/disk";
import { VirtioBalloon } from "../src/devices/virtio/balloon/device";
import { VirtioBlk } from "../src/devices/virtio/blk/device";
import type { VirtioDevice } from "../src/devices/virtio/device";
import { VERSION_1 } from "../src/devices/virtio/features";
import { F_MRG_RXBUF } from "../src/devices/virtio/net/config";
import { VirtioNet } from "../src/devices/virtio/net/device";
import { VirtioRng } from "../src/devices/virtio/rng/device";
import { VirtioScsi } from "../src/devices/virtio/scsi/device";
import { CONTROL_TRANSMIT, F_MULTIPORT } from "../src/devices/virtio/serial/config";
import { VirtioSerial } from "../src/devices/virtio/serial/device";
import { VirtioInput } from "../src/devices/virtio/input/device";
import type { Buffer } from "../src/devices/virtio/testing/mock_ring";
import type { MockDriver } from "../src/devices/virtio/testing/mock_driver";

const DATA = 0x300000;

/** A driver that has started its device. */
export class Session {
  readonly #t: TestBus;
  readonly #driver: MockDriver;
  /** What was negotiated. */
  readonly features: bigint;
  readonly #kick: (queue: number) => void;

  constructor(t: TestBus, driver: MockDriver, features: bigint, kick: (queue: number) => void) {
    this.#t = t;
    this.#driver = driver;
    this.features = features;
    this.#kick = kick;
  }

  has(feature: bigint): boolean {
    return (this.features & feature) !== 0n;
  }

  bytes(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#t.guest.read(gpa(address), bytes);
    return bytes;
  }

  put(address: number, bytes: ArrayLike<number>): Buffer {
    this.#t.guest.write(gpa(address), Uint8Array.from(bytes));
    return { gpa: address, len: bytes.length, writable: false };
  }

  /** Offers one chain; what came back by then, as lengths of what the device wrote. */
  run(queue: number, ...buffers: Buffer[]): number[] {
    const ring = this.#driver.ring(queue);
    const head = ring.chain(buffers);
    ring.offer(head);
    this.#kick(queue);
    return this.answers(queue);
  }

  answers(queue: number): number[] {
    while (this.#t.crossing.poll());
    return this.#driver
      .ring(queue)
      .takeUsed()
      .map(({ len }) => len);
  }
}

const room = (address: number, len: number): Buffer => ({ gpa: address, len, writable: true });

export interface Subject {
  readonly device: VirtioDevice;
  work(session: Session): void;
}

/** By the device's name. */
export const subjects: Readonly<Record<string, () => Subject>> = {
  "virtio-blk": () => ({
    device: new VirtioBlk(new RamDisk(new Uint8Array(1 << 16)), { queues: 2 }),
    work: (session) => {
      const sector = Array.from({ length: 512 }, (_, i) => (i * 7) & 0xff);
      const header = (type: number) => session.put(DATA, [type, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
      const status = room(DATA + 0x100, 1);
      expect(session.run(0, header(1), session.put(DATA + 0x1000, sector), status)).toEqual([1]);
      expect(session.run(0, header(0), room(DATA + 0x2000, 512), status)).toEqual([513]);
      expect(session.bytes(DATA + 0x2000, 512)).toEqual(Uint8Array.from(sector));
      expect(session.bytes(DATA + 0x100, 1)).toEqual(Uint8Array.of(0));
    },
  }),
  "virtio-scsi": () => {
    const disk = new Uint8Array(1 << 16).fill(0x5a);
    const device = new VirtioScsi({ queues: 2 });
    device.bus.add({ target: 0, lun: 0 }, scsiDisk(new RamDisk(disk)));
    return {
      device,
      work: (session) => {
        const command = (...cdb: number[]): Buffer => {
          const request = new Uint8Array(51);
          request.set([1, 0, 0x40, 0]);
          request.set(cdb, 19);
          return session.put(DATA, request);
        };
        // The first command after a reset is answered with a unit attention.
        expect(session.run(2, command(0), room(DATA + 0x100, 108))).toEqual([108]);
        const response = room(DATA + 0x100, 108);
        expect(session.run(3, command(0x28, 0, 0, 0, 0, 2, 0, 0, 1), response, room(DATA + 0x1000, 512))).toEqual([
          620,
        ]);
        expect(session.bytes(DATA + 0x10a, 2)).toEqual(Uint8Array.of(0, 0));
        expect(session.bytes(DATA + 0x1000, 512)).toEqual(disk.subarray(0, 512));
      },
    };
  },
  "virtio-net": () => {
    const backend = new Wire();
    return {
      device: new VirtioNet(backend, { mac: Uint8Array.of(2, 0, 0, 0, 0, 1), mtu: 1500 }),
      work: (session) => {
        const header = session.has(VERSION_1) || session.has(F_MRG_RXBUF) ? 12 : 10;
        const frame = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x12, 0x34, ...Array.from({ length: 86 }, (_, i) => i)];
        backend.frames.length = 0;
        session.run(1, session.put(DATA, new Uint8Array(header)), session.put(DATA + 0x100, frame));
        expect(backend.frames.map(({ bytes }) => [...bytes])).toEqual([frame]);
        expect(session.run(0, room(DATA + 0x1000, 2048))).toEqual([]);
        backend.nic?.receive({ bytes: Uint8Array.from(frame) });
        expect(session.answers(0)).toEqual([header + frame.length]);
        expect([...session.bytes(DATA + 0x1000 + header, frame.length)]).toEqual(frame);
      },
    };
  },
  "virtio-serial": () => {
    const said: string[] = [];
    const input = new ConsoleInput();
    const device = new VirtioSerial(2);
    device.addPort({ input, output: (bytes) => said.push(new TextDecoder().decode(bytes)) }, { console: true });
    return {
      device,
      work: (session) => {
        if (session.has(F_MULTIPORT)) {
          // PORT_READY and PORT_OPEN of port 0.
          session.run(CONTROL_TRANSMIT, session.put(DATA, [0, 0, 0, 0, 3, 0, 1, 0]));
          session.run(CONTROL_TRANSMIT, session.put(DATA, [0, 0, 0, 0, 6, 0, 1, 0]));
        }
        said.length = 0;
        expect(session.run(1, session.put(DATA, new TextEncoder().encode("hello")))).toEqual([0]);
        expect(said).toEqual(["hello"]);
        void input.write(Uint8Array.of(0x79, 0x65, 0x73));
        expect(session.run(0, room(DATA + 0x1000, 64))).toEqual([3]);
        expect([...session.bytes(DATA + 0x1000, 3)]).toEqual([0x79, 0x65, 0x73]);
      },
    };
  },
  "virtio-balloon": () => {
    const gone: number[] = [];
    const discard = (pages: Iterable<number>, done: () => void) => {
      const count = gone.push(...pages);
      done();
      return count;
    };
    const device = new VirtioBalloon({ discard }, { ramBytes: 4 << 20 });
    return {
      device,
      work: (session) => {
        gone.length = 0;
        expect(session.run(0, session.put(DATA, [0x10, 2, 0, 0, 0x11, 2, 0, 0]))).toEqual([0]);
        expect(gone).toEqual([0x210, 0x211]);
        expect(session.run(1, session.put(DATA, [0x10, 2, 0, 0]))).toEqual([0]);
      },
    };
  },
  "virtio-rng": () => ({
    device: new VirtioRng({ fill: (target) => void target.fill(7) }),
    work: (session) => {
      expect(session.run(0, room(DATA, 16))).toEqual([16]);
      expect(session.bytes(DATA, 16)).toEqual(new Uint8Array(16).fill(7));
    },
  }),
  "virtio-keyboard": () => {
    const device = new VirtioInput("keyboard");
    return {
      device,
      work: (session) => {
        for (const at of [DATA, DATA + 8, DATA + 16, DATA + 24]) expect(session.run(0, room(at, 8))).toEqual([]);
        for (const down of [true, false]) device.report([{ type: "key", key: 30, down, repeat: false }]);
        expect(session.answers(0)).toEqual([8, 8, 8, 8]);
        expect([...session.bytes(DATA + 16, 5)]).toEqual([1, 0, 30, 0, 0]);
      },
    };
  },
};

/** Keeps what the guest sends. */
class Wire implements NetBackend {
  readonly frames: Frame[] = [];
  nic: NicPort | undefined;
  plug(nic: NicPort): void {
    this.nic = nic;
  }
  send(frame: Frame): void {
    this.frames.push(frame);
  }
  sent(): void {
    // One by one.
  }
  setPaused(): void {
    // Nothing runs.
  }
  unplug(): void {
    // Nothing is open.
  }
  close(): void {
    // Nothing is open.
  }
}

// The SCSI part of a driver, for tests: puts commands, task management and event buffers into the rings.

import { gpa } from "../../../../shared/units";
import { be } from "../../../scsi/testing/initiator";
import type { MockDriver } from "../../testing/mock_driver";
import type { Buffer } from "../../testing/mock_ring";

export const REQUESTS = 0x200000;
export const RESPONSES = 0x210000;
export const DATA = 0x220000;
export const EVENTS = 0x240000;
/** Of the one control request at a time. */
const CONTROL_AT = 0x9000;

export interface Command {
  readonly cdb: readonly number[];
  /** The eight bytes of the LUN field. */
  readonly lun?: readonly number[];
  readonly id?: number;
  readonly data?: readonly Buffer[];
  readonly queue?: number;
  readonly sizes?: { readonly cdb: number; readonly sense: number };
}

export interface Offered {
  readonly head: number;
  readonly response: number;
  readonly sense: number;
}

export interface Answer {
  readonly response: number;
  readonly status: number;
  readonly residual: number;
  /** "key/asc/ascq". */
  readonly sense: string;
}

export const unit = (target: number, lun: number): number[] => [1, target, 0x40 | (lun >> 8), lun & 0xff, 0, 0, 0, 0];
export const testReady: Command = { cdb: [0, 0, 0, 0, 0, 0] };
export const read = (lba: number, blocks: number): number[] => [0x28, 0, ...be(lba, 4), 0, ...be(blocks, 2), 0];
export const write = (lba: number, blocks: number): number[] => [0x2a, ...read(lba, blocks).slice(1)];

export class ScsiDriver {
  readonly #driver: MockDriver;
  #offered = 0;

  constructor(driver: MockDriver) {
    this.#driver = driver;
  }

  bytesAt(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#driver.guest.read(gpa(address), bytes);
    return bytes;
  }

  /** Puts a command into its ring, without a kick. */
  offer(command: Command): Offered {
    const { cdb, lun = unit(0, 0), id = 1, data = [], queue = 2, sizes = { cdb: 32, sense: 96 } } = command;
    const { guest } = this.#driver;
    const bytes = new Uint8Array(19 + sizes.cdb);
    bytes.set(lun);
    new DataView(bytes.buffer).setUint32(8, id, true);
    bytes.set(cdb.slice(0, sizes.cdb), 19);
    const slot = (this.#offered++ % 64) * 0x200;
    const response = RESPONSES + slot;
    guest.write(gpa(REQUESTS + slot), bytes);
    guest.fill(gpa(response), 12 + sizes.sense, 0xee);
    const ring = this.#driver.ring(queue);
    const head = ring.chain([
      { gpa: REQUESTS + slot, len: bytes.length, writable: false },
      ...data.filter(({ writable }) => !writable),
      { gpa: response, len: 12 + sizes.sense, writable: true },
      ...data.filter(({ writable }) => writable),
    ]);
    ring.offer(head);
    return { head, response, sense: sizes.sense };
  }

  answerOf({ response, sense }: Offered): Answer {
    const view = new DataView(this.bytesAt(response, 12 + sense).buffer);
    const length = view.getUint32(0, true);
    const at = (offset: number): string => view.getUint8(12 + offset).toString(16);
    return {
      response: view.getUint8(11),
      status: view.getUint8(10),
      residual: view.getUint32(4, true),
      sense: length < 14 ? "" : `${at(2)}/${at(12)}/${at(13)}`,
    };
  }

  /** A command that is answered in this turn. */
  run(command: Command): Answer & { len: number } {
    const queue = command.queue ?? 2;
    const made = this.offer(command);
    this.#driver.kick(queue);
    const used = this.#driver.ring(queue).takeUsed();
    if (used.length !== 1 || used[0]?.id !== made.head) throw new Error("the command was not answered");
    return { ...this.answerOf(made), len: used[0].len };
  }

  /** Starts the device and tells away the unit attention of target 0, LUN 0. */
  start(features?: bigint): void {
    this.#driver.start(features);
    this.run(testReady);
  }

  /** Gives the device buffers for events, does something, and returns the events that came of it. */
  eventsAfter(action: () => void, buffers = 4): number[][] {
    const ring = this.#driver.ring(1);
    const places = new Map<number, number>();
    for (let i = 0; i < buffers; i++) {
      const head = ring.chain([{ gpa: EVENTS + i * 16, len: 16, writable: true }]);
      places.set(head, EVENTS + i * 16);
      ring.offer(head);
    }
    this.#driver.kick(1);
    action();
    return ring.takeUsed().map(({ id, len }) => [...this.bytesAt(places.get(id) ?? 0, len)]);
  }

  /** A task management function: the response code when it is there already. */
  control(name: number, lun: readonly number[], id = 1, type = 0): number | undefined {
    const bytes = new Uint8Array(24);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, type, true);
    view.setUint32(4, name, true);
    bytes.set(lun, 8);
    view.setUint32(16, id, true);
    const response = this.controlBytes(bytes, 1);
    return response === undefined ? undefined : (response[0] ?? -1);
  }

  /** Any control request, with so much room for the response; undefined: there is none yet. */
  controlBytes(bytes: Uint8Array, room: number): Uint8Array | undefined {
    const ring = this.#driver.ring(0);
    this.#driver.guest.write(gpa(REQUESTS + CONTROL_AT), bytes);
    this.#driver.guest.fill(gpa(RESPONSES + CONTROL_AT), room, 0xee);
    ring.offer(
      ring.chain([
        { gpa: REQUESTS + CONTROL_AT, len: bytes.length, writable: false },
        { gpa: RESPONSES + CONTROL_AT, len: room, writable: true },
      ]),
    );
    this.#driver.kick(0);
    return ring.takeUsed().length === 0 ? undefined : this.bytesAt(RESPONSES + CONTROL_AT, room);
  }

  /** The response code of a control request that ended later. */
  get controlAnswer(): number {
    return this.bytesAt(RESPONSES + CONTROL_AT, 1)[0] ?? -1;
  }
}

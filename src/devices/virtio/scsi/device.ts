// virtio-scsi: a SCSI host bus adapter (VIRTIO 1.2, 5.6). What the targets behind it do is src/devices/scsi's.
// Data goes between the back ends and the guest's pages without a copy in between.

import type { AccessSize } from "../../../core/crossing";
import type { GuestView } from "../../../core/guest_memory";
import { scatter } from "../../scsi/bytes";
import { ScsiBus, type UnitAddress } from "../../scsi/bus";
import type { Sense } from "../../scsi/sense";
import type { DataBuffer, ScsiTask, TaskAnswer, TaskResult } from "../../scsi/task";
import type { DeviceHost, VirtioDevice } from "../device";
import type { Chain, TakeAnswer, Virtqueue } from "../queue";
import {
  CDB_SIZE,
  CLASS_CODE,
  configOf,
  CONTROL_QUEUE,
  EVENT_QUEUE,
  F_CHANGE,
  F_HOTPLUG,
  FIRST_REQUEST_QUEUE,
  isWritable,
  LARGEST_CDB_SIZE,
  LARGEST_SENSE_SIZE,
  QUEUE_SIZE,
  resetSizes,
  SENSE_SIZE,
  VIRTIO_ID,
} from "./config";
import { manageTasks } from "./control";
import { newScsiCounters } from "./counters";
import { EventQueue } from "./events";
import {
  COMMAND_HEADER,
  type CommandRequest,
  controlResponseSize,
  type ControlRequest,
  deviceLuns,
  encodeFailure,
  encodeResponse,
  MAX_COMMAND,
  MAX_CONTROL,
  parseCommand,
  parseControl,
  RESPONSE_HEADER,
  S_ABORTED,
  S_BAD_TARGET,
  S_FAILURE,
  S_FUNCTION_REJECTED,
  S_INCORRECT_LUN,
  type ScsiEvent,
  S_OK,
} from "./request";
import { type RunningTask, RunningTasks } from "./tasks";

/** A command's chain, as far as its answer needs it when the next chain was popped. */
interface Place {
  readonly queue: Virtqueue;
  readonly head: number;
  readonly response: readonly GuestView[];
  /** Bytes of the data buffers. */
  readonly dataIn: number;
  readonly dataOut: number;
}

export class VirtioScsi implements VirtioDevice {
  readonly name = "virtio-scsi";
  readonly virtioId = VIRTIO_ID;
  readonly classCode = CLASS_CODE;
  readonly deviceFeatures = F_HOTPLUG | F_CHANGE;
  readonly queueSizes: readonly number[];
  readonly config: Uint8Array;
  readonly counters = newScsiCounters();
  readonly bus = new ScsiBus();
  readonly #request = new Uint8Array(MAX_COMMAND);
  readonly #tasks = new RunningTasks();
  readonly #events = new EventQueue(this.counters);
  /** Queues whose rings hold chains that had to wait for room. */
  readonly #waiting = new Set<number>();
  /** Task management functions that wait for tasks to end; a number of the device's life. */
  #pendingControl = 0;
  #life = 0;
  #host: DeviceHost | undefined;

  constructor(options: { readonly queues?: number } = {}) {
    const queues = options.queues ?? 1;
    this.config = configOf(queues);
    this.queueSizes = Array.from({ length: FIRST_REQUEST_QUEUE + queues }, () => QUEUE_SIZE);
    this.bus.listen({
      added: (address) => this.#sendEvent(F_HOTPLUG, { kind: "added", address }),
      removed: (address) => this.#removed(address),
      changed: (address, sense) => this.#changed(address, sense),
    });
  }

  attach(host: DeviceHost): void {
    this.#host = host;
  }

  writeConfig(offset: number, size: AccessSize, value: number): void {
    if (!isWritable(offset, size)) return;
    for (let i = 0; i < size; i++) this.config[offset + i] = value >>> (8 * i);
    const tooLarge = this.#senseSize > LARGEST_SENSE_SIZE || this.#cdbSize > LARGEST_CDB_SIZE;
    if (tooLarge) this.#host?.fail("impossible sizes of CDB or sense data");
  }

  activate(): void {
    // The driver looks for targets; kicks follow.
  }

  onKick(index: number): void {
    const host = this.#host;
    if (host === undefined) return;
    const queue = host.queue(index);
    this.#waiting.delete(index);
    if (index === CONTROL_QUEUE) queue.drain((chain) => this.#takeControl(chain, queue));
    else if (index === EVENT_QUEUE) this.#events.deliver(queue, this.#shortEvent);
    else queue.drain((chain) => this.#takeCommand(chain, queue));
  }

  reset(): void {
    resetSizes(this.config);
    this.#events.reset();
    for (const index of this.queueSizes.keys()) this.resetQueue(index);
    for (const unit of this.bus.units()) unit.reset();
  }

  resetQueue(index: number): void {
    this.#waiting.delete(index);
    this.#tasks.forget(index);
    if (index !== CONTROL_QUEUE) return;
    this.#pendingControl = 0;
    this.#life++;
  }

  get #senseSize(): number {
    return this.#configWord(SENSE_SIZE);
  }

  get #cdbSize(): number {
    return this.#configWord(CDB_SIZE);
  }

  #configWord(offset: number): number {
    return new DataView(this.config.buffer).getUint32(offset, true);
  }

  /** A driver that offers a chain twice could have more under way than the ring has entries: it waits. */
  #takeCommand(chain: Chain, queue: Virtqueue): TakeAnswer {
    if (this.#tasks.inQueue(queue.index) >= queue.size) {
      this.#waiting.add(queue.index);
      return "later";
    }
    const requestSize = COMMAND_HEADER + this.#cdbSize;
    const responseSize = RESPONSE_HEADER + this.#senseSize;
    if (chain.readableBytes < requestSize || chain.writableBytes < responseSize) {
      this.#host?.fail("a command without room for CDB or sense data", queue.index);
      return "taken";
    }
    const bytes = this.#request.subarray(0, requestSize);
    chain.read(0, bytes);
    const place = {
      queue,
      head: chain.head,
      response: chain.writable(0, responseSize),
      dataIn: chain.writableBytes - responseSize,
      dataOut: chain.readableBytes - requestSize,
    };
    this.counters.commands++;
    this.#start(parseCommand(bytes), chain, place);
    return "taken";
  }

  #start(request: CommandRequest, chain: Chain, place: Place): void {
    const { dataIn, dataOut } = place;
    // Both directions at once would need VIRTIO_SCSI_F_INOUT (5.6.3).
    if (dataIn > 0 && dataOut > 0) {
      this.#finish(place, encodeFailure(this.#senseSize, S_FAILURE));
      return;
    }
    const [inStart, outStart] = [chain.writableBytes - dataIn, chain.readableBytes - dataOut];
    const token = { cancelled: false };
    const task: ScsiTask = {
      cdb: request.cdb,
      dataIn: buffer(dataIn, (from, length) => chain.writable(inStart + from, length)),
      dataOut: buffer(dataOut, (from, length) => chain.readable(outStart + from, length)),
      token,
    };
    const answer = this.#execute(request, task);
    if (answer === undefined) {
      this.counters.badTargets++;
      this.#finish(place, encodeFailure(this.#senseSize, S_BAD_TARGET));
    } else if (answer instanceof Promise) {
      this.#finishLater(answer, request, place, token);
    } else {
      this.#finish(place, this.#responseOf(request, answer, place), answer.transferred);
    }
  }

  #execute({ lun }: CommandRequest, task: ScsiTask): TaskAnswer | undefined {
    switch (lun.kind) {
      case "unit":
        return this.bus.execute(lun, task);
      case "well-known":
        return this.bus.executeWellKnown(task, deviceLuns(this.bus.addresses()));
      case "nowhere":
        return undefined;
    }
  }

  #finishLater(answer: Promise<TaskResult>, request: CommandRequest, place: Place, token: RunningTask["token"]): void {
    // Only units have back ends to wait for.
    if (request.lun.kind !== "unit") return;
    const { target, lun } = request.lun;
    const task: RunningTask = {
      address: { target, lun },
      id: request.id,
      queue: place.queue.index,
      head: place.head,
      response: place.response,
      token,
      aborted: undefined,
      settled: answer.then((result) => this.#settle(task, request, result, place)),
    };
    this.#tasks.add(task);
  }

  /** The back end has answered. */
  #settle(task: RunningTask, request: CommandRequest, result: TaskResult, place: Place): void {
    if (!this.#tasks.has(task)) return;
    this.#tasks.delete(task);
    if (task.aborted === undefined) this.#finish(place, this.#responseOf(request, result, place), result.transferred);
    else this.#finish(place, encodeFailure(this.#senseSize, task.aborted));
    place.queue.publish();
    if (this.#waiting.has(place.queue.index)) this.onKick(place.queue.index);
  }

  #responseOf(request: CommandRequest, result: TaskResult, { dataIn, dataOut }: Place): Uint8Array {
    if (result.overrun === true) this.counters.overruns++;
    const unit = request.lun.kind === "unit" ? this.bus.unitAt(request.lun) : undefined;
    return encodeResponse(this.#senseSize, result, unit?.senseFormat ?? "fixed", dataIn + dataOut);
  }

  #finish(place: Place, response: Uint8Array, transferred = 0): void {
    scatter(place.response, response);
    place.queue.push(place.head, response.length + (place.dataIn > 0 ? transferred : 0));
  }

  #takeControl(chain: Chain, queue: Virtqueue): TakeAnswer {
    if (this.#pendingControl >= queue.size) {
      this.#waiting.add(queue.index);
      return "later";
    }
    const bytes = new Uint8Array(MAX_CONTROL);
    const request = parseControl(bytes.subarray(0, chain.read(0, bytes)));
    const size = request === undefined ? 1 : controlResponseSize(request);
    if (request === undefined || chain.writableBytes < size) {
      this.#host?.fail("a control request that is too short", CONTROL_QUEUE);
      return "taken";
    }
    this.#control(request, { queue, head: chain.head, response: chain.writable(0, size) }, size);
    return "taken";
  }

  #control(request: ControlRequest, place: Pick<Place, "queue" | "head" | "response">, size: number): void {
    const answer = (code: number): void => {
      const response = new Uint8Array(size);
      response[size - 1] = code;
      scatter(place.response, response);
      place.queue.push(place.head, size);
    };
    if (request.kind === "unknown") {
      answer(S_FUNCTION_REJECTED);
      return;
    }
    if (request.kind === "notification") {
      // No unit has asynchronous notifications: none of those asked for.
      answer(request.lun.kind === "unit" ? this.#existence(request.lun) : S_BAD_TARGET);
      return;
    }
    this.counters.taskManagement++;
    const abort = (task: RunningTask, response: number): void => this.#abort(task, response);
    const { response, ended } = manageTasks({ bus: this.bus, tasks: this.#tasks, abort }, request);
    if (ended.length === 0) answer(response);
    else void this.#answerLater(ended, place.queue, () => answer(response));
  }

  #existence(address: UnitAddress): number {
    if (!this.bus.hasTarget(address.target)) return S_BAD_TARGET;
    return this.bus.unitAt(address) === undefined ? S_INCORRECT_LUN : S_OK;
  }

  /** An aborted task is answered when its back end lets go of its buffers; the function after that. */
  async #answerLater(tasks: readonly RunningTask[], queue: Virtqueue, answer: () => void): Promise<void> {
    const life = this.#life;
    this.#pendingControl++;
    await Promise.all(tasks.map((task) => task.settled));
    if (life !== this.#life || !queue.running) return;
    this.#pendingControl--;
    answer();
    queue.publish();
    if (this.#waiting.has(queue.index)) this.onKick(queue.index);
  }

  #abort(task: RunningTask, response: number): void {
    this.counters.aborted++;
    task.aborted ??= response;
    task.token.cancelled = true;
  }

  /** Tasks of a unit that is gone end as aborted. */
  #removed(address: UnitAddress): void {
    for (const task of this.#tasks.of(address.target, address.lun)) this.#abort(task, S_ABORTED);
    this.#sendEvent(F_HOTPLUG, { kind: "removed", address });
  }

  #changed(address: UnitAddress, { asc, ascq }: Sense): void {
    this.#sendEvent(F_CHANGE, { kind: "changed", address, asc, ascq });
  }

  /** Only for drivers that know what it is about. Others find out by themselves. */
  #sendEvent(feature: bigint, event: ScsiEvent): void {
    const host = this.#host;
    if (host === undefined || (host.features & feature) === 0n) return;
    const queue = host.queue(EVENT_QUEUE);
    if (queue.running) this.#events.send(event, queue, this.#shortEvent);
  }

  readonly #shortEvent = (): void => this.#host?.fail("a buffer too short for an event", EVENT_QUEUE);
}

function buffer(length: number, views: DataBuffer["views"]): DataBuffer {
  return { length, views: (from, wanted) => views(from, Math.min(wanted, length - from)) };
}

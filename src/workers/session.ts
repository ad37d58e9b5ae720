// The threads of one life of a machine: the devices worker and a worker per CPU. Starts them in the order that the
// memory needs, notices when one dies, and ends them all. The client makes a new session after a crash.

import * as Comlink from "comlink";
import * as Cpu from "../../assembly/layout/cpu";
import * as MachineLayout from "../../assembly/layout/machine";
import { ConfigError } from "../shared/config_issue";
import type { MachineConfig } from "../shared/machine_config";
import { reportError } from "./error_report";
import { joinSwitches } from "./net_client";
import type { CpuEvent, CpuStart, DevicesCalls, DevicesEvent, DevicesStart, ErrorReport } from "./protocol";
import type { MachinePlace } from "./protocol";

/** Names this tab to machines in other tabs. */
const page = crypto.getRandomValues(new Uint32Array(4)).join("-");

/** What the owner of a session hears of. */
export interface SessionEvents {
  event(event: Exclude<DevicesEvent, { type: "crashed" }>): void;
  crashed(where: string, error: ErrorReport): void;
}

export class Session {
  readonly #owner: SessionEvents;
  readonly #devices: Worker;
  readonly #events: MessagePort;
  /** Comlink's own type splits promises of unions; the interface has nothing but promises to begin with. */
  readonly #remote: DevicesCalls & Comlink.ProxyMethods;
  readonly #cpus: Worker[] = [];
  readonly #ended = Promise.withResolvers<never>();
  #place: MachinePlace | undefined;
  #leaveSwitches: () => void = () => undefined;
  #alive = true;

  private constructor(owner: SessionEvents) {
    this.#owner = owner;
    this.#ended.promise.catch(() => undefined);
    this.#devices = new Worker(new URL("./devices.worker.ts", import.meta.url), {
      type: "module",
      name: "tabvisor devices",
    });
    const calls = new MessageChannel();
    const events = new MessageChannel();
    this.#remote = Comlink.wrap(calls.port1) as unknown as DevicesCalls & Comlink.ProxyMethods;
    this.#events = events.port1;
    this.#events.onmessage = ({ data }: MessageEvent<DevicesEvent>) => this.#onEvent(data);
    this.#watch(this.#devices, "devices");
    const start: DevicesStart = { calls: calls.port2, events: events.port2, page };
    this.#devices.postMessage(start, [calls.port2, events.port2]);
  }

  /** Makes the machine and brings its CPUs to where they wait for `boot`. Rejects with a message for the user. */
  static async open(config: MachineConfig, owner: SessionEvents): Promise<Session> {
    const session = new Session(owner);
    try {
      // Its script is loaded while the machine is made.
      session.#addCpu();
      const created = await session.call((devices) => devices.create(config, globalThis.location.href));
      if (!created.ok) throw new ConfigError(created.error);
      const place = created.value;
      session.#place = place;
      session.#leaveSwitches = await joinSwitches((use) => session.call(use));
      while (session.#cpus.length < place.cpus.length) session.#addCpu();
      await Promise.all(session.#cpus.map((worker, index) => session.#startCpu(worker, place, index)));
      return session;
    } catch (error) {
      session.end("the machine could not be made");
      throw error;
    }
  }

  get place(): MachinePlace | undefined {
    return this.#place;
  }

  /** A call to the devices worker; rejects when the session ends before the answer. */
  call<T>(use: (devices: DevicesCalls) => Promise<T>): Promise<T> {
    return Promise.race([use(this.#remote), this.#ended.promise]);
  }

  /** Terminates all workers; calls under way reject with `reason`. Nothing is heard of the session afterwards. */
  end(reason: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#leaveSwitches();
    if (this.#place !== undefined) stopCpus(this.#place);
    for (const worker of [...this.#cpus, this.#devices]) worker.terminate();
    this.#events.close();
    this.#remote[Comlink.releaseProxy]();
    this.#ended.reject(new Error(reason));
  }

  #addCpu(): void {
    const name = `CPU ${this.#cpus.length}`;
    const worker = new Worker(new URL("./cpu.worker.ts", import.meta.url), {
      type: "module",
      name: `tabvisor ${name}`,
    });
    this.#cpus.push(worker);
    this.#watch(worker, name);
  }

  async #startCpu(worker: Worker, place: MachinePlace, index: number): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      worker.addEventListener("message", ({ data }: MessageEvent<CpuEvent>) => {
        if (data.type === "ready") resolve();
        if (data.type === "crashed") this.#crashed(`CPU ${index}`, data.error);
      });
    });
    const start: CpuStart = { ...place, index };
    worker.postMessage(start);
    await Promise.race([ready, this.#ended.promise]);
  }

  /** What no handler in the worker caught: script errors, messages that could not be read, out of memory. */
  #watch(worker: Worker, where: string): void {
    worker.onerror = (event) => {
      const message = event.message || "the worker did not start, or ended without a word";
      const at = event.filename ? `${event.filename}:${event.lineno}` : "";
      this.#crashed(where, { name: "WorkerError", message, stack: at });
    };
    worker.onmessageerror = () => this.#crashed(where, reportError(new Error("a message could not be read")));
  }

  #onEvent(event: DevicesEvent): void {
    if (event.type === "crashed") this.#crashed("devices", event.error);
    else if (this.#alive) this.#owner.event(event);
  }

  #crashed(where: string, error: ErrorReport): void {
    if (this.#alive) this.#owner.crashed(where, error);
  }
}

/** A worker that computes or sleeps is terminated only after two seconds (Chromium); one that has left its loop at once. */
function stopCpus({ memory, machine, cpus }: MachinePlace): void {
  const words = new Int32Array(memory.buffer);
  Atomics.store(words, (machine + MachineLayout.control) >>> 2, MachineLayout.CONTROL_STOP);
  Atomics.notify(words, (machine + MachineLayout.control) >>> 2);
  for (const cpu of cpus) {
    Atomics.store(words, (cpu + Cpu.exitRequest) >>> 2, Cpu.REQUESTED);
    Atomics.add(words, (cpu + Cpu.wake) >>> 2, 1);
    Atomics.notify(words, (cpu + Cpu.wake) >>> 2);
  }
}

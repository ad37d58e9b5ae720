// Which of the machine's devices gets what a person does: those whose driver listens, else the PS/2 keyboard and mouse,
// which every PC has.

import type { VirtioInput } from "../devices/virtio/input/device";
import type { InputEvent, KeyboardLeds, PointerMode } from "../shared/input_event";
import type { KeyNumber } from "../shared/keys";

/** A device, or several in one. Events of one call happened at the same time. */
export interface InputSink {
  report(events: readonly InputEvent[]): void;
}

export interface InputRouterEvents {
  pointer(mode: PointerMode): void;
  leds(leds: KeyboardLeds): void;
}

export class InputRouter {
  readonly #ps2: InputSink;
  readonly #events: InputRouterEvents;
  readonly #devices: VirtioInput[] = [];
  /** Where a key went down: there it goes up too, whoever listens by then. */
  readonly #pressed = new Map<KeyNumber, InputSink>();
  #mode: PointerMode = "motion";

  constructor(ps2: InputSink, events: InputRouterEvents) {
    this.#ps2 = ps2;
    this.#events = events;
  }

  add(device: VirtioInput): void {
    this.#devices.push(device);
    device.listener = {
      active: () => this.#updateMode(),
      leds: (leds) => this.#events.leds(leds),
    };
  }

  remove(device: VirtioInput): void {
    device.listener = undefined;
    this.#devices.splice(this.#devices.indexOf(device), 1);
    for (const [key, sink] of this.#pressed) if (sink === device) this.#pressed.delete(key);
    this.#updateMode();
  }

  send(events: readonly InputEvent[]): void {
    const reports = new Map<InputSink, InputEvent[]>();
    for (const event of events) {
      const sink = this.#sinkOf(event);
      const report = reports.get(sink);
      if (report === undefined) reports.set(sink, [event]);
      else report.push(event);
    }
    for (const [sink, report] of reports) sink.report(report);
  }

  /** The machine was reset: its devices have forgotten what was pressed. */
  reset(): void {
    this.#pressed.clear();
  }

  #sinkOf(event: InputEvent): InputSink {
    switch (event.type) {
      case "key":
        return this.#keySink(event.key, event.down);
      case "motion":
        return this.#listening("mouse") ?? this.#ps2;
      default:
        return this.#listening("tablet") ?? this.#listening("mouse") ?? this.#ps2;
    }
  }

  #keySink(key: KeyNumber, down: boolean): InputSink {
    const sink = this.#pressed.get(key) ?? this.#listening("keyboard") ?? this.#ps2;
    if (down) this.#pressed.set(key, sink);
    else this.#pressed.delete(key);
    return sink;
  }

  #listening(kind: VirtioInput["kind"]): VirtioInput | undefined {
    return this.#devices.find((device) => device.kind === kind && device.active);
  }

  #updateMode(): void {
    const mode = this.#listening("tablet") === undefined ? "motion" : "position";
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#events.pointer(mode);
  }
}

// virtio-input: a keyboard, mouse or tablet that speaks Linux's input events (VIRTIO 1.2, 5.8). The machine's input router
// gives it what a person does; it tells the router when a driver listens.

import {
  type InputEvent,
  type KeyboardLeds,
  pointerButtons,
  POSITION_MAX,
  WHEEL_CLICK,
} from "../../../shared/input_event";
import { keyNumbers } from "../../../shared/keys";
import type { AccessSize } from "../../../core/crossing";
import type { DeviceHost, VirtioDevice } from "../device";
import type { Chain, TakeAnswer } from "../queue";
import {
  ABS_X,
  ABS_Y,
  answerSelection,
  BUTTON_CODES,
  CONFIG_LENGTH,
  type Description,
  descriptions,
  EV_ABS,
  EV_KEY,
  EV_REL,
  EV_SYN,
  EVENT_QUEUE,
  type InputKind,
  QUEUE_SIZES,
  REL_HWHEEL,
  REL_HWHEEL_HI_RES,
  REL_WHEEL,
  REL_WHEEL_HI_RES,
  REL_X,
  REL_Y,
  SELECT,
  STATUS_QUEUE,
  SUBSEL,
  SYN_REPORT,
  VIRTIO_ID,
} from "./config";
import { newInputCounters } from "./counters";
import { applyStatus, encodeEvent, EVENT_SIZE, parseEvent, type RawEvent } from "./request";

/** Events that wait for buffers of the driver. */
const MAX_BACKLOG = 1024;
const NO_LEDS: KeyboardLeds = { numLock: false, capsLock: false, scrollLock: false };

export interface InputListener {
  /** A driver listens now, or does so no more. */
  active(active: boolean): void;
  leds(leds: KeyboardLeds): void;
}

export class VirtioInput implements VirtioDevice {
  readonly name: string;
  readonly kind: InputKind;
  readonly virtioId = VIRTIO_ID;
  readonly classCode: number;
  readonly deviceFeatures = 0n;
  readonly queueSizes = QUEUE_SIZES;
  readonly config = new Uint8Array(CONFIG_LENGTH);
  readonly counters = newInputCounters();
  listener: InputListener | undefined;
  readonly #what: Description;
  readonly #serial: string;
  readonly #event = new DataView(new ArrayBuffer(EVENT_SIZE));
  readonly #status = new Uint8Array(EVENT_SIZE);
  #backlog: RawEvent[] = [];
  /** Keys and buttons: what is held now, and what the driver knows to be held. */
  readonly #held = new Set<number>();
  readonly #told = new Set<number>();
  /** A report was dropped: `#told` may differ from `#held`. */
  #lost = false;
  /** Parts of a click that are not a whole one yet. */
  #wheel = { x: 0, y: 0 };
  #leds = NO_LEDS;
  #active = false;
  #host: DeviceHost | undefined;

  constructor(kind: InputKind, options: { readonly serial?: string } = {}) {
    this.kind = kind;
    this.name = `virtio-${kind}`;
    this.#what = descriptions[kind];
    this.classCode = this.#what.classCode;
    this.#serial = options.serial ?? "";
  }

  /** Whether a driver listens. */
  get active(): boolean {
    return this.#active;
  }

  attach(host: DeviceHost): void {
    this.#host = host;
  }

  writeConfig(offset: number, size: AccessSize, value: number): void {
    // All else is read-only (5.8.5).
    for (let i = 0; i < size; i++) {
      if (offset + i === SELECT || offset + i === SUBSEL) this.config[offset + i] = (value >>> (8 * i)) & 0xff;
    }
    answerSelection(this.config, this.#what, this.#serial);
  }

  activate(): void {
    this.#setActive(true);
  }

  onKick(index: number): void {
    if (index === STATUS_QUEUE) this.#takeStatus();
    else if (index === EVENT_QUEUE) this.#deliver();
  }

  reset(): void {
    this.config.fill(0);
    this.#backlog = [];
    this.#held.clear();
    this.#told.clear();
    this.#lost = false;
    this.#wheel = { x: 0, y: 0 };
    this.#setActive(false);
    this.#setLeds(NO_LEDS);
  }

  resetQueue(): void {
    // Nothing is under way between turns.
  }

  /** One report: what happened at the same time. What the device does not have is left out. */
  report(events: readonly InputEvent[]): void {
    const raw = events.flatMap((event) => this.#translate(event));
    if (!this.#active || raw.length === 0) return;
    if (this.#backlog.length + raw.length >= MAX_BACKLOG) {
      this.counters.reportsDropped++;
      this.#lost = true;
      return;
    }
    this.#queueReport(raw);
    this.#deliver();
  }

  #queueReport(raw: readonly RawEvent[]): void {
    for (const { type, code, value } of raw) {
      if (type !== EV_KEY) continue;
      if (value === 0) this.#told.delete(code);
      else this.#told.add(code);
    }
    this.#backlog.push(...raw, { type: EV_SYN, code: SYN_REPORT, value: 0 });
  }

  #translate(event: InputEvent): RawEvent[] {
    switch (event.type) {
      case "key":
        // The guest repeats by itself.
        return this.kind === "keyboard" && keyNumbers.includes(event.key) ? this.#key(event.key, event.down) : [];
      case "button":
        return this.kind === "keyboard" || !pointerButtons.includes(event.button)
          ? []
          : this.#key(BUTTON_CODES[event.button], event.down);
      case "position":
        if (this.kind !== "tablet") return [];
        return [
          { type: EV_ABS, code: ABS_X, value: clampPosition(event.x) },
          { type: EV_ABS, code: ABS_Y, value: clampPosition(event.y) },
        ];
      case "motion":
        return this.kind === "mouse" ? [...relative(REL_X, event.dx), ...relative(REL_Y, event.dy)] : [];
      case "wheel":
        return this.kind === "keyboard" ? [] : this.#turn(event.dx, event.dy);
    }
  }

  #key(code: number, down: boolean): RawEvent[] {
    if (this.#held.has(code) === down) return [];
    if (down) this.#held.add(code);
    else this.#held.delete(code);
    return [{ type: EV_KEY, code, value: down ? 1 : 0 }];
  }

  /** Both the parts and the whole clicks that they add up to: a driver that knows the parts ignores the clicks. */
  #turn(dx: number, dy: number): RawEvent[] {
    const x = this.#wheel.x + toInteger(dx);
    const y = this.#wheel.y + toInteger(dy);
    this.#wheel = { x: x % WHEEL_CLICK, y: y % WHEEL_CLICK };
    return [
      ...relative(REL_WHEEL_HI_RES, dy),
      ...relative(REL_WHEEL, y / WHEEL_CLICK),
      ...relative(REL_HWHEEL_HI_RES, dx),
      ...relative(REL_HWHEEL, x / WHEEL_CLICK),
    ];
  }

  /** As far as the driver has given buffers; the rest waits. */
  #deliver(): void {
    const queue = this.#host?.queue(EVENT_QUEUE);
    if (queue === undefined || (this.#backlog.length === 0 && !this.#lost)) return;
    queue.drain((chain) => {
      if (this.#backlog.length === 0) this.#makeUpForLost();
      const event = this.#backlog[0];
      if (event === undefined) return "later" satisfies TakeAnswer;
      if (this.#writeEvent(chain, event)) {
        this.#backlog.shift();
        queue.push(chain.head, EVENT_SIZE);
      }
      return "taken";
    });
  }

  #writeEvent(chain: Chain, event: RawEvent): boolean {
    if (chain.writableBytes < EVENT_SIZE || chain.readableBytes > 0) {
      this.#host?.fail("a buffer for an event that is not one of 8 writable bytes", EVENT_QUEUE);
      return false;
    }
    encodeEvent(event, this.#event);
    chain.write(0, new Uint8Array(this.#event.buffer));
    this.counters.events++;
    return true;
  }

  /** After the backlog was full: no key may stay down, or up, because its event was dropped. */
  #makeUpForLost(): void {
    if (!this.#lost) return;
    this.#lost = false;
    const up = [...this.#told].filter((code) => !this.#held.has(code));
    const down = [...this.#held].filter((code) => !this.#told.has(code));
    if (up.length + down.length === 0) return;
    const event = (code: number, value: number): RawEvent => ({ type: EV_KEY, code, value });
    this.#queueReport([...up.map((code) => event(code, 0)), ...down.map((code) => event(code, 1))]);
  }

  #takeStatus(): void {
    const queue = this.#host?.queue(STATUS_QUEUE);
    queue?.drain((chain) => {
      const length = chain.read(0, this.#status);
      this.#onStatus(parseEvent(this.#status.subarray(0, length)));
      queue.push(chain.head, 0);
      return "taken" satisfies TakeAnswer;
    });
  }

  #onStatus(event: RawEvent | undefined): void {
    this.counters.statusEvents++;
    const leds = event === undefined || this.kind !== "keyboard" ? undefined : applyStatus(this.#leds, event);
    if (leds !== undefined) this.#setLeds(leds);
    // Linux closes a list of lamps with a report of its own.
    else if (event?.type !== EV_SYN) this.counters.badStatus++;
  }

  #setLeds(leds: KeyboardLeds): void {
    const old = this.#leds;
    this.#leds = leds;
    const same = old.numLock === leds.numLock && old.capsLock === leds.capsLock && old.scrollLock === leds.scrollLock;
    if (!same) this.listener?.leds(leds);
  }

  #setActive(active: boolean): void {
    if (this.#active === active) return;
    this.#active = active;
    this.listener?.active(active);
  }
}

function toInteger(value: number): number {
  return Number.isFinite(value) ? Math.max(-0x8000, Math.min(Math.trunc(value), 0x7fff)) : 0;
}

function clampPosition(value: number): number {
  return Math.max(0, Math.min(toInteger(value), POSITION_MAX));
}

/** An event about a change, unless there is none. */
function relative(code: number, change: number): RawEvent[] {
  const value = toInteger(change);
  return value === 0 ? [] : [{ type: EV_REL, code, value }];
}

// The pointer over an element for the machine: positions where the guest has a tablet, otherwise motion, for which the
// browser must give the pointer away (pointer lock).

import { type PointerButton, POSITION_MAX, WHEEL_CLICK } from "../shared/input_event";
import type { InputEvent, PointerMode } from "../workers/client";

/** Bits of `MouseEvent.buttons`. */
const buttonBits: readonly (readonly [PointerButton, number])[] = [
  ["left", 1],
  ["right", 2],
  ["middle", 4],
  ["side", 8],
  ["extra", 16],
];
/** What browsers make of one click of a wheel, by `WheelEvent.deltaMode`: pixels, lines, pages. */
const clickLengths: readonly number[] = [100, 3, 1];

export interface PointerOptions {
  readonly mode: () => PointerMode;
  readonly send: (events: readonly InputEvent[]) => void;
  /** Where the guest's picture lies on the page. */
  readonly area: () => DOMRect;
}

export class PointerInput {
  readonly #element: HTMLElement;
  readonly #options: PointerOptions;
  readonly #listening = new AbortController();
  /** As in `MouseEvent.buttons`. */
  #buttons = 0;
  /** Parts of a step that are not a whole one yet. */
  #rest = { x: 0, y: 0 };

  constructor(element: HTMLElement, options: PointerOptions) {
    this.#element = element;
    this.#options = options;
    const { signal } = this.#listening;
    // Touches shall not scroll the page.
    element.style.touchAction = "none";
    element.addEventListener("pointerdown", (event) => this.#onDown(event), { signal });
    element.addEventListener("pointermove", (event) => this.#onMove(event), { signal });
    element.addEventListener("pointerup", (event) => this.#onMove(event), { signal });
    element.addEventListener("pointercancel", () => this.releaseAll(), { signal });
    element.addEventListener("wheel", (event) => this.#onWheel(event), { signal, passive: false });
    element.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
    element.addEventListener("blur", () => this.releaseAll(), { signal });
    document.addEventListener("pointerlockchange", () => this.releaseAll(), { signal });
  }

  dispose(): void {
    this.releaseAll();
    this.unlock();
    this.#listening.abort();
  }

  /** Gives the pointer back to the person. */
  unlock(): void {
    if (this.#locked) document.exitPointerLock();
  }

  releaseAll(): void {
    const events = this.#buttonEvents(0);
    if (events.length > 0) this.#options.send(events);
  }

  get #locked(): boolean {
    return document.pointerLockElement === this.#element;
  }

  #onDown(event: PointerEvent): void {
    event.preventDefault();
    this.#element.focus();
    if (this.#options.mode() === "motion" && !this.#locked) {
      // The click that asks for the pointer is not the guest's. Browsers refuse now and then; the next click asks again.
      Promise.resolve(this.#element.requestPointerLock()).catch(() => undefined);
      return;
    }
    // Drags go on outside of the element.
    if (!this.#locked) this.#element.setPointerCapture(event.pointerId);
    this.#onMove(event);
  }

  #onMove(event: PointerEvent): void {
    const absolute = this.#options.mode() === "position";
    if (!absolute && !this.#locked) return;
    // A second finger is not a second mouse.
    if (!event.isPrimary) return;
    const moves = absolute ? this.#position(event) : this.#motion(event);
    const events = [...moves, ...this.#buttonEvents(event.buttons)];
    if (events.length > 0) this.#options.send(events);
  }

  #position({ clientX, clientY }: MouseEvent): InputEvent[] {
    const { left, top, width, height } = this.#options.area();
    if (!(width > 0 && height > 0)) return [];
    return [{ type: "position", x: toPosition(clientX - left, width), y: toPosition(clientY - top, height) }];
  }

  #motion({ movementX, movementY }: MouseEvent): InputEvent[] {
    const [x, y] = [this.#rest.x + movementX, this.#rest.y + movementY];
    const [dx, dy] = [Math.trunc(x), Math.trunc(y)];
    this.#rest = { x: x - dx, y: y - dy };
    return dx === 0 && dy === 0 ? [] : [{ type: "motion", dx, dy }];
  }

  #buttonEvents(buttons: number): InputEvent[] {
    const changed = this.#buttons ^ buttons;
    this.#buttons = buttons;
    return buttonBits
      .filter(([, bit]) => (changed & bit) !== 0)
      .map(([button, bit]) => ({ type: "button", button, down: (buttons & bit) !== 0 }));
  }

  #onWheel(event: WheelEvent): void {
    if (this.#options.mode() === "motion" && !this.#locked) return;
    event.preventDefault();
    const unit = WHEEL_CLICK / (clickLengths[event.deltaMode] ?? 1);
    const [dx, dy] = [Math.round(event.deltaX * unit), Math.round(-event.deltaY * unit)];
    // Without the sign of a zero, which would be news.
    if (dx !== 0 || dy !== 0) this.#options.send([{ type: "wheel", dx: dx || 0, dy: dy || 0 }]);
  }
}

/** Rounded up, so that the left edge of a pixel is not its neighbour's right one when the guest divides again. */
function toPosition(offset: number, length: number): number {
  return Math.max(0, Math.min(Math.ceil((offset / length) * (POSITION_MAX + 1)), POSITION_MAX));
}

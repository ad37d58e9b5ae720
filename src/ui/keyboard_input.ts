// The keyboard of an element for the machine: physical keys, whatever is printed on them; the guest has its own layout.

import { type KeyNumber, keyOfCode } from "../shared/keys";
import type { InputEvent } from "../workers/client";
import { isPaste } from "./clipboard_link";

/** Windows reports AltGr as a control key that nobody has pressed, at the same moment. */
const ALT_GR_MS = 5;
const isMac = /^Mac|^iP(hone|ad)/.test(navigator.platform);

export interface KeyboardOptions {
  readonly send: (events: readonly InputEvent[]) => void;
  /** Asked for by Ctrl+Alt+G, the way out of an element that takes all keys. */
  readonly release: () => void;
  /** The keys for pasting are about to go out. */
  readonly beforePaste: () => void;
}

export class KeyboardInput {
  readonly #element: HTMLElement;
  readonly #options: KeyboardOptions;
  readonly #listening = new AbortController();
  /** By their codes. */
  readonly #held = new Map<string, KeyNumber>();
  #controlAt = -Infinity;

  constructor(element: HTMLElement, options: KeyboardOptions) {
    this.#element = element;
    this.#options = options;
    const { signal } = this.#listening;
    element.addEventListener("keydown", (event) => this.#onDown(event), { signal });
    element.addEventListener("keyup", (event) => this.#onUp(event), { signal });
    // Whoever has the focus now hears of the keys going up.
    element.addEventListener("blur", () => this.releaseAll(), { signal });
    globalThis.addEventListener("blur", () => this.releaseAll(), { signal });
    document.addEventListener("visibilitychange", () => this.releaseAll(), { signal });
  }

  dispose(): void {
    this.releaseAll();
    this.#listening.abort();
  }

  releaseAll(): void {
    const events = [...this.#held.values()].reverse().map((key) => ({ type: "key", key, down: false }) as const);
    this.#held.clear();
    if (events.length > 0) this.#options.send(events);
  }

  #onDown(event: KeyboardEvent): void {
    const key = keyOfCode(event.code);
    // The browser keeps what the machine has no key for.
    if (key === undefined) return;
    // The browser's own event has the text that is to be pasted.
    if (isPaste(event)) this.#options.beforePaste();
    else event.preventDefault();
    event.stopPropagation();
    if (event.code === "KeyG" && this.#held.has("ControlLeft") && this.#held.has("AltLeft")) {
      this.releaseAll();
      this.#options.release();
      this.#element.blur();
      return;
    }
    if (event.code === "ControlLeft" && !event.repeat) this.#controlAt = event.timeStamp;
    if (event.code === "AltRight" && event.timeStamp - this.#controlAt < ALT_GR_MS) this.#up("ControlLeft");
    this.#held.set(event.code, key);
    this.#options.send([{ type: "key", key, down: true, repeat: event.repeat }]);
    // On a Mac the page hears only that the lock has changed.
    if (isMac && event.code === "CapsLock") this.#up(event.code);
  }

  #onUp(event: KeyboardEvent): void {
    const key = keyOfCode(event.code);
    if (key === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (isMac && event.code === "CapsLock") {
      this.#options.send([{ type: "key", key, down: true }]);
      this.#held.set(event.code, key);
    }
    this.#up(event.code);
    // While the command key is held, a Mac does not say when other keys go up.
    if (isMac && event.code.startsWith("Meta")) this.releaseAll();
  }

  #up(code: string): void {
    const key = this.#held.get(code);
    if (key === undefined) return;
    this.#held.delete(code);
    this.#options.send([{ type: "key", key, down: false }]);
  }
}

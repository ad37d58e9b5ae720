// Keyboard and pointer of the element that shows a machine's screen.

import type { InputEvent, Machine } from "../workers/client";
import { KeyboardInput } from "./keyboard_input";
import { PointerInput } from "./pointer_input";

export class ScreenInput {
  readonly #keyboard: KeyboardInput;
  readonly #pointer: PointerInput;
  readonly #stopListening: () => void;

  /** `area` is where the picture lies on the page, if it does not fill the element. */
  constructor(element: HTMLElement, machine: Machine, area: () => DOMRect = () => element.getBoundingClientRect()) {
    const send = (events: readonly InputEvent[]): void => {
      // Fails only while the machine goes away.
      machine.sendInput(events).catch(() => undefined);
    };
    // It must have the focus to hear of keys.
    if (element.tabIndex < 0) element.tabIndex = 0;
    this.#pointer = new PointerInput(element, { mode: () => machine.pointerMode, send, area });
    this.#keyboard = new KeyboardInput(element, send, () => this.#pointer.unlock());
    this.#stopListening = machine.on("pointer", (mode) => {
      if (mode === "position") this.#pointer.unlock();
    });
  }

  dispose(): void {
    this.#stopListening();
    this.#keyboard.dispose();
    this.#pointer.dispose();
  }
}

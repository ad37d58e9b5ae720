// Keyboard and pointer of the element that shows a machine's screen.

import type { InputEvent, Machine } from "../workers/client";
import { ClipboardLink } from "./clipboard_link";
import { KeyboardInput } from "./keyboard_input";
import { PointerInput } from "./pointer_input";

export class ScreenInput {
  readonly #keyboard: KeyboardInput;
  readonly #pointer: PointerInput;
  readonly #clipboard: ClipboardLink;
  readonly #stopListening: () => void;
  /** What the next event waits for. */
  #turn: Promise<void> = Promise.resolve();

  /** `area` is where the picture lies on the page, if it does not fill the element. */
  constructor(element: HTMLElement, machine: Machine, area: () => DOMRect = () => element.getBoundingClientRect()) {
    const send = (events: readonly InputEvent[]): void => {
      // Fails only while the machine goes away.
      void this.#turn.then(() => machine.sendInput(events)).catch(() => undefined);
    };
    // It must have the focus to hear of keys.
    if (element.tabIndex < 0) element.tabIndex = 0;
    this.#pointer = new PointerInput(element, { mode: () => machine.pointerMode, send, area });
    this.#clipboard = new ClipboardLink(element, machine);
    this.#keyboard = new KeyboardInput(element, {
      send,
      release: () => this.#pointer.unlock(),
      beforePaste: () => {
        const pasted = this.#clipboard.paste().catch(() => undefined);
        this.#turn = this.#turn.then(() => pasted);
      },
    });
    this.#stopListening = machine.on("pointer", (mode) => {
      if (mode === "position") this.#pointer.unlock();
    });
  }

  dispose(): void {
    this.#stopListening();
    this.#clipboard.dispose();
    this.#keyboard.dispose();
    this.#pointer.dispose();
  }
}

// One clipboard for page and guest. What is copied in the guest goes to the browser's clipboard at once; the other way the
// browser tells a page only in the event of a paste, which the keys for it bring about while the guest's screen has the
// focus: the guest gets the text first, and then the keys.

import type { Machine } from "../workers/client";

/** The event of the browser follows the key soon, on a busy computer too, or not at all. */
const EVENT_MS = 1000;

/** The keys by which browsers, and programs in the guest, paste. */
export function isPaste({ code, ctrlKey, shiftKey, altKey, metaKey }: KeyboardEvent): boolean {
  if (altKey) return false;
  return (code === "KeyV" && (ctrlKey || metaKey)) || (code === "Insert" && shiftKey && !ctrlKey);
}

export class ClipboardLink {
  readonly #machine: Machine;
  readonly #listening = new AbortController();
  readonly #stopListening: () => void;
  /** What both sides have. */
  #text = "";
  #pasted: ((text: string | undefined) => void) | undefined;

  constructor(element: HTMLElement, machine: Machine) {
    this.#machine = machine;
    const stops = [
      machine.on("clipboard", (text) => void this.#copied(text)),
      // A machine that was built anew has another port.
      machine.on("state", () => this.#connect()),
    ];
    this.#stopListening = () => stops.forEach((stop) => stop());
    this.#connect();
    element.addEventListener("paste", (event) => this.#onPaste(event), { signal: this.#listening.signal });
  }

  dispose(): void {
    this.#stopListening();
    this.#listening.abort();
  }

  #connect(): void {
    // Many machines have no such port.
    this.#machine.clipboard.connect().catch(() => undefined);
  }

  /** Somebody has pressed the keys for pasting; resolves when they may go to the guest. */
  async paste(): Promise<void> {
    // Who has no agent in the guest has nothing to wait for.
    if (!this.#machine.clipboard.present) return;
    const event = Promise.withResolvers<string | undefined>();
    this.#pasted = event.resolve;
    const timer = setTimeout(() => event.resolve(undefined), EVENT_MS);
    const text = await event.promise;
    clearTimeout(timer);
    this.#pasted = undefined;
    if (text === undefined || text === this.#text) return;
    this.#text = text;
    await this.#machine.clipboard.write(text);
  }

  #onPaste(event: ClipboardEvent): void {
    event.preventDefault();
    const text = event.clipboardData?.getData("text/plain") ?? "";
    this.#pasted?.(text === "" ? undefined : text);
  }

  async #copied(text: string): Promise<void> {
    this.#text = text;
    // Browsers refuse while the page does not have the focus: then it was not the person who copied.
    await navigator.clipboard.writeText(text).catch(() => undefined);
  }
}

// The clipboard of a guest's desktop, through Debian's spice-vdagent on its port. Either side says that it has text; the
// text itself goes over when somebody pastes it.

import type { MachinePort } from "./port_link";
import * as Spice from "./spice_messages";

export const SPICE_PORT = "com.redhat.spice.0";

/** VD_AGENT_CAP_CLIPBOARD_BY_DEMAND and _SELECTION. */
const CAPABILITIES = (1 << 5) | (1 << 6);
/** VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD; what is merely marked is another selection. */
const SELECTION = 0;
const NO_TEXT = 0;
const UTF8_TEXT = 1;
const ANSWER_TIMEOUT_MS = 5000;

/** u32s, as the agent's messages have them: a selection first. */
function words(...values: number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 4);
  const fields = new DataView(bytes.buffer);
  values.forEach((value, i) => fields.setUint32(i * 4, value, true));
  return bytes;
}

function wordsOf({ buffer, length }: Uint8Array<ArrayBuffer>): number[] {
  const fields = new DataView(buffer);
  return Array.from({ length: length >> 2 }, (_, i) => fields.getUint32(i * 4, true));
}

export class GuestClipboard {
  readonly #open: () => Promise<MachinePort>;
  readonly #copied: () => void;
  #port: MachinePort | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  /** The agent has said what it can do. */
  #present = false;
  /** What the guest gets when it pastes; undefined while what was copied last is the guest's own. */
  #text: string | undefined;
  #guestHasText = false;
  #waiting: ((text: string) => void)[] = [];
  #messages = new Spice.MessageReader();

  /** `open` opens the agent's port; `copied` hears that somebody in the guest has copied text. */
  constructor(open: () => Promise<MachinePort>, copied: () => void) {
    this.#open = open;
    this.#copied = copied;
  }

  /** Whether a desktop with an agent is there. */
  get present(): boolean {
    return this.#present;
  }

  /** Opens the port and keeps it. Rejects where the machine has none, or somebody else has it. */
  async connect(): Promise<void> {
    if (this.#port !== undefined && this.#port.ended === undefined) return;
    const port = await this.#open();
    this.#port = port;
    this.#writer = port.writable.getWriter();
    port.onGuestOpen((open) => this.#guestOpened(open));
    if (port.guestOpen) this.#guestOpened(true);
    void this.#serve(port);
  }

  /** Text for the guest to paste. Resolves when its desktop can do so, if there is one. */
  async write(text: string): Promise<void> {
    this.#text = text;
    this.#guestHasText = false;
    await this.connect();
    if (!this.#present) return;
    this.#offer();
    // The agent does one thing after the other: when it has said that it has no text of its own, it has taken ours. Who
    // does not answer may be able to paste all the same.
    await this.#ask().catch(() => undefined);
  }

  /** The text that was copied in the guest; empty if there is none. */
  async read(): Promise<string> {
    return this.#guestHasText ? this.#ask() : "";
  }

  async #ask(): Promise<string> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const answer = new Promise<string>((resolve, reject) => {
      this.#waiting.push(resolve);
      timer = setTimeout(() => reject(new Error("the guest does not give its clipboard")), ANSWER_TIMEOUT_MS);
    });
    this.#send(Spice.CLIPBOARD_REQUEST, words(SELECTION, UTF8_TEXT));
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  #guestOpened(open: boolean): void {
    this.#present = false;
    this.#guestHasText = false;
    this.#giveAll("");
    // Another agent begins with a message, wherever the one before has ended.
    this.#messages = new Spice.MessageReader();
    if (open) this.#announce(true);
  }

  async #serve(port: MachinePort): Promise<void> {
    const reader = port.readable.getReader();
    for (;;) {
      const { value } = await reader.read();
      const found = value === undefined ? undefined : this.#messages.add(value);
      if (found?.ok !== true) break;
      for (const message of found.value) this.#onMessage(message);
    }
    this.#guestOpened(false);
    await port.close();
  }

  #onMessage({ type, data }: Spice.SpiceMessage): void {
    // Selections are bytes with three unused ones behind them.
    const [first = 0, ...rest] = wordsOf(data);
    const ours = (first & 0xff) === SELECTION;
    if (type === Spice.ANNOUNCE_CAPABILITIES) this.#announced(first !== 0);
    else if (!ours) return;
    else if (type === Spice.CLIPBOARD_GRAB) this.#grabbed(rest.includes(UTF8_TEXT));
    else if (type === Spice.CLIPBOARD_REQUEST) this.#give();
    else if (type === Spice.CLIPBOARD_RELEASE) this.#guestHasText = false;
    else if (type === Spice.CLIPBOARD) {
      this.#giveAll(rest[0] === UTF8_TEXT ? new TextDecoder().decode(data.subarray(8)) : "");
    }
  }

  #announced(answer: boolean): void {
    this.#present = true;
    if (answer) this.#announce(false);
    if (this.#text !== undefined) this.#offer();
  }

  #grabbed(text: boolean): void {
    this.#text = undefined;
    this.#guestHasText = text;
    if (text) this.#copied();
  }

  /** The guest pastes. */
  #give(): void {
    const text = new TextEncoder().encode(this.#text ?? "");
    const data = new Uint8Array(8 + text.length);
    data.set(words(SELECTION, this.#text === undefined ? NO_TEXT : UTF8_TEXT));
    data.set(text, 8);
    this.#send(Spice.CLIPBOARD, data);
  }

  #giveAll(text: string): void {
    for (const resolve of this.#waiting.splice(0)) resolve(text);
  }

  #offer(): void {
    this.#send(Spice.CLIPBOARD_GRAB, words(SELECTION, UTF8_TEXT));
  }

  #announce(ask: boolean): void {
    this.#send(Spice.ANNOUNCE_CAPABILITIES, words(ask ? 1 : 0, CAPABILITIES));
  }

  #send(type: number, data: Uint8Array): void {
    // Fails only while the port goes away, which `#serve` notices.
    this.#writer?.write(Spice.encodeMessage(type, data)).catch(() => undefined);
  }
}

// One terminal on one console of the machine: keys go in, bytes come out, text is found, copied and pasted.

import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { WebglAddon } from "@xterm/addon-webgl";
import { Terminal } from "@xterm/xterm";
import type { ConsoleName, ConsoleStreams } from "../workers/client";
import { el } from "./dom";
import { hasHardwareWebgl } from "./hardware_webgl";
import { currentTheme, onThemeChange } from "./themes";

export interface PaneEvents {
  openSearch(): void;
  /** The first byte of output since `expectOutput`. */
  firstOutput(): void;
  resized(columns: number, rows: number): void;
  problem(text: string): void;
}

const scrollback = 10_000;
/** Bytes that the terminal may have got and not parsed yet. */
const mostPending = 128 << 10;
const encoder = new TextEncoder();

export class TerminalPane {
  readonly name: ConsoleName;
  readonly element: HTMLElement;
  readonly search = new SearchAddon();
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #events: PaneEvents;
  readonly #stopTheme: () => void;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  #silent = true;

  constructor(name: ConsoleName, events: PaneEvents) {
    this.name = name;
    this.#events = events;
    this.element = el("div", { class: "pane", id: `pane-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}` });
    this.#terminal = new Terminal({
      allowProposedApi: true,
      cursorBlink: true,
      fontFamily: "ui-monospace, 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace",
      fontSize: globalThis.innerWidth < 600 ? 12 : 14,
      scrollback,
      theme: currentTheme(),
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.loadAddon(this.search);
    this.#terminal.onData((text) => this.#send(encoder.encode(text)));
    this.#terminal.onBinary((text) => this.#send(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    this.#terminal.onResize(({ cols, rows }) => events.resized(cols, rows));
    this.#terminal.attachCustomKeyEventHandler((event) => this.#onKey(event));
    this.element.addEventListener("contextmenu", (event) => this.#onContextMenu(event));
    this.#stopTheme = onThemeChange(() => (this.#terminal.options.theme = currentTheme()));
  }

  /** Call once the element is in the document. */
  open(): void {
    this.#terminal.open(this.element);
    this.#terminal.textarea?.setAttribute("aria-label", `Console ${this.name}`);
    if (!this.#drawWithWebgl()) this.#drawWithElements();
  }

  /** False where it is missing, is drawn in software, or is refused. */
  #drawWithWebgl(): boolean {
    if (!hasHardwareWebgl()) return false;
    try {
      const webgl = new WebglAddon();
      webgl.onContextLoss(() => {
        webgl.dispose();
        this.#drawWithElements();
      });
      this.#terminal.loadAddon(webgl);
      return true;
    } catch {
      return false;
    }
  }

  /** The renderer built into the terminal. */
  #drawWithElements(): void {
    this.element.dataset["renderer"] = "dom";
    // There it is an animation in CSS, which keeps the page drawing 60 times a second.
    this.#terminal.options.cursorBlink = false;
    // Its rows cut off what lies below them: underscores.
    this.#terminal.options.lineHeight = 1.1;
  }

  attach({ readable, writable }: ConsoleStreams): void {
    this.#writer = writable.getWriter();
    this.#reader = readable.getReader();
    void this.#pump(this.#reader);
  }

  /** The next output counts as the first again. */
  expectOutput(): void {
    this.#silent = true;
  }

  /** Fits to the element's size and tells it. */
  fit(): { cols: number; rows: number } | undefined {
    const size = this.#fit.proposeDimensions();
    if (size === undefined || !(size.cols > 1) || !(size.rows > 1)) return undefined;
    this.resize(size.cols, size.rows);
    return size;
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  get size(): { columns: number; rows: number } {
    return { columns: this.#terminal.cols, rows: this.#terminal.rows };
  }

  show(visible: boolean): void {
    this.element.classList.toggle("visible", visible);
    this.element.setAttribute("aria-hidden", String(!visible));
    this.element.inert = !visible;
  }

  focus(): void {
    this.#terminal.focus();
  }

  /** Everything in the scrollback as text. */
  text(): string {
    const buffer = this.#terminal.buffer.active;
    const lines: string[] = [];
    for (let i = 0; i < buffer.length; i++) {
      const line = buffer.getLine(i);
      const text = line?.translateToString(true) ?? "";
      if (line?.isWrapped) lines.push(`${lines.pop() ?? ""}${text}`);
      else lines.push(text);
    }
    return `${lines.join("\n").trimEnd()}\n`;
  }

  dispose(): void {
    this.#stopTheme();
    void this.#reader?.cancel().catch(() => undefined);
    this.#terminal.dispose();
  }

  #send(bytes: Uint8Array): void {
    // A write fails when the machine goes away under it, which has its own message.
    this.#writer?.write(bytes).catch(() => undefined);
  }

  async #pump(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>): Promise<void> {
    let pending = 0;
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) return;
      if (this.#silent) {
        this.#silent = false;
        this.#events.firstOutput();
      }
      pending += value.length;
      const written = new Promise<void>((resolve) => {
        this.#terminal.write(value, () => {
          pending -= value.length;
          resolve();
        });
      });
      // Output that comes faster than the terminal takes it in stays outside of its buffers.
      if (pending > mostPending) await written;
    }
  }

  /** False keeps the key from the guest. */
  #onKey(event: KeyboardEvent): boolean {
    if (event.type !== "keydown" || !event.ctrlKey || !event.shiftKey) return true;
    switch (event.code) {
      case "KeyC":
        event.preventDefault();
        void this.#copy();
        return false;
      case "KeyV":
        // The browser's own paste follows, which needs no permission; the terminal handles its event.
        return false;
      case "KeyF":
        event.preventDefault();
        this.#events.openSearch();
        return false;
      default:
        return true;
    }
  }

  /** Copies the selection, or pastes where there is none; with Shift the browser's menu opens. */
  #onContextMenu(event: MouseEvent): void {
    if (event.shiftKey) return;
    event.preventDefault();
    void (this.#terminal.hasSelection() ? this.#copy() : this.#paste());
  }

  async #copy(): Promise<void> {
    if (!this.#terminal.hasSelection()) return;
    try {
      await navigator.clipboard.writeText(this.#terminal.getSelection());
      this.#terminal.clearSelection();
    } catch {
      this.#events.problem("The browser did not let the page write to the clipboard.");
    }
  }

  async #paste(): Promise<void> {
    try {
      this.#terminal.paste(await navigator.clipboard.readText());
    } catch {
      this.#events.problem("The browser did not let the page read the clipboard. Ctrl+Shift+V pastes without asking.");
    }
    this.focus();
  }
}

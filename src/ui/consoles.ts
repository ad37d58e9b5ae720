// The machine's consoles as tabs over one area. Until someone chooses, it shows ttyS0, where the kernel speaks first,
// and changes to hvc0 at the first output there.

import type { ConsoleName, Machine } from "../workers/client";
import type { Notice } from "../workers/protocol";
import { el } from "./dom";
import { SearchBox } from "./search_box";
import { TerminalPane } from "./terminal_pane";

const names: readonly ConsoleName[] = ["ttyS0", "hvc0"];
const titles: Record<ConsoleName, string> = { ttyS0: "Serial port", hvc0: "Virtio console" };

export class Consoles {
  readonly tabs = el("div", { class: "tabs", role: "tablist", "aria-label": "Consoles" });
  readonly element = el("div", { class: "panes" });
  readonly #panes = new Map<ConsoleName, TerminalPane>();
  readonly #buttons = new Map<ConsoleName, HTMLButtonElement>();
  readonly #search = new SearchBox(() => this.focus());
  readonly #observer = new ResizeObserver(() => this.#fit());
  readonly #notify: (notice: Notice) => void;
  #machine: Machine | undefined;
  #active: ConsoleName = "ttyS0";
  #chosen = false;

  constructor(notify: (notice: Notice) => void) {
    this.#notify = notify;
    for (const name of names) this.#addPane(name);
    this.element.append(this.#search.element);
    this.tabs.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Call once the element is in the document. */
  open(): void {
    for (const pane of this.#panes.values()) pane.open();
    this.#activate(this.#active);
    this.#observer.observe(this.element);
  }

  attach(machine: Machine): void {
    this.#machine = machine;
    for (const [name, pane] of this.#panes) pane.attach(machine.console(name));
    const size = this.#panes.get("hvc0")?.size;
    if (size) this.#resize(size.columns, size.rows);
  }

  /** The machine starts over: its first words come on ttyS0 again. */
  restart(): void {
    if (this.#chosen) return;
    this.#panes.get("hvc0")?.expectOutput();
    this.#activate("ttyS0");
  }

  openSearch(): void {
    const pane = this.#panes.get(this.#active);
    if (pane) this.#search.open(pane.search);
  }

  focus(): void {
    this.#panes.get(this.#active)?.focus();
  }

  get active(): ConsoleName {
    return this.#active;
  }

  /** What the shown terminal holds. */
  text(): string {
    return this.#panes.get(this.#active)?.text() ?? "";
  }

  dispose(): void {
    this.#observer.disconnect();
    for (const pane of this.#panes.values()) pane.dispose();
  }

  #addPane(name: ConsoleName): void {
    const pane = new TerminalPane(name, {
      openSearch: () => this.openSearch(),
      firstOutput: () => {
        if (name === "hvc0" && !this.#chosen) this.#activate("hvc0");
      },
      resized: (columns, rows) => {
        if (name === "hvc0") this.#resize(columns, rows);
      },
      problem: (text) => this.#notify({ level: "warning", text }),
    });
    this.#panes.set(name, pane);
    this.element.append(pane.element);
    const choose = (): void => {
      this.#chosen = true;
      this.#activate(name);
      this.focus();
    };
    const button = el(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        "aria-controls": `pane-${name}`,
        title: titles[name],
        onclick: choose,
      },
      name,
    );
    this.#buttons.set(name, button);
    this.tabs.append(button);
  }

  #activate(name: ConsoleName): void {
    const hadFocus = this.element.contains(document.activeElement);
    this.#active = name;
    for (const [other, pane] of this.#panes) pane.show(other === name);
    for (const [other, button] of this.#buttons) {
      button.setAttribute("aria-selected", String(other === name));
      button.tabIndex = other === name ? 0 : -1;
    }
    this.#fit();
    const pane = this.#panes.get(name);
    if (pane) this.#search.follow(pane.search);
    if (hadFocus && this.#search.element.hidden) this.focus();
  }

  /** The hidden pane has the size of the shown one, so that the guest knows the size before its console is shown. */
  #fit(): void {
    const size = this.#panes.get(this.#active)?.fit();
    if (size === undefined) return;
    for (const pane of this.#panes.values()) pane.resize(size.cols, size.rows);
  }

  #resize(columns: number, rows: number): void {
    // Fails only while the machine goes away.
    this.#machine?.resizeConsole(columns, rows).catch(() => undefined);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    const other = names[(names.indexOf(this.#active) + 1) % names.length] ?? "ttyS0";
    this.#chosen = true;
    this.#activate(other);
    this.#buttons.get(other)?.focus();
  }
}

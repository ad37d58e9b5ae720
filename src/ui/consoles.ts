// The machine's consoles, and its screen if it has one, as tabs over one area. Until someone chooses, it shows ttyS0, where the kernel speaks first,
// and changes to hvc0 at the first output there.

import type { ConsoleName, Machine } from "../workers/client";
import type { Notice } from "../workers/protocol";
import { el } from "./dom";
import { Screen } from "./screen";
import { SearchBox } from "./search_box";
import { TerminalPane } from "./terminal_pane";

type TabName = ConsoleName | "display";

const names: readonly ConsoleName[] = ["ttyS0", "hvc0"];
const titles: Record<TabName, string> = { ttyS0: "Serial port", hvc0: "Virtio console", display: "The guest's screen" };

export class Consoles {
  readonly tabs = el("div", { class: "tabs", role: "tablist", "aria-label": "Consoles" });
  readonly element = el("div", { class: "panes" });
  readonly #panes = new Map<ConsoleName, TerminalPane>();
  readonly screen = new Screen(() => this.#addTab("display", "Display"));
  readonly #buttons = new Map<TabName, HTMLButtonElement>();
  readonly #search = new SearchBox(() => this.focus());
  readonly #observer = new ResizeObserver(() => this.#fit());
  readonly #notify: (notice: Notice) => void;
  #machine: Machine | undefined;
  #active: TabName = "ttyS0";
  /** The console that Find and Save mean. */
  #console: ConsoleName = "ttyS0";
  #chosen = false;

  constructor(notify: (notice: Notice) => void) {
    this.#notify = notify;
    for (const name of names) this.#addPane(name);
    this.element.append(this.screen.element, this.#search.element);
    this.screen.show(false);
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
    this.screen.attach(machine);
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
    const pane = this.#panes.get(this.#console);
    if (pane) this.#search.open(pane.search);
  }

  focus(): void {
    if (this.#active === "display") this.screen.focus();
    else this.#panes.get(this.#active)?.focus();
  }

  get active(): ConsoleName {
    return this.#console;
  }

  /** What the shown terminal holds. */
  text(): string {
    return this.#panes.get(this.#console)?.text() ?? "";
  }

  dispose(): void {
    this.#observer.disconnect();
    this.screen.dispose();
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
    this.#addTab(name, name);
  }

  #addTab(name: TabName, label: string): void {
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
        "aria-selected": "false",
        tabindex: "-1",
        title: titles[name],
        onclick: choose,
      },
      label,
    );
    this.#buttons.set(name, button);
    this.tabs.append(button);
  }

  #activate(name: TabName): void {
    const hadFocus = this.element.contains(document.activeElement);
    this.#active = name;
    if (name !== "display") this.#console = name;
    this.screen.show(name === "display");
    for (const [other, pane] of this.#panes) pane.show(other === name);
    for (const [other, button] of this.#buttons) {
      button.setAttribute("aria-selected", String(other === name));
      button.tabIndex = other === name ? 0 : -1;
    }
    this.#fit();
    const pane = this.#panes.get(this.#console);
    if (pane) this.#search.follow(pane.search);
    if (hadFocus && this.#search.element.hidden) this.focus();
  }

  /** The hidden pane has the size of the shown one, so that the guest knows the size before its console is shown. */
  #fit(): void {
    const size = this.#panes.get(this.#console)?.fit();
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
    const tabs = [...this.#buttons.keys()];
    const step = event.key === "ArrowRight" ? 1 : tabs.length - 1;
    const other = tabs[(tabs.indexOf(this.#active) + step) % tabs.length] ?? "ttyS0";
    this.#chosen = true;
    this.#activate(other);
    this.#buttons.get(other)?.focus();
  }
}

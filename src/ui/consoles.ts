// The machine's consoles, and its screen if it has one, as tabs over one area; virtio consoles come and go while it runs. Until someone chooses, it shows ttyS0, where the kernel speaks first,
// and changes to hvc0 at the first output there.

import type { ConsoleName, Machine } from "../workers/client";
import type { Notice } from "../workers/protocol";
import { el } from "./dom";
import { Screen } from "./screen";
import { SearchBox } from "./search_box";
import { TerminalPane } from "./terminal_pane";

/** Those that always have a tab. */
const basics: readonly ConsoleName[] = ["ttyS0", "hvc0"];
/** The tab of the guest's screen; no console has this name. */
const DISPLAY = "display";
type TabName = ConsoleName;

export class Consoles {
  readonly tabs = el("div", { class: "tabs", role: "tablist", "aria-label": "Consoles" });
  readonly element = el("div", { class: "panes" });
  readonly #panes = new Map<ConsoleName, TerminalPane>();
  readonly screen = new Screen(() => this.#addTab(DISPLAY, "Display"));
  readonly #buttons = new Map<TabName, HTMLButtonElement>();
  readonly #search = new SearchBox(() => this.focus());
  readonly #observer = new ResizeObserver(() => this.#fit());
  readonly #notify: (notice: Notice) => void;
  #machine: Machine | undefined;
  #active: TabName = "ttyS0";
  /** The console that Find and Save mean. */
  #console: ConsoleName = "ttyS0";
  #chosen = false;
  #opened = false;
  #stopListening: () => void = () => undefined;

  constructor(notify: (notice: Notice) => void) {
    this.#notify = notify;
    for (const name of basics) this.#addPane(name);
    this.element.append(this.screen.element, this.#search.element);
    this.screen.show(false);
    this.tabs.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Call once the element is in the document. */
  open(): void {
    this.#opened = true;
    for (const pane of this.#panes.values()) pane.open();
    this.#activate(this.#active);
    this.#observer.observe(this.element);
  }

  attach(machine: Machine): void {
    this.#machine = machine;
    for (const [name, pane] of this.#panes) this.#attachPane(name, pane, machine);
    this.#stopListening = machine.on("consoles", (names) => this.#follow(names, machine));
    this.#follow(machine.consoles, machine);
    this.screen.attach(machine);
  }

  /** Tabs for the consoles that there are now. */
  #follow(names: readonly ConsoleName[], machine: Machine): void {
    for (const name of names) {
      if (this.#panes.has(name)) continue;
      const pane = this.#addPane(name);
      if (this.#opened) pane.open();
      pane.show(false);
      this.#attachPane(name, pane, machine);
    }
    for (const [name, pane] of this.#panes) {
      if (names.includes(name)) continue;
      pane.dispose();
      pane.element.remove();
      this.#buttons.get(name)?.remove();
      this.#panes.delete(name);
      this.#buttons.delete(name);
    }
    if (this.#active !== DISPLAY && !this.#panes.has(this.#active)) this.#activate("hvc0");
    else this.#fit();
  }

  #attachPane(name: ConsoleName, pane: TerminalPane, machine: Machine): void {
    pane.attach(machine.console(name));
    this.#resize(name, pane.size.columns, pane.size.rows);
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
    if (this.#active === DISPLAY) this.screen.focus();
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
    this.#stopListening();
    this.#observer.disconnect();
    this.screen.dispose();
    for (const pane of this.#panes.values()) pane.dispose();
  }

  #addPane(name: ConsoleName): TerminalPane {
    const pane = new TerminalPane(name, {
      openSearch: () => this.openSearch(),
      firstOutput: () => {
        if (name === "hvc0" && !this.#chosen) this.#activate("hvc0");
      },
      resized: (columns, rows) => this.#resize(name, columns, rows),
      problem: (text) => this.#notify({ level: "warning", text }),
    });
    this.#panes.set(name, pane);
    this.element.append(pane.element);
    this.#addTab(name, name);
    return pane;
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
        title: titleOf(name),
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
    if (name !== DISPLAY) this.#console = name;
    this.screen.show(name === DISPLAY);
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

  /** The serial port has no way to tell. */
  #resize(name: ConsoleName, columns: number, rows: number): void {
    if (name === "ttyS0") return;
    // Fails only while the machine goes away.
    this.#machine?.resizeConsole(columns, rows, name).catch(() => undefined);
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

function titleOf(name: TabName): string {
  if (name === DISPLAY) return "The guest's screen";
  return name === "ttyS0" ? "Serial port" : "Virtio console";
}

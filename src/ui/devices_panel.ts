// The machine's devices beside the terminal: features that were negotiated, queues, what went wrong. Looks again every
// second while it is open.

import type { DeviceReport, Machine } from "../workers/client";
import { el } from "./dom";
import { icon } from "./icons";

const refreshMilliseconds = 1000;

export class DevicesPanel {
  readonly element: HTMLElement;
  readonly #machine: Machine;
  readonly #list = el("div", { class: "devices-list" });
  #timer: number | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
    const close = el(
      "button",
      { type: "button", class: "ghost", "aria-label": "Close devices", title: "Close", onclick: () => this.toggle() },
      icon("close"),
    );
    const head = el("header", {}, el("h2", {}, "Devices"), close);
    this.element = el("aside", { class: "devices", "aria-label": "Devices", hidden: true }, head, this.#list);
  }

  toggle(): void {
    this.element.hidden = !this.element.hidden;
    globalThis.clearInterval(this.#timer);
    if (this.element.hidden) return;
    this.#timer = globalThis.setInterval(() => void this.#refresh(), refreshMilliseconds);
    void this.#refresh();
  }

  dispose(): void {
    globalThis.clearInterval(this.#timer);
  }

  async #refresh(): Promise<void> {
    if (document.hidden) return;
    try {
      const reports = await this.#machine.devices();
      // Which are open stays as it is, and so does the focus.
      const open = new Set(Array.from(this.#list.querySelectorAll("details[open]"), (node) => node.id));
      const focused = this.#list.querySelector("details:focus-within")?.id;
      const views = reports.map((report) => deviceView(report, open));
      this.#list.replaceChildren(...views);
      views
        .find(({ id }) => id === focused)
        ?.querySelector("summary")
        ?.focus();
    } catch {
      this.#list.replaceChildren(el("p", {}, "The machine is off."));
    }
  }
}

function deviceView(report: DeviceReport, open: ReadonlySet<string>): HTMLElement {
  const { id, name, driver, slot, state, features, queues, failures, lastFailure } = report;
  const place = slot === undefined ? "" : `slot 0x${slot.toString(16)}`;
  const key = `device-${slot ?? `${id} ${name}`}-${driver}`;
  // By its id, or else what it is; a name that is neither says which.
  const title = id === "" ? driver : id;
  const details = [id === "" ? "" : driver, name === id ? "" : name, place, state];
  const used = queues.filter(({ size }) => size > 0);
  const summary = el(
    "summary",
    {},
    el("strong", {}, title),
    el("span", {}, details.filter((part) => part !== "").join(", ")),
  );
  const body = [
    features.length === 0 ? undefined : el("p", { class: "features" }, features.join(" ")),
    used.length === 0 ? undefined : queueTable(used),
    failures === 0
      ? undefined
      : el(
          "p",
          { class: "error-text" },
          `${failures} failures${lastFailure === "" ? "" : `, the last: ${lastFailure}`}`,
        ),
    countersView(report),
  ];
  return el("details", { id: key, "data-state": state, open: open.has(key) }, summary, ...body);
}

function queueTable(queues: DeviceReport["queues"]): HTMLElement {
  const head = ["Queue", "Size", "Depth", "Kicks", "Interrupts", "Errors"].map((text) =>
    el("th", { scope: "col" }, text),
  );
  const rows = queues.map(({ name, size, depth, kicks, interrupts, errors }) => {
    const cells = [size, depth, kicks, interrupts, errors].map((value) => el("td", {}, String(value)));
    return el("tr", {}, el("th", { scope: "row" }, name), ...cells);
  });
  return el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
}

function countersView({ counters, interface: kind, interrupts }: DeviceReport): HTMLElement | undefined {
  const counted = Object.entries(counters).filter(([, value]) => value !== 0);
  const parts = [
    ...(kind === undefined ? [] : [`${kind} interface, ${interrupts ?? ""}`]),
    ...counted.map(([name, value]) => `${name} ${value}`),
  ];
  return parts.length === 0 ? undefined : el("p", { class: "counters" }, parts.join(" · "));
}

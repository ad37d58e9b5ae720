// What is being loaded, and how far it is.

import type { Progress } from "../workers/protocol";
import { el } from "./dom";
import { formatBytes, formatPercent } from "./format";

interface Row {
  readonly element: HTMLElement;
  readonly bar: HTMLProgressElement;
  readonly text: HTMLElement;
}

export class ProgressView {
  readonly element: HTMLElement;
  readonly #list = el("div", { class: "progress-list" });
  readonly #rows = new Map<string, Row>();

  constructor() {
    this.element = el("section", { class: "overlay progress", "aria-label": "Loading", hidden: true }, this.#list);
  }

  show(visible: boolean): void {
    this.element.hidden = !visible;
    if (visible) return;
    this.#rows.clear();
    this.#list.replaceChildren();
  }

  update({ what, loaded, total }: Progress): void {
    const row = this.#rows.get(what) ?? this.#add(what);
    if (total === undefined || total === 0) {
      row.bar.removeAttribute("value");
      row.text.textContent = formatBytes(loaded);
      return;
    }
    row.bar.max = total;
    row.bar.value = Math.min(loaded, total);
    row.text.textContent = `${formatBytes(loaded)} of ${formatBytes(total)}, ${formatPercent(Math.min(1, loaded / total))}`;
  }

  #add(what: string): Row {
    const bar = el("progress", { "aria-label": `Loading ${what}` });
    const text = el("span", { class: "progress-text" });
    const element = el("div", { class: "progress-row" }, el("span", { class: "progress-what" }, what), text, bar);
    const row = { element, bar, text };
    this.#rows.set(what, row);
    this.#list.append(element);
    return row;
  }
}

// Messages that come and can be dismissed: read out by screen readers, stacked in a corner, never more than a few.

import type { Notice } from "../workers/protocol";
import { el } from "./dom";
import { icon } from "./icons";

const most = 4;
const infoMilliseconds = 8000;

export class Notices {
  readonly element = el("div", { class: "notices", role: "log", "aria-live": "polite", "aria-label": "Notices" });
  readonly #counts = new Map<HTMLElement, number>();

  show({ level, text }: Notice): void {
    const same = [...this.#counts.keys()].find((entry) => entry.dataset["text"] === text);
    if (same) {
      const times = (this.#counts.get(same) ?? 1) + 1;
      this.#counts.set(same, times);
      same.querySelector(".notice-times")?.replaceChildren(`${times} times`);
      return;
    }
    const close = el("button", { type: "button", class: "ghost", "aria-label": "Dismiss" }, icon("close"));
    const times = el("span", { class: "notice-times" });
    const body = el("p", {}, text, " ", times);
    const entry = el("div", { class: `notice ${level}` }, icon(level === "info" ? "info" : "warning"), body, close);
    entry.dataset["text"] = text;
    const remove = (): void => this.#remove(entry);
    close.addEventListener("click", remove);
    this.#counts.set(entry, 1);
    this.element.append(entry);
    if (level === "info") setTimeout(remove, infoMilliseconds);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > most && oldest) this.#remove(oldest);
  }

  clear(): void {
    for (const entry of [...this.#counts.keys()]) this.#remove(entry);
  }

  #remove(entry: HTMLElement): void {
    this.#counts.delete(entry);
    entry.remove();
  }
}

// Finds text in the terminal that is shown.

import type { ISearchOptions, SearchAddon } from "@xterm/addon-search";
import { el } from "./dom";
import { icon } from "./icons";

const decorations = {
  matchBackground: "#d9a520",
  matchOverviewRuler: "#d9a520",
  activeMatchBackground: "#ff8c42",
  activeMatchColorOverviewRuler: "#ff8c42",
};

export class SearchBox {
  readonly element: HTMLElement;
  readonly #input = el("input", { type: "search", "aria-label": "Find in the terminal", placeholder: "Find" });
  readonly #count = el("span", { class: "search-count", role: "status" });
  readonly #onClose: () => void;
  #addon: SearchAddon | undefined;
  #stop: (() => void) | undefined;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
    const button = (name: "up" | "down" | "close", label: string, onclick: () => void): HTMLElement =>
      el("button", { type: "button", class: "ghost", "aria-label": label, title: label, onclick }, icon(name));
    this.element = el(
      "div",
      { class: "search-box", role: "search", hidden: true, onkeydown: (event: KeyboardEvent) => this.#onKey(event) },
      this.#input,
      this.#count,
      button("up", "Previous match", () => this.#find("previous")),
      button("down", "Next match", () => this.#find("next")),
      button("close", "Close search", () => this.close()),
    );
    this.#input.addEventListener("input", () => this.#find("typing"));
  }

  open(addon: SearchAddon): void {
    this.#use(addon);
    this.element.hidden = false;
    this.#input.focus();
    this.#input.select();
    if (this.#input.value !== "") this.#find("typing");
  }

  /** The shown terminal has changed. */
  follow(addon: SearchAddon): void {
    if (this.element.hidden) return;
    this.#use(addon);
    this.#find("typing");
  }

  close(): void {
    if (this.element.hidden) return;
    this.#addon?.clearDecorations();
    this.element.hidden = true;
    this.#onClose();
  }

  #use(addon: SearchAddon): void {
    if (this.#addon === addon) return;
    this.#addon?.clearDecorations();
    this.#stop?.();
    this.#addon = addon;
    const subscription = addon.onDidChangeResults(({ resultIndex, resultCount }) => {
      const position = resultIndex < 0 ? "" : `${resultIndex + 1} of `;
      this.#count.textContent = resultCount === 0 ? "none" : `${position}${resultCount}`;
    });
    this.#stop = () => subscription.dispose();
  }

  #find(how: "next" | "previous" | "typing"): void {
    const text = this.#input.value;
    if (text === "") {
      this.#addon?.clearDecorations();
      this.#count.textContent = "";
      return;
    }
    const options: ISearchOptions = { decorations, incremental: how === "typing" };
    // The newest output is at the bottom, so the search goes up.
    if (how === "next") this.#addon?.findNext(text, options);
    else this.#addon?.findPrevious(text, options);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter") this.#find(event.shiftKey ? "next" : "previous");
    else return;
    event.preventDefault();
  }
}

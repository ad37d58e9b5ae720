// The tools view: what is translated and what interpreted, how long that took, and the hottest places of the guest's code
// with their WebAssembly. Lies over the consoles while it is open.

import { disassemble, disassembleLines } from "../shared/disassemble";
import type { CpuProfile, HotSpot, Machine, Stats } from "../workers/client";
import { el } from "./dom";
import { formatCount, formatPercent } from "./format";

/** Counters that say how translation goes, in the order in which they are shown. */
const shownCounters = [
  "instructions in translations",
  "translations entered",
  "translated regions",
  "translated instructions",
  "regions not translated",
  "translated modules",
  "bytes of translations",
  "compile time, ms",
  "TLB misses",
  "jump cache misses",
  "code invalidations",
  "page faults",
  "interrupts",
  "mailbox exits",
  "doorbells",
];

export class ProfileView {
  readonly element: HTMLElement;
  readonly #machine: Machine;
  readonly #summary = el("dl", { class: "grid counters" });
  readonly #rows = el("tbody");
  readonly #guest = el("pre", { tabindex: "0", "aria-label": "Guest code" });
  readonly #wasm = el("pre", { tabindex: "0", "aria-label": "WebAssembly" });
  #chosen: { cpu: number; rip: string } | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
    const heads = ["share", "address", "runs as", "code"].map((text) => el("th", { scope: "col" }, text));
    const table = el("table", {}, el("thead", {}, el("tr", {}, ...heads)), this.#rows);
    const code = el("div", { class: "code-pair" }, this.#guest, this.#wasm);
    const title = el("h2", {}, "Hot code");
    const card = el("div", { class: "card wide" }, title, this.#summary, el("div", { class: "spots" }, table), code);
    this.element = el("section", { class: "overlay profile", "aria-label": "Profile", hidden: true }, card);
  }

  toggle(): void {
    this.element.hidden = !this.element.hidden;
    if (!this.element.hidden) void this.update();
  }

  /** Reads and shows what there is, if the view is open. */
  async update(): Promise<void> {
    if (this.element.hidden) return;
    try {
      const [stats, profiles] = await Promise.all([this.#machine.stats(), this.#machine.profile()]);
      this.#showSummary(stats, profiles);
      // Whoever goes through the rows with the keyboard keeps them.
      if (this.#rows.contains(document.activeElement)) return;
      const rows = profiles.flatMap(({ hottest }, cpu) => hottest.map((spot) => this.#row(cpu, spot)));
      this.#rows.replaceChildren(...rows);
    } catch {
      // There is nothing to show while the machine is off.
    }
  }

  #showSummary({ counters }: Stats, profiles: readonly CpuProfile[]): void {
    const entries = profiles.map(({ translated, samples }, cpu): [string, string] => {
      return [`CPU ${cpu}, in translations`, `${formatPercent(translated)} of the last ${samples} samples`];
    });
    for (const name of shownCounters) entries.push([name, formatCount(counters[name] ?? 0)]);
    this.#summary.replaceChildren(
      ...entries.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
    );
  }

  #row(cpu: number, spot: HotSpot): HTMLElement {
    const choose = () => void this.#choose(cpu, spot);
    const address = el("button", { type: "button", class: "link", onclick: choose }, spot.rip);
    const how = spot.slot === undefined ? "interpreted" : `translation ${spot.slot}`;
    const chosen = this.#chosen?.cpu === cpu && this.#chosen.rip === spot.rip;
    const first = spot.code === "" ? "" : disassemble(bytesOf(spot), spot.size, 0n).text;
    const cells = [formatPercent(spot.share), address, how, first].map((cell) => el("td", {}, cell));
    return el("tr", chosen ? { "aria-current": "true" } : {}, ...cells);
  }

  async #choose(cpu: number, spot: HotSpot): Promise<void> {
    this.#chosen = { cpu, rip: spot.rip };
    this.#guest.textContent = codeText(spot);
    const text = spot.slot === undefined ? undefined : await this.#machine.translation(cpu, spot.slot);
    this.#wasm.textContent = text ?? (spot.slot === undefined ? "Interpreted." : "The guest has other code there now.");
  }
}

function bytesOf({ code }: HotSpot): Uint8Array {
  return Uint8Array.from(code.split(" "), (byte) => parseInt(byte, 16));
}

/** The guest's code, an instruction a line. */
function codeText(spot: HotSpot): string {
  if (spot.code === "") return "";
  return disassembleLines(bytesOf(spot), spot.size, BigInt(`0x${spot.rip}`)).join("\n");
}

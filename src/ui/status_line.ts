// The line at the bottom: what the machine does and how fast.

import type { MachineState, Stats } from "../workers/client";
import { el } from "./dom";
import { formatBytes, formatCount, formatPercent } from "./format";

const stateWords: Record<MachineState, string> = {
  created: "Ready",
  starting: "Starting",
  running: "Running",
  paused: "Paused",
  stopped: "Off",
  crashed: "Crashed",
  destroyed: "Ended",
};

const fields = {
  speed: { label: "Speed", title: "Guest instructions per second now, and averaged over the time awake" },
  cpu: { label: "CPU", title: "Share of the time that the virtual CPUs were awake" },
  memory: {
    label: "Memory",
    title:
      "Guest memory that is mapped, of what the guest has; what its programs could still get; what it has given back",
  },
  disk: { label: "Disk", title: "Bytes that the guest read and wrote" },
  console: { label: "Console", title: "Bytes that the guest got and sent" },
  unimplemented: { label: "Unimplemented", title: "Instructions that this machine does not have yet" },
} as const;

export class StatusLine {
  readonly element = el("footer", { class: "status", "aria-label": "Status" });
  readonly #state = el("span", { class: "state", role: "status" });
  readonly #values = new Map<keyof typeof fields, HTMLElement>();

  constructor() {
    this.element.append(this.#state);
    for (const [name, { label, title }] of Object.entries(fields)) {
      const value = el("span", { class: "value", "data-stat": name });
      const field = el("span", { class: "field", title, hidden: true }, el("span", { class: "label" }, label), value);
      this.#values.set(name as keyof typeof fields, value);
      this.element.append(field);
    }
    this.setState("created");
  }

  setState(state: MachineState): void {
    this.#state.textContent = stateWords[state];
    this.#state.dataset["state"] = state;
  }

  show(stats: Stats): void {
    this.#set("speed", `${formatCount(stats.mips * 1e6)}/s, average ${formatCount(stats.mipsAverage * 1e6)}/s`);
    this.#set("cpu", formatPercent(stats.cpuUse));
    this.#set("memory", memoryText(stats));
    this.#set("disk", `${formatBytes(stats.diskRead)} read, ${formatBytes(stats.diskWritten)} written`);
    this.#set("console", `${formatBytes(stats.consoleIn)} in, ${formatBytes(stats.consoleOut)} out`);
    const { count, bytes, rip } = stats.unimplemented;
    this.#set("unimplemented", count === 0 ? undefined : `${count}, last ${bytes} at ${rip}`);
  }

  #set(name: keyof typeof fields, text: string | undefined): void {
    const value = this.#values.get(name);
    if (value === undefined) return;
    value.textContent = text ?? "";
    if (value.parentElement) value.parentElement.hidden = text === undefined;
  }
}

function memoryText({ mappedBytes, memoryBytes, balloonBytes = 0, guestMemory }: Stats): string {
  const { availableMemory } = guestMemory;
  const available = availableMemory === undefined ? "" : `, ${formatBytes(availableMemory)} available`;
  const balloon = balloonBytes === 0 ? "" : `, ${formatBytes(balloonBytes)} in the balloon`;
  return `${formatBytes(mappedBytes)} of ${formatBytes(memoryBytes)}${available}${balloon}`;
}

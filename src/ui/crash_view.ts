// Shown when a worker died: what happened, and where the guest was.

import type { CpuReport, CrashReport } from "../workers/client";
import { el, saveText } from "./dom";
import { icon } from "./icons";

export interface CrashActions {
  readonly restart: () => void;
  readonly dismiss: () => void;
}

export function crashView(report: CrashReport, actions: CrashActions): HTMLElement {
  const text = crashText(report);
  const title = el("h2", { tabindex: "-1" }, "The machine has crashed");
  return el(
    "section",
    { class: "overlay crash", role: "alert" },
    el(
      "div",
      { class: "card wide" },
      title,
      explanation(report),
      buttons(text, actions),
      ...report.cpus.map(cpuSection),
    ),
  );
}

/** The whole report as plain text, to be pasted into a bug report. */
export function crashText({ where, error, cpus, stats }: CrashReport): string {
  const lines = [`Tabvisor: the ${where} worker died`, `${error.name}: ${error.message}`, error.stack, ""];
  for (const cpu of cpus) {
    lines.push(`CPU ${cpu.index}  rip=${cpu.rip}`, ...cpu.code);
    for (const [name, value] of Object.entries(cpu.registers)) lines.push(`  ${name.padEnd(7)}${value}`);
    for (const [name, value] of Object.entries(cpu.counters)) lines.push(`  ${name}: ${value}`);
  }
  for (const [name, value] of Object.entries(stats?.counters ?? {})) lines.push(`${name}: ${value}`);
  return `${lines.join("\n")}\n`;
}

function explanation({ where, error }: CrashReport): HTMLElement {
  return el(
    "div",
    {},
    el("p", {}, `This is a fault of the emulator, not of the guest: the worker of ${where} ended with an error.`),
    el("pre", { class: "error-text", tabindex: "0" }, `${error.name}: ${error.message}\n${error.stack}`),
  );
}

function buttons(text: string, actions: CrashActions): HTMLElement {
  const button = (name: "reset" | "copy" | "save" | "terminal", label: string, onclick: () => void): HTMLElement =>
    el("button", { type: "button", onclick, class: name === "reset" ? "primary" : "" }, icon(name), label);
  return el(
    "div",
    { class: "actions" },
    button("reset", "Start again", actions.restart),
    button("copy", "Copy report", () => void navigator.clipboard.writeText(text).catch(() => undefined)),
    button("save", "Save report", () => saveText("tabvisor-crash.txt", text)),
    button("terminal", "Show the terminal", actions.dismiss),
  );
}

function cpuSection(cpu: CpuReport): HTMLElement {
  const registers = Object.entries({ rip: cpu.rip, ...cpu.registers });
  const counters = Object.entries(cpu.counters).map(([name, value]) => [name, value.toLocaleString("en")] as const);
  return el(
    "section",
    {},
    el("h3", {}, `CPU ${cpu.index}`),
    ...(cpu.code.length > 0 ? [el("pre", { class: "error-text", tabindex: "0" }, cpu.code.join("\n"))] : []),
    definitions("registers", registers),
    el("h4", {}, "Counters"),
    definitions("counters", counters),
  );
}

function definitions(name: string, entries: readonly (readonly [string, string])[]): HTMLElement {
  const list = el("dl", { class: `grid ${name}` });
  for (const [term, value] of entries) {
    const wide = value.length > 20 ? "wide-entry" : "";
    list.append(el("div", { class: wide }, el("dt", {}, term), el("dd", {}, value)));
  }
  return list;
}

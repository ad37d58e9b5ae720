// The page of a machine: toolbar, consoles, status line, and what lies over them while it loads or after it crashed.

import type { CrashReport, Machine, MachineState } from "../workers/client";
import { Consoles } from "./consoles";
import { crashView } from "./crash_view";
import { DevicesPanel } from "./devices_panel";
import { el, saveText } from "./dom";
import { icon } from "./icons";
import { Notices } from "./notices";
import { ProfileView } from "./profile_view";
import { ProgressView } from "./progress_view";
import { StatusLine } from "./status_line";
import { Toolbar, type Action } from "./toolbar";

const statsMilliseconds = 1000;

export class MachineView {
  readonly element: HTMLElement;
  readonly notices = new Notices();
  readonly #machine: Machine;
  readonly #consoles = new Consoles((notice) => this.notices.show(notice));
  readonly #toolbar = new Toolbar((action) => void this.#act(action));
  readonly #status = new StatusLine();
  readonly #progress = new ProgressView();
  readonly #devices: DevicesPanel;
  readonly #profile: ProfileView;
  readonly #stage: HTMLElement;
  readonly #onProblem: (error: unknown) => void;
  readonly #timer: number;
  #crash: HTMLElement | undefined;

  /** `onProblem` hears of a start that did not work out. */
  constructor(machine: Machine, onProblem: (error: unknown) => void) {
    this.#machine = machine;
    this.#onProblem = onProblem;
    this.#devices = new DevicesPanel(machine);
    this.#profile = new ProfileView(machine);
    this.#stage = el(
      "main",
      { class: "stage" },
      this.#consoles.element,
      this.#devices.element,
      this.#profile.element,
      this.#progress.element,
      this.notices.element,
    );
    const home = el("a", { class: "home", href: "./", title: "To the start page" }, icon("terminal"), "Tabvisor");
    const bar = el("header", { class: "bar" }, home, this.#consoles.tabs, this.#toolbar.element);
    this.element = el("div", { class: "machine-page" }, bar, this.#stage, this.#status.element);
    this.#listen();
    this.#timer = globalThis.setInterval(() => void this.#showStats(), statsMilliseconds);
  }

  /** Call once the element is in the document. */
  open(): void {
    this.#consoles.open();
    this.#consoles.attach(this.#machine);
    this.#onState(this.#machine.state);
    this.#consoles.focus();
  }

  dispose(): void {
    globalThis.clearInterval(this.#timer);
    this.#consoles.dispose();
    this.#devices.dispose();
    this.element.remove();
  }

  #listen(): void {
    const { notices } = this;
    const machine = this.#machine;
    machine.on("state", (state) => this.#onState(state));
    machine.on("progress", (progress) => this.#progress.update(progress));
    machine.on("notice", (notice) => notices.show(notice));
    machine.on("crash", (report) => this.#onCrash(report));
    machine.on("reset", (reason) => {
      this.#consoles.restart();
      if (reason === "guest") notices.show({ level: "info", text: "The guest has reset the machine." });
    });
    machine.on("shutdown", (code) => {
      const text = code === 0 ? "The guest has powered off." : `The guest has ended with code ${code}.`;
      notices.show({ level: "info", text });
    });
  }

  #onState(state: MachineState): void {
    this.#toolbar.update(state);
    this.#status.setState(state);
    this.#progress.show(state === "starting");
    this.element.dataset["state"] = state;
    void this.#showStats();
  }

  async #act(action: Action): Promise<void> {
    try {
      switch (action) {
        case "start":
          return await this.#start(() => this.#machine.start());
        case "reset":
          return await this.#start(() => this.#machine.reset());
        case "pause":
          return await this.#machine.pause();
        case "resume":
          return await this.#machine.resume();
        case "powerdown":
          return await this.#machine.powerdown();
        case "devices":
          return this.#devices.toggle();
        case "search":
          return this.#consoles.openSearch();
        case "save":
          return saveText(`${this.#consoles.active}.txt`, this.#consoles.text());
        case "profile":
          return this.#profile.toggle();
        case "fullscreen":
          return await toggleFullscreen(this.element);
      }
    } catch (error) {
      this.notices.show({ level: "error", text: error instanceof Error ? error.message : String(error) });
    }
  }

  async #start(start: () => Promise<void>): Promise<void> {
    this.#closeCrash();
    this.notices.clear();
    this.#consoles.restart();
    try {
      await start();
      this.#consoles.focus();
    } catch (error) {
      // A crash has its own view.
      if (this.#machine.state !== "crashed") this.#onProblem(error);
    }
  }

  #onCrash(report: CrashReport): void {
    this.#closeCrash();
    this.#crash = crashView(report, {
      restart: () => void this.#act("start"),
      dismiss: () => this.#closeCrash(),
    });
    this.#stage.append(this.#crash);
    this.#crash.querySelector("h2")?.focus();
  }

  #closeCrash(): void {
    this.#crash?.remove();
    this.#crash = undefined;
  }

  async #showStats(): Promise<void> {
    const { state } = this.#machine;
    if (document.hidden || state === "created" || state === "starting") return;
    try {
      this.#status.show(await this.#machine.stats());
      await this.#profile.update();
    } catch {
      // There are none while the machine changes its state.
    }
  }
}

async function toggleFullscreen(element: HTMLElement): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await element.requestFullscreen();
}

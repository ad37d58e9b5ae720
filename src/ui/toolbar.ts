// The buttons that drive the machine. Which of them can be used follows from the machine's state.

import type { MachineState } from "../workers/client";
import { el } from "./dom";
import { icon, type IconName } from "./icons";

export type Action =
  "start" | "pause" | "resume" | "reset" | "powerdown" | "devices" | "search" | "save" | "profile" | "fullscreen";

interface Button {
  readonly action: Action;
  readonly icon: IconName;
  readonly label: string;
  readonly title: string;
  /** Shown only in these states; left out = always. */
  readonly shown?: readonly MachineState[];
  /** Usable only in these states; left out = always. */
  readonly usable?: readonly MachineState[];
}

const on: readonly MachineState[] = ["running", "paused"];
const off: readonly MachineState[] = ["created", "starting", "stopped", "crashed"];

const buttons: readonly Button[] = [
  {
    action: "start",
    icon: "play",
    label: "Start",
    title: "Start the machine",
    shown: off,
    usable: ["stopped", "crashed"],
  },
  { action: "pause", icon: "pause", label: "Pause", title: "Pause the machine", shown: ["running"] },
  { action: "resume", icon: "play", label: "Resume", title: "Let the machine go on", shown: ["paused"] },
  { action: "reset", icon: "reset", label: "Reset", title: "Press the reset button", usable: on },
  {
    action: "powerdown",
    icon: "power",
    label: "Power off",
    title: "Press the power button (ACPI)",
    usable: ["running"],
  },
  { action: "devices", icon: "devices", label: "Devices", title: "Show the machine's devices" },
  { action: "search", icon: "search", label: "Find", title: "Find in the terminal (Ctrl+Shift+F)" },
  { action: "save", icon: "save", label: "Save log", title: "Save what the terminal holds as text" },
  { action: "profile", icon: "info", label: "Profile", title: "Show what the guest's time goes into", usable: on },
  { action: "fullscreen", icon: "fullscreen", label: "Full screen", title: "Full screen" },
];

export class Toolbar {
  readonly element = el("div", { class: "toolbar", role: "toolbar", "aria-label": "Machine" });
  readonly #elements = new Map<Button, HTMLButtonElement>();

  constructor(onAction: (action: Action) => void) {
    for (const button of buttons) {
      if (button.action === "fullscreen" && !document.fullscreenEnabled) continue;
      const element = el(
        "button",
        {
          type: "button",
          class: "tool",
          title: button.title,
          "aria-label": button.label,
          "data-action": button.action,
          onclick: () => onAction(button.action),
        },
        icon(button.icon),
        el("span", { class: "tool-label" }, button.label),
      );
      this.#elements.set(button, element);
      this.element.append(element);
    }
    this.update("created");
  }

  update(state: MachineState): void {
    const hadFocus = this.element.contains(document.activeElement);
    for (const [button, element] of this.#elements) {
      element.hidden = !(button.shown ?? [state]).includes(state);
      element.disabled = !(button.usable ?? [state]).includes(state);
    }
    // Pause and resume take each other's place: the focus stays with them.
    if (hadFocus && !this.element.contains(document.activeElement)) {
      this.element.querySelector<HTMLElement>("button:not([hidden]):not([disabled])")?.focus();
    }
  }
}

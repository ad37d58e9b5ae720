// The guest's screen: a canvas on which the devices worker draws, scaled to the pane. What a person does on it is for
// others to listen to, on `element`.

import type { DisplaySize, Machine } from "../workers/client";
import { el } from "./dom";
import { ScreenInput } from "./screen_input";

/** The guest hears of a new size of the pane when it has not changed for so long. */
const settleMilliseconds = 300;

export class Screen {
  readonly element = el("div", {
    class: "pane screen",
    id: "pane-display",
    role: "tabpanel",
    "aria-labelledby": "tab-display",
    tabindex: "0",
  });
  readonly #observer = new ResizeObserver(() => this.#onResize());
  readonly #shown: () => void;
  #machine: Machine | undefined;
  #canvas: HTMLCanvasElement | undefined;
  #size: DisplaySize | undefined;
  #input: ScreenInput | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `shown` hears of the first picture. */
  constructor(shown: () => void) {
    this.#shown = shown;
  }

  attach(machine: Machine): void {
    this.#machine = machine;
    machine.on("display", (size) => this.#onSize(size));
    // Fails only while the machine goes away.
    machine.showDisplay(() => this.#makeCanvas()).catch(() => undefined);
    if (machine.displaySize !== undefined) this.#onSize(machine.displaySize);
    this.#input?.dispose();
    this.#input = new ScreenInput(this.element, machine, () => (this.#canvas ?? this.element).getBoundingClientRect());
    this.#observer.observe(this.element);
  }

  get canvas(): HTMLCanvasElement | undefined {
    return this.#canvas;
  }

  show(visible: boolean): void {
    this.element.classList.toggle("visible", visible);
    this.element.setAttribute("aria-hidden", String(!visible));
    this.element.inert = !visible;
  }

  focus(): void {
    this.element.focus();
  }

  dispose(): void {
    this.#observer.disconnect();
    clearTimeout(this.#timer);
    this.#input?.dispose();
  }

  /** A canvas whose picture comes from a worker can never be used by another one. */
  #makeCanvas(): OffscreenCanvas {
    const canvas = el("canvas", { role: "img", "aria-label": "The guest's screen" });
    this.#canvas = canvas;
    this.element.replaceChildren(canvas);
    this.#scale();
    return canvas.transferControlToOffscreen();
  }

  #onSize(size: DisplaySize): void {
    const first = this.#size === undefined;
    this.#size = size;
    this.element.dataset["width"] = String(size.width);
    this.element.dataset["height"] = String(size.height);
    this.#scale();
    if (first) this.#shown();
  }

  #onResize(): void {
    this.#scale();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#suggestSize(), settleMilliseconds);
  }

  #suggestSize(): void {
    // Multiples of 8 are what video timings can have.
    const width = Math.floor(this.element.clientWidth / 8) * 8;
    const height = this.element.clientHeight;
    if (width < 320 || height < 200) return;
    this.#machine?.resizeDisplay(width, height).catch(() => undefined);
  }

  /**
   * As large as the pane allows, but a picture is enlarged only by whole numbers: pixels stay square and sharp. A reduced
   * one would lose pixels of letters: it is smoothed.
   */
  #scale(): void {
    const { clientWidth, clientHeight } = this.element;
    const size = this.#size;
    if (this.#canvas === undefined || size === undefined || clientWidth === 0) return;
    const fit = Math.min(clientWidth / size.width, clientHeight / size.height);
    const scale = fit >= 1 ? Math.floor(fit) : fit;
    this.#canvas.style.width = `${size.width * scale}px`;
    this.#canvas.style.height = `${size.height * scale}px`;
    this.#canvas.style.imageRendering = scale < 1 ? "auto" : "pixelated";
  }
}

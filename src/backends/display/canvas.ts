// A display on a canvas of the page that draws here, in the worker.

import type { Display, Frame } from "./types";

export class CanvasDisplay implements Display, Frame {
  onAttached: () => void = () => undefined;
  #canvas: OffscreenCanvas | undefined;
  #context: OffscreenCanvasRenderingContext2D | undefined;
  #draw: ((frame: Frame) => void) | undefined;

  get attached(): boolean {
    return this.#context !== undefined;
  }

  /** Shows on this canvas from now on. */
  attach(canvas: OffscreenCanvas): void {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false }) ?? undefined;
    if (this.#draw !== undefined) this.#schedule();
    this.onAttached();
  }

  requestFrame(draw: (frame: Frame) => void): void {
    const scheduled = this.#draw !== undefined;
    this.#draw = draw;
    if (!scheduled && this.attached) this.#schedule();
  }

  resize(width: number, height: number): void {
    const canvas = this.#canvas;
    if (canvas === undefined || (canvas.width === width && canvas.height === height)) return;
    canvas.width = width;
    canvas.height = height;
  }

  put(left: number, top: number, width: number, height: number, pixels: Uint8ClampedArray<ArrayBuffer>): void {
    this.#context?.putImageData(new ImageData(pixels, width, height), left, top);
  }

  #schedule(): void {
    globalThis.requestAnimationFrame(() => {
      const draw = this.#draw;
      this.#draw = undefined;
      draw?.(this);
    });
  }
}

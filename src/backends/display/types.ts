// What shows pictures to a person.

export interface Frame {
  /** Takes effect only where the size differs: then the picture is black. */
  resize(width: number, height: number): void;
  /** RGBA bytes of a rectangle. */
  put(left: number, top: number, width: number, height: number, pixels: Uint8ClampedArray<ArrayBuffer>): void;
}

export interface Display {
  /** Calls `draw` once, before the next picture is shown. Never, while there is nothing that shows pictures. */
  requestFrame(draw: (frame: Frame) => void): void;
  /** Told when a new, empty screen takes the place of the old one. */
  onAttached: () => void;
  readonly attached: boolean;
}

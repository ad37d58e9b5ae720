// Another member of the switch, and the frames on their way to it.

import type { Frame } from "../types";
import type { SwitchMessage } from "./messages";

/** Bytes that may be under way to one peer; what comes on top is dropped, as a switch with full buffers does. */
const MAX_UNDER_WAY = 4 * 1024 * 1024;

type Post = (message: SwitchMessage, transfer: ArrayBuffer[]) => void;

export class Peer {
  readonly #post: Post;
  #frames: Frame[] = [];
  #underWay = 0;
  dropped = 0;

  constructor(post: Post) {
    this.#post = post;
  }

  /** Goes out with the next `flush`. */
  add(frame: Frame): void {
    if (this.#underWay + frame.bytes.length > MAX_UNDER_WAY) {
      this.dropped++;
      return;
    }
    this.#underWay += frame.bytes.length;
    this.#frames.push(frame);
  }

  /** `transfer`: the frames belong to nobody else. */
  flush(transfer: boolean): void {
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    this.#post({ kind: "frames", frames }, transfer ? frames.map((frame) => frame.bytes.buffer) : []);
  }

  /** It has taken so many bytes of what was sent. */
  taken(bytes: number): void {
    this.#underWay = Math.max(0, this.#underWay - bytes);
  }

  /** We have taken so many bytes of what it sent. */
  acknowledge(bytes: number): void {
    this.#post({ kind: "taken", bytes }, []);
  }
}

// Events on their way from the devices worker to the page. Console output is gathered for a moment, so that a guest
// that prints byte by byte causes a message per frame and not per byte; everything else goes at once, behind it.

import type { ConsoleName, DevicesEvent } from "./protocol";

const gatherMilliseconds = 8;

type Post = (event: DevicesEvent, transfer: ArrayBuffer[]) => void;

export class Outbox {
  readonly #post: Post;
  readonly #gathered = new Map<ConsoleName, Uint8Array<ArrayBuffer>[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(post: Post) {
    this.#post = post;
  }

  send(event: DevicesEvent): void {
    if (event.type !== "output") {
      this.#flush();
      this.#post(event, []);
      return;
    }
    const parts = this.#gathered.get(event.console);
    if (parts === undefined) this.#gathered.set(event.console, [event.bytes]);
    else parts.push(event.bytes);
    this.#timer ??= setTimeout(() => this.#flush(), gatherMilliseconds);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const gathered = [...this.#gathered];
    this.#gathered.clear();
    for (const [console, parts] of gathered) {
      const bytes = join(parts);
      this.#post({ type: "output", console, bytes }, [bytes.buffer]);
    }
  }
}

function join(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

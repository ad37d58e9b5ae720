// Listens on the cable between a card and what it is plugged into.

import type { Frame, NetBackend, NicPort } from "../types";
import type { Direction } from "./pcapng";

export type Listener = (frame: Frame, direction: Direction) => void;

export class Tap implements NetBackend {
  readonly #backend: NetBackend;
  readonly #listeners = new Set<Listener>();

  constructor(backend: NetBackend) {
    this.#backend = backend;
  }

  /** A listener may not keep the frame. Returns what ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  plug(nic: NicPort): void {
    this.#backend.plug(new TappedNic(nic, (frame) => this.#tell(frame, "in")));
  }

  unplug(): void {
    this.#backend.unplug();
  }

  send(frame: Frame): void {
    this.#tell(frame, "out");
    this.#backend.send(frame);
  }

  sent(): void {
    this.#backend.sent();
  }

  setPaused(paused: boolean): void {
    this.#backend.setPaused(paused);
  }

  close(): void {
    this.#backend.close();
  }

  #tell(frame: Frame, direction: Direction): void {
    for (const listener of this.#listeners) listener(frame, direction);
  }
}

class TappedNic implements NicPort {
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly #nic: NicPort;
  readonly #seen: (frame: Frame) => void;

  constructor(nic: NicPort, seen: (frame: Frame) => void) {
    this.mac = nic.mac;
    this.mtu = nic.mtu;
    this.#nic = nic;
    this.#seen = seen;
  }

  get hasRoom(): boolean {
    return this.#nic.hasRoom;
  }

  get onRoom(): () => void {
    return this.#nic.onRoom;
  }

  set onRoom(listener: () => void) {
    this.#nic.onRoom = listener;
  }

  receive(frame: Frame): void {
    this.#seen(frame);
    this.#nic.receive(frame);
  }

  batch(deliver: () => void): void {
    this.#nic.batch(deliver);
  }
}

// The network of a machine, for scripts in the page: `machine.net`.

import * as Comlink from "comlink";
import { byteStreams, type ByteStreams } from "./byte_port";
import type { DevicesCalls } from "./protocol";

export interface NetCapture {
  /** A pcapng file. It ends when `stop` is called. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  stop(): Promise<void>;
}

/** Rejects when the machine ends before the answer. */
export type Call = <T>(use: (devices: DevicesCalls) => Promise<T>) => Promise<T>;

export class MachineNet {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /**
   * Connects to a TCP port of the guest, from the gateway of its user network. A port that `hostfwd` names leads where
   * that says. Rejects when the guest refuses.
   */
  async connect(port: number): Promise<ByteStreams> {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`${port} is no port`);
    const { port1, port2 } = new MessageChannel();
    const connected = await this.#call((devices) => devices.net.connectGuest(port, Comlink.transfer(port2, [port2])));
    if (connected) return byteStreams(port1);
    port1.close();
    throw new Error(`the guest does not accept connections to port ${port}`);
  }

  /** QEMU's set_link: plugs the cable of a card in or out. `id` is the card's or its back end's. */
  async setLink(id: string, up: boolean): Promise<void> {
    if (!(await this.#call((devices) => devices.net.setLink(id, up))))
      throw new RangeError(`there is no network card "${id}"`);
  }

  /** Records what passes the first card, or the one whose back end has this id. */
  async capture(id?: string): Promise<NetCapture> {
    const { port1, port2 } = new MessageChannel();
    const handle = await this.#call((devices) => devices.net.capture(id, Comlink.transfer(port2, [port2])));
    if (handle !== undefined) return { readable: byteStreams(port1).readable, stop: () => handle.stop() };
    port1.close();
    throw new RangeError(id === undefined ? "the machine has no network card" : `there is no network card "${id}"`);
  }
}

interface LocalMember {
  readonly call: Call;
  readonly id: string;
}

/** Machines in this tab by the name of the switch that they are plugged into. */
const switches = new Map<string, Set<LocalMember>>();

/** Joins a new machine to those in this tab that share a switch with it. Returns what takes it out again. */
export async function joinSwitches(call: Call): Promise<() => void> {
  const joined: (() => void)[] = [];
  for (const { id, name } of await call((devices) => devices.net.switchMembers())) {
    const members = switches.get(name) ?? new Set();
    switches.set(name, members);
    const self: LocalMember = { call, id };
    const others = [...members];
    members.add(self);
    joined.push(() => void members.delete(self));
    for (const other of others) await link(self, other);
  }
  return () => {
    for (const leave of joined) leave();
  };
}

async function link(a: LocalMember, b: LocalMember): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const join = (member: LocalMember, port: MessagePort): Promise<void> =>
    member.call((devices) => devices.net.joinSwitch(member.id, Comlink.transfer(port, [port])));
  // One of them may be ending now.
  await Promise.allSettled([join(a, port1), join(b, port2)]);
}

// The machine's network as the page calls it (`NetCalls`).

import * as Comlink from "comlink";
import type { TcpStream } from "../backends/net/user/tcp/stream";
import type { MachineModel } from "../machine/machine";
import { byteStreams } from "./byte_port";
import type { CaptureHandle, NetCalls, SwitchMember } from "./net_protocol";

export class NetFacade implements NetCalls {
  readonly #model: () => MachineModel;

  constructor(model: () => MachineModel) {
    this.#model = model;
  }

  async connectGuest(port: number, wire: MessagePort): Promise<boolean> {
    const stream = await this.#model().parts.networks.connect(port);
    if (stream === undefined) {
      wire.close();
      return false;
    }
    const { readable, writable } = byteStreams(wire);
    void fromGuest(stream, writable);
    void toGuest(readable, stream);
    return true;
  }

  setLink(id: string, up: boolean): Promise<boolean> {
    return Promise.resolve(this.#model().setLink(id, up));
  }

  capture(id: string | undefined, wire: MessagePort): Promise<CaptureHandle | undefined> {
    const capture = this.#model().parts.networks.capture(id);
    if (capture === undefined) return Promise.resolve(undefined);
    // A page that has gone is no mistake.
    void capture.readable.pipeTo(byteStreams(wire).writable).catch(() => undefined);
    return Promise.resolve(Comlink.proxy({ stop: () => Promise.resolve(capture.stop()) }));
  }

  switchMembers(): Promise<SwitchMember[]> {
    const { all } = this.#model().parts.networks;
    return Promise.resolve(all.flatMap(({ id, switchName: name }) => (name === undefined ? [] : [{ id, name }])));
  }

  joinSwitch(id: string, wire: MessagePort): Promise<void> {
    this.#model().parts.networks.find(id)?.socket?.join(wire);
    return Promise.resolve();
  }
}

async function fromGuest(stream: TcpStream, writable: WritableStream<Uint8Array>): Promise<void> {
  const writer = writable.getWriter();
  try {
    for (;;) {
      const bytes = await stream.read();
      if (bytes === "broken") throw new Error(`the connection is gone: ${stream.reason ?? "reset"}`);
      if (bytes === "end") break;
      await writer.write(bytes);
    }
    await writer.close();
  } catch (error) {
    // The guest or the page broke off: the other side is told.
    stream.abort();
    await writer.abort(error instanceof Error ? error.message : error).catch(() => undefined);
  }
}

async function toGuest(readable: ReadableStream<Uint8Array>, stream: TcpStream): Promise<void> {
  const reader = readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!(await stream.write(value))) {
        await reader.cancel();
        return;
      }
    }
    stream.end();
  } catch {
    stream.abort();
  }
}

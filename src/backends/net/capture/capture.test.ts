import { describe, expect, it } from "vitest";
import type { Frame, NetBackend, NicPort } from "../types";
import { Capture } from "./capture";
import { Tap } from "./tap";

class Echo implements NetBackend {
  nic: NicPort | undefined;
  plug(nic: NicPort): void {
    this.nic = nic;
  }
  send(frame: Frame): void {
    this.nic?.receive(frame);
  }
  sent(): void {
    // Nothing waits.
  }
  setPaused(): void {
    // Nothing runs.
  }
  unplug(): void {
    // Nothing is open.
  }
  close(): void {
    // Nothing is open.
  }
}

const nic: NicPort = {
  mac: new Uint8Array(6),
  mtu: 1500,
  hasRoom: true,
  onRoom: () => undefined,
  receive: () => undefined,
  batch: (deliver) => deliver(),
};

interface Block {
  readonly type: number;
  readonly body: DataView;
}

function blocksOf(file: Uint8Array): Block[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const blocks: Block[] = [];
  for (let at = 0; at < file.length;) {
    const length = view.getUint32(at + 4, true);
    expect(length % 4).toBe(0);
    expect(view.getUint32(at + length - 4, true)).toBe(length);
    blocks.push({
      type: view.getUint32(at, true),
      body: new DataView(file.buffer, file.byteOffset + at + 8, length - 12),
    });
    at += length;
  }
  return blocks;
}

describe("a capture", () => {
  it("is a pcapng file of both directions", async () => {
    const tap = new Tap(new Echo());
    tap.plug(nic);
    const capture = new Capture(tap, "n0");
    const before = Date.now() * 1000;
    tap.send({ bytes: Uint8Array.from({ length: 61 }, (_, i) => i) });
    capture.stop();
    tap.send({ bytes: new Uint8Array(60) });
    const blocks = blocksOf(new Uint8Array(await new Response(capture.readable).arrayBuffer()));
    expect(blocks.map(({ type }) => type)).toEqual([0x0a0d0d0a, 1, 6, 6, 5]);
    expect(blocks[0]?.body.getUint32(0, true)).toBe(0x1a2b3c4d);
    expect(blocks[1]?.body.getUint16(0, true)).toBe(1);
    const packets = blocks.slice(2, 4).map(({ body }) => body);
    for (const body of packets) {
      const time = body.getUint32(4, true) * 2 ** 32 + body.getUint32(8, true);
      expect(Math.abs(time - before)).toBeLessThan(60_000_000);
      expect([body.getUint32(12, true), body.getUint32(16, true)]).toEqual([61, 61]);
      expect(body.getUint8(20 + 60)).toBe(60);
    }
    // Out of the guest, then into it.
    expect(packets.map((body) => body.getUint32(20 + 64 + 4, true))).toEqual([2, 1]);
  });

  it("leaves out what a slow reader has no room for, and counts it", async () => {
    const tap = new Tap(new Echo());
    tap.plug(nic);
    const capture = new Capture(tap, "n0");
    for (let i = 0; i < 300; i++) tap.send({ bytes: new Uint8Array(60_000) });
    capture.stop();
    const blocks = blocksOf(new Uint8Array(await new Response(capture.readable).arrayBuffer()));
    const kept = blocks.filter(({ type }) => type === 6).length;
    expect(kept).toBeLessThan(600);
    expect(kept).toBeGreaterThan(200);
    expect(blocks.at(-1)?.body.getUint32(12 + 4, true)).toBe(600 - kept);
  });

  it("ends when nobody reads it any more", async () => {
    const tap = new Tap(new Echo());
    tap.plug(nic);
    const capture = new Capture(tap, "n0");
    await capture.readable.cancel();
    tap.send({ bytes: new Uint8Array(60) });
    capture.stop();
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Frame, NicPort } from "../types";
import { readEnvelope, readMessage } from "./messages";
import { SwitchPort } from "./switch_port";

const macOf = (number: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, number);
const everybody = new Uint8Array(6).fill(0xff);

class TestNic implements NicPort {
  readonly mac: Uint8Array;
  readonly mtu = 1500;
  readonly frames: Frame[] = [];
  hasRoom = true;
  onRoom: () => void = () => undefined;

  constructor(number: number) {
    this.mac = macOf(number);
  }
  receive(frame: Frame): void {
    this.frames.push(frame);
  }
  batch(deliver: () => void): void {
    deliver();
  }
  /** Numbers in the bodies of what has come, as soon as there are `count`. */
  async numbers(count: number): Promise<number[]> {
    for (let i = 0; i < 200 && this.frames.length < count; i++) await pause();
    return this.frames.splice(0).map(({ bytes }) => bytes[14] ?? -1);
  }
}

function frame(from: number, to: Uint8Array, body: number, length = 60): Frame {
  const bytes = new Uint8Array(length);
  bytes.set(to);
  bytes.set(macOf(from), 6);
  bytes[14] = body;
  return { bytes };
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

let ports: SwitchPort[];
let nics: TestNic[];
let name: string;
let count = 0;

beforeEach(() => {
  ports = [];
  nics = [];
  name = `test-${count++}`;
});

afterEach(() => {
  for (const port of ports) port.close();
});

/** Members by the names of their pages; those of one page are linked as the page does it. */
async function members(...pages: string[]): Promise<void> {
  for (const page of pages) {
    const port = new SwitchPort(name, page);
    const nic = new TestNic(nics.length + 1);
    port.plug(nic);
    for (const [i, other] of ports.entries()) {
      if (pages[i] !== page) continue;
      const { port1, port2 } = new MessageChannel();
      port.join(port1);
      other.join(port2);
    }
    ports.push(port);
    nics.push(nic);
  }
  for (let i = 0; i < 200 && ports.some((port) => port.members < pages.length - 1); i++) await pause();
  expect(ports.map((port) => port.members)).toEqual(pages.map(() => pages.length - 1));
}

function say(from: number, to: Uint8Array, ...bodies: number[]): void {
  for (const body of bodies) ports[from - 1]?.send(frame(from, to, body));
  ports[from - 1]?.sent();
}

describe.each([
  ["in one tab", ["a", "a", "a"]],
  ["in three tabs", ["a", "b", "c"]],
  ["in two tabs", ["a", "a", "b"]],
])("members of a switch %s", (_name, pages) => {
  it("hear what is for all, then what is for them", async () => {
    await members(...pages);
    say(1, everybody, 10, 11);
    expect(await nics[1]?.numbers(2)).toEqual([10, 11]);
    expect(await nics[2]?.numbers(2)).toEqual([10, 11]);
    // Nobody knows yet where 3 is; then 1 is known to everybody who heard it.
    say(2, macOf(1), 20);
    expect(await nics[0]?.numbers(1)).toEqual([20]);
    say(1, macOf(2), 30);
    expect(await nics[1]?.numbers(1)).toEqual([30]);
    await pause();
    expect(nics[2]?.frames).toEqual([]);
  });

  it("may leave", async () => {
    await members(...pages);
    ports[2]?.close();
    say(1, everybody, 1);
    expect(await nics[1]?.numbers(1)).toEqual([1]);
  });
});

describe("a member that takes nothing", () => {
  it("has no part in what others may send it later", async () => {
    // More than it keeps, of three that may each have half of that under way.
    await members("a", "a", "a", "a");
    const [slow] = nics;
    if (slow === undefined) throw new Error("there is no member");
    slow.hasRoom = false;
    for (const from of [2, 3, 4]) {
      for (let i = 0; i < 69; i++) ports[from - 1]?.send(frame(from, macOf(1), i, 60_000));
      ports[from - 1]?.sent();
    }
    for (let i = 0; i < 10; i++) await pause();
    slow.hasRoom = true;
    slow.onRoom();
    const kept = slow.frames.splice(0).length;
    expect(kept).toBe(Math.floor((8 * 1024 * 1024) / 60_000));
    await pause();
    for (const from of [2, 3, 4]) {
      for (let i = 0; i < 40; i++) ports[from - 1]?.send(frame(from, macOf(1), from, 60_000));
      ports[from - 1]?.sent();
    }
    expect(await slow.numbers(120)).toHaveLength(120);
  });

  it("and has no card is sent everything all the same", async () => {
    const [open, port] = [new SwitchPort(name, "a"), new SwitchPort(name, "a")];
    ports.push(open, port);
    const { port1, port2 } = new MessageChannel();
    open.join(port1);
    port.join(port2);
    for (let turn = 0; turn < 4; turn++) {
      for (let i = 0; i < 60; i++) port.send(frame(1, everybody, i, 60_000));
      port.sent();
      for (let i = 0; i < 4; i++) await pause();
    }
    const nic = new TestNic(9);
    open.plug(nic);
    expect(nic.frames).toEqual([]);
    port.send(frame(1, everybody, 7));
    port.sent();
    expect(await nic.numbers(1)).toEqual([7]);
  });

  it("gets no more after a while, and all of what it got", async () => {
    await members("a", "a");
    const [sender] = ports;
    const [, slow] = nics;
    if (slow === undefined) throw new Error("there is no second member");
    slow.hasRoom = false;
    for (let i = 0; i < 200; i++) sender?.send(frame(1, macOf(2), i, 60_000));
    sender?.sent();
    for (let i = 0; i < 10; i++) await pause();
    expect(slow.frames).toEqual([]);
    slow.hasRoom = true;
    slow.onRoom();
    const got = slow.frames.splice(0).map(({ bytes }) => bytes[14]);
    expect(got.length).toBe(Math.floor((4 * 1024 * 1024) / 60_000));
    expect(got).toEqual(got.map((_, i) => i));
    // Room again.
    await pause();
    say(1, macOf(2), 7);
    expect(await slow.numbers(1)).toEqual([7]);
  });
});

describe("messages of others", () => {
  const bytes = new Uint8Array(60);

  it.each([
    [undefined],
    [null],
    [7],
    [{ kind: "frames" }],
    [{ kind: "taken", bytes: -1 }],
    [{ kind: "other" }],
    [{ kind: "frames", frames: "all" }],
  ])("that make no sense are none: %j", (data) => {
    expect(readMessage(data)).toBeUndefined();
    expect(readEnvelope({ from: "a", page: "b", message: data })).toBeUndefined();
  });

  it.each([
    [{ bytes: new Uint8Array(13) }],
    [{ bytes: new Uint8Array(70_000) }],
    [{ bytes: [1, 2, 3] }],
    [{ bytes, offload: {} }],
    [{ bytes, offload: { checksumStart: 50, checksumOffset: 9 } }],
    [{ bytes, offload: { checksumStart: 34, checksumOffset: 16, segmentation: { protocol: "tcp4", size: 0 } } }],
    [{ bytes, offload: { checksumStart: 34, checksumOffset: 16, segmentation: { protocol: "udp", size: 9 } } }],
  ])("with a frame that is none are empty: %#", (wrong) => {
    expect(readMessage({ kind: "frames", frames: [wrong] })).toEqual({ kind: "frames", frames: [] });
  });

  it("are believed where they are right", () => {
    const offload = { checksumStart: 34, checksumOffset: 16, segmentation: { protocol: "tcp6", size: 100, ecn: true } };
    const message = { kind: "frames", frames: [{ bytes, offload }, { bytes }] };
    expect(readEnvelope({ from: "a", page: "b", to: "c", message })).toEqual({
      from: "a",
      page: "b",
      to: "c",
      message,
    });
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { planOf } from "../../../../shared/net/user_plan";
import type { Frame, NetBackend, NicPort } from "../../types";
import { Clock } from "../clock";
import { Ipv4Receiver } from "../ipv4";
import { Link } from "../link";
import { macOf } from "../plan";
import { GUEST, GUEST_MAC, HOST, MockGuest } from "../testing/mock_guest";
import { randomFrom } from "../testing/random";
import type { Connection } from "./connection";
import type { CloseReason, ConnectionUser } from "./connection_user";
import { ACK, FIN, PSH, RST, type Segment, SYN } from "./segment";
import { Tcp } from "./tcp";

/** Nothing but TCP behind a card. */
class TcpBackend implements NetBackend {
  readonly users: TestUser[] = [];
  readonly clock = new Clock();
  link: Link | undefined;
  #tcp: Tcp | undefined;
  readonly #receiver = new Ipv4Receiver();
  readonly #host: number;
  accepts = true;

  constructor(host = HOST) {
    this.#host = host;
  }

  get tcp(): Tcp {
    if (this.#tcp === undefined) throw new Error("not plugged in");
    return this.#tcp;
  }

  plug(nic: NicPort): void {
    const plan = planOf({});
    if (!plan.ok) throw new Error(plan.error.reason);
    this.link = new Link(nic, { ...plan.value, host: this.#host });
    this.#tcp = new Tcp(this.link, this.clock, () =>
      this.accepts ? (connection) => this.user(connection) : undefined,
    );
    nic.onRoom = () => this.tcp.flush();
  }

  user(connection: Connection): TestUser {
    const user = new TestUser(connection);
    this.users.push(user);
    return user;
  }

  send({ bytes, offload }: Frame): void {
    const packet = this.#receiver.take(bytes.subarray(14));
    if (packet === undefined) return;
    this.link?.learn(packet.source, bytes.subarray(6, 12));
    this.tcp.receive(packet, offload !== undefined);
  }

  sent(): void {
    this.tcp.flush();
  }

  setPaused(paused: boolean): void {
    this.clock.setPaused(paused);
    this.tcp.setPaused(paused);
  }

  unplug(): void {
    this.tcp.close();
  }
  close(): void {
    this.tcp.close();
  }
}

class TestUser implements ConnectionUser {
  readonly connection: Connection;
  readonly chunks: Uint8Array[] = [];
  readonly events: string[] = [];
  reason: CloseReason | undefined;
  consumes = true;

  constructor(connection: Connection) {
    this.connection = connection;
  }
  get bytes(): number[] {
    return this.chunks.flatMap((chunk) => [...chunk]);
  }
  opened(): void {
    this.events.push("opened");
  }
  received(bytes: Uint8Array): void {
    this.chunks.push(bytes.slice());
    if (this.consumes) this.connection.consumed(bytes.length);
  }
  ended(): void {
    this.events.push("ended");
  }
  writable(): void {
    this.events.push("writable");
  }
  closed(reason: CloseReason): void {
    this.events.push("closed");
    this.reason = reason;
  }
}

const ISS = 0xfffffff0;
const PORT = 80;
let backend: TcpBackend;
let guest: MockGuest;
/** What the guest has received, and the number of its own next byte. */
let received: number;
let next: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  backend = new TcpBackend();
  guest = new MockGuest(backend);
});

afterEach(() => {
  backend.close();
  vi.useRealTimers();
});

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);
const pattern = (length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);

function say(flags: number, more: Partial<Segment> = {}): void {
  guest.sendSegment(
    {
      sourcePort: 4000,
      destinationPort: PORT,
      sequence: next,
      acknowledgement: received,
      flags,
      window: 0xffff,
      payload: bytes(),
      ...more,
    },
    HOST,
  );
}

function send(payload: Uint8Array<ArrayBuffer>, flags = ACK | PSH): void {
  say(flags, { payload });
  next = (next + payload.length) >>> 0;
}

/** The guest opens a connection; returns who serves it. */
function open(more: Partial<Segment> = { mss: 1460, windowScale: 7 }): TestUser {
  next = ISS;
  received = 0;
  say(SYN, more);
  const [reply] = guest.takeSegments();
  received = ((reply?.sequence ?? 0) + 1) >>> 0;
  next = (ISS + 1) >>> 0;
  say(ACK);
  const user = backend.users.at(-1);
  if (user === undefined) throw new Error("nobody serves the connection");
  return user;
}

/** The guest's answer to all that has come. */
function acknowledge(): number {
  const segments = guest.takeSegments();
  let length = 0;
  for (const segment of segments) {
    if (segment.sequence !== received) continue;
    length += segment.payload.length;
    received = (received + segment.payload.length + ((segment.flags & FIN) === 0 ? 0 : 1)) >>> 0;
  }
  if (length > 0) say(ACK);
  return length;
}

const turn = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

describe("opening", () => {
  it("answers with MSS and window scale, and is open after the third segment", () => {
    next = ISS;
    received = 0;
    say(SYN, { mss: 1460, windowScale: 7 });
    const [reply] = guest.takeSegments();
    expect(reply).toMatchObject({
      flags: SYN | ACK,
      acknowledgement: 0xfffffff1,
      mss: 1460,
      windowScale: 5,
      window: 0xffff,
    });
    expect(backend.users[0]?.events).toEqual([]);
    // Once more: the answer was lost.
    say(SYN, { mss: 1460, windowScale: 7 });
    expect(guest.takeSegments()[0]).toEqual(reply);
    received = ((reply?.sequence ?? 0) + 1) >>> 0;
    next = ISS + 1;
    say(ACK);
    expect(backend.users[0]?.events).toEqual(["opened"]);
  });

  it("offers no scaling to who does not know it", () => {
    next = ISS;
    received = 0;
    say(SYN);
    expect(guest.takeSegments()[0]?.windowScale).toBeUndefined();
  });

  it("is refused by RST where nobody listens", () => {
    backend.accepts = false;
    next = ISS;
    received = 0;
    say(SYN);
    expect(guest.takeSegments()).toMatchObject([{ flags: RST | ACK, sequence: 0, acknowledgement: ISS + 1 }]);
    say(ACK, { acknowledgement: 77 });
    expect(guest.takeSegments()).toMatchObject([{ flags: RST, sequence: 77 }]);
    say(RST);
    expect(guest.takeSegments()).toEqual([]);
  });

  it("works towards the guest too, and is tried again", async () => {
    backend.link?.learn(GUEST, GUEST_MAC);
    const made: TestUser[] = [];
    backend.tcp.connect(GUEST, 22, (connection) => {
      const user = backend.user(connection);
      made.push(user);
      return user;
    });
    const [syn] = guest.takeSegments();
    expect(syn).toMatchObject({ flags: SYN, destinationPort: 22, mss: 1460 });
    await vi.advanceTimersByTimeAsync(1200);
    expect(guest.takeSegments()).toEqual([syn]);
    received = ((syn?.sequence ?? 0) + 1) >>> 0;
    next = 5000;
    const ports = { sourcePort: 22, destinationPort: syn?.sourcePort ?? 0 };
    say(SYN | ACK, { ...ports, mss: 1000, windowScale: 3 });
    expect(made[0]?.events).toEqual(["opened"]);
    expect(guest.takeSegments()).toMatchObject([{ flags: ACK, acknowledgement: 5001 }]);
    say(RST, { ...ports, sequence: 5001 });
    expect(made[0]?.reason).toBe("reset");
  });

  it("gives up on a guest that does not answer", async () => {
    backend.link?.learn(GUEST, GUEST_MAC);
    backend.tcp.connect(GUEST, 22, (connection) => backend.user(connection));
    await vi.advanceTimersByTimeAsync(200_000);
    expect(guest.takeSegments().length).toBe(7);
    expect(backend.users[0]?.reason).toBe("timeout");
    expect(backend.tcp.count).toBe(0);
  });
});

describe("bytes of the guest", () => {
  it("arrive in order, across the end of the numbers", () => {
    const user = open();
    send(pattern(1460));
    send(pattern(100));
    expect(user.bytes).toEqual([...pattern(1460), ...pattern(100)]);
    expect(guest.takeSegments().at(-1)).toMatchObject({ flags: ACK, acknowledgement: next });
    expect(next).toBeLessThan(2000);
  });

  it("arrive in order however they come", () => {
    const user = open();
    const data = pattern(1000);
    const part = (from: number, to: number): void =>
      say(ACK, { sequence: (next + from) >>> 0, payload: data.slice(from, to) });
    for (const [from, to] of [
      [500, 700],
      [300, 600],
      [900, 1000],
      [500, 550],
      [0, 200],
      [100, 400],
      [650, 950],
    ] as const) {
      part(from, to);
    }
    expect(user.bytes).toEqual([...data]);
    expect(guest.takeSegments().at(-1)?.acknowledgement).toBe((next + 1000) >>> 0);
    // All of it again: only acknowledged.
    part(0, 1000);
    expect(user.bytes).toHaveLength(1000);
    expect(guest.takeSegments()).toHaveLength(1);
  });

  it("wait at the guest while nobody takes them", async () => {
    const user = open();
    user.consumes = false;
    const chunk = pattern(32_000);
    let window = Infinity;
    let sent = 0;
    while (window >= chunk.length && sent < 100) {
      send(chunk);
      sent++;
      window = (guest.takeSegments().at(-1)?.window ?? 0) * 32;
    }
    expect(sent).toBe(32);
    // What goes beyond the window is cut off; a probe of a closed window is answered.
    send(pattern(40_000));
    expect(guest.takeSegments().at(-1)).toMatchObject({ window: 0 });
    const total = user.bytes.length;
    expect(total).toBe(1024 * 1024);
    say(ACK, { sequence: (ISS + 1 + total) >>> 0, payload: bytes(1) });
    expect(guest.takeSegments()).toMatchObject([{ window: 0, acknowledgement: (ISS + 1 + total) >>> 0 }]);
    expect(user.bytes).toHaveLength(total);
    user.connection.consumed(total);
    await turn();
    expect(guest.takeSegments()).toMatchObject([{ window: 32768 }]);
  });
});

describe("bytes for the guest", () => {
  it("go as one long segment that the card cuts, as far as the window allows", async () => {
    const user = open({ mss: 1000, windowScale: 0 });
    user.connection.write(pattern(100_000));
    await turn();
    const frames = guest.frames.slice();
    expect(frames[0]?.offload).toMatchObject({ checksumStart: 34, segmentation: { protocol: "tcp4", size: 1460 } });
    const sent = guest.takeSegments();
    expect(sent.map(({ payload }) => payload.length)).toEqual([65_000]);
    received = (received + 65_000) >>> 0;
    say(ACK, { window: 500 });
    expect(acknowledge()).toBe(500);
    expect(acknowledge()).toBe(34_500);
    expect(user.connection.isFlushed).toBe(true);
  });

  it("make the writer wait", async () => {
    const user = open();
    user.connection.write(pattern(600_000));
    expect(user.connection.writableBytes).toBe(0);
    await turn();
    for (let i = 0; i < 50 && !user.events.includes("writable"); i++) acknowledge();
    expect(user.events).toContain("writable");
  });

  it("wait while the card has no room", async () => {
    const user = open();
    guest.hasRoom = false;
    user.connection.write(bytes(1, 2, 3));
    await turn();
    expect(guest.takeSegments()).toEqual([]);
    guest.hasRoom = true;
    guest.onRoom();
    expect(guest.takeSegments()).toMatchObject([{ payload: bytes(1, 2, 3) }]);
  });

  it("are sent again, less and less often, until the guest answers or is given up", async () => {
    const user = open();
    user.connection.write(pattern(100));
    await turn();
    expect(guest.takeSegments()).toHaveLength(1);
    const times: number[] = [];
    for (let second = 1; second <= 16; second++) {
      await vi.advanceTimersByTimeAsync(1000);
      if (guest.takeSegments().length > 0) times.push(second);
    }
    expect(times).toHaveLength(4);
    expect(times.slice(1).map((time, i) => time - (times[i] ?? 0))).toEqual([2, 4, 8]);
    await vi.advanceTimersByTimeAsync(900_000);
    expect(guest.takeSegments().at(-1)?.flags).toBe(RST | ACK);
    expect(user.reason).toBe("timeout");
  });

  it("stand still with the guest", async () => {
    const user = open();
    user.connection.write(pattern(100));
    await turn();
    guest.takeSegments();
    backend.setPaused(true);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(guest.takeSegments()).toEqual([]);
    backend.setPaused(false);
    await vi.advanceTimersByTimeAsync(1200);
    expect(guest.takeSegments()).toHaveLength(1);
  });

  it("are sent again at once after three duplicate acknowledgements", async () => {
    const user = open({ mss: 1000, windowScale: 0 });
    user.connection.write(pattern(3000));
    await turn();
    const [lost] = guest.takeSegments();
    for (let i = 0; i < 3; i++) say(ACK);
    expect(guest.takeSegments()).toMatchObject([{ sequence: lost?.sequence }]);
  });

  it("probe a window that is closed", async () => {
    const user = open();
    say(ACK, { window: 0 });
    user.connection.write(pattern(10));
    await turn();
    expect(guest.takeSegments()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1200);
    expect(guest.takeSegments()).toMatchObject([{ sequence: (received - 1) >>> 0 }]);
    say(ACK);
    expect(guest.takeSegments()).toMatchObject([{ payload: pattern(10) }]);
  });
});

describe("the end", () => {
  it("comes after all bytes, from our side first", async () => {
    const user = open();
    user.connection.write(bytes(1, 2));
    user.connection.end();
    await turn();
    expect(guest.takeSegments()).toMatchObject([{ flags: ACK | PSH | FIN, payload: bytes(1, 2) }]);
    received = (received + 3) >>> 0;
    say(ACK);
    send(bytes(9));
    say(ACK | FIN);
    expect(user.bytes).toEqual([9]);
    expect(user.events).toEqual(["opened", "ended"]);
    expect(guest.takeSegments().at(-1)?.acknowledgement).toBe((next + 1) >>> 0);
    // TIME-WAIT: the FIN again is acknowledged again, and a new connection may begin.
    say(ACK | FIN);
    expect(guest.takeSegments()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(user.reason).toBe("done");
    expect(backend.tcp.count).toBe(0);
  });

  it("comes from the guest first", async () => {
    const user = open();
    // The FIN before the bytes that it follows.
    say(ACK | FIN, { sequence: (next + 5) >>> 0 });
    expect(user.events).toEqual(["opened"]);
    send(pattern(5));
    next = (next + 1) >>> 0;
    expect(user.events).toEqual(["opened", "ended"]);
    guest.takeSegments();
    user.connection.write(bytes(7));
    user.connection.end();
    await turn();
    expect(guest.takeSegments()).toMatchObject([{ flags: ACK | PSH | FIN, payload: bytes(7) }]);
    received = (received + 2) >>> 0;
    say(ACK);
    expect(user.reason).toBe("done");
    expect(backend.tcp.count).toBe(0);
  });

  it("is a reset with the exact number only", () => {
    const user = open();
    say(RST, { sequence: (next + 100) >>> 0 });
    expect(guest.takeSegments()).toMatchObject([{ flags: ACK }]);
    expect(user.reason).toBeUndefined();
    say(SYN, { sequence: (next + 100) >>> 0 });
    expect(guest.takeSegments()).toMatchObject([{ flags: ACK }]);
    say(RST);
    expect(user.reason).toBe("reset");
    expect(guest.takeSegments()).toEqual([]);
  });

  it("is told to the guest when we break off", () => {
    const user = open();
    user.connection.abort();
    expect(guest.takeSegments()).toMatchObject([{ flags: RST | ACK }]);
    expect(backend.tcp.count).toBe(0);
  });

  it("does not wait for ever for a guest that keeps its half open", async () => {
    const user = open();
    user.connection.release();
    await turn();
    received = (received + 1) >>> 0;
    say(ACK);
    send(pattern(100));
    expect(user.bytes).toEqual([]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(backend.tcp.count).toBe(0);
  });
});

/** A card whose frames arrive at another back end late, twice, in another order, or not at all. */
class LossyNic implements NicPort {
  readonly mtu = 1500;
  readonly hasRoom = true;
  onRoom: () => void = () => undefined;
  readonly mac: Uint8Array;
  readonly #random: (below: number) => number;
  other: TcpBackend | undefined;

  constructor(mac: Uint8Array, random: (below: number) => number) {
    this.mac = mac;
    this.#random = random;
  }
  receive(frame: Frame): void {
    const fate = this.#random(100);
    if (fate < 8) return;
    const copies = fate < 12 ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      setTimeout(
        () => {
          this.other?.send(frame);
          this.other?.sent();
        },
        1 + this.#random(fate < 30 ? 400 : 20),
      );
    }
  }
  batch(deliver: () => void): void {
    deliver();
  }
}

describe("a bad cable", () => {
  it.each([1, 2, 3, 4, 5, 6])("loses nothing for good (seed %i)", async (seed) => {
    const random = randomFrom(seed);
    const a = new TcpBackend(HOST);
    const b = new TcpBackend(GUEST);
    for (const [from, to, address] of [
      [a, b, HOST],
      [b, a, GUEST],
    ] as const) {
      const nic = new LossyNic(macOf(address), random);
      nic.other = to;
      from.plug(nic);
    }
    a.link?.learn(GUEST, macOf(GUEST));
    b.link?.learn(HOST, macOf(HOST));
    a.tcp.connect(GUEST, PORT, (connection) => a.user(connection));
    const data = pattern(200_000);
    const done: string[] = [];
    for (let minute = 0; minute < 40 && done.length < 2; minute++) {
      await vi.advanceTimersByTimeAsync(60_000);
      for (const side of [a, b]) {
        const [user] = side.users;
        if (user === undefined || !user.events.includes("opened")) continue;
        if (!user.events.includes("written")) {
          user.events.push("written");
          for (let at = 0; at < data.length; at += 7000) user.connection.write(data.slice(at, at + 7000));
          user.connection.end();
        }
      }
      done.length = 0;
      for (const side of [a, b]) if (side.users[0]?.reason !== undefined) done.push(side.users[0].reason);
    }
    expect(done).toEqual(["done", "done"]);
    for (const side of [a, b]) {
      expect(Buffer.concat(side.users[0]?.chunks ?? []).equals(Buffer.from(data))).toBe(true);
      expect(side.tcp.count).toBe(0);
      side.close();
    }
  });
});

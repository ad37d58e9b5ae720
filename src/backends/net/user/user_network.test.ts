import { beforeEach, describe, expect, it } from "vitest";
import { formatIpv4 } from "../../../shared/net/addresses";
import { addBytes, fold, pseudoHeader4 } from "../../../shared/net/checksum";
import { planOf } from "../../../shared/net/user_plan";
import { randomFrom } from "./testing/random";
import { ACK, PSH, SYN } from "./tcp/segment";
import { DNS, GUEST, GUEST_MAC, HOST, ip, MockGuest, packetOf, settle } from "./testing/mock_guest";
import { Names } from "./names";
import { UserNetwork } from "./user_network";

let network: UserNetwork;
let guest: MockGuest;
let notices: string[];
let fetched: string[];

function make(options: Parameters<typeof planOf>[0] = {}): void {
  const plan = planOf(options);
  if (!plan.ok) throw new Error(plan.error.reason);
  notices = [];
  fetched = [];
  network = new UserNetwork({
    plan: plan.value,
    forwards: [],
    names: new Names(),
    page: { origin: "http://localhost:5173" },
    notice: (_kind, text) => notices.push(text),
    fetch: (url) => {
      fetched.push(url);
      return Promise.reject(new TypeError("Failed to fetch"));
    },
  });
  guest = new MockGuest(network);
}

beforeEach(() => make());

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function arp(operation: number, target: number, sender = GUEST): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 1, 8, 0, 6, 4, 0, operation]);
  bytes.set(GUEST_MAC, 8);
  view.setUint32(14, sender);
  view.setUint32(24, target);
  return bytes;
}

/** Opens a connection and says something; what comes back. */
async function talk(address: number, port: number, say: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const ports = { sourcePort: 4000, destinationPort: port, window: 0xffff };
  const nothing = new Uint8Array(0);
  guest.sendSegment({ ...ports, flags: SYN, sequence: 100, acknowledgement: 0, payload: nothing }, address);
  await settle();
  const [opened] = guest.takeSegments();
  if (opened?.flags !== (SYN | ACK)) throw new Error("refused");
  const acknowledgement = opened.sequence + 1;
  guest.sendSegment({ ...ports, flags: ACK | PSH, sequence: 101, acknowledgement, payload: say }, address);
  await settle();
  return Uint8Array.from(guest.takeSegments().flatMap(({ payload }) => [...payload]));
}

describe("ARP", () => {
  it("answers for the gateway and the name server only", () => {
    for (const address of [HOST, DNS, ip("10.0.2.9"), ip("1.1.1.1")]) guest.send(0x0806, arp(1, address));
    const replies = guest.frames.splice(0).map(({ bytes }) => bytes);
    expect(replies).toHaveLength(2);
    expect(replies.map((bytes) => bytes[21])).toEqual([2, 2]);
    expect([...(replies[0]?.subarray(22, 32) ?? [])]).toEqual([0x52, 0x55, 10, 0, 2, 2, 10, 0, 2, 2]);
    expect([...(replies[0]?.subarray(0, 6) ?? [])]).toEqual([...GUEST_MAC]);
  });
});

describe("ICMP", () => {
  const echo = (length: number): Uint8Array => {
    const bytes = new Uint8Array(8 + length).map((_, i) => (i < 8 ? 0 : i & 255));
    bytes[0] = 8;
    new DataView(bytes.buffer).setUint16(2, ~fold(addBytes(0, bytes, 0, bytes.length)) & 0xffff);
    return bytes;
  };

  it("answers an echo with the same bytes", () => {
    guest.sendPacket({ protocol: 1 }, echo(56));
    const [reply] = guest.take();
    expect(reply).toMatchObject({ source: HOST, destination: GUEST, protocol: 1 });
    expect(reply?.payload[0]).toBe(0);
    expect(reply?.payload.subarray(4)).toEqual(echo(56).subarray(4));
    expect(fold(addBytes(0, reply?.payload ?? new Uint8Array(), 0, 64))).toBe(0xffff);
  });

  it("puts fragments together, in any order, and answers in fragments", () => {
    const whole = echo(4000);
    const pieces = [0, 1480, 2960].map((from) => ({ from, bytes: whole.subarray(from, from + 1480) }));
    for (const { from, bytes } of [pieces[2], pieces[0], pieces[1]].flatMap((piece) => piece ?? [])) {
      const more = from === 2960 ? 0 : 0x2000;
      guest.sendPacket({ protocol: 1, id: 77, fragment: more | (from / 8) }, bytes);
    }
    const replies = guest.take();
    expect(replies.map(({ payload }) => payload.length)).toEqual([1480, 1480, 1048]);
    const joined = Uint8Array.from(replies.flatMap(({ payload }) => [...payload]));
    expect(joined.subarray(8)).toEqual(whole.subarray(8));
  });

  it("drops fragments that overlap", () => {
    guest.sendPacket({ protocol: 1, fragment: 0x2000 }, echo(1000).subarray(0, 1000));
    guest.sendPacket({ protocol: 1, fragment: 0x2000 | 100 }, new Uint8Array(800));
    guest.sendPacket({ protocol: 1, fragment: 125 }, new Uint8Array(8));
    expect(guest.take()).toEqual([]);
  });

  it("does not answer those who are not in the network", () => {
    for (const source of ["10.0.3.1", "10.0.2.255", "10.0.2.2", "224.0.0.1"]) {
      guest.sendPacket({ protocol: 1, source: ip(source) }, echo(56));
    }
    expect(guest.frames).toEqual([]);
  });

  it("says that the rest of the world cannot be asked", () => {
    guest.sendPacket({ protocol: 1, destination: ip("8.8.8.8") }, echo(56));
    const [error] = guest.take();
    expect([...(error?.payload.subarray(0, 2) ?? [])]).toEqual([3, 13]);
    expect(error?.payload.subarray(8)).toEqual(
      packetOf({ protocol: 1, destination: ip("8.8.8.8") }, echo(56)).subarray(0, 28),
    );
    // Errors cause no errors.
    guest.sendPacket({ protocol: 1, destination: ip("8.8.8.8") }, Uint8Array.of(3, 0, 0xfc, 0xff, 0, 0, 0, 0));
    expect(guest.take()).toEqual([]);
  });
});

describe("UDP", () => {
  it("is refused with the reason", () => {
    guest.sendDatagram({ address: ip("8.8.8.8"), port: 123 }, text("time?"));
    guest.sendDatagram({ address: HOST, port: 123 }, text("time?"));
    guest.sendDatagram({ address: ip("10.0.2.255"), port: 137 }, text("anybody?"));
    guest.sendDatagram({ address: ip("224.0.0.251"), port: 5353 }, text("anybody?"));
    expect(guest.take().map(({ payload }) => payload[1])).toEqual([13, 3]);
    expect(notices).toEqual(["network: refused: 8.8.8.8, UDP port 123: a page can make HTTP requests only."]);
  });
});

describe("DHCP", () => {
  function ask(
    type: number,
    options: readonly number[] = [],
    mac: Uint8Array = GUEST_MAC,
  ): Map<number, number[]> | undefined {
    const bytes = new Uint8Array(300);
    bytes.set([1, 1, 6, 0, 1, 2, 3, 4]);
    bytes.set(mac, 28);
    bytes.set([0x63, 0x82, 0x53, 0x63, 53, 1, type, ...options, 255], 236);
    guest.sendDatagram({ address: 0xffffffff, port: 67, from: 68, source: 0 }, bytes);
    const [reply] = guest.take();
    if (reply === undefined) return undefined;
    const payload = reply.payload.subarray(8);
    const sum = pseudoHeader4(reply.source, reply.destination, 17, reply.payload.length);
    expect(fold(addBytes(sum, reply.payload, 0, reply.payload.length))).toBe(0xffff);
    expect([...payload.subarray(4, 8)]).toEqual([1, 2, 3, 4]);
    const found = new Map<number, number[]>([[0, [...payload.subarray(16, 20)]]]);
    for (let at = 240; payload[at] !== 255; at += 2 + (payload[at + 1] ?? 0)) {
      found.set(payload[at] ?? 0, [...payload.subarray(at + 2, at + 2 + (payload[at + 1] ?? 0))]);
    }
    return found;
  }

  it("offers and gives the first address, with everything that is needed", () => {
    const offer = ask(1);
    expect(offer?.get(0)).toEqual([10, 0, 2, 15]);
    expect(offer?.get(53)).toEqual([2]);
    const ack = ask(3, [50, 4, 10, 0, 2, 15, 54, 4, 10, 0, 2, 2]);
    expect(ack?.get(53)).toEqual([5]);
    expect([1, 3, 6, 26, 28, 54].map((code) => ack?.get(code)?.join("."))).toEqual([
      "255.255.255.0",
      "10.0.2.2",
      "10.0.2.3",
      "5.220",
      "10.0.2.255",
      "10.0.2.2",
    ]);
  });

  it("gives every card its own, always the same", () => {
    ask(1);
    const other = Uint8Array.of(2, 0, 0, 0, 0, 9);
    expect(ask(1, [], other)?.get(0)).toEqual([10, 0, 2, 16]);
    expect(ask(1)?.get(0)).toEqual([10, 0, 2, 15]);
  });

  it("refuses an address that it did not give, and is silent to what is for others", () => {
    expect(ask(3, [50, 4, 10, 0, 2, 99])?.get(53)).toEqual([6]);
    expect(ask(3, [50, 4, 10, 0, 2, 15, 54, 4, 10, 0, 2, 77])).toBeUndefined();
    expect(ask(7)).toBeUndefined();
  });
});

describe("DNS", () => {
  function query(name: string, type = 1): { code: number; answer: string | undefined } {
    const labels = name.split(".").flatMap((label) => [label.length, ...text(label)]);
    const bytes = Uint8Array.from([0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, type, 0, 1]);
    guest.sendDatagram({ address: DNS, port: 53 }, bytes);
    const [reply] = guest.take();
    const view = new DataView(reply?.payload.slice(8).buffer ?? new ArrayBuffer(12));
    expect(view.getUint16(0)).toBe(0xabcd);
    const answers = view.getUint16(6);
    return {
      code: view.getUint16(2) & 15,
      answer: answers === 0 ? undefined : formatIpv4(view.getUint32(view.byteLength - 4)),
    };
  }

  it("gives every name an address of its own, and the name back", () => {
    const first = query("deb.debian.org").answer ?? "";
    expect(first).toMatch(/^198\.1[89]\./);
    expect(query("DEB.debian.org").answer).toBe(first);
    expect(query("example.com").answer).not.toBe(first);
    const reverse = `${first.split(".").reverse().join(".")}.in-addr.arpa`;
    expect(query(reverse, 12)).toMatchObject({ code: 0 });
    expect(query("host.internal").answer).toBe("10.0.2.2");
    expect(query("deb.debian.org", 28)).toEqual({ code: 0, answer: undefined });
  });

  it.each(["localhost", "printer.local", "_http._tcp.deb.debian.org", "single", "9.9.9.9.in-addr.arpa"])(
    "knows no %s",
    (name) => expect(query(name)).toEqual({ code: 3, answer: undefined }),
  );

  it("answers by TCP too, several questions in any pieces", async () => {
    const ask = (id: number): number[] => [
      0,
      23,
      0,
      id,
      1,
      0,
      0,
      1,
      0,
      0,
      0,
      0,
      0,
      0,
      1,
      0x61,
      3,
      ...text("org"),
      0,
      0,
      1,
      0,
      1,
    ];
    const said = await talk(DNS, 53, Uint8Array.from([...ask(7), ...ask(8)]));
    const length = 2 + 23 + 16;
    expect(said).toHaveLength(2 * length);
    expect([...said.subarray(0, 4)]).toEqual([0, length - 2, 0, 7]);
    expect([...said.subarray(length, length + 4)]).toEqual([0, length - 2, 0, 8]);
    expect([...said.subarray(length - 4, length - 1)]).toEqual([198, 18, 0]);
    expect(notices).toEqual([]);
  });

  it("refuses with restrict=on", () => {
    make({ restrict: true });
    expect(query("deb.debian.org")).toEqual({ code: 5, answer: undefined });
  });

  it("calls nonsense nonsense", () => {
    guest.sendDatagram(
      { address: DNS, port: 53 },
      Uint8Array.from([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1]),
    );
    guest.sendDatagram({ address: DNS, port: 53 }, Uint8Array.from([1, 2, 1, 0, 0, 9, 0, 0, 0, 0, 0, 0]));
    expect(guest.take().map(({ payload }) => (payload[11] ?? 0) & 15)).toEqual([1, 1]);
  });
});

describe("the gateway as a proxy", () => {
  it("knows itself, and the addresses that stand for names", async () => {
    const labels = Uint8Array.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0x61, 3, ...text("org"), 0, 0, 1, 0, 1]);
    guest.sendDatagram({ address: DNS, port: 53 }, labels);
    guest.take();
    const urls = ["http://10.0.2.2:8000/a?b", "http://host.internal/", "http://198.18.0.1/x", "https://b.org:444/"];
    const requests = urls.map((url) => `GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`).join("");
    await talk(HOST, 8080, Uint8Array.from(text(requests)));
    expect(fetched).toEqual(["http://localhost:8000/a?b", "http://localhost/", "http://a.org/x", "https://b.org:444/"]);
  });
});

describe("whatever a guest sends", () => {
  it("neither throws nor is answered without end", () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const random = randomFrom(seed);
      const noise = (length: number): Uint8Array =>
        Uint8Array.from({ length }, () => (random(3) === 0 ? random(256) : random(4)));
      const type = [0x0800, 0x0800, 0x0806, random(0x10000)][random(4)] ?? 0;
      const protocol = [1, 6, 17, random(256)][random(4)] ?? 0;
      const destination = [HOST, DNS, 0xffffffff, ip("8.8.8.8"), random(2 ** 32)][random(5)] ?? 0;
      const payload = noise(random(200));
      if (protocol === 17 && payload.length > 8) {
        payload.set([0, 68, 0, [53, 67, 68][random(3)] ?? 0, payload.length >> 8, payload.length & 255, 0, 0]);
      }
      const fragment = random(4) === 0 ? random(0x4000) : 0;
      const packet = packetOf({ protocol, destination, fragment, id: random(3) }, payload);
      if (random(4) === 0) packet[random(packet.length)] = random(256);
      guest.send(type, type === 0x0806 ? noise(random(60)) : packet);
      expect(guest.frames.length).toBeLessThan(100);
      guest.frames.length = 0;
    }
    network.close();
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { type TestBus, testBus } from "../../../../tests/virtio";
import type { Frame, NetBackend, NicPort } from "../../../backends/net/types";
import { addBytes, fold, pseudoHeader4 } from "../../../shared/net/checksum";
import { gpa } from "../../../shared/units";
import { bit } from "../features";
import type { MockDriver } from "../testing/mock_driver";
import * as Config from "./config";
import { VirtioNet } from "./device";

const MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const OTHER = Uint8Array.of(0x52, 0x55, 10, 0, 2, 2);
const DATA = 0x280000;
const STRIDE = 0x20000;

class TestBackend implements NetBackend {
  readonly sentFrames: Frame[] = [];
  batches = 0;
  nic: NicPort | undefined;
  plug(nic: NicPort): void {
    this.nic = nic;
  }
  send(frame: Frame): void {
    this.sentFrames.push(frame);
  }
  sent(): void {
    this.batches++;
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

let t: TestBus;
let backend: TestBackend;
let net: VirtioNet;
let driver: MockDriver;
let next: number;
let filterChanges: number;

beforeEach(() => {
  t = testBus({ ramBytes: 16 * 1024 * 1024 });
  backend = new TestBackend();
  filterChanges = 0;
  net = new VirtioNet(backend, { mac: MAC, mtu: 1500, filterChanged: () => filterChanges++ });
  driver = t.driver(t.plug(net));
  next = DATA;
});

/** Buffers for frames of the device; returns their addresses. */
function offer(count: number, len: number): number[] {
  const addresses = Array.from({ length: count }, () => {
    const address = next;
    next += STRIDE;
    const ring = driver.ring(Config.RECEIVE);
    ring.offer(ring.chain([{ gpa: address, len, writable: true }]));
    return address;
  });
  driver.kick(Config.RECEIVE);
  return addresses;
}

function read(address: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  t.guest.read(gpa(address), bytes);
  return bytes;
}

function transmit(header: Uint8Array, frame: Uint8Array, kick = (queue: number) => driver.kick(queue)): void {
  const ring = driver.ring(Config.TRANSMIT);
  const [at, body] = [next, next + 64];
  next += STRIDE;
  t.guest.write(gpa(at), header);
  t.guest.write(gpa(body), frame);
  ring.offer(
    ring.chain([
      { gpa: at, len: header.length, writable: false },
      { gpa: body, len: frame.length, writable: false },
    ]),
  );
  kick(Config.TRANSMIT);
}

/** The device's answer to a command: 0 or 1. */
function command(...bytes: number[]): number {
  const at = next;
  next += STRIDE;
  const ring = driver.ring(Config.CONTROL);
  t.guest.write(gpa(at), Uint8Array.from([...bytes, 0xaa]));
  ring.offer(
    ring.chain([
      { gpa: at, len: bytes.length, writable: false },
      { gpa: at + bytes.length, len: 1, writable: true },
    ]),
  );
  driver.kick(Config.CONTROL);
  return read(at + bytes.length, 1)[0] ?? -1;
}

function frameOf(length: number, destination: Uint8Array = MAC): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from({ length }, (_, i) => i & 0xff);
  bytes.set(destination);
  bytes.set(OTHER, 6);
  bytes.set([0x12, 0x34], 12);
  return bytes;
}

function receive(frame: Frame): void {
  backend.nic?.receive(frame);
}

/** A TCP segment over IPv4 with `length` bytes of payload, checksum left open. */
function tcpFrame(length: number, size: number): Frame {
  const bytes = new Uint8Array(54 + length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAC);
  bytes.set(OTHER, 6);
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x45);
  view.setUint16(16, 40 + length);
  view.setUint16(18, 7);
  view.setUint8(22, 64);
  view.setUint8(23, 6);
  view.setUint32(26, 0x0a000202);
  view.setUint32(30, 0x0a00020f);
  view.setUint16(24, ~fold(addBytes(0, bytes, 14, 34)) & 0xffff);
  view.setUint32(38, 1000);
  view.setUint8(46, 0x50);
  // CWR, ACK, PSH and FIN.
  view.setUint8(47, 0x99);
  view.setUint16(50, fold(pseudoHeader4(0x0a000202, 0x0a00020f, 6, 20 + length)));
  for (let i = 0; i < length; i++) bytes[54 + i] = (i * 7) & 0xff;
  return {
    bytes,
    offload: { checksumStart: 34, checksumOffset: 16, segmentation: { protocol: "tcp4", size, ecn: false } },
  };
}

function expectIntact(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  expect(fold(addBytes(0, bytes, 14, 34))).toBe(0xffff);
  const pseudo = pseudoHeader4(view.getUint32(26), view.getUint32(30), 6, bytes.length - 34);
  expect(fold(addBytes(pseudo, bytes, 34, bytes.length))).toBe(0xffff);
}

describe("what the driver reads", () => {
  it("is the address, the link, one pair of queues and the MTU", () => {
    driver.start();
    expect([0, 1, 2, 3, 4, 5].map((i) => driver.deviceConfig(i, 1))).toEqual([...MAC]);
    expect([6, 8, 10].map((i) => driver.deviceConfig(i, 2))).toEqual([1, 1, 1500]);
    expect(driver.deviceConfig(12, 4)).toBe(10_000);
    expect(driver.configRead(0)).toBe(0x10001af4);
    expect(driver.configRead(8)).toBe(0x02000000);
  });

  it("follows the cable, by status and interrupt", () => {
    driver.start();
    const generation = driver.commonRead(21, 1);
    net.setLink(false);
    expect(driver.deviceConfig(6, 2)).toBe(0);
    expect(driver.commonRead(21, 1)).not.toBe(generation);
    receive({ bytes: frameOf(60) });
    transmit(new Uint8Array(12), frameOf(60));
    expect(backend.sentFrames).toEqual([]);
    expect(driver.ring(Config.TRANSMIT).takeUsed()).toHaveLength(1);
    net.setLink(true);
    expect(driver.deviceConfig(6, 2)).toBe(3);
    expect(command(3, 0)).toBe(0);
    expect(driver.deviceConfig(6, 2)).toBe(1);
    offer(1, 2048);
    expect(driver.ring(Config.RECEIVE).takeUsed()).toEqual([]);
  });

  it("can be its address only where the driver has no command for it", () => {
    driver.start();
    driver.writeDeviceConfig(0, 4, 0x11223344);
    expect([...net.mac]).toEqual([...MAC]);
    driver.startLegacy(Number(Config.F_MAC));
    driver.legacyWrite(20, 4, 0x11223344);
    expect([...net.mac]).toEqual([0x44, 0x33, 0x22, 0x11, 0x34, 0x56]);
    driver.start();
    expect([...net.mac]).toEqual([...MAC]);
  });
});

describe("frames for the guest", () => {
  it("go into one buffer, behind a header", () => {
    driver.start();
    const [address = 0] = offer(1, 2048);
    receive({ bytes: frameOf(100) });
    expect(
      driver
        .ring(Config.RECEIVE)
        .takeUsed()
        .map((used) => used.len),
    ).toEqual([112]);
    expect(read(address, 12)).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0));
    expect(read(address + 12, 100)).toEqual(frameOf(100));
    expect(net.counters).toMatchObject({ framesIn: 1, bytesIn: 100 });
  });

  it("are spread over as many buffers as they need, or wait for them", () => {
    driver.start();
    const first = offer(2, 64);
    receive({ bytes: frameOf(150) });
    expect(driver.ring(Config.RECEIVE).takeUsed()).toEqual([]);
    const all = [...first, ...offer(1, 64)];
    expect(
      driver
        .ring(Config.RECEIVE)
        .takeUsed()
        .map((used) => used.len),
    ).toEqual([64, 64, 34]);
    expect([...read((all[0] ?? 0) + 10, 2)]).toEqual([3, 0]);
    const parts = [read((all[0] ?? 0) + 12, 52), read(all[1] ?? 0, 64), read(all[2] ?? 0, 34)];
    expect(Uint8Array.from(parts.flatMap((part) => [...part]))).toEqual(frameOf(150));
  });

  it("are lost when no ring of buffers could hold them", () => {
    driver.start(driver.offered, 4);
    offer(4, 20);
    receive({ bytes: frameOf(100) });
    receive({ bytes: frameOf(60) });
    expect(
      driver
        .ring(Config.RECEIVE)
        .takeUsed()
        .map((used) => used.len),
    ).toEqual([20, 20, 20, 12]);
    expect(net.counters).toMatchObject({ droppedIn: 1, framesIn: 1 });
    driver.start(driver.offered & ~Config.F_MRG_RXBUF);
    offer(1, 64);
    receive({ bytes: frameOf(100) });
    receive({ bytes: frameOf(52) });
    expect(
      driver
        .ring(Config.RECEIVE)
        .takeUsed()
        .map((used) => used.len),
    ).toEqual([64]);
    expect(net.counters.droppedIn).toBe(2);
  });

  it("have a short header for drivers of old", () => {
    driver.startLegacy(0);
    const ring = driver.ring(Config.RECEIVE);
    ring.offer(
      ring.chain([
        { gpa: DATA, len: 10, writable: true },
        { gpa: DATA + 0x1000, len: 1514, writable: true },
      ]),
    );
    driver.legacyKick(Config.RECEIVE);
    receive({ bytes: frameOf(60) });
    expect(ring.takeUsed().map((used) => used.len)).toEqual([70]);
    expect(read(DATA + 0x1000, 60)).toEqual(frameOf(60));
    transmit(new Uint8Array(10), frameOf(61), (queue) => driver.legacyKick(queue));
    expect(backend.sentFrames.map((frame) => frame.bytes.length)).toEqual([61]);
  });

  it("wait up to a limit, of which the back end is told", () => {
    driver.start();
    let asked = 0;
    net.onRoom = () => asked++;
    let sent = 0;
    while (net.hasRoom && sent < 10_000) {
      receive({ bytes: frameOf(60_000) });
      sent++;
    }
    expect(sent).toBeGreaterThan(5);
    expect(sent).toBeLessThan(50);
    for (let i = 0; i < 100; i++) receive({ bytes: frameOf(60_000) });
    expect(net.counters.droppedIn).toBeGreaterThan(80);
    offer(4, 65_000);
    expect(asked).toBe(1);
    expect(net.hasRoom).toBe(true);
  });

  it("keep their offloads, if the driver knows them", () => {
    driver.start();
    const [address = 0] = offer(1, 8192);
    receive(tcpFrame(3000, 1460));
    const header = new DataView(read(address, 12).buffer);
    expect([header.getUint8(0), header.getUint8(1)]).toEqual([1, 1]);
    expect([2, 4, 6, 8].map((at) => header.getUint16(at, true))).toEqual([54, 1460, 34, 16]);
    expect(read(address + 12, 3054)).toEqual(tcpFrame(3000, 1460).bytes);
  });

  it.each([
    ["cut", Config.F_GUEST_TSO4],
    ["cut and checked", Config.F_GUEST_CSUM | Config.F_GUEST_TSO4],
  ])("are %s for a driver that does not", (_name, without) => {
    driver.start(driver.offered & ~without);
    const addresses = offer(3, 2048);
    receive(tcpFrame(3000, 1460));
    expect(
      driver
        .ring(Config.RECEIVE)
        .takeUsed()
        .map((used) => used.len),
    ).toEqual([1526, 1526, 146]);
    const segments = addresses.map((address, i) => read(address + 12, i < 2 ? 1514 : 134));
    for (const segment of segments) expectIntact(segment);
    const views = segments.map((bytes) => new DataView(bytes.buffer));
    expect(views.map((view) => view.getUint32(38))).toEqual([1000, 2460, 3920]);
    expect(views.map((view) => view.getUint16(18))).toEqual([7, 8, 9]);
    // CWR stays on the first, PSH and FIN on the last.
    expect(views.map((view) => view.getUint8(47))).toEqual([0x90, 0x10, 0x19]);
    const payload = segments.flatMap((bytes) => [...bytes.subarray(54)]);
    expect(Uint8Array.from(payload)).toEqual(tcpFrame(3000, 1460).bytes.subarray(54));
  });

  it("have complete checksums for a driver that wants them", () => {
    driver.start(driver.offered & ~Config.F_GUEST_CSUM);
    const [address = 0] = offer(1, 2048);
    const { bytes } = tcpFrame(101, 0);
    receive({ bytes, offload: { checksumStart: 34, checksumOffset: 16 } });
    expect(read(address, 1)[0]).toBe(0);
    expectIntact(read(address + 12, bytes.length));
  });

  it("change with GUEST_OFFLOADS_SET", () => {
    driver.start();
    expect(command(5, 0, 2, 0, 0, 0, 0, 0, 0, 0)).toBe(0);
    offer(3, 2048);
    receive(tcpFrame(3000, 1460));
    expect(driver.ring(Config.RECEIVE).takeUsed()).toHaveLength(3);
    expect(command(5, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0)).toBe(1);
  });
});

describe("frames of the guest", () => {
  it("arrive with what is left to do on them", () => {
    driver.start();
    const { bytes } = tcpFrame(5000, 1460);
    const header = new Uint8Array(12);
    const view = new DataView(header.buffer);
    view.setUint8(0, 1);
    view.setUint8(1, 1 | 0x80);
    view.setUint16(4, 1460, true);
    view.setUint16(6, 34, true);
    view.setUint16(8, 16, true);
    transmit(header, bytes);
    const segmentation = { protocol: "tcp4", size: 1460, ecn: true };
    expect(backend.sentFrames).toEqual([{ bytes, offload: { checksumStart: 34, checksumOffset: 16, segmentation } }]);
    expect(
      driver
        .ring(Config.TRANSMIT)
        .takeUsed()
        .map((used) => used.len),
    ).toEqual([0]);
    expect(backend.batches).toBeGreaterThan(0);
  });

  it.each([
    ["offloads that were not negotiated", [1, 1, 0, 0, 0xb4, 5, 34, 0, 16, 0]],
    ["a checksum behind the end", [1, 0, 0, 0, 0, 0, 59, 0, 0, 0]],
    ["an unknown segmentation", [1, 7, 0, 0, 0xb4, 5, 34, 0, 16, 0]],
    ["a segmentation without a checksum", [0, 1, 0, 0, 0xb4, 5, 34, 0, 16, 0]],
  ])("are dropped if they have %s", (_name, bytes) => {
    driver.start(driver.offered & ~Config.F_HOST_TSO4);
    transmit(Uint8Array.from([...bytes, 0, 0]), frameOf(60));
    expect(backend.sentFrames).toEqual([]);
    expect(net.counters.badFrames).toBe(1);
    expect(driver.ring(Config.TRANSMIT).takeUsed()).toHaveLength(1);
    expect(driver.status).toBe(15);
  });

  it("are dropped if they are too short or too long", () => {
    driver.start();
    transmit(new Uint8Array(12), new Uint8Array(13));
    transmit(new Uint8Array(12), new Uint8Array(70_000));
    expect(net.counters.badFrames).toBe(2);
    expect(driver.ring(Config.TRANSMIT).takeUsed()).toHaveLength(2);
  });

  it("stop the device if they have no header", () => {
    driver.start();
    const ring = driver.ring(Config.TRANSMIT);
    ring.offer(ring.chain([{ gpa: DATA, len: 11, writable: false }]));
    driver.kick(Config.TRANSMIT);
    expect(driver.status & 64).toBe(64);
  });
});

describe("the control queue", () => {
  const count = (n: number): number[] => [n, 0, 0, 0];

  /** Whether a frame gets through. */
  function passes(destination: Uint8Array, more: (bytes: Uint8Array) => void = () => undefined): boolean {
    const bytes = frameOf(60, destination);
    more(bytes);
    const before = net.counters.framesIn;
    offer(1, 2048);
    receive({ bytes });
    return net.counters.framesIn > before;
  }

  it("decides who is heard", () => {
    driver.start();
    const group = Uint8Array.of(1, 0, 0x5e, 0, 0, 1);
    const everybody = new Uint8Array(6).fill(0xff);
    expect(passes(OTHER)).toBe(true);
    expect(command(0, 0, 0)).toBe(0);
    expect([passes(OTHER), passes(MAC), passes(everybody), passes(group)]).toEqual([false, true, true, false]);
    expect(command(1, 0, ...count(1), ...OTHER, ...count(1), ...group)).toBe(0);
    expect([passes(OTHER), passes(group)]).toEqual([true, true]);
    expect(command(1, 0, ...count(0), ...count(0))).toBe(0);
    expect(command(0, 1, 1)).toBe(0);
    expect([passes(OTHER), passes(group)]).toEqual([false, true]);
    expect(command(0, 5, 1)).toBe(0);
    expect(passes(everybody)).toBe(false);
    expect(command(1, 1, ...OTHER)).toBe(0);
    expect([passes(OTHER), passes(MAC)]).toEqual([true, false]);
    expect(net.counters.filtered).toBeGreaterThan(4);
  });

  it("says once that the filter has changed, and again when somebody has looked", () => {
    driver.start();
    const add = (...id: number[]) => command(2, 0, ...id);
    expect([add(7, 0), add(8, 1), filterChanges]).toEqual([0, 0, 1]);
    expect(net.lookAtFilter()).toMatchObject({ filtersVlans: true, vlans: [7, 264], unicast: [], multicast: [] });
    expect([command(0, 0, 0), filterChanges]).toEqual([0, 2]);
    expect(net.lookAtFilter().modes.promiscuous).toBe(false);
    // Refused: nothing has changed.
    expect([add(0, 16), filterChanges]).toEqual([1, 2]);
  });

  it("lets tagged frames of added networks through", () => {
    driver.start();
    expect(command(0, 0, 0)).toBe(0);
    const tagged = (): boolean => passes(MAC, (bytes) => bytes.set([0x81, 0, 0x20, 5], 12));
    expect(tagged()).toBe(false);
    expect(command(2, 0, 5, 0)).toBe(0);
    expect(tagged()).toBe(true);
    expect(command(2, 1, 5, 0)).toBe(0);
    expect(tagged()).toBe(false);
    driver.start(driver.offered & ~Config.F_CTRL_VLAN);
    expect(command(0, 0, 0)).toBe(0);
    expect(tagged()).toBe(true);
    expect(command(2, 0, 5, 0)).toBe(1);
  });

  it.each([
    ["unknown classes", [9, 0, 0]],
    ["unknown commands", [0, 6, 0]],
    ["missing data", [0, 0]],
    ["half an address", [1, 1, 1, 2, 3]],
    ["tables shorter than they say", [1, 0, 2, 0, 0, 0, ...OTHER]],
    ["huge tables", [1, 0, 0xff, 0xff, 0xff, 0xff]],
    ["VLANs that do not exist", [2, 0, 0, 0x10]],
    ["queue pairs that were not offered", [4, 0, 2, 0]],
  ])("refuses %s", (_name, bytes) => {
    driver.start();
    expect(command(...bytes)).toBe(1);
    expect(net.counters).toMatchObject({ controlCommands: 1, badCommands: 1 });
    expect(driver.status).toBe(15);
  });
});

describe("every feature left out", () => {
  const bits = Array.from({ length: 64 }, (_, i) => i).filter((i) => (Config.FEATURES & bit(i)) !== 0n);

  it.each(bits)("bit %i", (number) => {
    driver.start(driver.offered & ~bit(number));
    offer(4, 4096);
    receive(tcpFrame(3000, 1460));
    transmit(new Uint8Array(12), frameOf(60));
    expect(driver.ring(Config.RECEIVE).takeUsed().length).toBeGreaterThan(0);
    expect(backend.sentFrames).toHaveLength(1);
    expect(driver.status).toBe(15);
  });
});

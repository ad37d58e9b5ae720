import { beforeEach, describe, expect, it } from "vitest";
import { type TestBus, testBus } from "../../../../tests/virtio";
import { ConsoleInput } from "../../../backends/console/console_input";
import type { OutputFlow } from "../../../backends/console/types";
import { gpa } from "../../../shared/units";
import type { MockDriver } from "../testing/mock_driver";
import { CONTROL_RECEIVE, CONTROL_TRANSMIT, F_MULTIPORT, F_SIZE, receiveQueue, transmitQueue } from "./config";
import { VirtioSerial } from "./device";

const DATA = 0x280000;

interface TestPort {
  readonly input: ConsoleInput;
  readonly said: string[];
  readonly opened: boolean[];
}

let t: TestBus;
let serial: VirtioSerial;
let driver: MockDriver;
let console0: TestPort;
let agent: TestPort;
let nextBuffer: number;

function port(options: { name?: string; console?: boolean }): TestPort {
  const made: TestPort = { input: new ConsoleInput(), said: [], opened: [] };
  serial.addPort(
    {
      input: made.input,
      output: (bytes) => made.said.push(new TextDecoder().decode(bytes)),
      guestOpened: (open) => made.opened.push(open),
    },
    options,
  );
  return made;
}

beforeEach(() => {
  t = testBus();
  serial = new VirtioSerial(4);
  console0 = port({ console: true });
  agent = port({ name: "org.qemu.guest_agent.0" });
  driver = t.driver(t.plug(serial));
  nextBuffer = DATA;
});

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Gives the device a buffer to write into. */
function offerBuffer(queue: number, len = 64): number {
  const address = nextBuffer;
  nextBuffer += 4096;
  driver.ring(queue).offer(driver.ring(queue).chain([{ gpa: address, len, writable: true }]));
  driver.kick(queue);
  return address;
}

function transmit(queue: number, bytes: Uint8Array): void {
  const address = nextBuffer;
  nextBuffer += 4096;
  t.guest.write(gpa(address), bytes);
  driver.ring(queue).offer(driver.ring(queue).chain([{ gpa: address, len: bytes.length, writable: false }]));
  driver.kick(queue);
}

function control(id: number, event: number, value: number): void {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, id, true);
  view.setUint16(4, event, true);
  view.setUint16(6, value, true);
  transmit(CONTROL_TRANSMIT, bytes);
}

/** Buffers for messages of the device that it has not used yet. */
let inbox: number[];

/** Gives the device as many buffers as it has messages, and returns these. */
function messages(): string[] {
  const found: string[] = [];
  for (;;) {
    const used = driver.ring(CONTROL_RECEIVE).takeUsed();
    for (const { len } of used) {
      const bytes = new Uint8Array(len);
      t.guest.read(gpa(inbox.shift() ?? 0), bytes);
      const view = new DataView(bytes.buffer);
      const head = [view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true)];
      found.push([...head, ...bytes.subarray(8)].join(" "));
    }
    if (inbox.length > 0) return found;
    inbox.push(offerBuffer(CONTROL_RECEIVE));
  }
}

describe("virtio-serial with ports", () => {
  beforeEach(() => {
    inbox = [];
    driver.start();
  });

  it("describes itself", () => {
    expect(driver.deviceConfig(4, 4)).toBe(4);
    expect(driver.commonRead(18, 2)).toBe(10);
    expect([receiveQueue(0), transmitQueue(0), receiveQueue(1), transmitQueue(3)]).toEqual([0, 1, 4, 9]);
    expect(driver.configRead(0)).toBe(0x10031af4);
  });

  it("shakes hands as Linux expects it", () => {
    control(0xffffffff, 0, 1);
    expect(messages()).toEqual(["0 1 1", "1 1 1"]);
    control(0, 3, 1);
    expect(messages()).toEqual(["0 4 1", "0 5 1 80 0 25 0", "0 6 1"]);
  });

  it("names ports and says when their host side opens", () => {
    control(1, 3, 1);
    expect(messages()).toEqual([`1 7 1 ${[...text("org.qemu.guest_agent.0")].join(" ")}`]);
    serial.setHostOpen(1, true);
    serial.setHostOpen(1, true);
    expect(messages()).toEqual(["1 6 1"]);
  });

  it("passes output on and returns its buffers at once", () => {
    transmit(1, text("hello "));
    transmit(1, text("world"));
    expect(console0.said.join("")).toBe("hello world");
    expect(driver.ring(1).takeUsed()).toHaveLength(2);
    transmit(transmitQueue(3), text("to nobody"));
    expect(driver.ring(transmitQueue(3)).takeUsed()).toHaveLength(1);
  });

  it("keeps input until the guest has opened the port and given buffers", async () => {
    await console0.input.write(text("typed early"));
    const first = offerBuffer(0, 6);
    expect(driver.ring(0).takeUsed()).toEqual([]);
    control(0, 6, 1);
    expect(console0.opened).toEqual([true]);
    expect(
      driver
        .ring(0)
        .takeUsed()
        .map((entry) => entry.len),
    ).toEqual([6]);
    const bytes = new Uint8Array(6);
    t.guest.read(gpa(first), bytes);
    expect(new TextDecoder().decode(bytes)).toBe("typed ");
    const second = offerBuffer(0);
    expect(
      driver
        .ring(0)
        .takeUsed()
        .map((entry) => entry.len),
    ).toEqual([5]);
    offerBuffer(0);
    await console0.input.write(text("x"));
    expect(
      driver
        .ring(0)
        .takeUsed()
        .map((entry) => entry.len),
    ).toEqual([1]);
    expect(second).not.toBe(first);
    expect(console0.input.length).toBe(0);
  });

  it("tells of a new size by message and configuration, the last one only", () => {
    control(0, 3, 1);
    messages();
    const generation = driver.commonRead(21, 1);
    serial.resize(132, 43);
    expect(messages()).toEqual(["0 5 1 132 0 43 0"]);
    serial.resize(90, 20);
    serial.resize(91, 21);
    serial.resize(100, 30);
    expect([driver.deviceConfig(0, 2), driver.deviceConfig(2, 2)]).toEqual([100, 30]);
    expect(driver.commonRead(21, 1)).not.toBe(generation);
    // One buffer was with the device already.
    expect(messages()).toEqual(["0 5 1 90 0 20 0", "0 5 1 100 0 30 0"]);
  });

  it("counts messages that make no sense and leaves a flood waiting", () => {
    control(77, 3, 1);
    control(0, 99, 1);
    control(77, 6, 1);
    transmit(CONTROL_TRANSMIT, text("short"));
    expect(serial.counters.badMessages).toBe(4);
    for (let i = 0; i < 120; i++) control(0, 3, 1);
    expect(serial.counters.controlMessages).toBeLessThan(100);
    expect(driver.status).toBe(15);
    const before = serial.counters.controlMessages;
    for (let i = 0; i < 100; i++) offerBuffer(CONTROL_RECEIVE);
    expect(serial.counters.controlMessages).toBeGreaterThan(before + 20);
  });

  it("forgets the driver's state at a reset, not the input", async () => {
    control(0, 6, 1);
    await console0.input.write(text("kept"));
    driver.start();
    expect(console0.opened).toEqual([true, false]);
    control(0, 6, 1);
    offerBuffer(0);
    expect(
      driver
        .ring(0)
        .takeUsed()
        .map((entry) => entry.len),
    ).toEqual([4]);
  });

  it("gains and loses ports while it runs", () => {
    control(0xffffffff, 0, 1);
    messages();
    port({ name: "late" });
    port({ name: "later" });
    expect(serial.addPort({ input: new ConsoleInput(), output: () => undefined })).toBeUndefined();
    serial.removePort(1);
    expect(messages()).toEqual(["2 1 1", "3 1 1", "1 2 1"]);
    expect(agent.opened).toEqual([]);
  });
});

describe("virtio-serial with flow control", () => {
  let room: number;
  let flow: OutputFlow;
  let said: string[];

  beforeEach(() => {
    room = 8;
    said = [];
    flow = { accepts: (length) => length <= room, onRoom: () => undefined };
    const output = (bytes: Uint8Array): void => {
      room -= bytes.length;
      said.push(new TextDecoder().decode(bytes));
    };
    serial.addPort({ input: new ConsoleInput(), output, flow }, { name: "bounded" });
    driver.start();
    control(2, 3, 1);
  });

  it("drops what is sent to a port that nobody has open", () => {
    transmit(transmitQueue(2), text("lost"));
    expect(driver.ring(transmitQueue(2)).takeUsed()).toHaveLength(1);
    expect([said, serial.counters.bytesCut]).toEqual([[], 4]);
  });

  it("leaves buffers in the ring until there is room", () => {
    const ring = driver.ring(transmitQueue(2));
    serial.setHostOpen(2, true);
    for (const word of ["12345", "6789a", "b"]) transmit(transmitQueue(2), text(word));
    expect([said.join(""), ring.takeUsed().length]).toEqual(["12345", 1]);
    room = 5;
    flow.onRoom();
    expect([said.join(""), ring.takeUsed().length]).toEqual(["123456789a", 1]);
    room = 100;
    flow.onRoom();
    expect([said.join(""), ring.takeUsed().length]).toEqual(["123456789ab", 1]);
  });

  it("gives everything back when the host lets go, or the port is removed", () => {
    const ring = driver.ring(transmitQueue(2));
    serial.setHostOpen(2, true);
    room = 0;
    transmit(transmitQueue(2), text("waits"));
    expect(ring.takeUsed()).toEqual([]);
    serial.setHostOpen(2, false);
    flow.onRoom();
    expect(ring.takeUsed()).toHaveLength(1);
    serial.setHostOpen(2, true);
    transmit(transmitQueue(2), text("waits"));
    serial.removePort(2);
    expect(ring.takeUsed()).toHaveLength(1);
  });

  it("tells each console its own size", () => {
    inbox = [];
    control(2, 3, 1);
    const second = serial.addPort({ input: new ConsoleInput(), output: () => undefined }, { console: true }) ?? -1;
    messages();
    serial.resize(90, 20, second);
    control(second, 3, 1);
    expect(messages()).toEqual([`${second} 4 1`, `${second} 5 1 90 0 20 0`, `${second} 6 1`]);
    serial.resize(91, 21, second);
    expect(messages()).toEqual([`${second} 5 1 91 0 21 0`]);
    expect(driver.deviceConfig(0, 2)).toBe(80);
  });
});

describe("virtio-serial without MULTIPORT", () => {
  it("is one console on two queues", async () => {
    driver.start(driver.offered & ~F_MULTIPORT);
    expect(console0.opened).toEqual([true]);
    transmit(1, text("plain"));
    expect(console0.said).toEqual(["plain"]);
    await console0.input.write(text("in"));
    offerBuffer(0);
    expect(
      driver
        .ring(0)
        .takeUsed()
        .map((entry) => entry.len),
    ).toEqual([2]);
    expect(driver.offered & F_SIZE).toBe(F_SIZE);
  });

  it("writes single characters in an emergency", () => {
    driver.writeDeviceConfig(8, 4, "!".charCodeAt(0));
    expect(console0.said).toEqual(["!"]);
  });

  it("serves legacy drivers", () => {
    driver.startLegacy(0);
    const address = DATA;
    t.guest.write(gpa(address), text("old"));
    driver.ring(1).offer(driver.ring(1).chain([{ gpa: address, len: 3, writable: false }]));
    driver.legacyKick(1);
    expect(console0.said).toEqual(["old"]);
  });
});

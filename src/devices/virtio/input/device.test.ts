import { describe, expect, it } from "vitest";
import { testBus } from "../../../../tests/virtio";
import type { InputEvent, KeyboardLeds } from "../../../shared/input_event";
import { gpa } from "../../../shared/units";
import { VirtioInput } from "./device";

const EVENTS = 0x200000;
const STATUS = 0x210000;
const NEEDS_RESET = 64;

function start(kind: "keyboard" | "mouse" | "tablet") {
  const t = testBus();
  const device = new VirtioInput(kind, { serial: "42" });
  const driver = t.driver(t.plug(device));
  driver.start();
  const heads = new Map<number, number>();
  /** Gives buffers for so many events. */
  const give = (count: number, len = 8): void => {
    for (let i = 0; i < count; i++) {
      const address = EVENTS + heads.size * 16;
      const head = driver.ring(0).chain([{ gpa: address, len, writable: true }]);
      heads.set(head, address);
      driver.ring(0).offer(head);
    }
    driver.kick(0);
    t.crossing.poll();
  };
  /** Events that arrived since the last call, as type, code and value. */
  const take = (): number[][] =>
    driver
      .ring(0)
      .takeUsed()
      .map(({ id, len }) => {
        expect(len).toBe(8);
        const bytes = new Uint8Array(8);
        t.guest.read(gpa(heads.get(id) ?? 0), bytes);
        heads.delete(id);
        const view = new DataView(bytes.buffer);
        return [view.getUint16(0, true), view.getUint16(2, true), view.getInt32(4, true)];
      });
  return { t, device, driver, give, take };
}

const key = (number: number, down: boolean, repeat = false): InputEvent => ({ type: "key", key: number, down, repeat });
const SYN = [0, 0, 0];

describe("a virtio keyboard", () => {
  it("is a modern device, answers its driver and reports keys once", () => {
    const { driver, device, give, take } = start("keyboard");
    expect(driver.configRead(0)).toBe(0x10521af4);
    driver.writeDeviceConfig(0, 1, 0x02);
    driver.writeDeviceConfig(1, 1, 0);
    expect(driver.deviceConfig(2, 1)).toBe(2);
    expect(driver.deviceConfig(8, 2)).toBe(0x3234);
    give(8);
    device.report([key(30, true)]);
    device.report([key(30, true, true)]);
    device.report([key(30, false)]);
    device.report([key(30, false)]);
    device.report([key(0x2ff, true)]);
    device.report([{ type: "position", x: 1, y: 1 }]);
    expect(take()).toEqual([[1, 30, 1], SYN, [1, 30, 0], SYN]);
  });

  it("keeps what finds no buffer, in order", () => {
    const { device, give, take } = start("keyboard");
    device.report([key(30, true)]);
    device.report([key(30, false)]);
    give(3);
    expect(take()).toEqual([[1, 30, 1], SYN, [1, 30, 0]]);
    give(3);
    expect(take()).toEqual([SYN]);
    device.report([key(48, true)]);
    expect(take()).toEqual([[1, 48, 1], SYN]);
  });

  it("lets no key hang when the driver was too slow for all of it", () => {
    const { device, give, take } = start("keyboard");
    for (let i = 0; i < 300; i++) {
      device.report([key(30, true)]);
      device.report([key(30, false)]);
    }
    device.report([key(31, true)]);
    expect(device.counters.reportsDropped).toBeGreaterThan(0);
    const held = new Set<number>();
    for (let i = 0; i < 40; i++) {
      give(32);
      for (const [type, code = 0, value] of take()) {
        if (type !== 1) continue;
        if (value === 1) held.add(code);
        else held.delete(code);
      }
    }
    expect([...held]).toEqual([31]);
  });

  it("tells which lamps the driver sets", () => {
    const { t, device, driver } = start("keyboard");
    const seen: KeyboardLeds[] = [];
    device.listener = { active: () => undefined, leds: (leds) => seen.push(leds) };
    const send = (type: number, code: number, value: number, len = 8): void => {
      t.guest.write(gpa(STATUS), Uint8Array.of(type, type >> 8, code, code >> 8, value, 0, 0, 0));
      driver.ring(1).offer(driver.ring(1).chain([{ gpa: STATUS, len, writable: false }]));
      driver.kick(1);
      t.crossing.poll();
    };
    send(0x11, 1, 1);
    send(0x11, 1, 1);
    send(0x11, 0, 1);
    send(0x11, 1, 0);
    expect(seen.map((leds) => [leds.numLock, leds.capsLock, leds.scrollLock])).toEqual([
      [false, true, false],
      [true, true, false],
      [true, false, false],
    ]);
    send(0, 0, 0);
    expect(device.counters).toMatchObject({ statusEvents: 5, badStatus: 0 });
    send(0x11, 9, 1);
    send(1, 30, 1);
    send(0x11, 1, 1, 7);
    expect(device.counters).toMatchObject({ statusEvents: 8, badStatus: 3 });
    expect(driver.ring(1).takeUsed()).toHaveLength(8);
    expect(driver.status & NEEDS_RESET).toBe(0);
    // A reset turns the lamps off.
    driver.start();
    expect(seen.at(-1)).toEqual({ numLock: false, capsLock: false, scrollLock: false });
  });

  it("says nothing while no driver listens, and forgets what was held before", () => {
    const { driver, device, give, take } = start("keyboard");
    const active: boolean[] = [];
    device.listener = { active: (now) => active.push(now), leds: () => undefined };
    device.report([key(30, true)]);
    driver.commonWrite(20, 1, 0);
    device.report([key(31, true)]);
    driver.start();
    expect(active).toEqual([false, true]);
    device.report([key(30, false)]);
    give(4);
    expect(take()).toEqual([]);
  });

  it("stops at a buffer that is no event's", () => {
    for (const buffer of [
      { len: 7, writable: true },
      { len: 8, writable: false },
    ]) {
      const { t, device, driver } = start("keyboard");
      driver.ring(0).offer(driver.ring(0).chain([{ gpa: EVENTS, ...buffer }]));
      device.report([key(30, true)]);
      t.crossing.poll();
      expect(driver.status & NEEDS_RESET).toBe(NEEDS_RESET);
    }
  });
});

describe("virtio pointers", () => {
  const button = (name: "left" | "extra", down: boolean): InputEvent => ({ type: "button", button: name, down });

  function reports(kind: "mouse" | "tablet", events: InputEvent[]): number[][] {
    const { device, give, take } = start(kind);
    give(32);
    device.report(events);
    return take();
  }

  it("tablet: positions in range, with the button at the same time", () => {
    expect(reports("tablet", [{ type: "position", x: 100.7, y: 99999 }, button("left", true)])).toEqual([
      [3, 0, 100],
      [3, 1, 0x7fff],
      [1, 0x110, 1],
      SYN,
    ]);
    expect(reports("tablet", [{ type: "position", x: NaN, y: -5 }])).toEqual([[3, 0, 0], [3, 1, 0], SYN]);
    expect(reports("tablet", [{ type: "motion", dx: 1, dy: 1 }])).toEqual([]);
  });

  it("mouse: motion and buttons", () => {
    expect(reports("mouse", [{ type: "motion", dx: -3, dy: 0 }, button("extra", true)])).toEqual([
      [2, 0, -3],
      [1, 0x114, 1],
      SYN,
    ]);
  });

  it("parts of a click add up to one", () => {
    const { device, give, take } = start("mouse");
    give(32);
    for (let i = 0; i < 3; i++) device.report([{ type: "wheel", dx: 0, dy: -50 }]);
    device.report([{ type: "wheel", dx: 240, dy: 0 }]);
    expect(take()).toEqual([
      [2, 11, -50],
      SYN,
      [2, 11, -50],
      SYN,
      [2, 11, -50],
      [2, 8, -1],
      SYN,
      [2, 12, 240],
      [2, 6, 2],
      SYN,
    ]);
  });
});

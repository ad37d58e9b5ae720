import { describe, expect, it } from "vitest";
import { testBus } from "../../tests/virtio";
import { VirtioInput } from "../devices/virtio/input/device";
import type { InputEvent } from "../shared/input_event";
import { InputRouter, type InputSink } from "./input_router";

class Recorder implements InputSink {
  readonly reports: (readonly InputEvent[])[] = [];
  report(events: readonly InputEvent[]): void {
    this.reports.push(events);
  }
}

const keyDown: InputEvent = { type: "key", key: 30, down: true };
const keyUp: InputEvent = { type: "key", key: 30, down: false };
const left: InputEvent = { type: "button", button: "left", down: true };
const position: InputEvent = { type: "position", x: 1, y: 2 };
const motion: InputEvent = { type: "motion", dx: 1, dy: 2 };

function routed() {
  const t = testBus();
  const ps2 = new Recorder();
  const modes: string[] = [];
  const router = new InputRouter(ps2, { pointer: (mode) => modes.push(mode), leds: () => undefined });
  const add = (kind: "keyboard" | "tablet" | "mouse") => {
    const device = new VirtioInput(kind);
    router.add(device);
    const driver = t.driver(t.plug(device));
    const queued = (): number => {
      driver.ring(0).offer(driver.ring(0).chain([{ gpa: 0x200000, len: 8, writable: true }]));
      driver.kick(0);
      return device.counters.events;
    };
    return { device, start: () => driver.start(), stop: () => driver.commonWrite(20, 1, 0), queued };
  };
  return { router, ps2, modes, add };
}

describe("the router of input", () => {
  it("gives everything to PS/2 while no driver listens", () => {
    const { router, ps2, add } = routed();
    add("keyboard");
    add("tablet");
    router.send([keyDown, left]);
    expect(ps2.reports).toEqual([[keyDown, left]]);
  });

  it("prefers devices whose driver listens, and says what pointer there is", () => {
    const { router, ps2, modes, add } = routed();
    const keyboard = add("keyboard");
    const tablet = add("tablet");
    keyboard.start();
    tablet.start();
    expect(modes).toEqual(["position"]);
    router.send([keyDown, position, left]);
    expect(ps2.reports).toEqual([]);
    expect([keyboard.queued(), tablet.queued()]).toEqual([1, 1]);
    // A tablet has no motion.
    router.send([motion]);
    expect(ps2.reports).toEqual([[motion]]);
    tablet.stop();
    expect(modes).toEqual(["position", "motion"]);
    router.send([left]);
    expect(ps2.reports).toEqual([[motion], [left]]);
  });

  it("lets a key go up where it went down", () => {
    const { router, ps2, add } = routed();
    const keyboard = add("keyboard");
    router.send([keyDown]);
    keyboard.start();
    router.send([keyUp]);
    expect(ps2.reports).toEqual([[keyDown], [keyUp]]);
    router.send([keyDown]);
    expect(keyboard.queued()).toBe(1);
    router.remove(keyboard.device);
    router.send([keyUp]);
    expect(ps2.reports).toHaveLength(3);
  });

  it("hears of a mouse without a mode of its own", () => {
    const { router, ps2, modes, add } = routed();
    const mouse = add("mouse");
    mouse.start();
    router.send([motion, left]);
    expect(ps2.reports).toEqual([]);
    expect(mouse.queued()).toBe(1);
    expect(modes).toEqual([]);
  });
});

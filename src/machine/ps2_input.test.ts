// Through the i8042 to where a driver reads: what is sent must be what arrives.
import { describe, expect, it } from "vitest";
import { testGuest } from "../../tests/guest";
import { keyOfName } from "../shared/keys";
import { Ps2Input } from "./ps2_input";

function ps2() {
  const t = testGuest();
  const { machine, cpus } = t.plan;
  t.exports.machineInit(machine);
  t.exports.cpuInit(cpus, machine, 0);
  let kicks = 0;
  const input = new Ps2Input(t.guest, () => kicks++);
  const read = (port: number): number => t.exports.testPortRead(cpus, port, 1) & 0xff;
  /** All that waits, as the keyboard's and the mouse's bytes in hex. */
  const drain = (): { keyboard: string; mouse: string } => {
    const seen = { keyboard: [] as string[], mouse: [] as string[] };
    for (let status = read(0x64), n = 0; status & 1 && n < 500; status = read(0x64), n++) {
      seen[status & 0x20 ? "mouse" : "keyboard"].push(read(0x60).toString(16).padStart(2, "0"));
    }
    return { keyboard: seen.keyboard.join(" "), mouse: seen.mouse.join(" ") };
  };
  const mouse = (...bytes: number[]): void => {
    for (const byte of bytes) {
      t.exports.testPortWrite(cpus, 0x64, 1, 0xd4);
      t.exports.testPortWrite(cpus, 0x60, 1, byte);
      drain();
    }
  };
  const key = (name: string, down: boolean, repeat = false): void =>
    input.report([{ type: "key", key: keyOfName(name) ?? 0, down, repeat }]);
  return { input, drain, mouse, key, kicks: () => kicks };
}

/** Sample rates that make it a wheel mouse, and one with five buttons; then reporting on. */
const WHEEL = [0xf3, 200, 0xf3, 100, 0xf3, 80];
const FIVE = [0xf3, 200, 0xf3, 200, 0xf3, 80];
const ENABLE = 0xf4;

describe("the PS/2 keyboard", () => {
  it("says in set 1, as the controller translates, what was pressed", () => {
    const t = ps2();
    t.key("a", true);
    t.key("a", false);
    t.key("right", true);
    t.key("right", false);
    expect(t.drain().keyboard).toBe("1e 9e e0 4d e0 cd");
    expect(t.kicks()).toBe(4);
  });

  it("repeats as the host's keyboard does", () => {
    const t = ps2();
    t.key("a", true);
    t.key("a", true, true);
    t.key("a", true, true);
    t.key("a", false);
    expect(t.drain().keyboard).toBe("1e 1e 1e 9e");
  });

  it("drops whole codes when the guest takes none, and works again", () => {
    const t = ps2();
    for (let i = 0; i < 20000; i++) t.key("pause", true);
    let rest = "";
    for (let i = 0; i < 10000; i++) {
      const { keyboard } = t.drain();
      if (keyboard === "") break;
      rest += `${keyboard} `;
    }
    expect(rest.replaceAll("e1 1d 45 e1 9d c5 ", "")).toBe("");
    t.key("b", true);
    expect(t.drain().keyboard).toBe("30");
  });
});

describe("the PS/2 mouse", () => {
  it("reports motion upwards as positive, in as many packets as it takes", () => {
    const t = ps2();
    t.mouse(ENABLE);
    t.input.report([{ type: "motion", dx: 5, dy: 3 }]);
    expect(t.drain().mouse).toBe("28 05 fd");
    t.input.report([{ type: "motion", dx: -300, dy: -256 }]);
    expect(t.drain().mouse).toBe("18 00 ff 18 d4 01");
    t.input.report([{ type: "motion", dx: 1e9, dy: NaN }]);
    expect(t.drain().mouse.split(" ").length).toBeLessThanOrEqual(48);
  });

  it("keeps its buttons down while it moves", () => {
    const t = ps2();
    t.mouse(...WHEEL, ...FIVE, ENABLE);
    t.input.report([{ type: "button", button: "left", down: true }]);
    t.input.report([{ type: "motion", dx: 1, dy: 0 }]);
    t.input.report([{ type: "button", button: "extra", down: true }]);
    t.input.report([{ type: "button", button: "left", down: false }]);
    t.input.report([{ type: "button", button: "left", down: false }]);
    expect(t.drain().mouse).toBe("09 00 00 00 09 01 00 00 09 00 00 20 08 00 00 20");
  });

  it("turns its wheel by whole clicks, down as positive", () => {
    const t = ps2();
    t.mouse(...WHEEL, ENABLE);
    for (let i = 0; i < 3; i++) t.input.report([{ type: "wheel", dx: 0, dy: -50 }]);
    expect(t.drain().mouse).toBe("08 00 00 01");
    t.input.report([{ type: "wheel", dx: 0, dy: 1230 }]);
    expect(t.drain().mouse).toBe("08 00 00 f8 08 00 00 fe");
  });

  it("knows no positions", () => {
    const t = ps2();
    t.mouse(ENABLE);
    t.input.report([{ type: "position", x: 1, y: 2 }]);
    expect(t.drain().mouse).toBe("");
  });
});

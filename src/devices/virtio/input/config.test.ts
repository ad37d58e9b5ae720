import { describe, expect, it } from "vitest";
import { answerSelection, CONFIG_LENGTH, descriptions } from "./config";

function ask(kind: keyof typeof descriptions, select: number, subsel = 0, serial = "no 7"): Uint8Array {
  const config = new Uint8Array(CONFIG_LENGTH);
  config.fill(0xee, 8);
  config[0] = select;
  config[1] = subsel;
  answerSelection(config, descriptions[kind], serial);
  const size = config[2] ?? 0;
  // Nothing of an earlier answer may be left.
  expect(config.subarray(8 + size).every((byte) => byte === 0)).toBe(true);
  return config.slice(8, 8 + size);
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("the configuration space of virtio-input", () => {
  it("names the device", () => {
    expect(text(ask("keyboard", 1))).toBe("QEMU Virtio Keyboard");
    expect(text(ask("tablet", 2))).toBe("no 7");
    expect([...ask("tablet", 3)]).toEqual([6, 0, 0x27, 6, 3, 0, 2, 0]);
  });

  it("lists what the device has, as bits", () => {
    const keys = ask("keyboard", 0x11, 1);
    const has = (bytes: Uint8Array, code: number) => ((bytes[code >> 3] ?? 0) & (1 << (code & 7))) !== 0;
    expect(has(keys, 1) && has(keys, 30) && has(keys, 226)).toBe(true);
    expect(has(keys, 0) || has(keys, 0x110)).toBe(false);
    expect([...ask("keyboard", 0x11, 0x14)]).toEqual([3]);
    expect([...ask("keyboard", 0x11, 0x11)]).toEqual([7]);
    expect([...ask("tablet", 0x11, 3)]).toEqual([3]);
    expect(has(ask("tablet", 0x11, 1), 0x110)).toBe(true);
    expect(has(ask("mouse", 0x11, 2), 8)).toBe(true);
    expect(ask("mouse", 0x11, 3)).toHaveLength(0);
  });

  it("tells the range of the axes that there are", () => {
    const info = new DataView(ask("tablet", 0x12, 1).buffer);
    expect(info.byteLength).toBe(20);
    expect([0, 4, 8, 12, 16].map((at) => info.getUint32(at, true))).toEqual([0, 0x7fff, 0, 0, 0]);
    expect(ask("tablet", 0x12, 2)).toHaveLength(0);
    expect(ask("mouse", 0x12, 0)).toHaveLength(0);
  });

  it("has nothing to say to anything else", () => {
    for (const [select, subsel] of [
      [0, 0],
      [1, 1],
      [3, 5],
      [0x10, 0],
      [0x11, 0x1f],
      [0x13, 0],
      [0xff, 0xff],
    ] as const) {
      expect(ask("keyboard", select, subsel)).toHaveLength(0);
    }
  });

  it("cuts off a serial number that is too long", () => {
    expect(text(ask("mouse", 2, 0, "x".repeat(300)))).toBe("x".repeat(128));
  });
});

import { describe, expect, it } from "vitest";
import { keyNames, keyNumbers, keyOfCode, keyOfName, keyOfQemuNumber, ps2Codes } from "./keys";

const codes = (name: string, down: boolean): string => {
  const bytes = ps2Codes(keyOfName(name) ?? 0, down);
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
};

describe("keys", () => {
  it("have one meaning each, whoever names them", () => {
    expect(new Set(keyNumbers).size).toBe(keyNumbers.length);
    expect(new Set(keyNames).size).toBe(keyNames.length);
    expect(keyOfCode("KeyA")).toBe(30);
    expect(keyOfName("a")).toBe(30);
    expect(keyOfCode("Enter")).toBe(keyOfName("ret"));
    expect(keyOfCode("NumpadEnter")).toBe(keyOfName("kp_enter"));
    expect(keyOfCode("toString")).toBeUndefined();
    expect(keyOfName("constructor")).toBeUndefined();
  });

  it("have QEMU's numbers, each one of its own", () => {
    const all = Array.from({ length: 256 }, (_, number) => keyOfQemuNumber(number) ?? []).flat();
    // Print Screen has two.
    expect(all.filter((key) => key === keyOfName("print"))).toHaveLength(2);
    expect(new Set(all).size).toBe(all.length - 1);
    expect(new Set(all)).toEqual(new Set(keyNumbers));
    expect([0x1e, 0x9c, 0xcb, 0x57].map(keyOfQemuNumber)).toEqual(["a", "kp_enter", "left", "f11"].map(keyOfName));
    expect([0, -1, 84, 99, 255].map(keyOfQemuNumber)).toEqual([undefined, undefined, 99, undefined, undefined]);
  });

  it("have PS/2 codes that no other key has", () => {
    const all = keyNumbers.map((key) => ps2Codes(key, true).join());
    expect(all).not.toContain("");
    expect(new Set(all).size).toBe(all.length);
  });

  it("go up on a PS/2 keyboard as they went down", () => {
    expect(codes("a", true)).toBe("1c");
    expect(codes("a", false)).toBe("f0 1c");
    expect(codes("f7", false)).toBe("f0 83");
    expect(codes("ctrl_r", true)).toBe("e0 14");
    expect(codes("ctrl_r", false)).toBe("e0 f0 14");
    expect(codes("print", true)).toBe("e0 12 e0 7c");
    expect(codes("print", false)).toBe("e0 f0 7c e0 f0 12");
    expect(codes("pause", true)).toBe("e1 14 77 e1 f0 14 f0 77");
    expect(codes("pause", false)).toBe("");
    expect(codes("lang1", false)).toBe("");
    expect(ps2Codes(0x2ff, true)).toEqual([]);
  });
});

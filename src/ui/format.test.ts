import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatPercent } from "./format";

describe("formatBytes", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1536, "1.5 KiB"],
    [150 * 1024 * 1024, "150 MiB"],
    [2 ** 31, "2.0 GiB"],
    [-5, "0 B"],
  ])("%d is %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe("formatCount", () => {
  it.each([
    [7, "7"],
    [999, "999"],
    [87_400_000, "87.4 M"],
    [999_990_000, "1.0 G"],
    [123_456_789, "123 M"],
  ])("%d is %s", (count, text) => expect(formatCount(count)).toBe(text));
});

describe("formatPercent", () => {
  it("rounds", () => expect(formatPercent(0.126)).toBe("13 %"));
});

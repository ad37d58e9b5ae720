import { describe, expect, it } from "vitest";
import { FwCfg } from "./device";

function read(device: FwCfg, item: number, length: number): number[] {
  device.write(0, 2, item);
  return Array.from({ length }, () => device.read(1, 1));
}

describe("FwCfg", () => {
  const device = new FwCfg({ cpus: 3, ramBytes: 5 * 2 ** 30 });

  it("answers what programs without firmware ask", () => {
    expect(Buffer.from(read(device, 0, 4)).toString()).toBe("QEMU");
    expect(read(device, 1, 4)).toEqual([1, 0, 0, 0]);
    expect(read(device, 3, 8)).toEqual([0, 0, 0, 0x40, 1, 0, 0, 0]);
    expect(read(device, 5, 2)).toEqual([3, 0]);
    expect(read(device, 0x19, 4)).toEqual([0, 0, 0, 0]);
  });

  it("reads 0 past the end and for what it does not have", () => {
    expect(read(device, 5, 5)).toEqual([3, 0, 0, 0, 0]);
    expect(read(device, 0x2a, 2)).toEqual([0, 0]);
    expect(read(device, 0x8003, 2)).toEqual([0, 0]);
  });

  it("starts with the signature", () => {
    device.reset();
    expect(device.read(1, 1)).toBe(0x51);
    expect(device.read(0, 2)).toBe(0xffff);
  });
});

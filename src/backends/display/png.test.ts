import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { encodePng } from "./png";

describe("encodePng", () => {
  it("writes a file of 24-bit pixels", async () => {
    const pixels = Uint8Array.of(1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 10, 11, 12, 255);
    const file = Buffer.from(await encodePng({ width: 2, height: 2, pixels }));
    expect(file.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
    expect(file.subarray(12, 16).toString()).toBe("IHDR");
    expect([file.readUInt32BE(16), file.readUInt32BE(20), file[24], file[25]]).toEqual([2, 2, 8, 2]);
    // The checksum that every empty end of a file has.
    expect(file.subarray(-12)).toEqual(Buffer.from("0000000049454e44ae426082", "hex"));
    const length = file.readUInt32BE(33);
    const data = inflateSync(file.subarray(41, 41 + length));
    expect([...data]).toEqual([0, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12]);
  });
});

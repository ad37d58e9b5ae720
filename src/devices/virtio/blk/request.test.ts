import { describe, expect, it } from "vitest";
import { MAX_DISCARD_SECTORS } from "./config";
import { isMalformed, parseRequest, S_IOERR, S_UNSUPP } from "./request";

const SECTORS = 1000;

function header(
  type: number,
  sector: number | bigint,
  range?: { sector: number; count: number; flags: number },
): Uint8Array {
  const bytes = new Uint8Array(range === undefined ? 16 : 32);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  if (range !== undefined) {
    view.setBigUint64(16, BigInt(range.sector), true);
    view.setUint32(24, range.count, true);
    view.setUint32(28, range.flags, true);
  }
  return bytes;
}

const parse = (bytes: Uint8Array, readableBytes: number, writableBytes: number) =>
  parseRequest(bytes, { readableBytes, writableBytes }, SECTORS);
const ioerr = { kind: "refused", status: S_IOERR };
const unsupp = { kind: "refused", status: S_UNSUPP };

describe("parseRequest", () => {
  it("takes its lengths from the chain", () => {
    expect(parse(header(0, 5), 16, 1025)).toEqual({ kind: "read", sector: 5, length: 1024 });
    expect(parse(header(1, 999), 16 + 512, 1)).toEqual({ kind: "write", sector: 999, length: 512 });
    expect(parse(header(4, 0), 16, 1)).toEqual({ kind: "flush" });
    expect(parse(header(8, 0), 16, 21)).toEqual({ kind: "get-id", length: 20 });
    expect(parse(header(8, 0), 16, 6)).toEqual({ kind: "get-id", length: 5 });
  });

  it("refuses what lies outside the disk or is no whole sector", () => {
    expect(parse(header(0, 999), 16, 1025)).toEqual(ioerr);
    expect(parse(header(0, 1001), 16, 1)).toEqual(ioerr);
    expect(parse(header(0, 0), 16, 101)).toEqual(ioerr);
    expect(parse(header(1, 0xffffffffffffffffn), 16 + 512, 1)).toEqual(ioerr);
    expect(parse(header(1, 1n << 55n), 16 + 512, 1)).toEqual(ioerr);
  });

  it("knows one range for discard and write zeroes", () => {
    const range = { sector: 10, count: 20, flags: 0 };
    expect(parse(header(11, 0, range), 32, 1)).toEqual({ kind: "discard", sector: 10, count: 20 });
    expect(parse(header(13, 0, { ...range, flags: 1 }), 32, 1)).toEqual({
      kind: "write-zeroes",
      sector: 10,
      count: 20,
    });
    expect(parse(header(11, 0, { ...range, flags: 1 }), 32, 1)).toEqual(unsupp);
    expect(parse(header(13, 0, { ...range, flags: 2 }), 32, 1)).toEqual(unsupp);
    expect(parse(header(11, 0, range), 48, 1)).toEqual(unsupp);
    expect(parse(header(11, 0), 16, 1)).toEqual(unsupp);
    expect(parse(header(11, 0, { ...range, count: 1000 }), 32, 1)).toEqual(ioerr);
    expect(parse(header(11, 0, { ...range, count: MAX_DISCARD_SECTORS + 1 }), 32, 1)).toEqual(ioerr);
  });

  it("does not know the rest", () => {
    for (const type of [2, 3, 10, 14, 0xffffffff]) expect(parse(header(type, 0), 16, 1)).toEqual(unsupp);
  });

  it("needs header and status", () => {
    expect(isMalformed({ readableBytes: 15, writableBytes: 1 })).toBe(true);
    expect(isMalformed({ readableBytes: 16, writableBytes: 0 })).toBe(true);
    expect(isMalformed({ readableBytes: 16, writableBytes: 1 })).toBe(false);
  });
});

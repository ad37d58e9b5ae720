import { describe, expect, it } from "vitest";
import { readBzImage } from "./bzimage.mjs";

const XZ = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2, 3];

/** A bzImage with one setup sector and a payload at offset 0x20 of the rest. */
function makeImage({ payload = XZ, version = 0x020f, unpackedSize = 65_906_612 } = {}) {
  const image = Buffer.alloc(2 * 512 + 0x20 + payload.length + 4 + 100);
  image[0x1f1] = 1;
  image.write("HdrS", 0x202, "latin1");
  image.writeUInt16LE(version, 0x206);
  image.writeUInt32LE(0x20, 0x248);
  image.writeUInt32LE(payload.length + 4, 0x24c);
  image.set(payload, 2 * 512 + 0x20);
  image.writeUInt32LE(unpackedSize, 2 * 512 + 0x20 + payload.length);
  return image;
}

describe("readBzImage", () => {
  it("finds the compressed kernel without the size that follows it", () => {
    const { compression, payload, unpackedSize } = readBzImage(makeImage());
    expect(compression).toBe("xz");
    expect([...payload]).toEqual(XZ);
    expect(unpackedSize).toBe(65_906_612);
  });

  it("keeps the size with gzip, which ends in it by its own format", () => {
    const { compression, payload } = readBzImage(makeImage({ payload: [0x1f, 0x8b, 8, 0, 0, 0, 0, 0] }));
    expect(compression).toBe("gzip");
    expect(payload.length).toBe(12);
  });

  it("reads an image that does not start at the beginning of its buffer", () => {
    const image = makeImage();
    const shifted = Buffer.concat([Buffer.alloc(7), image]).subarray(7);
    expect([...readBzImage(shifted).payload]).toEqual(XZ);
  });

  it("says what is wrong with other files", () => {
    expect(() => readBzImage(Buffer.alloc(10))).toThrow("HdrS is missing");
    expect(() => readBzImage(Buffer.alloc(4096))).toThrow("HdrS is missing");
    expect(() => readBzImage(makeImage({ version: 0x0204 }))).toThrow("boot protocol 2.4");
    expect(() => readBzImage(makeImage().subarray(0, 1100))).not.toThrow();
    expect(() => readBzImage(makeImage().subarray(0, 1060))).toThrow("cut short");
    expect(() => readBzImage(makeImage({ payload: [1, 2, 3, 4, 5, 6] }))).toThrow("unknown compression (01020304…)");
  });
});

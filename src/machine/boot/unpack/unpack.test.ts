import { describe, expect, it } from "vitest";
import { unpackLz4 } from "./lz4";
import { unpackPayload } from "./payload";
import { unpackXz } from "./xz";

/** 3000 bytes with many calls and jumps: x86 filter, LZMA2 with lc=4 pb=1, CRC-32. Written by XZ Utils. */
const filtered = Buffer.from(
  "/Td6WFoAAAFpIt42AgEEACEBHACHbtrl4Au3BTExACQiVSt0AHFb0wN1FohBUYjq5VSB8oiaivZDQ1igpipjXPsA15a4VpfSmOVb5rG0P2JoPwcjQ9oYmLfalC788eqL2JPUzqbXzMp+B3Y0QaRJvydvZfB1mukH/9JL2DVsOKrz1E3X8nOmJw8mdrs1/BBF8EOfDuANWGRgjG5HD7NpwjJpMNrSQH+E+OsF+1EeJSHBCn7z4ECmzeNI1A1H6lMUewNTZ+YFoQkvS+Waf2sGk6z/16MupYMONnkqflssxI7KotrH8+ZokmbddHEwSMhCmlDjeoNywfQ7ue7KwRd7fRZ2k/Zf9XV3KUY86JOUxI6NGSeUq3xmNWOe+qNHBuOf/aKsOi76A/0PrxlGVlYQRvbeqPDKmnykrQ9QDT14HjocSTbsfko19fHxtIuaQucg7bAvei49kKQVtZ1ONZdQAp6dBSUw0yf2WWwcs9orrvFuC9EUUQWoFQWTlGHWUf+cVqDxYv5doWHDyzQFDxCumELChztJhIZNUvqZsuVov2S8XyE6tBXdha8WCHYOapKJCC3SpE6Owhc5+I6DkGr57VRFyW6u1O0lvXPVG0hhZ2alxN+MLQ22X5HEFjU3QLcdMgVk3hd+T/PT+RXgRz4pu/0d2lVU2jGerLmtTnPxzKsRVuCKdt0a/loJgIpDzzE4BDbaEtz0Z0TfTvV1eqdge15PHRekgHjDZsouIomJrIpQb4+rO6iIf4RlnlPPh+1eFqhK8RXMDCIj2UtILIUXX+A9VMcB/ZQhH6Whqobuaj2ejEhYhAs1HcV3R4bHiq9ghlixlZ0WrpfIobdzCXXmpYHcVVrUxU6zwllrhgZVdt1+GhrJORV9TJKbIJTJU33oRlp4MBWDiLcmsUqrJyiacISkKUcQj50N282vKz+vEABz8Zv12mGZ8Wajff/DrUQXDpi9YEo2dxwWFgpoXn7triCAO6I9dEQuyailFNrqSGBnCC979HhgI4jzvg97kN0JRom4kzrC/6rZ96FrPpRImk9N5iwZq+5FZ5gojZLmke9m2JyqEcpjCFqw7eiGkGULR1TtQJc9FkoFN6TxYn6RsSOAmM9lsLoo58h0yDzTopAdCLYSezSP7lb8rGeS/RUDI2sVyyVjgvR+UhEwA0WLsyWneswiQ73eGlT03b+h3EmKxWX3AwmR9rLtYXjtHhY5o5GYzfyJHZHKUNKI+kkJbj9vPztsB5QZSWbSP0Y2WYf6KTWqHozxey6hH3SXQLWQZrHgjz/oAl7mhGZTFdcEz5dNGt04GDamMTR6+kz7mbn92NcW+/tpr4JpPGohoR5CzfGOc4ShuqVxBE8D/oTchaMSGVeKldCvEQ9BpM9l97588WAo79Lz1vuqcyK1no+BzNoH1WoLrBmLORGJMMNlk8hNRTrqTExoF3h20RWTcFDiYz+zDHfA+gF5rxTCG3aZMyBmIbumgKFgyen1G/UxB/DdxIST+PHNNKwE4E61kjQmjL7HFnPrrZD+XbLXVsWEB6TfLdNl+edPnGk6Y0tYqdNfjbuPsyiVKj8v3dCANEJPa0nwUrKSbof0M5CpbFIdUD5hphSsgLEZgyY2pVYKrbrE4mr9vPiYOcm9xS+Gw7aHvAG588/Oxx4eGjqcKqI8GfrosZe68YniE5qKNojEz8t1Y1zLV3Lz+IVRnhT58YAjYKkwVsk4RAakefg4Liyb29mfECfST9uRuN8dd/qPgty2dna3Holmyn1wDJ1QPdysuE8o3gUhGKBjgXdqzdLcFIystGNHGGPtqt2/hAeJAAAAAABYnPZcAAHJCrgXAACAUK1+PjANiwIAAAAAAVla",
  "base64",
);
const CHECKSUM = 22606;
/** "hello hello hello hello\n" 40 times, then the bytes 0 to 255: no filter, CRC-64. */
const plain = Buffer.from(
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AS/APtdADQZSe6N6VYKwfnAwaKbXWRlShgSG5dluArqteTguXbp97TszzcgKHfpmlwdfJDhTW7zdy1YS8WqdLz3PDQZzzzBrFy5fbtQbHlQWjSQDZDXfHLorh3e0nT3PGyhKAIfcyBvUfQKU4jjvwk8IMkEhrL5pVw3uzKiesAej4GcpMUxuc3kWBPn0vJJ59M8I1i7Yr7Z8s6I6cADspjch2DHcaW2ffXT6zcIQtvKfeCrcnz3UtIar+/PVoOJPSB5dKVnCTd8KgxBvIhYAAIlygQwEFdHXZTAbK/o3z1/awtjWNkp7T5mGUemSFoak3tf/lo0vIlJk8ioB2pkiR2gAAAETCyzICWnOwABlwLACQAAz3RqwLHEZ/sCAAAAAARZWg==",
  "base64",
);

function xz(bytes: Uint8Array, size: number) {
  const out = new Uint8Array(size);
  return { result: unpackXz(bytes, out), out };
}

/** A small generator with a seed, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("unpackXz", () => {
  it("undoes LZMA2 and the x86 filter", () => {
    const { result, out } = xz(filtered, 3000);
    expect(result).toEqual({ ok: true, value: undefined });
    // The stream has a CRC of its own, which unpackXz has checked; this one is of another make.
    expect(out.reduce((sum, byte, i) => (sum + byte * (i + 1)) % 65521, 0)).toBe(CHECKSUM);
  });

  it("undoes LZMA2 alone", () => {
    const { result, out } = xz(plain, 24 * 40 + 256);
    expect(result.ok).toBe(true);
    expect(Buffer.from(out.subarray(0, 960)).toString()).toBe("hello hello hello hello\n".repeat(40));
    expect([...out.subarray(960)]).toEqual(Array.from({ length: 256 }, (_, i) => i));
  });

  it("refuses a wrong length", () => {
    expect(xz(filtered, 2999).result).toEqual({ ok: false, error: "too-long" });
    expect(xz(filtered, 3001).result).toEqual({ ok: false, error: "corrupt" });
  });

  it("sees a changed byte of the content", () => {
    const bytes = Uint8Array.from(filtered);
    bytes[700] = (bytes[700] ?? 0) ^ 1;
    expect(xz(bytes, 3000).result.ok).toBe(false);
  });

  it("ends with an answer on every truncation and on random damage", () => {
    for (let length = 0; length < filtered.length - 40; length += 7) {
      expect(xz(filtered.subarray(0, length), 3000).result.ok).toBe(false);
    }
    const next = random(1);
    for (let round = 0; round < 300; round++) {
      const bytes = Uint8Array.from(filtered);
      for (let i = 0; i < 4; i++) bytes[12 + Math.floor(next() * 1300)] = Math.floor(next() * 256);
      expect(() => xz(bytes, 3000)).not.toThrow();
    }
  });
});

/** Literals "abcd", then a match of 20 bytes at distance 4, then literals "xyz". */
const lz4Block = [0x4f, 0x61, 0x62, 0x63, 0x64, 4, 0, 1, 0x30, 0x78, 0x79, 0x7a];
const lz4Stream = Uint8Array.of(0x02, 0x21, 0x4c, 0x18, lz4Block.length, 0, 0, 0, ...lz4Block);

describe("unpackLz4", () => {
  it("decodes literals and overlapping matches", () => {
    const out = new Uint8Array(27);
    expect(unpackLz4(lz4Stream, out).ok).toBe(true);
    expect(Buffer.from(out).toString()).toBe(`${"abcd".repeat(6)}xyz`);
  });

  it.each([
    ["a match before the start", [0x10, 0x61, 9, 0]],
    ["distance 0", [0x10, 0x61, 0, 0]],
    ["literals past the end", [0xf0, 200, 1]],
    ["a length that never ends", [0xf0, 255, 255]],
  ])("refuses %s", (_name, block) => {
    const stream = Uint8Array.of(0x02, 0x21, 0x4c, 0x18, block.length, 0, 0, 0, ...block);
    expect(unpackLz4(stream, new Uint8Array(1000))).toEqual({ ok: false, error: "corrupt" });
  });

  it("refuses a block longer than the file and output that does not fit", () => {
    expect(unpackLz4(Uint8Array.of(0x02, 0x21, 0x4c, 0x18, 99, 0, 0, 0, 1), new Uint8Array(9)).ok).toBe(false);
    expect(unpackLz4(lz4Stream, new Uint8Array(26)).ok).toBe(false);
  });
});

describe("unpackPayload", () => {
  const gunzip = () => Promise.resolve(undefined);

  it("names what it cannot unpack", async () => {
    const zstd = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0);
    expect(await unpackPayload({ bytes: zstd, unpackedSize: 10 }, gunzip)).toEqual({ ok: false, error: "unsupported" });
    const gzip = Uint8Array.of(0x1f, 0x8b, 8, 0);
    expect(await unpackPayload({ bytes: gzip, unpackedSize: 10 }, gunzip)).toEqual({ ok: false, error: "corrupt" });
  });

  it("leaves the unpacked length at the end out", async () => {
    const bytes = new Uint8Array([...filtered, 0xb8, 0x0b, 0, 0]);
    expect(await unpackPayload({ bytes, unpackedSize: 3000 }, gunzip)).toMatchObject({ ok: true });
  });
});

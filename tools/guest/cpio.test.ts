import { describe, expect, it } from "vitest";
import { writeCpio } from "./cpio.mjs";
import type { CpioEntry } from "./cpio.mjs";

const MTIME = 1_686_355_200;

/** Reads an archive back: what a kernel would see. */
function readCpio(archive: Buffer) {
  const entries = [];
  for (let at = 0; ;) {
    const field = (index: number) =>
      Number.parseInt(archive.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16);
    expect(archive.toString("latin1", at, at + 6)).toBe("070701");
    const mode = field(1);
    const size = field(6);
    const nameSize = field(11);
    const name = archive.toString("utf8", at + 110, at + 110 + nameSize - 1);
    const start = align(at + 110 + nameSize);
    if (name === "TRAILER!!!") return entries;
    const device = [field(9), field(10)];
    entries.push({ name, mode, mtime: field(5), device, data: archive.toString("utf8", start, start + size) });
    at = align(start + size);
  }
}

function align(offset: number) {
  return Math.ceil(offset / 4) * 4;
}

describe("writeCpio", () => {
  it("writes files, links, devices and folders with their modes", () => {
    const entries = readCpio(
      writeCpio(
        [
          { path: "init", type: "file", data: "#!/bin/sh\n", mode: 0o755 },
          { path: "empty", type: "file", data: new Uint8Array(0) },
          { path: "sh", type: "symlink", target: "busybox" },
          { path: "tmp", type: "directory", mode: 0o1777 },
          { path: "console", type: "character-device", major: 5, minor: 1 },
        ],
        MTIME,
      ),
    );
    expect(entries.map(({ name, mode, data }) => [name, mode.toString(8), data])).toEqual([
      ["console", "20600", ""],
      ["empty", "100644", ""],
      ["init", "100755", "#!/bin/sh\n"],
      ["sh", "120777", "busybox"],
      ["tmp", "41777", ""],
    ]);
    expect(entries[0]?.device).toEqual([5, 1]);
    expect(entries.every(({ mtime }) => mtime === MTIME)).toBe(true);
  });

  it("adds the folders above a file, each before what is in it", () => {
    const names = readCpio(writeCpio([{ path: "a/b/c", type: "file", data: "x" }], MTIME)).map(({ name }) => name);
    expect(names).toEqual(["a", "a/b", "a/b/c"]);
  });

  it("gives the same bytes whatever the order of the entries", () => {
    const entries: CpioEntry[] = ["b", "a/z", "a/B", "ab"].map((path) => ({ path, type: "file", data: path }));
    expect(writeCpio(entries, MTIME).equals(writeCpio([...entries].reverse(), MTIME))).toBe(true);
  });

  it("pads names and contents of every length to four bytes", () => {
    for (let length = 1; length <= 9; length++) {
      const [path, data] = ["n".repeat(length), "d".repeat(10 - length)];
      expect(readCpio(writeCpio([{ path, type: "file", data }], MTIME))[0]).toMatchObject({ name: path, data });
    }
  });

  it("refuses paths that lead out of the archive, and two entries of one name", () => {
    for (const path of ["/etc", "../etc", "a/../../b", ""]) {
      expect(() => writeCpio([{ path, type: "directory" }], MTIME)).toThrow("not a relative path");
    }
    const twice: CpioEntry = { path: "a", type: "directory" };
    expect(() => writeCpio([twice, twice], MTIME)).toThrow("two entries for a");
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cache, hashOf, once, root } from "./lib.mjs";

let folder: string;
const name = `test-${process.pid}`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lib-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  rmSync(join(cache, "stamps", name), { force: true });
});

test("the hash sees contents, names and words", () => {
  const [a, b] = [join(folder, "a"), join(folder, "b")];
  writeFileSync(a, "one");
  writeFileSync(b, "one");
  const hashes = [hashOf([a]), hashOf([b]), hashOf([a], ["word"]), hashOf([a, b])];
  writeFileSync(a, "two");
  hashes.push(hashOf([a]));
  expect(new Set(hashes).size).toBe(5);
});

test("a step runs again only for new inputs or a lost output", async () => {
  const output = join(folder, "output");
  let runs = 0;
  const step = (hash: string): Promise<boolean> =>
    once({ name, hash, outputs: [relative(root, output)], run: () => writeFileSync(output, String(++runs)) });
  expect(await step("1")).toBe(true);
  expect(await step("1")).toBe(false);
  expect(await step("2")).toBe(true);
  rmSync(output);
  expect(await step("2")).toBe(true);
  expect(runs).toBe(3);
});

test("a step that failed runs again", async () => {
  const failing = once({
    name,
    hash: "1",
    outputs: [],
    run: () => {
      throw new Error("no");
    },
  });
  await expect(failing).rejects.toThrow("no");
  expect(await once({ name, hash: "1", outputs: [], run: () => {} })).toBe(true);
});

import { expect, test } from "vitest";
import { checkArrows, findLoop, importsOf, isAllowed, roomOf } from "./check-arrows.mjs";

test("imports are found in every form, and not in comments", () => {
  const text = `
    import * as Tlb from "../layout/tlb";
    import type { Gpa } from "../shared/gpa";
    import { a,
      b } from './ab';
    export { c } from "./c";
    import "./style.css";
    // import { no } from "./no";
    /* import { no } from "./no"; */
    const worker = new Worker(new URL("./x.worker.ts", import.meta.url));
    const late = await import("./late");
    export const d = "./text";
  `;
  expect(importsOf(text)).toEqual([
    { specifier: "../layout/tlb", typeOnly: false },
    { specifier: "../shared/gpa", typeOnly: true },
    { specifier: "./ab", typeOnly: false },
    { specifier: "./c", typeOnly: false },
    { specifier: "./style.css", typeOnly: false },
    { specifier: "./x.worker.ts", typeOnly: false },
    { specifier: "./late", typeOnly: false },
  ]);
});

test("a file is in the longest room that holds it", () => {
  expect(roomOf("assembly/cpu/ops/alu")).toBe("assembly/cpu");
  expect(roomOf("assembly/bus")).toBe("assembly/bus");
  expect(roomOf("src/main")).toBe("src/main");
  expect(roomOf("src/unknown/x")).toBeUndefined();
});

test.each([
  ["assembly/cpu/run", "assembly/mem/tlb", true],
  ["assembly/mem/tlb", "assembly/bus", false],
  ["assembly/virtio/vring", "assembly/platform/lapic", false],
  ["src/devices/virtio/blk/device", "src/core/guest_memory", true],
  ["src/core/guest_memory", "src/devices/pci/config_space", false],
  ["src/ui/terminal", "src/workers/client", true],
  ["src/ui/terminal", "src/workers/devices.worker", false],
  ["src/ui/terminal", "src/machine/machine", false],
  ["src/shared/gpa", "assembly/layout/tlb", false],
  ["src/elsewhere/file", "src/shared/gpa", false],
])("%s -> %s: %s", (from, to, allowed) => {
  expect(isAllowed(from, to, false)).toBe(allowed);
});

test("devices may import the types of a back end, and only as types", () => {
  const device = "src/devices/virtio/blk/device";
  expect(isAllowed(device, "src/backends/disk/types", true)).toBe(true);
  expect(isAllowed(device, "src/backends/disk/types", false)).toBe(false);
  expect(isAllowed(device, "src/backends/disk/opfs", true)).toBe(false);
});

test("a loop is named by the files along it", () => {
  const tree = new Map([
    ["a", ["b", "c"]],
    ["b", ["c"]],
    ["c", []],
  ]);
  expect(findLoop(tree)).toBeUndefined();
  expect(findLoop(new Map([...tree, ["c", ["b"]]]))).toEqual(["b", "c", "b"]);
});

test("the sources of this project are read", () => {
  expect(checkArrows().files).toBeGreaterThan(5);
});

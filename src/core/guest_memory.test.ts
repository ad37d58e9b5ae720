import { beforeEach, describe, expect, it } from "vitest";
import { PAGE_SIZE } from "../../assembly/layout/memory_map";
import { type TestGuest, testGuest } from "../../tests/guest";
import { gpa } from "../shared/units";
import { gpaFromHalves } from "./guest_memory";

const RAM = 1024 * 1024;
let t: TestGuest;

beforeEach(() => {
  t = testGuest({ ramBytes: RAM });
});

describe("GuestMemory", () => {
  it("copies across pages, whatever host pages lie behind them", () => {
    // Touched in reverse order, neighbouring guest pages get host pages in descending order.
    t.guest.fill(gpa(2 * PAGE_SIZE), 1, 0);
    t.guest.fill(gpa(PAGE_SIZE), 1, 0);
    const bytes = Uint8Array.from({ length: 6000 }, (_, i) => i % 251);
    expect(t.guest.write(gpa(PAGE_SIZE + 100), bytes)).toBe(true);
    const back = new Uint8Array(6000);
    expect(t.guest.read(gpa(PAGE_SIZE + 100), back)).toBe(true);
    expect(back).toEqual(bytes);
    const views = t.guest.views(gpa(PAGE_SIZE + 100), 6000, "read") ?? [];
    expect(views.map((view) => view.length)).toEqual([PAGE_SIZE - 100, 6000 - PAGE_SIZE + 100]);
    expect(views[1]?.[0]).toBe(bytes[PAGE_SIZE - 100]);
  });

  it("merges views where host pages touch", () => {
    t.guest.fill(gpa(0x10000), 3 * PAGE_SIZE, 1);
    expect(t.guest.views(gpa(0x10000), 3 * PAGE_SIZE, "write")?.map((view) => view.length)).toEqual([3 * PAGE_SIZE]);
  });

  it("refuses ranges that are not all memory", () => {
    const bytes = new Uint8Array(16);
    expect(t.guest.read(gpa(RAM - 8), bytes)).toBe(false);
    expect(t.guest.write(gpa(RAM), bytes)).toBe(false);
    expect(t.guest.views(gpa(RAM - PAGE_SIZE), 2 * PAGE_SIZE, "read")).toBeUndefined();
    expect(t.guest.readU32(gpa(2 ** 52 - 4096))).toBeUndefined();
    expect(t.guest.writeU32(gpa(0xfee00000), 1)).toBe(false);
  });

  it("makes no address of what is too large for one", () => {
    expect(gpaFromHalves(-1, 0)).toBe(0xffffffff);
    expect(gpaFromHalves(5, 1)).toBe(0x100000005);
    expect(gpaFromHalves(0, 0x100000)).toBeUndefined();
    expect(gpaFromHalves(-1, -1)).toBeUndefined();
  });
});

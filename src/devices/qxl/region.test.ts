import { describe, expect, it } from "vitest";
import { clipRegion, moveOrder } from "./region";

const box = { left: 0, top: 0, right: 10, bottom: 10 };

describe("clipRegion", () => {
  it("covers exactly what any of the rectangles covers, each point once", () => {
    let seed = 12345;
    const next = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    const wrong: number[][] = [];
    for (let round = 0; round < 200; round++) {
      const clips = Array.from({ length: 1 + next(6) }, () => {
        const [left, top] = [next(14) - 2, next(14) - 2];
        return { left, top, right: left + next(8), bottom: top + next(8) };
      });
      const region = clipRegion(box, clips);
      for (let y = -2; y < 14; y++) {
        for (let x = -2; x < 14; x++) {
          const covers = (r: typeof box): boolean => x >= r.left && x < r.right && y >= r.top && y < r.bottom;
          if (region.filter(covers).length !== (covers(box) && clips.some(covers) ? 1 : 0)) wrong.push([round, x, y]);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("moveOrder", () => {
  it("begins where the movement goes", () => {
    const a = { left: 0, top: 0, right: 2, bottom: 2 };
    const b = { left: 4, top: 0, right: 6, bottom: 2 };
    const c = { left: 0, top: 4, right: 2, bottom: 6 };
    expect(moveOrder([a, b, c], 1, 1)).toEqual([c, b, a]);
    expect(moveOrder([a, b, c], -1, -1)).toEqual([a, b, c]);
    expect(moveOrder([a, b, c], 1, -1)).toEqual([b, a, c]);
  });
});

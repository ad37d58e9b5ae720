import { describe, expect, it } from "vitest";
import { readIndex } from "./images";

describe("readIndex", () => {
  it("reads entries and leaves out what is none", () => {
    const json = { images: [{ name: "tiny", title: "Tiny", description: "small" }, 5, { title: "x" }, { name: "d" }] };
    expect(readIndex(json)).toEqual([
      { name: "tiny", title: "Tiny", description: "small" },
      { name: "d", title: "d", description: "" },
    ]);
  });

  it.each([null, 3, [], {}, { images: 1 }])("finds none in %j", (json) => expect(readIndex(json)).toEqual([]));
});

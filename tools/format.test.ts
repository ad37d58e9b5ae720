import { expect, test } from "vitest";
import { hideDecorators, showDecorators } from "./format.mjs";

const source = `// @ts-ignore: decorator
@inline
export function read(at: usize): u32 {
  return load<u32>(at);
}

@unmanaged
class Entry {
  @inline
  get size(): u32 {
    return 4;
  }
}

@external("host", "now")
declare function now(): f64;
`;

test("decorators on their own line become comments and come back unchanged", () => {
  const hidden = hideDecorators(source);
  expect(hidden).not.toMatch(/^\s*@/m);
  expect(hidden).toContain("  //@decorator inline\n");
  expect(showDecorators(hidden)).toBe(source);
});

// Instructions against a real processor's results: every vector file, form by form, through decoder and run loop.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { VectorCpu } from "../../../tests/vector_cpu";
import { readVectors } from "../../../tools/vectors/format.mjs";

const directory = join(import.meta.dirname, "vectors");

describe.each(readdirSync(directory).filter((file) => file.endsWith(".vec")))("%s", (file) => {
  it("gives what the processor gave", () => {
    const { forms } = readVectors(join(directory, file));
    const cpu = new VectorCpu();
    const problems = forms.flatMap((form) => cpu.replay(form));
    expect(forms.length).toBeGreaterThan(0);
    expect(problems.slice(0, 40)).toEqual([]);
  }, 60_000);
});

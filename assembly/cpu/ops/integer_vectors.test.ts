// Integer instructions against a real processor's results, in 64-bit and 32-bit code, family by family.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { StepCpu } from "../../../tests/step_cpu";
import { readVectors } from "../../../tools/vectors/format.mjs";

const directory = join(import.meta.dirname, "vectors/integer");
const lines: string[] = [];
afterAll(() => console.log(lines.join("\n")));

describe.each(readdirSync(directory).filter((file) => file.endsWith(".vec")))("%s", (file) => {
  it("gives what the processor gave", () => {
    const { forms } = readVectors(join(directory, file));
    const cpu = new StepCpu();
    const problems = forms.map((form) => cpu.replay(form));
    const failed = problems.filter((list) => list.length > 0);
    const cases = forms.reduce((sum, form) => sum + form.cases.length, 0);
    lines.push(`${file}: ${forms.length} forms, ${cases} cases, ${failed.length} forms with failures`);
    expect(forms.length).toBeGreaterThan(0);
    expect(failed.flatMap((list) => list.slice(0, 1)).slice(0, 40)).toEqual([]);
  }, 60_000);
});

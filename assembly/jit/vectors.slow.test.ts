// The translator against a real processor's results: the vectors of the interpreter, each instruction translated first.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { StepCpu } from "../../tests/step_cpu";
import { VectorCpu } from "../../tests/vector_cpu";
import { FCW, type Form, MXCSR, readVectors, type State } from "../../tools/vectors/format.mjs";

const directory = join(import.meta.dirname, "../cpu/ops/vectors");
const files = (folder: string) => readdirSync(join(directory, folder)).filter((file) => file.endsWith(".vec"));
const lines: string[] = [];
afterAll(() => console.log(lines.join("\n")));

/** Forms that one CPU replays: engines slow down when very many modules share a function table. */
const FORMS = 400;

function replayAll(file: string, forms: readonly Form[], makeCpu: () => { replay(form: Form): string[] }): string[] {
  const problems: string[][] = [];
  for (let at = 0; at < forms.length; at += FORMS) {
    const cpu = makeCpu();
    problems.push(...forms.slice(at, at + FORMS).map((form) => cpu.replay(form)));
  }
  const failed = problems.filter((list) => list.length > 0);
  const cases = forms.reduce((sum, form) => sum + form.cases.length, 0);
  lines.push(`${file}: ${forms.length} forms, ${cases} cases, ${failed.length} forms with failures`);
  return failed.flatMap((list) => list.slice(0, 1)).slice(0, 40);
}

describe.each(files("integer"))("%s, translated", (file) => {
  it("gives what the processor gave", () => {
    const { forms } = readVectors(join(directory, "integer", file));
    expect(forms.length).toBeGreaterThan(0);
    expect(replayAll(file, forms, () => new StepCpu("force"))).toEqual([]);
  }, 600_000);
});

describe("vectors for 32-bit code", () => {
  it("are translated, but for what the interpreter keeps", () => {
    const { forms } = readVectors(join(directory, "integer", "alu.vec"));
    const narrow = forms.filter(({ mode }) => mode === 32).slice(0, FORMS);
    expect(narrow.length).toBe(FORMS);
    const cpu = new StepCpu("force");
    expect(narrow.flatMap((form) => cpu.replay(form))).toEqual([]);
    // Each is a region of its own, but for those that straddle pages.
    expect(Number(cpu.translated)).toBeGreaterThan(0.9 * FORMS);
  }, 120_000);
});

describe.each(files("."))("%s, translated", (file) => {
  it("gives what the processor gave", () => {
    const { forms } = readVectors(join(directory, file));
    expect(forms.length).toBeGreaterThan(0);
    expect(replayAll(file, forms, () => new VectorCpu("force"))).toEqual([]);
  }, 600_000);
});

const PE = 0x20;
const MASKED = 0x1f80;

/** MXCSR with PE; it is sticky, so that all else stays as it was. */
function withPrecisionFlag(state: State, otherwise: number): State {
  const value = state.get(MXCSR) ?? Uint8Array.of(otherwise & 0xff, otherwise >> 8, 0, 0);
  return new Map(state).set(
    MXCSR,
    value.map((byte, i) => (i === 0 ? byte | PE : byte)),
  );
}

describe("sse.vec, translated, with PE set beforehand", () => {
  it("gives what the processor gave, although arithmetic takes another way", () => {
    const { forms } = readVectors(join(directory, "sse.vec"));
    const prepared = forms.map((form) => ({
      ...form,
      cases: form.cases.map((vector) => {
        const output = vector.output.has(MXCSR) ? withPrecisionFlag(vector.output, MASKED) : vector.output;
        return { ...vector, input: withPrecisionFlag(vector.input, MASKED), output };
      }),
    }));
    // LDMXCSR and STMXCSR show the whole register.
    const rest = prepared.filter((form) => !/MXCSR/i.test(form.name));
    expect(rest.length).toBeGreaterThan(2000);
    expect(replayAll("sse.vec with PE", rest, () => new VectorCpu("force"))).toEqual([]);
  }, 600_000);
});

/** Whether a case starts with all exceptions of the x87 masked. */
const isMasked = ({ input }: Form["cases"][number]) => ((input.get(FCW)?.[0] ?? 0x3f) & 0x3f) === 0x3f;

describe("x87.vec, translated, with exceptions masked", () => {
  it("gives what the processor gave, with registers in locals", () => {
    const { forms } = readVectors(join(directory, "x87.vec"));
    // A form that starts with an exception that is not masked stays with handlers.
    const masked = forms.map((form) => ({ ...form, cases: form.cases.filter(isMasked) }));
    const wanted = masked.filter(({ cases }) => cases.length > 0);
    expect(wanted.length).toBeGreaterThan(100);
    expect(replayAll("x87.vec, masked", wanted, () => new VectorCpu("force"))).toEqual([]);
  }, 600_000);
});

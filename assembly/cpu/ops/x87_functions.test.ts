// The transcendental x87 instructions against a real processor: its results may be off by less than one unit in the last
// place, so ours may differ from them by one, and C1 with them; everything else must agree.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { VectorCpu } from "../../../tests/vector_cpu";
import { type Case, defaultState, type Form, FSW, readVectors, ST } from "../../../tools/vectors/format.mjs";

const C1 = 0x200;
const UE = 0x10;
/** The smallest normal number: whether a result next to it is tiny hangs on the last bit too. */
const SMALLEST = 1n << 63n;

function number(value: Uint8Array | undefined): bigint {
  return BigInt(
    `0x${Buffer.from(value ?? [0])
      .reverse()
      .toString("hex")}`,
  );
}

/** A register's bits as an integer that counts in units of the last place. */
function ordinal(value: Uint8Array | undefined): bigint {
  const bits = number(value);
  const magnitude = (((bits >> 64n) & 0x7fffn) << 63n) + (bits & 0x7fffffffffffffffn);
  return bits >> 79n ? -magnitude : magnitude;
}

/** What differs by more than that, as text; empty if nothing does. */
function difference(cpu: VectorCpu, form: Form, { input, vector, output }: Case): string {
  const outcome = cpu.execute(form.code, input);
  const wrong = outcome.vector === vector ? [] : [`exception ${outcome.vector}`];
  const results = [ST, ST + 1].map((component) => ordinal(outcome.state.get(component)));
  const mayBeTiny = results.some((n) => [n, -n].some((m) => m >= SMALLEST - 1n && m <= SMALLEST));
  for (const [component, value] of new Map([...defaultState(), ...input, ...output])) {
    const got = outcome.state.get(component) ?? value;
    if (component >= ST) {
      const ulps = ordinal(got) - ordinal(value);
      if (ulps < -1n || ulps > 1n)
        wrong.push(`st${component - ST} ${number(got).toString(16)}, not ${number(value).toString(16)}`);
    } else {
      const mask = component === FSW ? ~(C1 | (mayBeTiny ? UE : 0)) : -1;
      if ((number(got) & BigInt(mask)) !== (number(value) & BigInt(mask))) {
        wrong.push(`${component} ${number(got).toString(16)}, not ${number(value).toString(16)}`);
      }
    }
  }
  return wrong.join("; ");
}

const { forms } = readVectors(join(import.meta.dirname, "vectors/functions/x87.vec"));

describe.each(forms)("$name", (form) => {
  it("is within one unit of the processor's result", () => {
    const cpu = new VectorCpu();
    const problems = form.cases.flatMap((c, n) => {
      const text = difference(cpu, form, c);
      const operands = [...c.input].map(([id, value]) => `${id} ${number(value).toString(16)}`).join(" ");
      return text === "" ? [] : [`${n} (${operands}): ${text}`];
    });
    expect(form.cases.length).toBeGreaterThan(0);
    expect(problems).toEqual([]);
  });
});

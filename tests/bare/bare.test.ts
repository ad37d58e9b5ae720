// Bare-metal programs (tools/bare) in the interpreter and with the translator forced, against what was recorded.
import { describe, expect, it } from "vitest";
import * as Cpu from "../../assembly/layout/cpu";
import { isRight, judgements, rightResults } from "./judgements";
import { BareMachine } from "./machine";
import { imageOf, programs, resultsOf } from "./recorded";

/** Results that are not right: name, what it is, what it should be. */
function mistakes(program: string, got: ReadonlyMap<string, string>): string[] {
  return resultsOf(program).flatMap((result) => {
    const right = rightResults(program, result);
    if (right.length === 0) return [`${result.name}: no judgement between ${result.first} and ${result.second}`];
    const value = got.get(result.name) ?? "nothing";
    return isRight(program, result, value) ? [] : [`${result.name}: ${value}, not ${right.join(" or ")}`];
  });
}

describe.each(programs)("%s", (program) => {
  it.each([
    ["interpreter", Cpu.JIT_OFF],
    ["translator", Cpu.JIT_FORCE],
  ])("gives the recorded results in the %s", (_name, mode) => {
    const machine = new BareMachine(imageOf(program), mode);
    expect(mistakes(program, machine.run())).toEqual([]);
    if (program.endsWith("_64")) expect(machine.translated > 0).toBe(mode === Cpu.JIT_FORCE);
  });
});

it("has no judgement without a result that it is about", () => {
  const idle = judgements.filter(
    (j) => !programs.some((p) => j.program.test(p) && resultsOf(p).some(({ name }) => j.name.test(name))),
  );
  expect(idle.map(({ name }) => String(name))).toEqual([]);
});

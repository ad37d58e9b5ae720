// Runs programs from seeds in the interpreter and in the translator, until the time is over or too much is found.
import * as Cpu from "../../assembly/layout/cpu";
import * as Jit from "../../assembly/layout/jit";
import { differences, report, shrink } from "./compare";
import { FuzzCpu } from "./cpu";
import { generate, loadFamilies, type Program } from "./generate";

type Plan = { readonly mode: number; readonly bits: 64 | 32 } & (
  | { readonly seeds: string; readonly count: number; readonly milliseconds: number }
  | { readonly list: readonly string[] }
);

/** Programs after which the translating CPU is made anew: engines slow down when one table has had very many modules. */
const CPU_LIFE = 12;
const REPORTS_MAX = 8;

/** `programs`: how many were run; `reports`: those that differ, made small; `translated`: regions. */
export async function fuzz(plan: Plan): Promise<{ programs: number; reports: string[]; translated: bigint }> {
  const families = await loadFamilies(plan.bits);
  const reference = new FuzzCpu(Cpu.JIT_OFF, plan.bits);
  const reports: string[] = [];
  const began = performance.now();
  const [count, milliseconds] = "list" in plan ? [plan.list.length, Infinity] : [plan.count, plan.milliseconds];
  let subject = new FuzzCpu(plan.mode, plan.bits);
  let programs = 0;
  let translated = 0n;
  const regions = (): bigint => subject.system.get64(Cpu.jit + Jit.regionsTranslated);
  const renew = (): void => {
    translated += regions();
    subject = new FuzzCpu(plan.mode, plan.bits);
  };
  while (programs < count && reports.length < REPORTS_MAX && performance.now() - began < milliseconds) {
    const seed = "list" in plan ? (plan.list[programs] ?? "") : `${plan.seeds}-${programs}`;
    const program = generate(families, seed, plan.bits);
    programs++;
    if (programs % CPU_LIFE === 0) renew();
    if (differences(program, reference, subject).length === 0) continue;
    // Not a matter of what ran before in the same CPU.
    renew();
    reports.push(explain(program, reference, subject));
  }
  return { programs, reports, translated: translated + regions() };
}

function explain(program: Program, reference: FuzzCpu, subject: FuzzCpu): string {
  const differs = (smaller: Program) => differences(smaller, reference, subject).length > 0;
  if (!differs(program)) return report(program, ["only after other programs in the same CPU"]);
  const small = shrink(program, differs);
  return report(small, differences(small, reference, subject));
}

// Short random sequences of vector instructions, translated against interpreted: what single instructions cannot show, that
// registers are kept in locals, written back and reloaded around handlers as the next instruction needs them.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { VectorCpu } from "../../tests/vector_cpu";
import { type Form, MXCSR, NO_EXCEPTION, readVectors, type State } from "../../tools/vectors/format.mjs";
import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";

const full = process.env["TABVISOR_FULL"] === "1";
const { forms } = readVectors(join(import.meta.dirname, "../cpu/ops/vectors/sse.vec"));
/** Bytes that fit between two places of VectorCpu, with the INT3. */
const LENGTH = 30;
/** As many as VectorCpu executes, but for the INT3 and its handler. */
const INSTRUCTIONS = 8;
/** Sequences that one pair of CPUs runs: engines slow down when very many modules share a function table. */
const BATCH = 300;

/** Marsaglia's xorshift. */
function randomFrom(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

function pick<T>(list: readonly T[], random: (below: number) => number): T {
  const chosen = list[random(list.length)];
  if (chosen === undefined) throw new Error("nothing to choose from");
  return chosen;
}

interface Sequence {
  readonly names: readonly string[];
  readonly code: Uint8Array;
  readonly input: State;
}

/** A conditional branch over so many bytes. */
function branch(over: number, random: (below: number) => number): Form {
  return { name: `branch over ${over}`, code: Uint8Array.of(0x70 + random(16), over), flags: 0, cases: [] };
}

/** Instructions that went well on the processor, with the inputs that one of their cases had; some are branched over. */
function makeSequence(random: (below: number) => number): Sequence {
  const chosen: Form[] = [];
  const input: State = new Map();
  for (let length = 0; ;) {
    const form = pick(forms, random);
    const vector = pick(form.cases, random);
    if (vector.vector !== NO_EXCEPTION) continue;
    const skip = random(4);
    length += form.code.length + (skip < 2 ? 2 : 0);
    if (length > LENGTH || chosen.length > INSTRUCTIONS - 2) break;
    if (skip < 2) chosen.push(branch(skip * form.code.length, random));
    chosen.push(form);
    for (const [component, value] of vector.input) input.set(component, value);
  }
  // The mode in which arithmetic is translated; the processor's cases start without PE.
  if (random(4) !== 0) input.set(MXCSR, Uint8Array.of(0xa0, 0x1f, 0, 0));
  return { names: chosen.map((form) => form.name), code: Buffer.concat(chosen.map((form) => form.code)), input };
}

function describeState(state: State): string[] {
  return [...state].map(([component, value]) => `${component}: ${Buffer.from(value).toString("hex")}`);
}

function runBatch(seed: number): void {
  const random = randomFrom(seed);
  const interpreted = new VectorCpu();
  const translated = new VectorCpu("force");
  for (let n = 0; n < BATCH; n++) {
    const { names, code, input } = makeSequence(random);
    const expected = interpreted.execute(code, input);
    const found = translated.execute(code, input);
    const text = `seed ${seed}, sequence ${n}: ${names.join("; ")}`;
    expect([text, found.vector, ...describeState(found.state)]).toEqual([
      text,
      expected.vector,
      ...describeState(expected.state),
    ]);
  }
  const { system } = translated;
  expect(system.get64(Cpu.jit + Jit.regionsTranslated)).toBeGreaterThan(BIG_ENOUGH);
  expect(system.get64(Cpu.jit + Jit.refused)).toBe(0n);
}

const BIG_ENOUGH = BigInt(BATCH);

describe("sequences of vector instructions, translated", () => {
  it.each(Array.from({ length: full ? 40 : 4 }, (_, i) => 1000003 * (i + 1)))(
    "do what the interpreter does, seed %i",
    runBatch,
    120_000,
  );
});

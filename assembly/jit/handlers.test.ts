// Which vector instructions translated code still leaves to the interpreter's handlers, whatever their operands.
import { join } from "node:path";
import { expect, it } from "vitest";
import { VectorCpu } from "../../tests/vector_cpu";
import { type Form, readVectors } from "../../tools/vectors/format.mjs";
import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";

const { forms } = readVectors(join(import.meta.dirname, "../cpu/ops/vectors/sse.vec"));

/** `call 2` (FN_COLD), `i32.eqz`: the only place where it is written is the call of a handler. */
const CALL = Buffer.from([0x10, 2, 0x45]);

/** The function that was made of an instruction. */
function codeOf(cpu: VectorCpu, form: Form): Buffer {
  const { system } = cpu;
  const emitted = () => Number(system.get64(Cpu.jit + Jit.bytesEmitted));
  const before = emitted();
  const [vector] = form.cases;
  if (vector === undefined) throw new Error(`${form.name} has no cases`);
  cpu.execute(form.code, vector.input);
  const start = system.cpu + Cpu.jit + Jit.body;
  return Buffer.from(system.guest.memory.buffer.slice(start, start + emitted() - before));
}

/** No translation: rare, or as fast in the handler. */
const UNTRANSLATED = [
  "ADDSUBPD ADDSUBPS AESDEC AESDECLAST AESENC AESENCLAST AESIMC AESKEYGENASSIST CLFLUSH CLFLUSHOPT CLWB CRC32",
  "CVTPD2PI CVTPI2PD CVTPI2PS CVTPS2PI CVTTPD2PI CVTTPS2PI DPPD DPPS HADDPD HADDPS HSUBPD HSUBPS INSERTPS",
  "MASKMOVDQU MPSADBW PCLMULQDQ PCMPESTRI PCMPESTRM PCMPISTRI PCMPISTRM PHMINPOSUW PSIGNB PSIGND PSIGNW",
  "RCPPS RCPSS RSQRTPS RSQRTSS STMXCSR",
];
/** A translation, and a handler for what it does not cover. */
const PARTLY = "CVTSD2SI CVTSI2SD CVTSI2SS CVTSS2SI CVTTSD2SI CVTTSS2SI";

function mnemonic(form: Form): string {
  return (form.name.split(" ")[0] ?? "").toUpperCase();
}

it("calls handlers only for what has no translation, and for conversions that WebAssembly does otherwise", () => {
  const cpu = new VectorCpu("force");
  const one = new Map(forms.map((form) => [mnemonic(form), form]));
  const calling = [...one].filter(([, form]) => codeOf(cpu, form).includes(CALL)).map(([name]) => name);
  expect(one.size).toBeGreaterThan(200);
  expect(calling.sort()).toEqual([...UNTRANSLATED, PARTLY].join(" ").split(" ").sort());
  expect(cpu.system.get64(Cpu.jit + Jit.refused)).toBe(0n);
});

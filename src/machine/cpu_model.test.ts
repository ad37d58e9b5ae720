import { describe, expect, it } from "vitest";
import * as F from "../../assembly/layout/cpu_features";
import * as Cpu from "../../assembly/layout/cpu";
import { knownFeatures } from "../shared/cpu_models";
import { modelNames, parseCpu } from "../shared/cpu_option";
import { SystemCpu } from "../../tests/system_cpu";
import { placeCpuModel } from "./cpu_model";

function place(text: string) {
  const choice = parseCpu(text);
  if (!choice.ok) throw new Error(choice.error.reason);
  const t = new SystemCpu();
  const placed = placeCpuModel(choice.value, t.guest.guest.data, t.cpu);
  const leaf = (eax: number, ecx = 0): number[] => {
    t.set64(Cpu.rax, eax);
    t.set64(Cpu.rcx, ecx);
    t.calls.testCpuid(t.cpu);
    return [Cpu.rax, Cpu.rbx, Cpu.rcx, Cpu.rdx].map((register) => Number(t.get64(register)));
  };
  return { placed, leaf };
}

function bit(word: number | undefined, feature: number): boolean {
  return (((word ?? 0) >>> (feature & 31)) & 1) === 1;
}

describe("CPU models", () => {
  it("makes a Nehalem", () => {
    const { placed, leaf } = place("Nehalem,+rdrand");
    expect(placed).toEqual({ ok: true, value: [] });
    // GenuineIntel, family 6, model 26, stepping 3.
    expect(leaf(0)).toEqual([11, 0x756e6547, 0x6c65746e, 0x49656e69]);
    const [eax, , ecx] = leaf(1);
    expect(eax).toBe(0x106a3);
    expect(bit(ecx, F.SSE4_2) && bit(ecx, F.POPCNT) && bit(ecx, F.RDRAND) && bit(ecx, F.HYPERVISOR)).toBe(true);
    expect(bit(ecx, F.AES) || bit(ecx, F.XSAVE)).toBe(false);
    expect(leaf(7)).toEqual([0, 0, 0, 0]);
    expect(leaf(0x80000000)[0]).toBe(0x80000008);
    expect(leaf(0x40000001)[0]).not.toBe(0);
  });

  it("raises the last leaf to where a feature is", () => {
    expect(place("Opteron_G1").leaf(0)[0]).toBe(5);
    const { leaf } = place("Opteron_G1,smep=on");
    expect(leaf(0)[0]).toBe(7);
    expect(leaf(7)[1]).toBe(1 << 7);
    expect(leaf(1)[0]).toBe(0xf61);
  });

  it("leaves out what is not implemented, and refuses it when asked for by name", () => {
    expect(place("SandyBridge").placed).toEqual({ ok: true, value: ["avx"] });
    expect(place("SandyBridge,-avx").placed).toEqual({ ok: true, value: [] });
    expect(place("max,+avx").placed).toMatchObject({
      ok: false,
      error: { reason: 'feature "avx" is not implemented' },
    });
    expect(place("max,-avx512f,-svm").placed).toEqual({ ok: true, value: [] });
  });

  it("places every model", () => {
    for (const name of modelNames) expect(place(name).placed.ok, name).toBe(true);
  });

  it("knows the features of the layout by QEMU's names", () => {
    const names = Object.keys(F).filter((name) => !name.startsWith("WORD"));
    const unknown = names
      .map((name) => name.toLowerCase().replaceAll("_", "-"))
      .filter((name) => !knownFeatures.has(name));
    expect(unknown).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { cpuModels, knownFeatures } from "./cpu_models";
import { modelNames, parseCpu } from "./cpu_option";

function parse(text: string): unknown {
  const choice = parseCpu(text);
  return choice.ok ? { model: choice.value.model, features: Object.fromEntries(choice.value.features) } : choice.error;
}

describe("cpu", () => {
  it("reads a model with features as QEMU writes them", () => {
    expect(parse("max")).toEqual({ model: "max", features: {} });
    expect(parse("host")).toEqual({ model: "max", features: {} });
    expect(parse("Nehalem,+aes,-sse4.2,rdrand=on,pni=off,movbe")).toEqual({
      model: "Nehalem",
      features: { aes: true, "sse4-2": false, rdrand: true, sse3: false, movbe: true },
    });
    // A query string has turned the plus sign into a space.
    expect(parse("qemu64, SSE4_1,-sse4-1")).toEqual({ model: "qemu64", features: { "sse4-1": false } });
  });

  it("says which models there are", () => {
    expect(parse("nehalem")).toMatchObject({ option: "cpu", reason: '"nehalem" is unknown', accepted: modelNames });
  });

  it("knows every feature of its models", () => {
    for (const [name, { features, brand }] of Object.entries(cpuModels)) {
      expect(
        features.split(" ").filter((feature) => !knownFeatures.has(feature)),
        name,
      ).toEqual([]);
      expect(brand.length, name).toBeLessThan(48);
    }
  });
});

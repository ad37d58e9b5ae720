// Gives a CPU the model that the configuration names: what CPUID says, and with it which instructions exist. Called once,
// when the CPU has been initialised as "max", which is also the most that any model can have.

import * as F from "../../assembly/layout/cpu_features";
import * as CpuSystem from "../../assembly/layout/cpu_system";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import { cpuModels, hypervisorFeatures, type CpuModel } from "../shared/cpu_models";
import type { CpuChoice } from "../shared/cpu_option";
import { err, ok, type Result } from "../shared/result";

const BRAND_SIZE = 48;
const EXTENDED_LEVEL_INTEL = 8;

/** Number of each feature in layout/cpu_features.ts, under the option's spelling. */
const featureBits: ReadonlyMap<string, number> = new Map(
  Object.entries(F)
    .filter(([name]) => !name.startsWith("WORD"))
    .map(([name, bit]) => [name.toLowerCase().replaceAll("_", "-"), bit]),
);

class FeatureWords {
  readonly #data: DataView<ArrayBufferLike>;
  readonly #at: number;

  constructor(data: DataView<ArrayBufferLike>, cpu: number) {
    this.#data = data;
    this.#at = cpu + CpuSystem.features;
  }

  word(index: number): number {
    return this.#data.getUint32(this.#at + index * 4, true);
  }

  has(bit: number): boolean {
    return ((this.word(bit >> 5) >>> (bit & 31)) & 1) === 1;
  }

  set(bit: number, on: boolean): void {
    const mask = 1 << (bit & 31);
    const word = this.word(bit >> 5);
    this.#data.setUint32(this.#at + (bit >> 5) * 4, on ? word | mask : word & ~mask, true);
  }

  names(): string[] {
    return [...featureBits].filter(([, bit]) => this.has(bit)).map(([name]) => name);
  }
}

/** Returns the features that the model has and this machine has not; refuses those that were asked for by name. */
export function placeCpuModel(
  choice: CpuChoice,
  data: DataView<ArrayBufferLike>,
  cpu: number,
): Result<readonly string[], ConfigIssue> {
  const words = new FeatureWords(data, cpu);
  const possible = new Set(words.names());
  for (const [name, on] of choice.features) {
    if (on && !possible.has(name)) {
      return err(configIssue("cpu", `feature "${name}" is not implemented`, [...possible].sort()));
    }
  }
  const model = cpuModels[choice.model];
  const missing = model === undefined ? [] : placeNamed(model, words, possible, data, cpu);
  for (const [name, on] of choice.features) {
    const bit = featureBits.get(name);
    if (bit !== undefined) words.set(bit, on);
  }
  if (model !== undefined) placeLevels(model, words, data, cpu);
  return ok(missing.filter((name) => choice.features.get(name) !== false));
}

function placeNamed(
  model: CpuModel,
  words: FeatureWords,
  possible: ReadonlySet<string>,
  data: DataView<ArrayBufferLike>,
  cpu: number,
): string[] {
  const wanted = `${model.features} ${hypervisorFeatures}`.split(" ");
  for (const name of possible) words.set(featureBits.get(name) ?? 0, wanted.includes(name));
  data.setUint32(cpu + CpuSystem.signature, signatureOf(model), true);
  const vendor = model.vendor === "GenuineIntel" ? CpuSystem.VENDOR_INTEL : CpuSystem.VENDOR_AMD;
  data.setUint32(cpu + CpuSystem.vendor, vendor, true);
  for (let i = 0; i < BRAND_SIZE; i++) {
    data.setUint8(cpu + CpuSystem.brand + i, i < model.brand.length ? model.brand.charCodeAt(i) : 0);
  }
  return wanted.filter((name) => !possible.has(name));
}

/** CPUID.1:EAX (SDM vol. 2, CPUID, figure 3-6): from family 15 on the rest is in the extended field. */
function signatureOf({ family, model, stepping }: CpuModel): number {
  const base = Math.min(family, 15);
  return ((family - base) << 20) | ((model >> 4) << 16) | (base << 8) | ((model & 15) << 4) | stepping;
}

/** A leaf that has something to say must not lie behind the last one. */
function placeLevels(model: CpuModel, words: FeatureWords, data: DataView<ArrayBufferLike>, cpu: number): void {
  let level = model.level;
  if (words.word(F.WORD_6_EAX) !== 0) level = Math.max(level, 6);
  if ((words.word(F.WORD_7_EBX) | words.word(F.WORD_7_ECX) | words.word(F.WORD_7_EDX)) !== 0)
    level = Math.max(level, 7);
  if (words.has(F.XSAVE)) level = Math.max(level, 13);
  data.setUint32(cpu + CpuSystem.level, level, true);
  if (model.vendor === "GenuineIntel") data.setUint32(cpu + CpuSystem.extendedLevel, EXTENDED_LEVEL_INTEL, true);
}

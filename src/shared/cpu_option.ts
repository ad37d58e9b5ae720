// The option cpu: "Nehalem,+aes,-sse4.2,rdrand=on", as QEMU writes it.

import { configIssue, type ConfigIssue } from "./config_issue";
import { cpuModels, featureAliases, knownFeatures } from "./cpu_models";
import { parseOnOff } from "./qemu_syntax";
import { err, ok, type Result } from "./result";

export interface CpuChoice {
  /** A key of cpuModels, or "max". */
  readonly model: string;
  /** Features asked for one by one, in the order given; the last word on a feature counts. */
  readonly features: ReadonlyMap<string, boolean>;
}

const MAX = "max";
/** What runs here is what the machine can do: the host's own processor is out of reach. */
const HOST = "host";

export const modelNames: readonly string[] = [MAX, HOST, ...Object.keys(cpuModels)];

/** The one spelling of a feature: QEMU takes "sse4.1", "sse4-1" and "sse4_1". */
function canonical(name: string): string {
  const plain = name.toLowerCase().replaceAll(/[._]/g, "-");
  return featureAliases[plain] ?? plain;
}

export function parseCpu(text: string): Result<CpuChoice, ConfigIssue> {
  const [name = "", ...words] = text.split(",");
  if (!modelNames.includes(name)) return err(configIssue("cpu", `"${name}" is unknown`, modelNames));
  const features = new Map<string, boolean>();
  for (const word of words) {
    // In a query string a plus sign stands for a space.
    const feature = parseFeature(word.trim());
    if (!feature.ok) return feature;
    features.set(...feature.value);
  }
  return ok({ model: name === HOST ? MAX : name, features });
}

function parseFeature(word: string): Result<[string, boolean], ConfigIssue> {
  const [, sign, rest = "", value] = /^([+-]?)([^=]*)(?:=(.*))?$/.exec(word) ?? [];
  const name = canonical(rest);
  if (!knownFeatures.has(name)) {
    return err(configIssue("cpu", `feature "${rest}" is unknown`, ["+FEATURE", "-FEATURE", "in QEMU's names"]));
  }
  if (sign !== "" && value !== undefined) {
    return err(configIssue("cpu", `"${word}" is neither +FEATURE nor FEATURE=on`, ["+FEATURE", "-FEATURE"]));
  }
  if (value === undefined) return ok([name, sign !== "-"]);
  const on = parseOnOff(value);
  return on.ok ? ok([name, on.value]) : err(configIssue(`cpu: ${rest}`, on.error, ["on", "off"]));
}

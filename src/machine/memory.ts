// Gets the shared memory of a machine, or says in words why there is none.

import { createMemory } from "../core/wasm";
import { maxRamBytes, planMemory, WASM_PAGE_SIZE, writePlan, type MemoryPlan } from "../core/memory_plan";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import { err, ok, type Result } from "../shared/result";
import { formatBytes, MiB } from "../shared/units";

export interface MachineMemory {
  readonly memory: WebAssembly.Memory;
  readonly plan: MemoryPlan;
}

export function makeMemory(ramMiB: number, cpus: number, deviceBytes = 0): Result<MachineMemory, ConfigIssue> {
  const plan = planMemory({ ramBytes: ramMiB * MiB, cpus, deviceBytes });
  if (!plan.ok) {
    if (plan.error !== "too-much-memory") return err(configIssue("smp", `${cpus} CPUs are not possible`));
    const most = Math.floor(maxRamBytes(cpus, deviceBytes) / MiB);
    return err(
      configIssue("m", `${ramMiB} MiB do not fit into the 4 GiB of a WebAssembly memory`, [`1 to ${most} MiB`]),
    );
  }
  try {
    const memory = createMemory(plan.value.wasmPages);
    writePlan(memory, plan.value);
    return ok({ memory, plan: plan.value });
  } catch (error) {
    // The one exception that the engine documents for "no": everything else is a bug of ours.
    if (!(error instanceof RangeError)) throw error;
    const bytes = formatBytes(plan.value.wasmPages * WASM_PAGE_SIZE);
    return err(
      configIssue(
        "m",
        `the browser refused ${bytes} of memory, which ${ramMiB} MiB for the guest need; ` +
          "close other tabs, use a 64-bit browser, or give the guest less, such as m=512",
      ),
    );
  }
}

// A guest's memory without a CPU: the fixture of every test that needs guest memory, rings or device state.
import { GuestMemory } from "../src/core/guest_memory";
import { type MemoryPlan, planMemory, writePlan } from "../src/core/memory_plan";
import { VringPool } from "../src/core/vrings";
import { loadTestWasm, type TestWasm } from "./wasm";

export interface TestGuest extends TestWasm {
  readonly plan: MemoryPlan;
  readonly guest: GuestMemory;
  readonly vrings: VringPool;
}

export interface TestGuestOptions {
  readonly ramBytes?: number;
  readonly cpus?: number;
  /** The host's clock in ms; without it time stands still. */
  readonly now?: () => number;
  readonly deviceBytes?: number;
  /** What answers accesses to devices outside the module. */
  readonly mailbox?: (cpu: number) => void;
  /** As for loadTestWasm. */
  readonly tamper?: ((module: Uint8Array) => void) | undefined;
}

export function testGuest(options: TestGuestOptions = {}): TestGuest {
  const plan = planMemory({
    ramBytes: options.ramBytes ?? 4 * 1024 * 1024,
    cpus: options.cpus ?? 1,
    deviceBytes: options.deviceBytes ?? 0,
  });
  if (!plan.ok) throw new Error(plan.error);
  const host = {
    now: options.now ?? (() => 0),
    realtime: () => 0,
    random: () => 0x12345678,
    ...(options.mailbox && { mailbox: options.mailbox }),
  };
  const wasm = loadTestWasm({ pages: plan.value.wasmPages, host, tamper: options.tamper });
  writePlan(wasm.memory, plan.value);
  const guest = new GuestMemory(wasm.memory, wasm.exports, plan.value.machine);
  return { ...wasm, plan: plan.value, guest, vrings: new VringPool(plan.value.vrings) };
}

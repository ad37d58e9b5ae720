// Commands that start, stop and reset the machine (qapi/run-state.json, qapi/misc.json).

import { ok } from "../../shared/result";
import type { RunState } from "../../shared/qmp";
import { done, genericError, type QmpServer } from "./server";

/** The machine model, as far as these commands need it. */
export interface RunControl {
  readonly runState: RunState;
  pause(): Promise<void>;
  resume(): Promise<void>;
  reset(): Promise<void>;
  powerdown(): void;
  /** False: the guest does not sleep. */
  wakeUp(): boolean;
}

export function registerRunState(qmp: QmpServer, machine: RunControl): void {
  qmp.register("query-commands", {}, () => ok(qmp.names.map((name) => ({ name }))));
  qmp.register("query-status", {}, () => {
    const status = machine.runState;
    return ok({ status, running: status === "running" });
  });
  qmp.register("stop", {}, async () => {
    await machine.pause();
    return done;
  });
  qmp.register("cont", {}, async () => {
    if (machine.runState === "shutdown") return genericError("Resetting the Virtual Machine is required");
    await machine.resume();
    return done;
  });
  qmp.register("system_reset", {}, async () => {
    await machine.reset();
    return done;
  });
  qmp.register("system_powerdown", {}, () => {
    machine.powerdown();
    qmp.event("POWERDOWN", {});
    return done;
  });
  qmp.register("system_wakeup", {}, () => {
    if (!machine.wakeUp()) return genericError("Unable to wake up: guest is not in suspended state");
    qmp.event("WAKEUP", {});
    return done;
  });
}

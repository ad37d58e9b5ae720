// Task management (VIRTIO 1.2, 5.6.6.2; SAM-5, 7): finds the tasks that are meant, ends them, resets units.

import { type ScsiBus, type UnitAddress } from "../../scsi/bus";
import { deviceReset, nexusLoss } from "../../scsi/sense";
import {
  type LunField,
  S_ABORTED,
  S_BAD_TARGET,
  S_FUNCTION_REJECTED,
  S_FUNCTION_SUCCEEDED,
  S_INCORRECT_LUN,
  S_OK,
  S_RESET,
  type TmfName,
} from "./request";
import type { RunningTask, RunningTasks } from "./tasks";

export interface TaskManagement {
  readonly bus: ScsiBus;
  readonly tasks: RunningTasks;
  /** Answers a task with this response as soon as its buffers are at rest. */
  readonly abort: (task: RunningTask, response: number) => void;
}

export interface TmfRequest {
  readonly name: TmfName | undefined;
  readonly lun: LunField;
  readonly id: bigint;
}

/** The response, and the tasks that have to be at rest before it is given. */
export interface TmfOutcome {
  readonly response: number;
  readonly ended: readonly RunningTask[];
}

const only = (response: number): TmfOutcome => ({ response, ended: [] });

export function manageTasks(parts: TaskManagement, request: TmfRequest): TmfOutcome {
  const { bus, tasks } = parts;
  const { name, lun, id } = request;
  if (lun.kind !== "unit" || !bus.hasTarget(lun.target)) return only(S_BAD_TARGET);
  if (name === "nexus-reset") return resetNexus(parts, lun.target);
  const unit = bus.unitAt(lun);
  if (unit === undefined) return only(S_INCORRECT_LUN);
  const all = tasks.of(lun.target, lun.lun);
  const one = tasks.find(lun, id);
  switch (name) {
    case "abort-task":
      return end(parts, one === undefined ? [] : [one], S_ABORTED);
    case "abort-task-set":
    case "clear-task-set":
      return end(parts, all, S_ABORTED);
    case "query-task":
      return only(one === undefined ? S_OK : S_FUNCTION_SUCCEEDED);
    case "query-task-set":
      return only(all.length === 0 ? S_OK : S_FUNCTION_SUCCEEDED);
    case "unit-reset":
      return resetUnit(parts, lun);
    // There is no auto contingent allegiance to clear.
    case "clear-aca":
    case undefined:
      return only(S_FUNCTION_REJECTED);
  }
}

function end(parts: TaskManagement, tasks: readonly RunningTask[], response: number): TmfOutcome {
  for (const task of tasks) parts.abort(task, response);
  return { response: S_OK, ended: tasks };
}

function resetUnit(parts: TaskManagement, { target, lun }: UnitAddress): TmfOutcome {
  const outcome = end(parts, parts.tasks.of(target, lun), S_RESET);
  parts.bus.unitAt({ target, lun })?.reset(deviceReset);
  return outcome;
}

/** There is one initiator, so that its loss is a reset of the whole target. */
function resetNexus(parts: TaskManagement, target: number): TmfOutcome {
  const outcome = end(parts, parts.tasks.of(target), S_RESET);
  for (const unit of parts.bus.units(target)) unit.reset(nexusLoss);
  return outcome;
}

// Commands for drives and their media (qapi/block.json).

import { ok, type Result } from "../../shared/result";
import type { QmpFault } from "../../shared/qmp";
import { deviceNotFound, done, genericError, type QmpServer } from "./server";
import type { BlockTarget, QmpTargets } from "./targets";

export function registerBlock(qmp: QmpServer, targets: QmpTargets): void {
  const { blocks } = targets;
  const find = (choice: { id?: string; device?: string }): Result<BlockTarget, QmpFault> => {
    const { id, device } = choice;
    if ((id === undefined) === (device === undefined)) return genericError("Need exactly one of 'device' and 'id'");
    const name = id ?? device;
    const found = [...blocks].find((block) => {
      const { device: backend, qdev } = block.info();
      // What has no name has the empty one.
      return name !== "" && (id === undefined ? backend : qdev) === name;
    });
    return found === undefined ? deviceNotFound(id ?? device ?? "") : ok(found);
  };
  const notRemovable = (block: BlockTarget) => genericError(`Device '${block.info().device}' is not removable`);

  qmp.register("query-block", {}, () => ok([...Array.from(blocks, (block) => block.info()), ...targets.idleDrives()]));
  qmp.register("eject", { id: "str?", device: "str?", force: "bool?" }, async ({ force = false, ...choice }) => {
    const block = find(choice);
    if (!block.ok) return block;
    if (block.value.eject === undefined) return notRemovable(block.value);
    const ejected = await block.value.eject(force);
    return ejected.ok ? done : ejected;
  });
  const changeTable = {
    id: "str?",
    device: "str?",
    filename: "str",
    format: "str?",
    force: "bool?",
    "read-only-mode": "str?",
  } as const;
  qmp.register("blockdev-change-medium", changeTable, async (args) => {
    const { filename, format = "raw", force = false, "read-only-mode": readOnly = "retain", ...choice } = args;
    const block = find(choice);
    if (!block.ok) return block;
    if (block.value.change === undefined) return notRemovable(block.value);
    if (format !== "raw") return genericError(`Unknown driver '${format}'`);
    const modes: readonly string[] = ["retain", "read-only", "read-write"];
    if (!modes.includes(readOnly)) {
      return genericError(`Parameter 'read-only-mode' does not accept value '${readOnly}'`);
    }
    const changed = await block.value.change({ filename, force, readOnly });
    return changed.ok ? done : changed;
  });
}

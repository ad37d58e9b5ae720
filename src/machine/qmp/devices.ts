// Commands that add and remove devices, and those of the balloon (qapi/qdev.json, qapi/machine.json).

import { formatIssue } from "../../shared/config_issue";
import { makeDevice } from "../../shared/device_options";
import { err, ok } from "../../shared/result";
import type { DeviceSet } from "../devices";
import { deviceNotFound, done, genericError, type QmpServer } from "./server";

const noBalloon = err({ class: "DeviceNotActive", desc: "No balloon device has been activated" } as const);

export function registerDevices(qmp: QmpServer, devices: DeviceSet): void {
  qmp.register("device_add", { driver: "str", "...": "any" }, ({ driver, ...options }) => {
    const device = makeDevice(driver, options);
    if (!device.ok) return genericError(formatIssue(device.error));
    const issue = devices.plug(device.value);
    return issue === undefined ? done : genericError(formatIssue(issue));
  });
  qmp.register("device_del", { id: "str" }, ({ id }) => {
    const removal = devices.unplug(id);
    if (removal === "not-found") return deviceNotFound(id);
    if (removal === "fixed") return genericError(`Device '${id}' does not support hotplugging`);
    return removal === "pending" ? genericError(`Device ${id} is already in the process of unplug`) : done;
  });
  qmp.register("balloon", { value: "int" }, ({ value }) => {
    if (devices.balloon === undefined) return noBalloon;
    if (value <= 0) return genericError("Parameter 'target' expects a size");
    devices.balloon.setTarget(value);
    return done;
  });
  qmp.register("query-balloon", {}, () =>
    devices.balloon === undefined ? noBalloon : ok({ actual: devices.balloon.actual }),
  );
}

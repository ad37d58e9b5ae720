import { beforeEach, describe, expect, it } from "vitest";
import type { QmpEvent } from "../../shared/qmp";
import { err, ok } from "../../shared/result";
import { ReceiveFilter } from "../../devices/virtio/net/filter";
import { registerBlock } from "./block";
import { registerInput } from "./input";
import { registerNetAndDisplay } from "./net_display";
import { registerRunState } from "./run_state";
import { rxFilterInfo } from "./rx_filter";
import { QmpServer } from "./server";
import { newTargets, type QmpTargets } from "./targets";

let events: QmpEvent[];
let qmp: QmpServer;
let targets: QmpTargets;
let calls: string[];
let typed: number[][];
let asleep: boolean;

beforeEach(() => {
  events = [];
  calls = [];
  typed = [];
  asleep = true;
  targets = newTargets();
  qmp = new QmpServer((event) => events.push(event));
  const called = (name: string) => () => {
    calls.push(name);
    return Promise.resolve();
  };
  registerRunState(qmp, {
    runState: "running",
    pause: called("pause"),
    resume: called("resume"),
    reset: called("reset"),
    powerdown: () => void calls.push("powerdown"),
    wakeUp: () => asleep,
  });
  registerBlock(qmp, targets);
  registerNetAndDisplay(qmp, targets);
  registerInput(qmp, (keys, holdMs) => {
    typed.push([...keys, holdMs]);
    return Promise.resolve();
  });
});

const fault = async (name: string, args?: unknown): Promise<string> => {
  const answer = await qmp.execute(name, args);
  return answer.ok ? "no fault" : `${answer.error.class}: ${answer.error.desc}`;
};

describe("the commands of QMP", () => {
  it("are checked before they run", async () => {
    expect(await fault("nonsense")).toBe("CommandNotFound: The command nonsense has not been found");
    expect(await fault("toString")).toMatch(/^CommandNotFound/);
    expect(await fault("set_link", {})).toBe("GenericError: Parameter 'name' is missing");
    expect(await fault("set_link", { name: "a", up: 1 })).toBe(
      "GenericError: Invalid parameter type for 'up', expected: boolean",
    );
    expect(await fault("stop", { now: true })).toBe("GenericError: Parameter 'now' is unexpected");
    expect(await fault("stop", { constructor: 1 })).toBe("GenericError: Parameter 'constructor' is unexpected");
    expect(await fault("stop", [])).toBe("GenericError: Arguments must be an object");
    expect(calls).toEqual([]);
  });

  it("drive the machine", async () => {
    const names = ["stop", "cont", "system_reset", "system_powerdown", "system_wakeup"];
    for (const name of names) expect(await fault(name)).toBe("no fault");
    expect(calls).toEqual(["pause", "resume", "reset", "powerdown"]);
    expect(await qmp.execute("query-status", undefined)).toEqual(ok({ status: "running", running: true }));
    expect(events.map(({ event }) => event)).toEqual(["POWERDOWN", "WAKEUP"]);
    asleep = false;
    expect(await fault("system_wakeup")).toBe("GenericError: Unable to wake up: guest is not in suspended state");
    expect(events[0]?.timestamp.seconds).toBeGreaterThan(1.7e9);
  });

  it("list themselves", async () => {
    const answer = await qmp.execute("query-commands", {});
    expect(answer.ok && answer.value).toContainEqual({ name: "blockdev-change-medium" });
  });

  it("reach links and screens that devices have registered", async () => {
    expect(await fault("set_link", { name: "net0", up: false })).toBe("DeviceNotFound: Device 'net0' not found");
    const links: boolean[] = [];
    const filter = rxFilterInfo("net0", Uint8Array.of(2, 0, 0, 0, 0, 0xff), new ReceiveFilter(new Uint8Array(6)).state);
    targets.cards.set("net0", { setLink: (up) => links.push(up), rxFilter: () => filter });
    expect(await fault("set_link", { name: "net0", up: false })).toBe("no fault");
    expect(links).toEqual([false]);
    const all = { promiscuous: true, unicast: "normal", vlan: "all", "main-mac": "02:00:00:00:00:ff" };
    expect(await qmp.execute("query-rx-filter", {})).toMatchObject(ok([{ name: "net0", ...all }]));
    expect(await fault("query-rx-filter", { name: "net1" })).toBe("DeviceNotFound: Device 'net1' not found");
    expect(await fault("screendump", {})).toMatch(/^GenericError: There is no console/);
    targets.screens.set("video0", () => Promise.resolve(Uint8Array.of(0x89)));
    expect(await qmp.execute("screendump", {})).toEqual(ok(Uint8Array.of(0x89)));
    expect(await qmp.execute("screendump", { filename: "/tmp/x.png" })).toEqual(ok(Uint8Array.of(0x89)));
    expect(await fault("screendump", { device: "video1" })).toMatch(/^DeviceNotFound/);
    expect(await fault("screendump", { format: "ppm" })).toMatch(/does not accept value 'ppm'/);
  });

  it("change media by drive or by device", async () => {
    const info = { device: "cd", qdev: "cd0", removable: true, locked: false };
    const seen: unknown[] = [];
    targets.blocks.add({
      info: () => info,
      eject: (force) => (force ? ok(undefined) : err({ class: "GenericError", desc: "Device 'cd' is locked" })),
      change: (medium) => ok(seen.push(medium)),
    });
    targets.blocks.add({ info: () => ({ device: "hd", qdev: "hd0", removable: false, locked: false }) });
    expect(await fault("eject", { id: "cd0" })).toBe("GenericError: Device 'cd' is locked");
    expect(await fault("eject", { device: "cd", force: true })).toBe("no fault");
    expect(await fault("eject", { device: "hd" })).toBe("GenericError: Device 'hd' is not removable");
    expect(await fault("eject", {})).toMatch(/exactly one/);
    expect(await fault("eject", { id: "cd" })).toMatch(/^DeviceNotFound/);
    targets.blocks.add({ info: () => ({ device: "", qdev: "", removable: true, locked: false }), eject: () => ok(1) });
    expect(await fault("eject", { device: "" })).toMatch(/^DeviceNotFound/);
    expect(await fault("blockdev-change-medium", { id: "cd0", filename: "new.iso" })).toBe("no fault");
    expect(seen).toEqual([{ filename: "new.iso", force: false, readOnly: "retain" }]);
    const bad = { id: "cd0", filename: "x", "read-only-mode": "maybe" };
    expect(await fault("blockdev-change-medium", bad)).toMatch(/does not accept value 'maybe'/);
    expect(await fault("blockdev-change-medium", { id: "cd0", filename: "x", format: "vmdk" })).toMatch(/vmdk/);
  });

  it("type keys down in order and up in the other", async () => {
    const keys = ["ctrl", "alt", "delete"].map((data) => ({ type: "qcode", data }));
    expect(await fault("send-key", { keys, "hold-time": 1 })).toBe("no fault");
    // KEY_LEFTCTRL, KEY_LEFTALT, KEY_DELETE.
    expect(typed).toEqual([[29, 56, 111, 1]]);
    expect(await fault("send-key", { keys: [{ type: "qcode", data: "any" }] })).toMatch(/does not accept value 'any'/);
    // KEY_A, KEY_RIGHT: set 1 has e0 4d for it.
    const numbers = [0x1e, 0xcd].map((data) => ({ type: "number", data }));
    expect(await fault("send-key", { keys: numbers, "hold-time": 2 })).toBe("no fault");
    expect(typed.at(-1)).toEqual([30, 106, 2]);
    expect(await fault("send-key", { keys: [{ type: "number", data: 0 }] })).toMatch(/does not accept value '0'/);
    expect(await fault("send-key", { keys: [{ type: "number", data: "1" }] })).toMatch(/array of KeyValue/);
    expect(await fault("send-key", { keys: "a" })).toMatch(/array of KeyValue/);
    expect(await fault("send-key", { keys: [null] })).toMatch(/array of KeyValue/);
  });
});

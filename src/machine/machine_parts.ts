// The parts of a machine, and how they are given to each other. Nothing has happened to them yet: machine.ts leads their life.

import { noDisplay } from "../backends/display/none";
import { Crossing } from "../core/crossing";
import type { GuestMemory } from "../core/guest_memory";
import type { MemoryPlan } from "../core/memory_plan";
import type { WasmExports } from "../core/wasm";
import { Router } from "../devices/pci/router";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import { hasVga, type ResolvedConfig } from "../shared/resolve_config";
import { err, type Result } from "../shared/result";
import { makeAcpi, type AcpiImage } from "./acpi/tables";
import { CpuControl } from "./cpu_control";
import { DeviceSet } from "./devices";
import { openDrive, type OpenDrive } from "./drives";
import { InputRouter } from "./input_router";
import { driveListeners, type MachineHost } from "./machine_host";
import { Networks } from "./networks";
import { Ps2Input } from "./ps2_input";
import type { QmpServer } from "./qmp/server";
import type { QmpTargets } from "./qmp/targets";
import type { TrayMove } from "./scsi";
import { SerialPort } from "./serial_port";
import type { SerialPorts } from "./serial_ports";

export interface MachineParts {
  readonly memory: WebAssembly.Memory;
  readonly plan: MemoryPlan;
  readonly guest: GuestMemory;
  readonly exports: WasmExports;
  readonly crossing: Crossing;
  readonly cpus: CpuControl;
  readonly devices: DeviceSet;
  readonly networks: Networks;
  readonly serial: SerialPort;
  readonly input: InputRouter;
  readonly acpi: AcpiImage;
}

/** What is there before the others. */
export type BaseParts = Pick<MachineParts, "memory" | "plan" | "guest" | "exports">;

/** What the parts have of the machine that they make up. */
interface Surroundings {
  readonly drives: readonly OpenDrive[];
  readonly qmp: QmpServer;
  readonly targets: QmpTargets;
  readonly serialPorts: SerialPorts;
  readonly onGuestEvent: (event: number, value: number) => void;
}

export function makeParts(
  config: ResolvedConfig,
  host: MachineHost,
  base: BaseParts,
  { drives, qmp, targets, serialPorts, onGuestEvent }: Surroundings,
): MachineParts {
  const { plan, guest, exports } = base;
  const ports = new Router();
  const mmio = new Router();
  const crossing = new Crossing(guest, plan, { ports, mmio, event: onGuestEvent });
  const cpus = new CpuControl(guest, plan, exports, host.threads);
  const interrupts = {
    setIrqLine: (gsi: number, level: boolean) => exports.setIrqLine(plan.machine, gsi, level ? 1 : 0),
    raiseMsi: (address: number, data: number) => exports.raiseMsi(plan.machine, address, data),
  };
  const log = host.log.in("devices");
  const trayMoved = ({ device, id, open }: TrayMove): void => {
    host.event({ type: "tray", device: id || device, open });
    qmp.event("DEVICE_TRAY_MOVED", { device, id, "tray-open": open });
  };
  const input = new InputRouter(new Ps2Input(guest, () => cpus.kick(0)), {
    pointer: (mode) => host.event({ type: "pointer", mode }),
    leds: (leds) => host.event({ type: "leds", leds }),
  });
  const openMedium = async (filename: string, readonly: boolean): Promise<Result<OpenDrive, ConfigIssue>> => {
    const drive =
      host.resolveDrive?.({ file: filename, media: "cdrom", readonly }) ??
      err(configIssue("filename", "cannot be opened here"));
    return drive.ok ? openDrive(drive.value, driveListeners(host)) : drive;
  };
  const networks = new Networks(config.netdevs, {
    page: host.page?.id ?? "",
    origin: host.page?.origin ?? "http://localhost",
    notice: (kind, text) => log.guest(kind, text),
  });
  const sources = { config, drives, networks, serialPorts, targets, qmp, openMedium };
  const display = host.display ?? noDisplay;
  const ground = { guest, plan, exports, crossing, ports, mmio, interrupts, input, display, log, trayMoved };
  const devices = new DeviceSet(ground, sources);
  const serial = new SerialPort(
    guest,
    (bytes) => {
      if (config.serial !== "null") host.event({ type: "output", console: "ttyS0", bytes });
    },
    () => cpus.kick(0),
  );
  crossing.addSource(serial.poll);
  const acpi = makeAcpi({ cpus: config.cpus, serial: true, vga: hasVga(config) });
  return { ...base, crossing, cpus, devices, networks, serial, input, acpi };
}

// The only place where devices are constructed: from the configuration to a populated PCI bus.

import type { Display } from "../backends/display/types";
import { cryptoRandom } from "../backends/random/crypto";
import type { Crossing } from "../core/crossing";
import { DeviceMemory } from "../core/device_memory";
import type { GuestMemory } from "../core/guest_memory";
import type { MemoryPlan } from "../core/memory_plan";
import { NotifyWindows } from "../core/notify_windows";
import { PageDiscard } from "../core/page_discard";
import { VringPool } from "../core/vrings";
import type { WasmExports } from "../core/wasm";
import { FW_CFG_PORT, FW_CFG_PORTS, FwCfg } from "../devices/fw_cfg/device";
import { PciBus } from "../devices/pci/bus";
import { addChipset, type Chipset } from "../devices/pci/chipset";
import { GPE_PCI_HOTPLUG, PciHotplug } from "../devices/pci/hotplug";
import type { InterruptSink } from "../devices/pci/intx";
import type { Router } from "../devices/pci/router";
import { VirtioBalloon } from "../devices/virtio/balloon/device";
import { QxlPciDevice } from "../devices/qxl/pci";
import { Vga } from "../devices/vga/device";
import { VirtioBlk } from "../devices/virtio/blk/device";
import type { VirtioDevice } from "../devices/virtio/device";
import { VirtioPciDevice, type VirtioPlatform } from "../devices/virtio/pci";
import { VirtioInput } from "../devices/virtio/input/device";
import { VirtioNet } from "../devices/virtio/net/device";
import { VirtioRng } from "../devices/virtio/rng/device";
import { VirtioSerial } from "../devices/virtio/serial/device";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import type {
  DeviceConfig,
  QxlConfig,
  VirtconsoleConfig,
  VirtioBalloonConfig,
  VirtioBlkConfig,
  VirtioInputConfig,
  VirtioNetConfig,
  VirtioPciOptions,
  VirtioScsiConfig,
  VirtioSerialConfig,
  VirtserialportConfig,
} from "../shared/device_options";
import type { Log } from "../shared/log";
import { parseMac } from "../shared/net/addresses";
import { type ResolvedConfig, scsiBusNames } from "../shared/resolve_config";
import { err, ok, type Result } from "../shared/result";
import { inputKinds, interfacesOf, pathOf, plugReason, qxlOptions, ramBytes } from "./device_words";
import { fixedDisk, type OpenDrive } from "./drives";
import type { InputRouter } from "./input_router";
import type { Networks, OpenNetdev } from "./networks";
import type { QmpServer } from "./qmp/server";
import { rxFilterInfo } from "./qmp/rx_filter";
import type { QmpTargets } from "./qmp/targets";
import { directDevice, type OpenMedium, type ScsiDevice, type ScsiDeviceConfig, ScsiSet, type TrayMove } from "./scsi";
import type { SerialPorts } from "./serial_ports";

/** What the machine offers to its devices. */
export interface DeviceGround {
  readonly guest: GuestMemory;
  readonly plan: MemoryPlan;
  readonly exports: WasmExports;
  readonly crossing: Crossing;
  readonly ports: Router;
  readonly mmio: Router;
  readonly interrupts: InterruptSink;
  readonly input: InputRouter;
  readonly display: Display;
  readonly log: Log;
  /** The tray of a CD-ROM drive opened or closed. */
  readonly trayMoved: (moved: TrayMove) => void;
}

/** A disk as statistics see it. */
interface DiskInUse {
  readonly counters: { readonly readBytes: number; readonly writtenBytes: number; readonly errors: number };
  readonly open: OpenDrive | undefined;
}

/** What the devices are made from. */
export interface DeviceSources {
  readonly config: ResolvedConfig;
  readonly drives: readonly OpenDrive[];
  readonly networks: Networks;
  readonly serialPorts: SerialPorts;
  /** Where devices add what commands act on, and say what has happened to them. */
  readonly targets: QmpTargets;
  readonly qmp: Pick<QmpServer, "event">;
  /** Opens what shall be laid into a drive. */
  readonly openMedium: OpenMedium;
}

/** A device that is there, and how it leaves. */
export interface PresentDevice {
  readonly id: string | undefined;
  readonly driver: string;
  /** A function on the PCI bus; undefined for what sits on another device. */
  readonly pci: VirtioPciDevice | undefined;
  /** That other device. */
  readonly bus?: VirtioDevice;
  /** What it is there, if that is SCSI. */
  readonly unit?: ScsiDevice;
  /** A function on the PCI bus that is no virtio device. */
  readonly display?: QxlPciDevice;
  /** What a person knows it by beside its id. */
  readonly name?: string;
  readonly removed: () => void;
}

/** "asked": the guest lets go of it in its own time; "fixed": it cannot be taken away. */
export type Removal = "asked" | "removed" | "pending" | "fixed" | "not-found";

export class DeviceSet {
  readonly bus: PciBus;
  readonly scsi: ScsiSet;
  readonly cards: { readonly device: VirtioNet; readonly id: string | undefined; readonly netdev: OpenNetdev }[] = [];
  serial: VirtioSerial | undefined;
  balloon: VirtioBalloon | undefined;
  qxl: QxlPciDevice | undefined;
  #vga: Vga | undefined;
  readonly #ground: DeviceGround;
  readonly #chipset: Chipset;
  readonly #fwCfg: FwCfg;
  readonly #platform: VirtioPlatform;
  readonly #hotplug: PciHotplug;
  readonly #input: InputRouter;
  readonly #present: PresentDevice[] = [];
  readonly #blockDisks: DiskInUse[] = [];
  readonly #discard: PageDiscard;
  readonly #ramBytes: number;
  readonly #sources: DeviceSources;
  /** The configured devices are there; what comes now is plugged into a running machine. */
  #populated = false;

  constructor(ground: DeviceGround, sources: DeviceSources) {
    const { guest, plan, exports, crossing, interrupts, log } = ground;
    this.#ground = ground;
    this.#sources = sources;
    this.#input = ground.input;
    const discarded = (open: OpenDrive): void => {
      // The machine's own can be used again.
      if (!sources.drives.includes(open)) open.disk.close();
    };
    const { openMedium } = sources;
    this.scsi = new ScsiSet({ openMedium, trayMoved: ground.trayMoved, discarded }, sources.targets.blocks);
    sources.targets.idleDrives = () => this.#idleDrives().map((open) => fixedDisk(open).info());
    this.bus = new PciBus(ground.ports, ground.mmio, interrupts);
    this.#chipset = addChipset(this.bus);
    this.#ramBytes = ramBytes(plan);
    this.#discard = new PageDiscard(plan.machine, exports, crossing);
    this.#fwCfg = new FwCfg({ cpus: plan.cpuCount, ramBytes: this.#ramBytes });
    ground.ports.add(FW_CFG_PORT, FW_CFG_PORTS, this.#fwCfg);
    this.#hotplug = new PciHotplug(ground.ports, {
      notify: () => {
        exports.raiseGpe(plan.machine, GPE_PCI_HOTPLUG);
        exports.kickCpu(plan.cpus);
      },
      ejected: (slot) => this.#ejected(slot),
      removable: () =>
        this.#present.reduce((slots, { pci }) => (pci === undefined ? slots : slots | (1 << pci.slot)), 0),
    });
    this.#platform = {
      bus: this.bus,
      crossing,
      guest,
      vring: exports,
      vrings: new VringPool(plan.vrings),
      windows: new NotifyWindows(guest),
      interrupts,
      log,
    };
  }

  /** What is there now, in the order in which it came. */
  get present(): readonly PresentDevice[] {
    return this.#present;
  }

  /** Puts the configured devices on the bus. Those that want a certain slot come first. */
  populate(): ConfigIssue | undefined {
    const { devices } = this.#sources.config;
    const placed = devices.filter((device) => "addr" in device && device.addr !== undefined);
    const others = devices.filter((device) => !placed.includes(device));
    const steps = [
      ...placed.map((device) => () => this.#add(device)),
      ...this.#sources.drives.filter((open) => open.drive.if === "virtio").map((open) => () => this.#addDisk(open, {})),
      ...others.map((device) => () => this.#add(device)),
    ];
    for (const step of steps) {
      const issue = step();
      if (issue !== undefined) return issue;
    }
    const issue = this.#addScsiDevices();
    if (issue !== undefined) return issue;
    this.#populated = true;
    return undefined;
  }

  /** All disks that devices use. */
  get disks(): DiskInUse[] {
    return [...this.#blockDisks, ...this.scsi.disks()];
  }

  /** Those that devices use, and those that wait for one. */
  closeDisks(): void {
    const used = this.disks.flatMap(({ open }) => open ?? []);
    for (const { disk } of new Set([...used, ...this.#sources.drives])) disk.close();
  }

  /** All devices to power-on state, with addresses as firmware would assign them. */
  reset(): void {
    this.#hotplug.reset();
    for (const { netdev } of this.cards) netdev.tap.unplug();
    for (const { pci } of this.#present) pci?.powerOn();
    this.#vga?.reset();
    this.qxl?.powerOn();
    this.#chipset.reset();
    this.#fwCfg.reset();
    this.bus.assignResources();
    for (const { device, netdev } of this.cards) netdev.tap.plug(device);
  }

  /** Nothing happens by itself afterwards. */
  close(): void {
    this.#vga?.show(false);
  }

  /** Plugs a device into the running machine and tells the guest. The configuration has been checked by itself. */
  plug(device: DeviceConfig): ConfigIssue | undefined {
    const duplicate = this.#checkId(device);
    if (duplicate !== undefined) return duplicate;
    const before = new Set(this.#present);
    const issue = this.#add(device);
    for (const { pci } of this.#present.filter((other) => !before.has(other))) {
      if (pci !== undefined) this.#hotplug.plugged(pci.slot);
    }
    return issue;
  }

  #checkId(device: DeviceConfig): ConfigIssue | undefined {
    const id = "id" in device ? device.id : undefined;
    if (id === undefined || !this.#present.some((other) => other.id === id)) return undefined;
    return configIssue(`device ${device.driver}: id`, `Duplicate device ID "${id}"`);
  }

  /** Takes a device away: at once where the guest has no say, else when the guest has let go of it. */
  unplug(id: string): Removal {
    const device = this.#present.find((other) => other.id === id);
    if (device === undefined) return "not-found";
    if (device.display !== undefined) return "fixed";
    if (device.pci === undefined) {
      this.#remove(device);
      return "removed";
    }
    if (this.#hotplug.isPending(device.pci.slot)) return "pending";
    this.#hotplug.requestEject(device.pci.slot);
    return "asked";
  }

  /** Takes a SCSI device away, by its own id or by that of its drive. False: there is none. */
  unplugScsi(name: string): boolean {
    const unit = this.scsi.find(name);
    const device = this.#present.find((other) => unit !== undefined && other.unit === unit);
    if (device !== undefined) this.#remove(device);
    return device !== undefined;
  }

  /** Kicks, interrupts and failures of every device's transport, and what passed the network cards, summed. */
  counters(): Record<string, number> {
    const sums = {
      "virtqueue kicks": 0,
      "virtio interrupts": 0,
      "virtio failures": 0,
      "network bytes in": 0,
      "network bytes out": 0,
      "network frames dropped": 0,
    };
    for (const { pci } of this.#present) {
      if (pci === undefined) continue;
      const { counters } = pci.transport;
      sums["virtqueue kicks"] += counters.kicks;
      sums["virtio interrupts"] += counters.interrupts;
      sums["virtio failures"] += counters.failures;
    }
    for (const { device } of this.cards) {
      sums["network bytes in"] += device.counters.bytesIn;
      sums["network bytes out"] += device.counters.bytesOut;
      sums["network frames dropped"] += device.counters.droppedIn + device.counters.badFrames;
    }
    return { ...sums, ...this.#displayCounters() };
  }

  #add(device: DeviceConfig): ConfigIssue | undefined {
    switch (device.driver) {
      case "virtio-serial-pci":
        return this.#addSerial(device);
      case "virtio-blk-pci":
        return this.#addNamedDisk(device);
      case "virtio-rng-pci":
        return this.#plug(new VirtioRng(cryptoRandom), device);
      case "qxl-vga":
      case "qxl":
        return this.#populated
          ? configIssue(`device ${device.driver}`, "cannot be plugged into a running machine")
          : this.#addQxl(device);
      case "virtio-net-pci":
        return this.#addCard(device);
      case "virtio-scsi-pci":
        return this.#addController(device);
      case "scsi-hd":
      case "scsi-cd":
        // Those of the configuration come when all controllers are there.
        return this.#populated ? this.#addScsi(device) : undefined;
      case "virtio-keyboard-pci":
      case "virtio-mouse-pci":
      case "virtio-tablet-pci":
        return this.#addInput(device);
      case "virtio-balloon-pci":
        return this.#addBalloon(device);
      case "virtconsole":
      case "virtserialport":
        // Those of the configuration come with virtio-serial.
        return this.#populated ? this.#addPort(device) : undefined;
      case "isa-debug-exit":
        // A chip of assembly/platform: configureChips.
        return this.#populated
          ? configIssue("device isa-debug-exit", "cannot be plugged into a running machine")
          : undefined;
    }
  }

  #displayCounters(): Record<string, number> {
    if (this.qxl === undefined) return {};
    const { drawn, ...counters } = this.qxl.device.counters;
    const named = [...Object.entries(counters), ...Object.entries(drawn)];
    return Object.fromEntries(named.map(([name, value]) => [`qxl ${name}`, value]));
  }

  #addQxl(device: QxlConfig): ConfigIssue | undefined {
    const { bus, crossing, guest, windows, log } = this.#platform;
    const { exports, plan, display } = this.#ground;
    const memory = new DeviceMemory(guest, plan);
    const platform = { bus, crossing, guest, exports, memory, windows, log };
    const slot = device.addr === undefined ? {} : { slot: device.addr };
    const plugged = QxlPciDevice.plug(platform, display, { ...qxlOptions(device), ...slot });
    if (!plugged.ok) return configIssue(`device ${device.driver}`, plugReason(plugged.error, device));
    this.qxl = plugged.value;
    const { id, driver } = device;
    this.#present.push({ id, driver, pci: undefined, display: plugged.value, removed: () => undefined });
    return device.driver === "qxl-vga" ? this.#addVga(memory, plugged.value) : undefined;
  }

  /** What is shown until the display's driver takes over. */
  #addVga(memory: DeviceMemory, { device, scanout }: QxlPciDevice): ConfigIssue | undefined {
    const { guest, ports, mmio } = this.#ground;
    const vga = Vga.attach({ guest, memory, ports, mmio }, scanout);
    if (vga === undefined) return configIssue("device qxl-vga", "the machine has no memory left for devices");
    device.onMode = (mode) => vga.show(mode === "vga");
    this.#vga = vga;
    return undefined;
  }

  #addNamedDisk(device: VirtioBlkConfig): ConfigIssue | undefined {
    const open = this.#freeDrive(device.driver, device.drive);
    return open.ok ? this.#addDisk(open.value, device, device.serial) : open.error;
  }

  /** A drive that no device has. */
  #freeDrive(driver: string, id: string): Result<OpenDrive, ConfigIssue> {
    const open = this.#sources.drives.find(({ drive }) => drive.id === id);
    const idle = this.#idleDrives();
    if (open !== undefined && idle.includes(open)) return ok(open);
    const reason = open === undefined ? `there is no drive "${id}"` : `"${id}" is in use by another device`;
    const free = idle.map(({ drive }) => `drive=${drive.id}`);
    return err(configIssue(`device ${driver}: drive`, reason, free));
  }

  #idleDrives(): OpenDrive[] {
    const used = this.disks.map((disk) => disk.open);
    return this.#sources.drives.filter((open) => !used.includes(open));
  }

  #addDisk(open: OpenDrive, options: VirtioPciOptions, serial = open.drive.serial): ConfigIssue | undefined {
    const device = new VirtioBlk(open.disk, { serial });
    const disk = { counters: device.counters, open };
    const target = fixedDisk(open, options.id);
    this.#blockDisks.push(disk);
    this.#sources.targets.blocks.add(target);
    return this.#plug(device, { ...options, name: open.drive.id }, () => {
      this.#blockDisks.splice(this.#blockDisks.indexOf(disk), 1);
      this.#sources.targets.blocks.delete(target);
    });
  }

  #addController(options: Omit<VirtioScsiConfig, "driver">): ConfigIssue | undefined {
    const { num_queues: queues, id } = options;
    const name = this.#populated ? `${id ?? `scsi${this.scsi.controllers}`}.0` : this.#nextBusName();
    const device = this.scsi.addController(name, queues === undefined ? {} : { queues });
    return this.#plug(device, options, () => {
      for (const child of this.#present.filter(({ bus }) => bus === device)) this.#remove(child);
      this.scsi.removeController(device);
    });
  }

  /** Of the configured controllers, in their order. */
  #nextBusName(): string {
    return scsiBusNames(this.#sources.config.devices)[this.scsi.controllers] ?? this.scsi.defaultBus;
  }

  /** Those with an address first; drives with if=scsi have a controller made for them if there is none. */
  #addScsiDevices(): ConfigIssue | undefined {
    const { config, drives } = this.#sources;
    this.scsi.defaultBus = scsiBusNames(config.devices)[0] ?? this.scsi.defaultBus;
    const direct = drives.filter(({ drive }) => drive.if === "scsi");
    if (direct.length > 0 && this.scsi.controllers === 0) {
      const issue = this.#addController({});
      if (issue !== undefined) return issue;
    }
    const devices = config.devices.filter((device) => device.driver === "scsi-hd" || device.driver === "scsi-cd");
    const steps = [
      ...devices.filter((device) => device["scsi-id"] !== undefined).map((device) => () => this.#addScsi(device)),
      ...direct.map((open) => () => this.addScsi(directDevice(open), open)),
      ...devices.filter((device) => device["scsi-id"] === undefined).map((device) => () => this.#addScsi(device)),
    ];
    for (const step of steps) {
      const issue = step();
      if (issue !== undefined) return issue;
    }
    return undefined;
  }

  #addScsi(device: ScsiDeviceConfig): ConfigIssue | undefined {
    if (device.drive === undefined) return this.addScsi(device, undefined);
    const open = this.#freeDrive(device.driver, device.drive);
    return open.ok ? this.addScsi(device, open.value) : open.error;
  }

  /** A disk or CD-ROM drive behind a controller. */
  addScsi(device: ScsiDeviceConfig, open: OpenDrive | undefined): ConfigIssue | undefined {
    const duplicate = this.#checkId(device);
    if (duplicate !== undefined) return duplicate;
    const added = this.scsi.add(device, open);
    if (!added.ok) return added.error;
    const unit = added.value;
    const removed = (): void => this.scsi.remove(unit);
    const { driver, id } = device;
    const name = unit.backend;
    this.#present.push({ id, driver, pci: undefined, bus: unit.controller.device, unit, name, removed });
    return undefined;
  }

  #addCard(options: VirtioNetConfig): ConfigIssue | undefined {
    const { networks, targets, qmp } = this.#sources;
    const netdev = networks.find(options.netdev);
    const isUsed = (other: OpenNetdev): boolean => this.cards.some((card) => card.netdev === other);
    if (netdev === undefined || isUsed(netdev)) {
      const reason = netdev === undefined ? "is no netdev" : "is in use by another device";
      const free = networks.all.filter((other) => !isUsed(other)).map(({ id }) => `netdev=${id}`);
      return configIssue("device virtio-net-pci: netdev", `"${options.netdev}" ${reason}`, free);
    }
    const mac = options.mac === undefined ? undefined : parseMac(options.mac);
    const device = new VirtioNet(netdev.tap, {
      mac: mac ?? this.#freeMac(netdev),
      ...(options.host_mtu === undefined ? {} : { mtu: options.host_mtu }),
      filterChanged: () =>
        qmp.event("NIC_RX_FILTER_CHANGED", {
          ...(options.id === undefined ? {} : { name: options.id }),
          path: pathOf(options.id),
        }),
    });
    const card = { device, id: options.id, netdev };
    const names = [netdev.id, options.id].filter((name) => name !== undefined);
    this.cards.push(card);
    const target = {
      setLink: (up: boolean) => device.setLink(up),
      rxFilter: () => rxFilterInfo(options.id ?? netdev.id, device.mac, device.lookAtFilter()),
    };
    for (const name of names) targets.cards.set(name, target);
    return this.#plug(device, options, () => {
      netdev.tap.unplug();
      this.cards.splice(this.cards.indexOf(card), 1);
      for (const name of names) targets.cards.delete(name);
    });
  }

  /** QEMU's, the first that no other card has; on a switch, where other machines have cards too, three random bytes instead. */
  #freeMac({ socket }: OpenNetdev): Uint8Array {
    const mac = Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56);
    if (socket !== undefined) {
      cryptoRandom.fill(mac.subarray(3));
      return mac;
    }
    while (this.cards.some(({ device }) => device.mac.every((byte, index) => byte === mac[index]))) {
      mac[5] = ((mac[5] ?? 0) + 1) & 0xff;
    }
    return mac;
  }

  #addInput(config: VirtioInputConfig): ConfigIssue | undefined {
    const { serial } = config;
    const device = new VirtioInput(inputKinds[config.driver], serial === undefined ? {} : { serial });
    this.#input.add(device);
    return this.#plug(device, config, () => this.#input.remove(device));
  }

  #addBalloon(options: VirtioBalloonConfig): ConfigIssue | undefined {
    if (this.balloon !== undefined) return configIssue("device virtio-balloon-pci", "given twice");
    const balloon = new VirtioBalloon(this.#discard, {
      ramBytes: this.#ramBytes,
      deflateOnOom: options["deflate-on-oom"] ?? true,
      freePageReporting: options["free-page-reporting"] ?? true,
      changed: (actual) => this.#sources.qmp.event("BALLOON_CHANGE", { actual }),
    });
    this.balloon = balloon;
    return this.#plug(balloon, options, () => (this.balloon = undefined));
  }

  #addSerial(device: VirtioSerialConfig): ConfigIssue | undefined {
    const { serialPorts, config } = this.#sources;
    if (this.serial !== undefined) return configIssue("device virtio-serial-pci", "given twice");
    const serial = new VirtioSerial(device.max_ports);
    this.serial = serial;
    serialPorts.bus = serial;
    for (const port of this.#populated ? [] : config.devices) {
      if (port.driver !== "virtconsole" && port.driver !== "virtserialport") continue;
      const issue = this.#addPort(port);
      if (issue !== undefined) return issue;
    }
    return this.#plug(serial, device, () => {
      this.serial = undefined;
      for (const child of this.#present.filter(({ bus }) => bus === serial)) this.#remove(child);
      serialPorts.bus = undefined;
    });
  }

  #addPort(port: VirtconsoleConfig | VirtserialportConfig): ConfigIssue | undefined {
    const { serialPorts } = this.#sources;
    const issue = serialPorts.add(port);
    if (issue !== undefined || this.serial === undefined) return issue;
    const removed = (): void => serialPorts.remove(port);
    const name = serialPorts.nameOf(port);
    this.#present.push({ id: port.id, driver: port.driver, pci: undefined, bus: this.serial, name, removed });
    return undefined;
  }

  /** `removed` undoes what was done beside plugging, also if plugging fails. */
  #plug(
    device: VirtioDevice,
    options: VirtioPciOptions & { readonly name?: string },
    removed: () => void = () => undefined,
  ): ConfigIssue | undefined {
    const plugged = VirtioPciDevice.plug(device, this.#platform, {
      ...(options.addr === undefined ? {} : { slot: options.addr }),
      interfaces: interfacesOf(options),
    });
    if (!plugged.ok) {
      removed();
      return configIssue(`device ${device.name}-pci`, plugReason(plugged.error, options));
    }
    const { id, name = "" } = options;
    this.#present.push({ id, driver: `${device.name}-pci`, pci: plugged.value, name, removed });
    return undefined;
  }

  #ejected(slot: number): void {
    const device = this.#present.find(({ pci }) => pci?.slot === slot);
    if (device !== undefined) this.#remove(device);
  }

  #remove(device: PresentDevice): void {
    this.#present.splice(this.#present.indexOf(device), 1);
    device.pci?.unplug();
    device.removed();
    const { id } = device;
    const data = id === undefined ? {} : { device: id };
    this.#sources.qmp.event("DEVICE_DELETED", { ...data, path: pathOf(id) });
  }
}

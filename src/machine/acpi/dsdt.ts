// The DSDT: the namespace that the guest's ACPI interpreter sees. Everything is fixed but what hot-plug does.

import * as Pm from "../../../assembly/layout/pm";
import { HOTPLUG_PORT, HOTPLUG_PORTS } from "../../devices/pci/hotplug";
import { gsiOf } from "../../devices/pci/intx";
import {
  busWindow,
  device,
  eisaId,
  integer,
  ioPorts,
  isaInterrupt,
  memoryWindow,
  name,
  packageOf,
  portWindow,
  resources,
  scope,
  type Aml,
} from "./aml";
import { hotplugEvent, hotplugSlots } from "./hotplug";

export interface DsdtOptions {
  /** A UART at 3F8h. */
  readonly serial: boolean;
  /** A VGA adapter: its window below 1 MiB belongs to PCI. */
  readonly vga: boolean;
}

/** What QEMU's machines use: the value that the guest writes as SLP_TYP to power off. */
export const S5_SLEEP_TYPE = 0;

const SLOTS = 32;
const PINS = 4;
/** The window for BARs: from where RAM ends at the latest to below the IOAPIC. */
const MEMORY_WINDOW = { first: 0xc0000000, last: 0xfebfffff };

export function makeDsdt(options: DsdtOptions): Aml {
  const sleep = packageOf(...[S5_SLEEP_TYPE, S5_SLEEP_TYPE, 0, 0].map(integer));
  return [...scope("\\_SB", pciRoot(options), chipsetPorts()), ...hotplugEvent(), ...name("\\_S5", sleep)];
}

function pciRoot(options: DsdtOptions): Aml {
  const windows = [
    busWindow(0, 255),
    // The configuration ports belong to the bridge itself.
    ioPorts(0xcf8, 8),
    portWindow(0, 0xcf7),
    portWindow(0xd00, 0xffff),
    ...(options.vga ? [memoryWindow(0xa0000, 0xbffff)] : []),
    memoryWindow(MEMORY_WINDOW.first, MEMORY_WINDOW.last),
  ];
  return device(
    "PCI0",
    name("_HID", eisaId("PNP0A03")),
    name("_UID", integer(0)),
    name("_BBN", integer(0)),
    name("_CRS", resources(...windows)),
    name("_PRT", interruptRouting()),
    isaBridge(options),
    ...hotplugSlots(),
  );
}

/** Ports behind the windows that are taken: nothing may be assigned there. */
function chipsetPorts(): Aml {
  const ports = resources(ioPorts(HOTPLUG_PORT, HOTPLUG_PORTS), ioPorts(Pm.GPE_PORT, 4));
  return device("RES0", name("_HID", eisaId("PNP0C02")), name("_UID", integer(1)), name("_CRS", ports));
}

/** _PRT (6.2.13): address of all functions of a slot, pin, no link device, global interrupt. */
function interruptRouting(): Aml {
  const routes: Aml[] = [];
  // Slot 0 is the host bridge, which interrupts nobody.
  for (let slot = 1; slot < SLOTS; slot++) {
    for (let pin = 1; pin <= PINS; pin++) {
      const fields = [slot * 0x10000 + 0xffff, pin - 1, 0, gsiOf(slot, pin)];
      routes.push(packageOf(...fields.map(integer)));
    }
  }
  return packageOf(...routes);
}

function isaBridge(options: DsdtOptions): Aml {
  return device(
    "ISA",
    name("_ADR", integer(0x10000)),
    isaDevice("KBD", "PNP0303", ioPorts(0x60, 1), ioPorts(0x64, 1), isaInterrupt(1)),
    isaDevice("MOU", "PNP0F13", isaInterrupt(12)),
    isaDevice("RTC", "PNP0B00", ioPorts(0x70, 2), isaInterrupt(8)),
    ...(options.serial ? [isaDevice("COM1", "PNP0501", ioPorts(0x3f8, 8), isaInterrupt(4))] : []),
  );
}

function isaDevice(path: string, id: string, ...settings: readonly Aml[]): Aml {
  // Enabled, working, shown: _STA is left out, which says the same (6.3.7).
  const uid = path === "COM1" ? [name("_UID", integer(1))] : [];
  return device(path, name("_HID", eisaId(id)), ...uid, name("_CRS", resources(...settings)));
}

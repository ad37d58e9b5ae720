// What the DSDT says of PCI hot-plug: a device per slot that can be ejected, and the method that the general-purpose event
// starts. Names and ports are QEMU's for the PIIX4 (docs/specs/acpi_pci_hotplug), registers in devices/pci/hotplug.ts.

import { BUS_SELECT, HOTPLUG_PORT, SLOT_EJECT, SLOT_UP } from "../../devices/pci/hotplug";
import {
  acquire,
  and,
  arg0,
  arg1,
  device,
  integer,
  invoke,
  method,
  mutex,
  name,
  notify,
  portRegisters,
  release,
  scope,
  shiftLeft,
  store,
  when,
  type Aml,
} from "./aml";

/** 0 is the host bridge, 1 the ISA bridge. */
const FIRST_SLOT = 2;
const SLOTS = 32;
const slots = Array.from({ length: SLOTS - FIRST_SLOT }, (_, i) => FIRST_SLOT + i);
/** Arguments of Notify (5.6.6). */
const DEVICE_CHECK = integer(1);
const EJECT_REQUEST = integer(3);

/** "S18": the device and function number in hex. */
function slotName(slot: number): string {
  return `S${(slot * 8).toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Inside the device of the PCI root. */
export function hotplugSlots(): Aml[] {
  return [
    portRegisters("PCST", HOTPLUG_PORT + SLOT_UP, ["PCIU", "PCID"]),
    portRegisters("SEJ", HOTPLUG_PORT + SLOT_EJECT, ["B0EJ"]),
    portRegisters("BNMR", HOTPLUG_PORT + BUS_SELECT, ["BNUM"]),
    mutex("BLCK"),
    // PCEJ(bus, slot) ejects.
    method(
      "PCEJ",
      2,
      acquire("BLCK"),
      store(arg0, "BNUM"),
      store(shiftLeft(integer(1), arg1), "B0EJ"),
      release("BLCK"),
    ),
    ...slots.map((slot) =>
      device(
        slotName(slot),
        name("_SUN", integer(slot)),
        name("_ADR", integer(slot * 0x10000)),
        method("_EJ0", 1, invoke("PCEJ", integer(0), invoke("_SUN"))),
      ),
    ),
    // DVNT(slots, event) tells every device whose bit is set.
    method("DVNT", 2, ...slots.map((slot) => when(and(arg0, integer(2 ** slot)), notify(slotName(slot), arg1)))),
    method(
      "PCNT",
      0,
      store(integer(0), "BNUM"),
      invoke("DVNT", invoke("PCIU"), DEVICE_CHECK),
      invoke("DVNT", invoke("PCID"), EJECT_REQUEST),
    ),
  ];
}

/** At the root: the event's method. */
export function hotplugEvent(): Aml {
  const lock = "\\_SB.PCI0.BLCK";
  return scope("\\_GPE", method("_E01", 0, acquire(lock), invoke("\\_SB.PCI0.PCNT"), release(lock)));
}

// Hot-plug of PCI devices as QEMU's PIIX4 has it: a block of ports by which the guest's ACPI finds out which slots have
// changed, and by which it ejects (QEMU, docs/specs/acpi_pci_hotplug). The methods that use it are in the DSDT; the
// general-purpose event that starts them is `GPE_PCI_HOTPLUG`.

import type { AccessSize } from "../../core/crossing";
import type { RegisterHandler, Router } from "./router";

export const HOTPLUG_PORT = 0xae00;
export const HOTPLUG_PORTS = 0x18;
/** Bit of GPE0, and number of the method _E01. */
export const GPE_PCI_HOTPLUG = 1;

export const SLOT_UP = 0;
export const SLOT_DOWN = 4;
export const SLOT_EJECT = 8;
const SLOT_REMOVABLE = 12;
export const BUS_SELECT = 16;

export interface HotplugOwner {
  /** Raises the general-purpose event. */
  notify(): void;
  /** The guest has let go of a slot. */
  ejected(slot: number): void;
  /** Bit per slot: the guest may eject what is in it. */
  removable(): number;
}

export class PciHotplug implements RegisterHandler {
  readonly #owner: HotplugOwner;
  /** Slots with a device that the guest has not heard of, and with one that it shall let go of. */
  #up = 0;
  #down = 0;
  #bus = 0;

  constructor(ports: Router, owner: HotplugOwner) {
    this.#owner = owner;
    ports.add(HOTPLUG_PORT, HOTPLUG_PORTS, this);
  }

  /** A device has appeared. */
  plugged(slot: number): void {
    this.#up |= 1 << slot;
    this.#owner.notify();
  }

  /** Asks the guest to let go of a slot. */
  requestEject(slot: number): void {
    this.#down |= 1 << slot;
    this.#owner.notify();
  }

  /** Whether the guest has been asked for this slot and has not answered. */
  isPending(slot: number): boolean {
    return (this.#down & (1 << slot)) !== 0;
  }

  /** The guest starts over: it will find what is there, and cannot hold on to what shall go. */
  reset(): void {
    const leaving = this.#down;
    this.#up = 0;
    this.#down = 0;
    this.#bus = 0;
    for (let slot = 0; slot < 32; slot++) if ((leaving & (1 << slot)) !== 0) this.#owner.ejected(slot);
  }

  read(offset: number, size: AccessSize): number {
    if (size !== 4) return 0;
    if (offset === BUS_SELECT) return this.#bus;
    // There is one bus.
    if (this.#bus !== 0) return 0;
    if (offset === SLOT_UP) return this.#takeUp();
    if (offset === SLOT_DOWN) return this.#down >>> 0;
    return offset === SLOT_REMOVABLE ? this.#owner.removable() >>> 0 : 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (size !== 4) return;
    if (offset === BUS_SELECT) this.#bus = value;
    else if (offset === SLOT_EJECT && this.#bus === 0) this.#eject(value);
  }

  /** Reading says that the guest knows. */
  #takeUp(): number {
    const up = this.#up >>> 0;
    this.#up = 0;
    return up;
  }

  /** The guest may eject without having been asked (`echo 0 > /sys/bus/pci/slots/N/power`). */
  #eject(slots: number): void {
    const allowed = slots & this.#owner.removable();
    this.#up &= ~allowed;
    this.#down &= ~allowed;
    for (let slot = 0; slot < 32; slot++) if ((allowed & (1 << slot)) !== 0) this.#owner.ejected(slot);
  }
}

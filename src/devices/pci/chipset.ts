// The board's own functions, as an i440FX with PIIX3 shows them: enough identity for Linux, SeaBIOS and OVMF.
// The registers behind them (PIC, PM timer, reset port) are chips of assembly/platform.

import type { PciBus } from "./bus";
import { type FunctionIdentity, PciFunction } from "./function";
import { PIRQ_DEFAULTS, PIRQ_WIRES } from "./intx";
import * as Pci from "./registers";
import { SMBUS_BASE, SmbusHost } from "./smbus";

const PIRQ_ROUTE = 0x60;
export const PM_BASE = 0x600;

const INTEL = 0x8086;

function intel(
  device: number,
  revision: number,
  classCode: number,
  more: Partial<FunctionIdentity> = {},
): FunctionIdentity {
  const subsystem = { subsystemVendor: Pci.QEMU_SUBSYSTEM_VENDOR, subsystem: Pci.QEMU_SUBSYSTEM };
  return { vendor: INTEL, device, revision, classCode, interruptPin: 0, ...subsystem, ...more };
}

/** 00:00.0. PAM and SMRAM registers can be written and read; the memory behind them is RAM in any case. */
function hostBridge(): PciFunction {
  const fn = new PciFunction(intel(0x1237, 2, 0x060000));
  fn.allowWrites(0x59, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
  fn.allowWrites(0x72, 0xff);
  return fn;
}

/** 00:01.0: routes the four interrupt wires to the PIC. */
function isaBridge(bus: PciBus): PciFunction {
  const fn = new PciFunction(intel(0x7000, 0, 0x060100, { multifunction: true }));
  fn.allowWrites(PIRQ_ROUTE, ...Array.from({ length: PIRQ_WIRES }, () => 0x8f));
  fn.onWritten = () => routeWires(fn, bus);
  return fn;
}

function routeWires(fn: PciFunction, bus: PciBus): void {
  for (let wire = 0; wire < PIRQ_WIRES; wire++) bus.wires.route(wire, fn.config[PIRQ_ROUTE + wire] ?? 0x80);
}

/** 00:01.3. Byte 5Bh = 2 (DEVACTB: APM control enabled) tells SeaBIOS that SMM needs no set-up. */
function powerManagement(): PciFunction {
  const fn = new PciFunction(intel(0x7113, 3, 0x068000, { interruptPin: 1 }));
  fn.allowWrites(0x41, 0xff);
  fn.allowWrites(0x80, 0x01);
  fn.allowWrites(0x90, 0xf0, 0xff);
  fn.allowWrites(0xd2, 0x0f);
  return fn;
}

function resetPowerManagement(fn: PciFunction): void {
  fn.setU32(0x40, PM_BASE | 1);
  fn.config[0x5b] = 0x02;
  fn.config[0x80] = 0x01;
  // SMBus host controller where SeaBIOS puts it, enabled, interrupting as SMI: Linux's i2c-piix4 complains otherwise.
  fn.setU32(0x90, SMBUS_BASE | 1);
  fn.config[0xd2] = 0x09;
  fn.config[0xd6] = 0x00;
  fn.config[Pci.INTERRUPT_LINE] = 9;
}

export interface Chipset {
  /** Registers to what firmware leaves behind. */
  reset(): void;
}

export function addChipset(bus: PciBus): Chipset {
  const isa = isaBridge(bus);
  const pm = powerManagement();
  const smbus = new SmbusHost();
  bus.add(hostBridge(), 0);
  bus.add(isa, 1, 0);
  bus.add(pm, 1, 3);
  bus.ports.add(SMBUS_BASE, 16, smbus);
  const reset = (): void => {
    isa.config.set(PIRQ_DEFAULTS, PIRQ_ROUTE);
    routeWires(isa, bus);
    resetPowerManagement(pm);
    smbus.reset();
  };
  reset();
  return { reset };
}

// The static ACPI tables (ACPI 6.4, chapter 5), laid out in the BIOS area from the root pointer on.

import * as Pm from "../../../assembly/layout/pm";
import { Structure } from "../boot/structure";
import { makeDsdt } from "./dsdt";

export interface AcpiOptions {
  readonly cpus: number;
  readonly serial: boolean;
  readonly vga: boolean;
}

export interface AcpiImage {
  /** Address of the root pointer. */
  readonly rsdp: number;
  readonly gpa: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Guests without a boot protocol that says more search from here on (5.2.5.1). */
const START = 0xe0000;
const END = 0x100000;
const HEADER_SIZE = 36;
const ALIGN = 64;

const SMI_COMMAND = 0xb2;
const PM1A_CONTROL = Pm.PORT + 4;
const PM_TIMER = Pm.PORT + 8;
const RESET_PORT = 0xcf9;
/** System reset and CPU reset: a hard reset. */
const RESET_VALUE = 6;
const CMOS_CENTURY = 0x32;
const IOAPIC_ADDRESS = 0xfec00000;
const LAPIC_ADDRESS = 0xfee00000;

export function makeAcpi(options: AcpiOptions): AcpiImage {
  const area = new Area();
  const dsdt = area.add(finish("DSDT", 2, Uint8Array.from(makeDsdt(options))));
  const facs = area.add(makeFacs());
  const fadt = area.add(makeFadt(dsdt, facs, options));
  const madt = area.add(makeMadt(options.cpus));
  const xsdt = area.add(makeXsdt([fadt, madt]));
  area.putFirst(makeRsdp(xsdt));
  return { rsdp: START, gpa: START, bytes: area.bytes() };
}

/** Places tables one after the other behind the root pointer. */
class Area {
  readonly #parts: { at: number; bytes: Uint8Array }[] = [];
  #next = START + ALIGN;

  add(bytes: Uint8Array): number {
    const at = this.#next;
    this.#parts.push({ at, bytes });
    this.#next = Math.ceil((at + bytes.length) / ALIGN) * ALIGN;
    if (this.#next > END) throw new Error("the ACPI tables do not fit into the BIOS area");
    return at;
  }

  putFirst(bytes: Uint8Array): void {
    this.#parts.push({ at: START, bytes });
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#next - START);
    for (const part of this.#parts) bytes.set(part.bytes, part.at - START);
    return bytes;
  }
}

function checksum(bytes: Uint8Array): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
}

/** A table from its body: header (5.2.6) in front, checksum made. */
function finish(signature: string, revision: number, body: Uint8Array): Uint8Array {
  const table = new Structure(HEADER_SIZE + body.length);
  table.ascii(0, signature).u32(4, table.bytes.length).u8(8, revision);
  table.ascii(10, "TABVSR").ascii(16, "TABVISOR").u32(24, 1).ascii(28, "TABV").u32(32, 1);
  table.copy(HEADER_SIZE, body);
  return table.u8(9, checksum(table.bytes)).bytes;
}

/** 5.2.5.3. The first checksum covers what ACPI 1.0 knew. */
function makeRsdp(xsdt: number): Uint8Array {
  const rsdp = new Structure(36).ascii(0, "RSD PTR ").ascii(9, "TABVSR").u8(15, 2).u32(20, 36).u64(24, xsdt);
  rsdp.u8(8, checksum(rsdp.bytes.subarray(0, 20)));
  return rsdp.u8(32, checksum(rsdp.bytes)).bytes;
}

function makeXsdt(tables: readonly number[]): Uint8Array {
  const body = new Structure(tables.length * 8);
  tables.forEach((table, i) => body.u64(i * 8, table));
  return finish("XSDT", 1, body.bytes);
}

/** 5.2.10: no checksum, no firmware that would wake up. */
function makeFacs(): Uint8Array {
  return new Structure(64).ascii(0, "FACS").u32(4, 64).u8(32, 1).bytes;
}

/** FADT flags (table 5.10). The power button is fixed hardware, hence bit 4 clear; there is no sleep button. */
const FADT_FLAGS = {
  wbinvd: 1 << 0,
  c1OnAllCpus: 1 << 2,
  noSleepButton: 1 << 5,
  resetRegister: 1 << 10,
};
const IAPC_LEGACY_DEVICES = 1;
const IAPC_8042 = 2;
const IAPC_NO_VGA = 4;
/** Latencies that say "there is no such state". */
const NO_C2 = 101;
const NO_C3 = 1001;

/** 5.2.9, in the size of ACPI 2.0. Offsets are the specification's, less the header. */
function makeFadt(dsdt: number, facs: number, options: AcpiOptions): Uint8Array {
  const body = new Structure(244 - HEADER_SIZE);
  const at = (offset: number) => offset - HEADER_SIZE;
  body.u32(at(36), facs).u32(at(40), dsdt).u8(at(45), 1).u16(at(46), Pm.SCI_IRQ);
  // There is no SMM: port B2h itself knows the two commands (PIIX4 data sheet, 7.3.1; the values are QEMU's).
  body.u32(at(48), SMI_COMMAND).u8(at(52), Pm.ACPI_ENABLE).u8(at(53), Pm.ACPI_DISABLE);
  body.u32(at(56), Pm.PORT).u32(at(64), PM1A_CONTROL).u32(at(76), PM_TIMER).u32(at(80), Pm.GPE_PORT);
  body.u8(at(88), 4).u8(at(89), 2).u8(at(91), 4).u8(at(92), 4);
  body.u16(at(96), NO_C2).u16(at(98), NO_C3).u8(at(108), CMOS_CENTURY);
  body.u16(at(109), IAPC_LEGACY_DEVICES | IAPC_8042 | (options.vga ? 0 : IAPC_NO_VGA));
  body.u32(
    at(112),
    Object.values(FADT_FLAGS).reduce((all, flag) => all | flag, 0),
  );
  address(body, at(116), RESET_PORT, 1, 1);
  body.u8(at(128), RESET_VALUE);
  body.u64(at(132), facs).u64(at(140), dsdt);
  address(body, at(148), Pm.PORT, 4, 2);
  address(body, at(172), PM1A_CONTROL, 2, 2);
  address(body, at(208), PM_TIMER, 4, 3);
  address(body, at(220), Pm.GPE_PORT, 4, 1);
  return finish("FACP", 3, body.bytes);
}

/** A port as a generic address (5.2.3.2); `access` is 1, 2 or 3 for bytes, words, dwords. */
function address(body: Structure, at: number, port: number, bytes: number, access: number): void {
  body
    .u8(at, 1)
    .u8(at + 1, bytes * 8)
    .u8(at + 3, access)
    .u64(at + 4, port);
}

const MADT_PCAT_COMPAT = 1;
/** MPS INTI flags (table 5.28): active high, level-triggered. */
const ACTIVE_HIGH_LEVEL = 0x0d;

/** 5.2.12 */
function makeMadt(cpus: number): Uint8Array {
  const entries: number[][] = [];
  for (let cpu = 0; cpu < cpus; cpu++) entries.push([0, 8, cpu, cpu, 1, 0, 0, 0]);
  entries.push([1, 12, 0, 0, ...u32(IOAPIC_ADDRESS), ...u32(0)]);
  // The PIT reaches the IOAPIC at input 2; the SCI is a shared level.
  entries.push([2, 10, 0, 0, ...u32(2), 0, 0]);
  entries.push([2, 10, 0, Pm.SCI_IRQ, ...u32(Pm.SCI_IRQ), ACTIVE_HIGH_LEVEL, 0]);
  // LINT1 of all CPUs is the NMI.
  entries.push([4, 6, 0xff, 0, 0, 1]);
  return finish("APIC", 3, Uint8Array.from([...u32(LAPIC_ADDRESS), ...u32(MADT_PCAT_COMPAT), ...entries.flat()]));
}

function u32(value: number): number[] {
  return [...new Structure(4).u32(0, value).bytes];
}

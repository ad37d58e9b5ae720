import { describe, expect, it } from "vitest";
import { gsiOf } from "../../devices/pci/intx";
import {
  acquire,
  and,
  arg0,
  arg1,
  eisaId,
  integer,
  method,
  name,
  notify,
  packageOf,
  resources,
  scope,
  shiftLeft,
  store,
  when,
} from "./aml";
import { makeAcpi, type AcpiOptions } from "./tables";

const options: AcpiOptions = { cpus: 2, serial: true, vga: false };

function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => total + byte, 0) & 0xff;
}

/** Reads the tables back from memory, as a guest does: root pointer, XSDT, then by signature. */
function tablesOf(acpi: AcpiOptions): Map<string, Uint8Array> {
  const { gpa, rsdp, bytes } = makeAcpi(acpi);
  const view = new DataView(bytes.buffer);
  const root = rsdp - gpa;
  expect(Buffer.from(bytes.subarray(root, root + 8)).toString()).toBe("RSD PTR ");
  expect(sum(bytes.subarray(root, root + 20))).toBe(0);
  expect(sum(bytes.subarray(root, root + 36))).toBe(0);
  const found = new Map<string, Uint8Array>();
  const read = (address: number): Uint8Array => {
    const at = address - gpa;
    const table = bytes.subarray(at, at + view.getUint32(at + 4, true));
    const signature = Buffer.from(table.subarray(0, 4)).toString();
    if (signature !== "FACS") expect(sum(table)).toBe(0);
    found.set(signature, table);
    return table;
  };
  const xsdt = read(Number(view.getBigUint64(root + 24, true)));
  for (let at = 36; at < xsdt.length; at += 8) read(u64(xsdt, at));
  const fadt = found.get("FACP");
  if (fadt === undefined) throw new Error("no FADT");
  expect(u32(fadt, 40)).toBe(u64(fadt, 140));
  expect(u32(fadt, 36)).toBe(u64(fadt, 132));
  read(u64(fadt, 140));
  read(u64(fadt, 132));
  return found;
}

function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

function u64(bytes: Uint8Array, at: number): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true));
}

/** Walks the namespace as far as our DSDT goes; throws on a byte that it does not know. */
function parseAml(bytes: Uint8Array): string[] {
  const paths: string[] = [];
  const text = (at: number) => Buffer.from(bytes.subarray(at, at + 4)).toString();
  const length = (at: number): { end: number; next: number } => {
    const lead = bytes[at] ?? 0;
    const more = lead >> 6;
    let value = more === 0 ? lead & 0x3f : lead & 0xf;
    for (let i = 0; i < more; i++) value += (bytes[at + 1 + i] ?? 0) * 2 ** (4 + 8 * i);
    return { end: at + value, next: at + 1 + more };
  };
  const value = (at: number): number => {
    const sizes: Record<number, number> = { 0: 1, 1: 1, 0x0a: 2, 0x0b: 3, 0x0c: 5 };
    const op = bytes[at] ?? 0xff;
    if (op === 0x11 || op === 0x12) return length(at + 1).end;
    const size = sizes[op];
    if (size === undefined) throw new Error(`no value at ${at}: ${op}`);
    return at + size;
  };
  const terms = (from: number, to: number, path: string): void => {
    let at = from;
    while (at < to) {
      const op = bytes[at] ?? 0;
      if (op === 0x08) {
        const root = bytes[at + 1] === 0x5c ? 1 : 0;
        paths.push(`${path}.${text(at + 1 + root)}`);
        at = value(at + 5 + root);
      } else if (op === 0x10 || (op === 0x5b && bytes[at + 1] === 0x82)) {
        const { end, next } = length(at + (op === 0x10 ? 1 : 2));
        const root = bytes[next] === 0x5c ? 1 : 0;
        const inner = `${path}.${text(next + root)}`;
        paths.push(inner);
        terms(next + root + 4, end, inner);
        at = end;
      } else if (op === 0x14 || (op === 0x5b && bytes[at + 1] === 0x81)) {
        const { end, next } = length(at + (op === 0x14 ? 1 : 2));
        if (op === 0x14) paths.push(`${path}.${text(next)}`);
        at = end;
      } else if (op === 0x5b && bytes[at + 1] === 0x80) {
        at = value(value(at + 7));
      } else if (op === 0x5b && bytes[at + 1] === 0x01) {
        at += 7;
      } else throw new Error(`no term at ${at}: ${op}`);
    }
    expect(at).toBe(to);
  };
  terms(36, bytes.length, "");
  return paths;
}

describe("makeAcpi", () => {
  it("makes tables that can be found and whose checksums are right", () => {
    expect([...tablesOf(options).keys()].sort()).toEqual(["APIC", "DSDT", "FACP", "FACS", "XSDT"]);
  });

  it("stays inside the BIOS area", () => {
    const { gpa, bytes } = makeAcpi({ ...options, cpus: 64 });
    expect(gpa + bytes.length).toBeLessThan(0x100000);
  });

  it("describes the fixed hardware", () => {
    const fadt = tablesOf(options).get("FACP") ?? new Uint8Array();
    expect(fadt.length).toBe(244);
    expect([u32(fadt, 48), fadt[52], fadt[53]]).toEqual([0xb2, 0xf1, 0xf0]);
    expect(u32(fadt, 56)).toBe(0x600);
    expect(u32(fadt, 76)).toBe(0x608);
    expect(u32(fadt, 109) & 0xffff).toBe(7);
    expect(u32(fadt, 112) & (1 << 4)).toBe(0);
    expect([fadt[116], u64(fadt, 120), fadt[128]]).toEqual([1, 0xcf9, 6]);
    const withVga = tablesOf({ ...options, vga: true }).get("FACP") ?? new Uint8Array();
    expect(u32(withVga, 109) & 0xffff).toBe(3);
  });

  it("lists every CPU and the overrides in the MADT", () => {
    const madt = tablesOf(options).get("APIC") ?? new Uint8Array();
    const entries: number[][] = [];
    for (let at = 44; at < madt.length; at += madt[at + 1] ?? 1)
      entries.push([...madt.subarray(at, at + (madt[at + 1] ?? 1))]);
    expect(entries.map((entry) => entry[0])).toEqual([0, 0, 1, 2, 2, 4]);
    expect(entries[1]).toEqual([0, 8, 1, 1, 1, 0, 0, 0]);
    expect(entries[3]).toEqual([2, 10, 0, 0, 2, 0, 0, 0, 0, 0]);
    expect(entries[4]).toEqual([2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0]);
  });

  it("has a namespace that parses to the end", () => {
    const dsdt = tablesOf(options).get("DSDT") ?? new Uint8Array();
    const paths = parseAml(dsdt);
    for (const path of [
      "._SB_.PCI0._PRT",
      "._SB_.PCI0.ISA_.KBD_._HID",
      "._SB_.PCI0.ISA_.COM1._CRS",
      "._S5_",
      "._SB_.PCI0.SF8_._EJ0",
      "._GPE._E01",
    ]) {
      expect(paths).toContain(path);
    }
    const silent = parseAml(tablesOf({ ...options, serial: false }).get("DSDT") ?? new Uint8Array());
    expect(silent.some((path) => path.includes("COM1"))).toBe(false);
  });

  it("routes every pin of a slot where the PCI bus drives it", () => {
    const dsdt = tablesOf(options).get("DSDT") ?? new Uint8Array();
    const route = packageOf(...[0x3ffff, 1, 0, gsiOf(3, 2)].map(integer));
    expect(Buffer.from(dsdt).includes(Buffer.from(route))).toBe(true);
  });
});

describe("AML", () => {
  it("encodes as the specification's examples", () => {
    expect(eisaId("PNP0A03")).toEqual([0x0c, 0x41, 0xd0, 0x0a, 0x03]);
    expect(integer(0x1234)).toEqual([0x0b, 0x34, 0x12]);
    expect(name("_UID", integer(0))).toEqual([8, 0x5f, 0x55, 0x49, 0x44, 0]);
    expect(resources()).toEqual([0x11, 5, 0x0a, 2, 0x79, 0]);
  });

  it("uses longer lengths where they are needed", () => {
    const inner = Array.from({ length: 57 }, () => 0);
    expect(scope("\\_SB", inner).slice(0, 2)).toEqual([0x10, 0x3f]);
    const body = scope("\\_SB", [...inner, 0]);
    expect(body.slice(0, 3)).toEqual([0x10, 0x40 | (65 & 15), 65 >> 4]);
    expect(body.length).toBe(66);
    const large = scope(
      "\\_SB",
      Array.from({ length: 5000 }, () => 0),
    );
    expect([large[1], large[2], large[3]]).toEqual([0x80 | (5008 & 15), (5008 >> 4) & 0xff, 5008 >> 12]);
    expect(large.length).toBe(5009);
  });

  it("writes the statements of methods as a compiler of ASL does", () => {
    // If (Arg0 & 8) { Notify (\\_SB.PCI0.S18, Arg1) }
    const path = [0x5c, 0x2f, 3, ...Buffer.from("_SB_PCI0S18_")];
    const body = [0x7b, 0x68, 0x0a, 8, 0, 0x86, ...path, 0x69];
    expect(when(and(arg0, integer(8)), notify("\\_SB.PCI0.S18", arg1))).toEqual([0xa0, body.length + 1, ...body]);
    expect(store(shiftLeft(integer(1), arg1), "B0EJ")).toEqual([0x70, 0x79, 1, 0x69, 0, ...Buffer.from("B0EJ")]);
    expect(method("A", 2, acquire("\\_SB.M"))).toEqual([
      ...[0x14, 20, ...Buffer.from("A___"), 2],
      ...[0x5b, 0x23, 0x5c, 0x2e, ...Buffer.from("_SB_M___"), 0xff, 0xff],
    ]);
  });

  it("refuses names that do not exist", () => {
    expect(() => name("toolong", [])).toThrow();
    expect(() => eisaId("pnp")).toThrow();
  });
});

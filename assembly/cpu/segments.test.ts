import { beforeEach, describe, expect, it } from "vitest";
import {
  access,
  CODE0,
  CODE3,
  DATA0,
  DATA3,
  type Descriptor,
  FREE,
  GDT,
  LDT,
  PML4,
  SystemCpu,
  TSS,
  TSS2,
  TSS_SELECTOR,
} from "../../tests/system_cpu";
import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";
import * as Record from "../layout/record";

const ZF = 0x40;
const { GP, NP, SS, UD } = Exception;

let t: SystemCpu;

beforeEach(() => {
  t = new SystemCpu();
});

function load(seg: number, selector: number): [vector: number, error: number] | "ok" {
  if (t.calls.testLoadSegment(t.cpu, seg, selector) === 1) {
    expect(t.takeException()).toBeUndefined();
    return "ok";
  }
  return t.takeException() ?? [-1, 0];
}

describe("in real mode", () => {
  it("shifts the selector and keeps limit and attributes, as unreal mode needs", () => {
    t.realMode();
    t.set32(Cpu.seg + Cpu.DS * Cpu.SEG_SIZE + Cpu.segLimit, 0xffffffff);
    expect(load(Cpu.DS, 0x1234)).toBe("ok");
    expect(t.segment(Cpu.DS)).toEqual({ selector: 0x1234, attr: 0x93, base: 0x12340n, limit: 0xffffffff });
  });
});

describe("in virtual-8086 mode", () => {
  it("gives every segment 64 KiB and privilege 3", () => {
    t.v86Mode();
    expect(load(Cpu.SS, 0xffff)).toBe("ok");
    expect(t.segment(Cpu.SS)).toEqual({ selector: 0xffff, attr: 0xf3, base: 0xffff0n, limit: 0xffff });
  });
});

describe("data segments", () => {
  const selector = FREE | 3;
  const cases: [
    name: string,
    seg: number,
    cpl: 0 | 3,
    selector: number,
    d: Descriptor,
    result: ReturnType<typeof load>,
  ][] = [
    ["data of the same privilege", Cpu.DS, 3, selector, { access: access.data, dpl: 3 }, "ok"],
    ["read-only data", Cpu.FS, 3, selector, { access: access.readOnly, dpl: 3 }, "ok"],
    ["readable code", Cpu.ES, 3, selector, { access: access.code, dpl: 3 }, "ok"],
    ["execute-only code", Cpu.ES, 3, selector, { access: access.executeOnly, dpl: 3 }, [GP, FREE]],
    ["data of a higher privilege", Cpu.DS, 3, selector, { access: access.data, dpl: 0 }, [GP, FREE]],
    ["data by RPL 3 at CPL 0", Cpu.GS, 0, selector, { access: access.data, dpl: 0 }, [GP, FREE]],
    ["conforming code of a higher privilege", Cpu.DS, 3, selector, { access: access.conforming, dpl: 0 }, "ok"],
    ["a system descriptor", Cpu.DS, 0, FREE, { access: access.ldt }, [GP, FREE]],
    ["data that is not present", Cpu.DS, 0, FREE, { access: 0x13 }, [NP, FREE]],
    ["a stack of the same privilege", Cpu.SS, 3, selector, { access: access.data, dpl: 3 }, "ok"],
    ["a stack with another RPL", Cpu.SS, 0, selector, { access: access.data, dpl: 0 }, [GP, FREE]],
    ["a stack of another privilege", Cpu.SS, 0, FREE, { access: access.data, dpl: 3 }, [GP, FREE]],
    ["a read-only stack", Cpu.SS, 0, FREE, { access: access.readOnly }, [GP, FREE]],
    ["code as a stack", Cpu.SS, 0, FREE, { access: access.code }, [GP, FREE]],
    ["a stack that is not present", Cpu.SS, 0, FREE, { access: 0x13 }, [SS, FREE]],
  ];
  it.each(cases)("%s", (_name, seg, cpl, selector_, d, result) => {
    t.protectedMode(cpl);
    t.gdt(FREE, d);
    const before = t.segment(seg);
    expect(load(seg, selector_)).toEqual(result);
    if (result === "ok") expect(t.segment(seg).selector).toBe(selector_);
    else expect(t.segment(seg)).toEqual(before);
  });

  it("takes base, limit and attributes apart, with 4 KiB granularity", () => {
    t.protectedMode();
    t.gdt(FREE, { access: 0x92, base: 0x12345678, limit: 0xabcde, flags: 0xd });
    expect(load(Cpu.ES, FREE)).toBe("ok");
    expect(t.segment(Cpu.ES)).toEqual({ selector: FREE, attr: 0xd093, base: 0x12345678n, limit: 0xabcdefff });
    // The accessed bit is set in memory too.
    expect(t.peek(GDT + FREE + 5, 1)).toBe(0x93n);
  });

  it("does not write a descriptor that is accessed already", () => {
    t.longMode();
    // Make the tables' 2 MiB read-only: a write would fault.
    t.gdt(FREE, { access: access.data });
    t.poke(PML4 + 0x2000, 0x85, 8);
    t.calls.testUpdateMode(t.cpu);
    expect(load(Cpu.ES, FREE)).toBe("ok");
    t.gdt(FREE, { access: 0x92 });
    expect(load(Cpu.ES, FREE)).toEqual([Exception.PF, 3]);
  });

  it("accepts null but for SS, and outside the table names the selector", () => {
    t.protectedMode(3);
    expect(load(Cpu.DS, 3)).toBe("ok");
    expect(t.segment(Cpu.DS)).toEqual({ selector: 3, attr: 0, base: 0n, limit: 0 });
    expect(load(Cpu.SS, 0)).toEqual([GP, 0]);
    expect(load(Cpu.ES, 0x1003)).toEqual([GP, 0x1000]);
    expect(load(Cpu.ES, 0xc)).toEqual([GP, 0xc]);
  });

  it("allows a null SS in 64-bit mode below privilege 3", () => {
    t.longMode(0);
    expect(load(Cpu.SS, 0)).toBe("ok");
    expect(load(Cpu.SS, 3)).toEqual([GP, 0]);
    t.longMode(3);
    expect(load(Cpu.SS, 3)).toEqual([GP, 0]);
  });
});

describe("LDTR and TR", () => {
  it("loads an LDT, which then answers for selectors with the table bit", () => {
    t.protectedMode();
    t.gdt(FREE, { access: access.ldt, base: LDT, limit: 0xf, flags: 0 });
    expect(load(Cpu.LDTR, FREE)).toBe("ok");
    t.descriptor(LDT + 8, { access: access.data, base: 0x777000 });
    expect(load(Cpu.DS, 0xc)).toBe("ok");
    expect(t.segment(Cpu.DS).base).toBe(0x777000n);
    expect(load(Cpu.DS, 0x14)).toEqual([GP, 0x14]);
    expect(load(Cpu.LDTR, 0)).toBe("ok");
    expect(load(Cpu.DS, 0xc)).toEqual([GP, 0xc]);
  });

  it("marks a TSS busy and refuses one that is", () => {
    t.protectedMode();
    t.gdt(FREE, { access: access.tss, base: TSS2, limit: 0x67, flags: 0 });
    expect(load(Cpu.TR, FREE)).toBe("ok");
    expect(t.peek(GDT + FREE + 5, 1)).toBe(0x8bn);
    expect(load(Cpu.TR, FREE)).toEqual([GP, FREE]);
    expect(load(Cpu.TR, 0)).toEqual([GP, 0]);
    t.gdt(FREE, { access: access.tss16, base: TSS2, limit: 0x2b, flags: 0 });
    expect(load(Cpu.TR, FREE)).toBe("ok");
  });

  it("reads 16-byte descriptors in IA-32e mode and refuses a 16-bit TSS", () => {
    t.longMode();
    t.gdt(FREE, { access: access.tss, base: 0x1000, limit: 0x67, flags: 0 });
    t.poke(GDT + FREE + 8, 0xffff8000, 8);
    expect(load(Cpu.TR, FREE)).toBe("ok");
    expect(t.segment(Cpu.TR).base).toBe(0xffff800000001000n);
    // The upper half must have type 0.
    t.gdt(FREE, { access: access.tss, base: 0x1000, limit: 0x67, flags: 0 });
    t.poke(GDT + FREE + 12, 0x0900, 4);
    expect(load(Cpu.TR, FREE)).toEqual([GP, FREE]);
    t.gdt(FREE, { access: access.tss16, base: TSS, limit: 0x67, flags: 0 });
    expect(load(Cpu.TR, FREE)).toEqual([GP, FREE]);
    expect(t.segment(Cpu.TR).selector).toBe(FREE);
  });
});

describe("LAR and LSL", () => {
  const REC = 0x3400;
  function run(call: "testLar" | "testLsl", selector: number): { ok: boolean; value: number } {
    const rec = t.cpu + REC;
    t.guest.view.setUint8(rec + Record.reg, Cpu.rax);
    t.guest.view.setUint8(rec + Record.rm, Cpu.rcx);
    t.guest.view.setUint8(rec + Record.misc, Record.FORM_REGISTER);
    t.set64(Cpu.rax, 0xdeadbeef);
    t.set64(Cpu.rcx, selector);
    expect(t.calls[call](t.cpu, rec)).toBe(1);
    return { ok: (t.flags & ZF) !== 0, value: t.get32(Cpu.rax) };
  }

  it("show what may be seen and leave the register alone otherwise", () => {
    t.protectedMode(3);
    t.gdt(FREE, { access: access.data, dpl: 3, limit: 0x12, flags: 0x8 });
    expect(run("testLar", FREE | 3)).toEqual({ ok: true, value: 0x0080f300 });
    expect(run("testLsl", FREE | 3)).toEqual({ ok: true, value: 0x12fff });
    expect(run("testLar", CODE0)).toEqual({ ok: false, value: 0xdeadbeef });
    expect(run("testLar", 0)).toEqual({ ok: false, value: 0xdeadbeef });
    expect(run("testLsl", 0xfff8)).toEqual({ ok: false, value: 0xdeadbeef });
    expect(run("testLsl", CODE3).ok).toBe(true);
    expect(run("testLsl", TSS_SELECTOR).ok).toBe(false);
    t.protectedMode(0);
    expect(run("testLsl", TSS_SELECTOR)).toEqual({ ok: true, value: 0x67 });
    // Gates have no limit.
    t.gdt(FREE, { access: access.callGate });
    expect(run("testLar", FREE).ok).toBe(true);
    expect(run("testLsl", FREE).ok).toBe(false);
    expect(run("testLar", DATA0).ok && run("testLar", DATA3).ok).toBe(true);
  });

  it("are undefined in real mode", () => {
    t.realMode();
    expect(t.calls.testLar(t.cpu, t.cpu + REC)).toBe(0);
    expect(t.takeException()).toEqual([UD, 0]);
  });
});

describe("I/O permission", () => {
  it("is free at IOPL, and otherwise a matter of the TSS's map", () => {
    t.protectedMode(3);
    expect(t.calls.testIoPermission(t.cpu, 0x3f8, 1)).toBe(0);
    expect(t.takeException()).toEqual([GP, 0]);
    t.flags = 0x3002;
    expect(t.calls.testIoPermission(t.cpu, 0x3f8, 1)).toBe(1);
    t.flags = 2;
    t.set32(Cpu.seg + Cpu.TR * Cpu.SEG_SIZE + Cpu.segLimit, 0x67 + 0x81);
    t.poke(TSS + 102, 0x68, 2);
    t.poke(TSS + 0x68 + 0x7f, 0xff00, 2);
    expect(t.calls.testIoPermission(t.cpu, 0x3f8, 4)).toBe(1);
    expect(t.calls.testIoPermission(t.cpu, 0x3fd, 4)).toBe(0);
    expect(t.takeException()).toEqual([GP, 0]);
    // Behind the limit.
    expect(t.calls.testIoPermission(t.cpu, 0x408, 1)).toBe(0);
    expect(t.takeException()).toEqual([GP, 0]);
  });

  it("looks at the map in virtual-8086 mode even with IOPL 3", () => {
    t.v86Mode(3);
    t.poke(TSS + 102, 0x68, 2);
    expect(t.calls.testIoPermission(t.cpu, 0x60, 1)).toBe(0);
    expect(t.takeException()).toEqual([GP, 0]);
  });
});

import { describe, expect, it } from "vitest";
import * as Counters from "../../assembly/layout/counters";
import * as Cpu from "../../assembly/layout/cpu";
import { cpuCounters, inspectCpu, unimplementedOf } from "./inspect";

const cpu = 0x100;

function state(): DataView {
  return new DataView(new ArrayBuffer(cpu + Cpu.jit + 0x10000));
}

describe("inspectCpu", () => {
  it("names the registers and reads them in full width", () => {
    const view = state();
    view.setBigUint64(cpu + Cpu.rip, 0xffffffff81000000n, true);
    view.setBigUint64(cpu + Cpu.rdi, 0x1234n, true);
    view.setBigUint64(cpu + Cpu.gpr + 15 * 8, 15n, true);
    view.setUint16(cpu + Cpu.csSelector, 0x10, true);
    const report = inspectCpu(view, cpu);
    expect(report.rip).toBe("ffffffff81000000");
    expect(report.registers["rdi"]).toBe("0000000000001234");
    expect(report.registers["r15"]).toBe("000000000000000f");
    expect(report.registers["cs"]).toMatch(/^0010 base 0/);
  });
});

describe("cpuCounters", () => {
  it("lists only the exceptions that happened", () => {
    const view = state();
    view.setBigUint64(cpu + Cpu.counters + Counters.exceptionByVector + 14 * 8, 3n, true);
    const counters = cpuCounters(view, cpu);
    expect(counters["exception 14"]).toBe(3);
    expect(Object.keys(counters).filter((name) => name.startsWith("exception "))).toEqual(["exception 14"]);
  });
});

describe("unimplementedOf", () => {
  it("tells the bytes of the last one", () => {
    const view = state();
    expect(unimplementedOf(view, cpu)).toEqual({ count: 0, bytes: "", rip: "" });
    view.setBigUint64(cpu + Cpu.counters + Counters.unimplemented, 2n, true);
    view.setUint8(cpu + Cpu.counters + Counters.lastUnimplemented, 0x0f);
    expect(unimplementedOf(view, cpu).count).toBe(2);
    expect(unimplementedOf(view, cpu).bytes).toMatch(/^0f 00/);
  });
});

// CPUID, model-specific registers, control registers, reset, INIT and SIPI.
import { beforeEach, describe, expect, it } from "vitest";
import { access, CODE0, CODE64, SystemCpu } from "../../tests/system_cpu";
import * as Counters from "../layout/counters";
import * as Cpu from "../layout/cpu";
import * as F from "../layout/cpu_features";
import * as CpuSystem from "../layout/cpu_system";
import * as Exception from "../layout/exception";
import * as Record from "../layout/record";
import * as Tlb from "../layout/tlb";

const { DB, GP, UD } = Exception;
const REC = 0x3400;

let t: SystemCpu;

beforeEach(() => {
  t = new SystemCpu();
});

interface Leaf {
  eax: number;
  ebx: number;
  ecx: number;
  edx: number;
}

function cpuid(leaf: number, sub = 0): Leaf {
  t.set64(Cpu.rax, leaf);
  t.set64(Cpu.rcx, sub);
  t.calls.testCpuid(t.cpu);
  const get = (offset: number): number => Number(t.get64(offset));
  return { eax: get(Cpu.rax), ebx: get(Cpu.rbx), ecx: get(Cpu.rcx), edx: get(Cpu.rdx) };
}

function text(...words: number[]): string {
  return Buffer.from(new Uint32Array(words).buffer).toString("latin1").replaceAll("\0", "");
}

function bit(word: number, feature: number): boolean {
  return ((word >>> (feature & 31)) & 1) === 1;
}

/** MOV CRn or DRn with RAX. */
function record(register: number): number {
  const rec = t.cpu + REC;
  t.guest.view.setUint8(rec + Record.reg, register);
  t.guest.view.setUint8(rec + Record.rm, Cpu.rax);
  t.guest.view.setUint8(rec + Record.misc, Record.FORM_REGISTER);
  return rec;
}

function writeCr(n: number, value: bigint | number): [vector: number, error: number] | undefined {
  t.set64(Cpu.rax, value);
  const done = t.calls.testMovToCr(t.cpu, record(n));
  const exception = t.takeException();
  expect(done).toBe(exception ? 0 : 1);
  return exception;
}

describe("CPUID", () => {
  it("names vendor, brand and family", () => {
    const { eax, ebx, ecx, edx } = cpuid(0);
    expect(text(ebx, edx, ecx)).toBe("AuthenticAMD");
    expect(eax).toBeGreaterThanOrEqual(0xd);
    const words = [0x80000002, 0x80000003, 0x80000004].flatMap((leaf) => Object.values(cpuid(leaf)) as number[]);
    expect(text(...words)).toBe("Tabvisor virtual CPU");
    const signature = cpuid(1).eax;
    expect(((signature >>> 8) & 15) + ((signature >>> 20) & 255)).toBe(0x1a);
  });

  it("announces what verify_cpu and glibc's baseline demand, and not what is missing", () => {
    const { ecx, edx } = cpuid(1);
    const needed = [F.FPU, F.TSC, F.MSR, F.PAE, F.CX8, F.APIC, F.PGE, F.CMOV, F.PAT, F.MMX, F.FXSR, F.SSE, F.SSE2];
    for (const feature of needed) expect(bit(edx, feature), `feature ${feature}`).toBe(true);
    for (const feature of [F.CX16, F.X2APIC, F.TSC_DEADLINE, F.HYPERVISOR]) expect(bit(ecx, feature)).toBe(true);
    // x86-64-v2.
    for (const feature of [F.SSE3, F.SSSE3, F.SSE4_1, F.SSE4_2, F.POPCNT]) expect(bit(ecx, feature)).toBe(true);
    for (const feature of [F.AVX, F.MONITOR, F.FMA]) expect(bit(ecx, feature)).toBe(false);
    const extended = cpuid(0x80000001);
    for (const feature of [F.LM, F.NX, F.SYSCALL, F.RDTSCP]) expect(bit(extended.edx, feature)).toBe(true);
    // AMD repeats leaf 1 there.
    expect(bit(extended.edx, F.FPU) && bit(extended.edx, F.FXSR)).toBe(true);
    expect(bit(extended.edx, F.SSE)).toBe(false);
    // Invariant TSC would make Linux prefer tsc to kvm-clock.
    expect(cpuid(0x80000007).edx).toBe(0);
    expect(bit(cpuid(6).eax, F.ARAT)).toBe(true);
  });

  it("announces the immunities that save mitigations", () => {
    expect(cpuid(0x80000000).eax).toBeGreaterThanOrEqual(0x80000021);
    expect(cpuid(0x80000021).eax & 0x20000144).toBe(0x20000144);
    expect(cpuid(0x80000008).ebx & 0x04000004).toBe(0x04000004);
    expect(cpuid(0x80000008).eax).toBe(0x302e);
  });

  it("answers as KVM, once", () => {
    const { eax, ebx, ecx, edx } = cpuid(0x40000000);
    expect(text(ebx, ecx, edx)).toBe("KVMKVMKVM");
    expect(eax).toBe(0x40000001);
    expect(cpuid(0x40000001).eax & ((1 << 3) | (1 << 24))).toBe((1 << 3) | (1 << 24));
    expect(cpuid(0x40000100)).toEqual({ eax: 0, ebx: 0, ecx: 0, edx: 0 });
  });

  it("shows OSXSAVE only when CR4 has it, and XSAVE sizes only with XSAVE", () => {
    t.calls.testSetFeature(t.cpu, F.XSAVE, 0);
    expect(cpuid(0xd).ebx).toBe(0);
    t.calls.testSetFeature(t.cpu, F.XSAVE, 1);
    expect(bit(cpuid(1).ecx, 59)).toBe(false);
    t.set64(Cpu.cr4, 0x40000);
    expect(bit(cpuid(1).ecx, 59)).toBe(true);
    expect(cpuid(0xd)).toEqual({ eax: 3, ebx: 576, ecx: 576, edx: 0 });
  });

  it("counts CPUs in a machine with several", () => {
    t = new SystemCpu(3);
    expect(bit(cpuid(1).edx, F.HT)).toBe(true);
    expect(cpuid(0xb, 1)).toEqual({ eax: 2, ebx: 3, ecx: 0x201, edx: 0 });
    expect(cpuid(0x80000008).ecx).toBe(0x2002);
  });
});

describe("MSRs", () => {
  function read(index: number): bigint | "#GP" {
    if (t.calls.testReadMsr(t.cpu, index) === 1) return t.get64(Cpu.msrValue);
    expect(t.takeException()).toEqual([GP, 0]);
    return "#GP";
  }
  function write(index: number, value: bigint | number): "ok" | "#GP" {
    t.set64(Cpu.msrValue, value);
    if (t.calls.testWriteMsr(t.cpu, index) === 1) return "ok";
    expect(t.takeException()).toEqual([GP, 0]);
    return "#GP";
  }

  it("go through EDX:EAX", () => {
    t.set64(Cpu.rcx, 0xc0000082);
    t.set64(Cpu.rax, 0x1111111181000000n);
    t.set64(Cpu.rdx, 0x22222222ffffffffn);
    expect(t.calls.testWrmsr(t.cpu)).toBe(1);
    expect(t.get64(Cpu.lstar)).toBe(0xffffffff81000000n);
    t.set64(Cpu.rax, -1n);
    t.set64(Cpu.rdx, -1n);
    expect(t.calls.testRdmsr(t.cpu)).toBe(1);
    expect([t.get64(Cpu.rax), t.get64(Cpu.rdx)]).toEqual([0x81000000n, 0xffffffffn]);
  });

  it("need privilege 0", () => {
    t.protectedMode(3);
    t.set64(Cpu.rcx, 0x10);
    expect(t.calls.testRdmsr(t.cpu)).toBe(0);
    expect(t.takeException()).toEqual([GP, 0]);
  });

  it("keep addresses canonical and reserved bits clear", () => {
    for (const index of [0x175, 0x176, 0xc0000082, 0xc0000083, 0xc0000100, 0xc0000101, 0xc0000102]) {
      expect(write(index, 1n << 47n)).toBe("#GP");
      expect(write(index, 0xffff800000000000n)).toBe("ok");
      expect(read(index)).toBe(0xffff800000000000n);
    }
    // An AMD processor.
    expect(write(0xc0000103, (1n << 32n) | 5n)).toBe("ok");
    expect(read(0xc0000103)).toBe(5n);
    expect(write(0xc0000103, 7)).toBe("ok");
    expect(write(0x277, 0x0007040600070402n)).toBe("#GP");
    expect(write(0x277, 0x0407050600070106n)).toBe("ok");
    expect(write(0x2ff, 0xc07)).toBe("#GP");
  });

  it("let EFER.LMA follow paging, and LME only change without it", () => {
    expect(write(0xc0000080, 0x200d01)).toBe("ok");
    expect(read(0xc0000080)).toBe(0x200901n);
    expect(write(0xc0000080, 0x1000)).toBe("#GP");
    t.longMode();
    expect(write(0xc0000080, 0x801)).toBe("#GP");
    expect(write(0xc0000080, 0x901)).toBe("ok");
    expect(read(0xc0000080)).toBe(0xd01n);
  });

  it("have what Linux touches on this identity", () => {
    const touched = [0x1b, 0x8b, 0xfe, 0x179, 0x17a, 0x277, 0x2ff, 0xc0010010, 0xc0010015, 0xc001001f, 0xc0010055];
    const more = [0xc0011029, 0xc0010000, 0xc0010007, 0x200, 0x20f, 0x250, 0x26f];
    for (const index of [...touched, ...more]) expect(read(index), index.toString(16)).not.toBe("#GP");
    expect(read(0x179)).toBe(0n);
    expect(t.get64(Cpu.counters + Counters.unknownMsrs)).toBe(0n);
  });

  it("count what is unknown", () => {
    expect(read(0x12345)).toBe("#GP");
    expect(write(0x10a, 0)).toBe("#GP");
    expect(t.get64(Cpu.counters + Counters.unknownMsrs)).toBe(2n);
    expect(t.get64(Cpu.counters + Counters.lastUnknownMsr)).toBe(0x10an);
  });
});

describe("control registers", () => {
  it("enter and leave IA-32e mode as the manual orders it", () => {
    t.longMode();
    const cr3 = t.get64(Cpu.cr3);
    // Back to protected mode: through compatibility mode, paging off.
    expect(writeCr(0, 0x31)).toEqual([GP, 0]);
    expect(t.calls.testFarJump(t.cpu, CODE0, 0x3000)).toBe(1);
    expect(writeCr(0, 0x31)).toBeUndefined();
    expect(t.get64(Cpu.efer)).toBe(0x901n);
    expect(t.get32(Cpu.mode)).toBe(Record.MODE_32 | Record.MODE_FLAT);
    // And in again; without PAE it is refused.
    t.set64(Cpu.cr4, 0x200);
    expect(writeCr(0, 0x80000031n)).toEqual([GP, 0]);
    expect(writeCr(4, 0x220)).toBeUndefined();
    expect(writeCr(3, cr3)).toBeUndefined();
    expect(writeCr(0, 0x80000031n)).toBeUndefined();
    expect(t.get64(Cpu.efer)).toBe(0xd01n);
    expect(t.calls.testFarJump(t.cpu, CODE64, 0x3000)).toBe(1);
    expect(t.get32(Cpu.mode)).toBe(Record.MODE_64);
    expect(writeCr(4, 0x200)).toEqual([GP, 0]);
  });

  it("refuse combinations that make no sense, and CR4 bits of features that are not announced", () => {
    t.protectedMode();
    expect(writeCr(0, 0x80000030n)).toEqual([GP, 0]);
    expect(writeCr(0, 0x20000031)).toEqual([GP, 0]);
    expect(writeCr(4, 0x20000)).toEqual([GP, 0]);
    expect(writeCr(4, 1n << 40n)).toBeUndefined(); // 32-bit operand: the upper half is not looked at
    expect(writeCr(1, 0)).toEqual([UD, 0]);
    expect(writeCr(8, 16)).toEqual([GP, 0]);
    expect(writeCr(8, 15)).toBeUndefined();
  });

  it("tell the run loop when SSE and the FPU must be looked at", () => {
    t.protectedMode();
    expect([t.get32(Cpu.sseTrap), t.get32(Cpu.fpuTrap)]).toEqual([1, 0]);
    expect(writeCr(4, 0x200)).toBeUndefined();
    expect([t.get32(Cpu.sseTrap), t.get32(Cpu.fpuTrap)]).toEqual([0, 0]);
    expect(writeCr(0, 0x39)).toBeUndefined();
    expect([t.get32(Cpu.sseTrap), t.get32(Cpu.fpuTrap)]).toEqual([1, 1]);
  });

  it("choose the TLB set by privilege, SMAP and AC", () => {
    const tables = t.cpu + Cpu.tlbTables;
    t.protectedMode(0);
    expect(t.get32(Cpu.tlb)).toBe(tables + Tlb.SUPERVISOR);
    t.set64(Cpu.cr4, 0x200000);
    t.calls.testUpdateMode(t.cpu);
    expect(t.get32(Cpu.tlb)).toBe(tables + Tlb.SUPERVISOR_SMAP);
    t.flags = 0x40002;
    t.calls.testUpdateMode(t.cpu);
    expect(t.get32(Cpu.tlb)).toBe(tables + Tlb.SUPERVISOR);
    t.protectedMode(3);
    expect(t.get32(Cpu.tlb)).toBe(tables + Tlb.USER);
  });

  it("step while TF or a breakpoint is on", () => {
    t.protectedMode();
    t.set64(Cpu.rax, 0x402);
    expect(t.calls.testMovToDr(t.cpu, record(7))).toBe(1);
    expect(t.get32(Cpu.mode)).toBe(Record.MODE_32 | Record.MODE_FLAT | Record.MODE_STEP);
    t.set64(Cpu.rax, 0x2000);
    expect(t.calls.testMovToDr(t.cpu, record(7))).toBe(1);
    expect(t.get32(Cpu.mode)).toBe(Record.MODE_32 | Record.MODE_FLAT);
    // General detect: any access to a debug register traps.
    expect(t.calls.testMovFromDr(t.cpu, record(0))).toBe(0);
    expect(t.takeException()).toEqual([DB, 0]);
    expect(t.get64(Cpu.pendingDebug)).toBe(0x2000n);
  });

  it("alias DR4 and DR5 unless CR4.DE is set", () => {
    t.protectedMode();
    t.set64(Cpu.rax, 0xf);
    expect(t.calls.testMovToDr(t.cpu, record(4))).toBe(1);
    expect(t.get64(Cpu.dr + 48)).toBe(0xffff0fffn);
    t.set64(Cpu.cr4, 8);
    expect(t.calls.testMovToDr(t.cpu, record(4))).toBe(0);
    expect(t.takeException()).toEqual([UD, 0]);
  });
});

describe("reset", () => {
  it("starts at F000:FFF0 with the model's signature in EDX", () => {
    expect(t.rip).toBe(0xfff0n);
    expect(t.segment(Cpu.CS)).toEqual({ selector: 0xf000, attr: 0x9b, base: 0xffff0000n, limit: 0xffff });
    expect(t.get64(Cpu.rdx)).toBe(BigInt(t.get32(CpuSystem.signature)));
    expect(t.get64(Cpu.cr0)).toBe(0x60000010n);
    expect(t.flags).toBe(2);
    expect(t.get64(Cpu.apicBase)).toBe(0xfee00900n);
    expect(t.get32(Cpu.runState)).toBe(Cpu.RUN_RUNNING);
  });

  it("keeps a model that was put there", () => {
    t.set32(CpuSystem.signature, 0x663);
    t.calls.testSetFeature(t.cpu, F.SSE3, 1);
    t.calls.testCpuReset(t.cpu, 1);
    expect(cpuid(1).eax).toBe(0x663);
    expect(bit(cpuid(1).ecx, F.SSE3)).toBe(true);
  });

  it("INIT leaves vector registers, the boot processor starts over, others wait for SIPI", () => {
    t.longMode();
    t.set64(Cpu.xmm, 0x1234);
    t.calls.testHandleInit(t.cpu);
    expect(t.rip).toBe(0xfff0n);
    expect(t.segment(Cpu.CS)).toMatchObject({ selector: 0xf000, base: 0xf0000n });
    expect(t.get64(Cpu.xmm)).toBe(0x1234n);
    expect(t.get64(Cpu.efer)).toBe(0n);
    expect(t.get32(Cpu.mode)).toBe(Record.MODE_16 | Record.MODE_APART);
    expect(t.get32(Cpu.runState)).toBe(Cpu.RUN_RUNNING);
    // A SIPI means nothing to a CPU that runs.
    t.set32(Cpu.sipiRequest, 0x9b);
    t.calls.testHandleSipi(t.cpu);
    expect(t.rip).toBe(0xfff0n);

    t.calls.testCpuReset(t.cpu, 0);
    expect(t.get32(Cpu.runState)).toBe(Cpu.RUN_WAIT_SIPI);
    t.set32(Cpu.sipiRequest, 0x9b);
    t.calls.testHandleSipi(t.cpu);
    expect(t.get32(Cpu.runState)).toBe(Cpu.RUN_RUNNING);
    expect(t.segment(Cpu.CS)).toMatchObject({ selector: 0x9a00, base: 0x9a000n });
    expect(t.rip).toBe(0n);
    expect(t.get32(Cpu.sipiRequest)).toBe(0);
  });

  it("switches to protected mode as firmware does", () => {
    t.realMode();
    t.set64(Cpu.gdtBase, 0x5000);
    t.set32(Cpu.gdtLimit, 0xff);
    t.gdt(CODE0, { access: access.code });
    expect(writeCr(0, 0x11)).toBeUndefined();
    // Still 16-bit code until the far jump.
    expect(t.get32(Cpu.mode)).toBe(Record.MODE_16 | Record.MODE_APART);
    expect(t.calls.testFarJump(t.cpu, CODE0, 0x12345)).toBe(1);
    expect(t.get32(Cpu.mode)).toBe(Record.MODE_32);
    expect(t.rip).toBe(0x12345n);
  });
});

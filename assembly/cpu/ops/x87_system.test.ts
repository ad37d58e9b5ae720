// What the recorded vectors of the x87 cannot show: availability, errors without #MF, saved environments and pointers.
import { beforeEach, describe, expect, it } from "vitest";
import { access, CODE0, IDT, SystemCpu } from "../../../tests/system_cpu";
import * as Cpu from "../../layout/cpu";
import * as Machine from "../../layout/machine";

const CODE = 0x30000;
const AREA = 0x40000;
const HANDLERS = 0x50000;
const HALTED = 1;
const FSW_ERROR = 0x8081;

let s: SystemCpu;

/** 32-bit protected mode; every exception halts at an address of its own. */
beforeEach(() => {
  s = new SystemCpu();
  s.protectedMode();
  for (let vector = 0; vector < 32; vector++) {
    s.poke(HANDLERS + vector * 16, 0xf4, 1);
    s.gate(IDT + vector * 8, access.interruptGate, CODE0, HANDLERS + vector * 16);
  }
  s.guest.view.setInt32(s.guest.plan.machine + Machine.control, Machine.CONTROL_RUN, true);
});

/** Runs code up to its HLT; returns the vector of an exception that came instead. */
function run(...code: number[]): number | undefined {
  s.write(CODE, [...code, 0xf4]);
  s.set64(Cpu.rip, CODE);
  s.set32(Cpu.runState, Cpu.RUN_RUNNING);
  s.calls.cpuSync(s.cpu);
  expect(s.calls.cpuRun(s.cpu, 1000)).toBe(HALTED);
  const at = Number(s.rip) - 1;
  return at >= HANDLERS ? (at - HANDLERS) >> 4 : undefined;
}

function get16(offset: number): number {
  return s.get32(offset) & 0xffff;
}

function setFsw(value: number): void {
  s.guest.view.setUint16(s.cpu + Cpu.fsw, value, true);
}

const FLD1 = [0xd9, 0xe8];
const FLDPI = [0xd9, 0xeb];
const FNSTSW_AX = [0xdf, 0xe0];
const FWAIT = [0x9b];
const EMMS = [0x0f, 0x77];
/** An instruction with the absolute address `at` as its memory operand. */
const memory = (opcode: number, ext: number, at: number) => [
  opcode,
  (ext << 3) | 5,
  at & 255,
  (at >> 8) & 255,
  (at >> 16) & 255,
  0,
];

describe("availability", () => {
  it("is refused with #NM when CR0.EM or CR0.TS is set, FWAIT only when MP and TS are", () => {
    s.set64(Cpu.cr0, 0x31 | 8);
    expect(run(...FLD1)).toBe(7);
    expect(run(...FNSTSW_AX)).toBe(7);
    expect(run(...FWAIT)).toBeUndefined();
    s.set64(Cpu.cr0, 0x31 | 4);
    expect(run(...FLD1)).toBe(7);
    expect(run(...FWAIT)).toBeUndefined();
    expect(run(...EMMS)).toBe(6);
    s.set64(Cpu.cr0, 0x31 | 10);
    expect(run(...FWAIT)).toBe(7);
  });
});

describe("a pending error", () => {
  beforeEach(() => {
    s.guest.view.setUint16(s.cpu + Cpu.fcw, 0x37e, true);
    setFsw(FSW_ERROR);
  });

  it("raises #MF at waiting instructions, MMX and FWAIT, not at the others", () => {
    expect(run(...FNSTSW_AX)).toBeUndefined();
    expect(s.get64(Cpu.rax) & 0xffffn).toBe(BigInt(FSW_ERROR));
    for (const code of [FLD1, FWAIT, EMMS]) expect(run(...code)).toBe(16);
    expect(run(0xdb, 0xe2, ...FLD1)).toBeUndefined();
    expect(get16(Cpu.fsw)).toBe(0x3800);
  });

  it("goes on to IRQ 13 without CR0.NE", () => {
    s.set64(Cpu.cr0, 0x11);
    expect(run(...FLD1)).toBeUndefined();
    expect(run(...memory(0xd9, 6, AREA))).toBeUndefined();
    // The second controller has seen it: OCW3 asks for its request register.
    expect(run(0xb0, 0x0a, 0xe6, 0xa0, 0xe4, 0xa0)).toBeUndefined();
    expect(s.get64(Cpu.rax) & 0x20n).toBe(0x20n);
  });

  it("is raised by an instruction after FLDCW has unmasked it", () => {
    s.guest.view.setUint16(s.cpu + Cpu.fcw, 0x37f, true);
    setFsw(1);
    s.poke(AREA, 0x37e, 2);
    expect(run(...memory(0xd9, 5, AREA))).toBeUndefined();
    expect(get16(Cpu.fsw)).toBe(FSW_ERROR);
    expect(run(...FLD1)).toBe(16);
  });
});

describe("pointers and environment", () => {
  it("names instruction, opcode and operand, and FRSTOR gives back what FSAVE has put away", () => {
    s.poke(AREA + 0x100, 0x40490fdb, 4);
    const load = memory(0xd9, 0, AREA + 0x100);
    const save = memory(0xdd, 6, AREA);
    expect(run(...FLD1, ...FLDPI, ...load, ...save)).toBeUndefined();
    expect(Number(s.peek(AREA, 4))).toBe(0xffff037f);
    expect(Number(s.peek(AREA + 4, 4))).toBe(0xffff2800);
    // Registers 5, 6 and 7 are valid.
    expect(Number(s.peek(AREA + 8, 4))).toBe(0xffff03ff);
    expect(Number(s.peek(AREA + 12, 4))).toBe(CODE + 4);
    expect(Number(s.peek(AREA + 16, 4))).toBe(CODE0 | (0x105 << 16));
    expect(Number(s.peek(AREA + 20, 4))).toBe(AREA + 0x100);
    expect(s.peek(AREA + 28, 8)).toBe(0xc90fdb0000000000n);
    expect(s.peek(AREA + 38, 8)).toBe(0xc90fdaa22168c235n);
    expect(s.peek(AREA + 48, 8)).toBe(0x8000000000000000n);
    expect(get16(Cpu.fsw)).toBe(0);
    expect(get16(Cpu.ftw) & 0xff).toBe(0);
    const before = s.guest.memory.buffer.slice(s.cpu + Cpu.fpr, s.cpu + Cpu.fpr + 128);
    expect(run(0xdb, 0xe3, ...memory(0xdd, 4, AREA))).toBeUndefined();
    expect(get16(Cpu.fsw)).toBe(0x2800);
    expect(get16(Cpu.ftw) & 0xff).toBe(0xe0);
    expect(s.get64(Cpu.fip)).toBe(BigInt(CODE + 4));
    expect(get16(Cpu.fop)).toBe(0x105);
    const after = s.guest.memory.buffer.slice(s.cpu + Cpu.fpr, s.cpu + Cpu.fpr + 128);
    expect(new Uint8Array(after)).toEqual(new Uint8Array(before));
  });

  it("has 14 bytes with a 16-bit operand size", () => {
    s.poke(AREA + 14, 0x5a, 1);
    expect(run(...FLD1, 0x66, ...memory(0xd9, 6, AREA))).toBeUndefined();
    expect(Number(s.peek(AREA, 2))).toBe(0x37f);
    expect(Number(s.peek(AREA + 2, 2))).toBe(0x3800);
    expect(Number(s.peek(AREA + 4, 2))).toBe(0x3fff);
    expect(Number(s.peek(AREA + 6, 2))).toBe(CODE & 0xffff);
    expect(Number(s.peek(AREA + 8, 2))).toBe(CODE0);
    expect(Number(s.peek(AREA + 14, 1))).toBe(0x5a);
  });

  it("leaves everything alone when the memory operand cannot be written", () => {
    s.set32(Cpu.seg + Cpu.DS * Cpu.SEG_SIZE + Cpu.segLimit, AREA + 20);
    expect(run(...FLD1, ...memory(0xdd, 6, AREA))).toBe(13);
    expect(get16(Cpu.fsw)).toBe(0x3800);
  });
});

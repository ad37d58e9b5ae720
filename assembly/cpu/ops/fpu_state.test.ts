import { beforeEach, describe, expect, it } from "vitest";
import { SystemCpu } from "../../../tests/system_cpu";
import * as Cpu from "../../layout/cpu";
import * as Exception from "../../layout/exception";
import * as Record from "../../layout/record";
import * as Xsave from "../../layout/xsave";

const { GP, NM, PF, UD } = Exception;
const AREA = 0x40000;
const REC = 0x3400;
/** Last 16 bytes that the first 4 MiB hold; the page behind is not mapped. */
const END_OF_MEMORY = 0x400000;

let t: SystemCpu;
let rec: number;

/** A record whose memory operand is [rbx]. */
beforeEach(() => {
  t = new SystemCpu();
  t.longMode(0);
  rec = t.cpu + REC;
  t.guest.view.setUint8(rec + Record.rm, Cpu.rbx);
  t.guest.view.setUint8(rec + Record.index, Cpu.zero);
  t.set64(Cpu.rbx, AREA);
});

function fill(): void {
  t.set32(Cpu.fcw, 0x027f | (0x3800 << 16)); // TOP = 7
  t.guest.view.setUint8(t.cpu + Cpu.ftw, 0x80);
  t.set64(Cpu.fpr + 7 * 16, 0xc000000000000000n);
  t.guest.view.setUint16(t.cpu + Cpu.fpr + 7 * 16 + 8, 0x4000, true);
  t.set64(Cpu.fip, 0xffff800012345678n);
  t.set32(Cpu.mxcsr, 0x9f80);
  for (let i = 0; i < 16; i++) {
    t.set64(Cpu.xmm + i * Cpu.XMM_SIZE, 0x1111111111111111n * BigInt(i));
    t.set64(Cpu.xmm + i * Cpu.XMM_SIZE + 8, BigInt(i));
  }
}

function clear(): void {
  for (let at = Cpu.xmm; at < Cpu.mxcsr; at += 8) t.set64(at, 0);
  t.set32(Cpu.mxcsr, 0x1f80);
}

/** As after FINIT and with zeros in all vector registers. */
function initialize(): void {
  clear();
  t.set32(Cpu.fcw, 0x37f);
}

function expectFilled(): void {
  expect(t.get32(Cpu.fcw)).toBe(0x3800027f);
  expect(t.get64(Cpu.fpr + 7 * 16)).toBe(0xc000000000000000n);
  expect(t.get32(Cpu.fpr + 7 * 16 + 8) & 0xffff).toBe(0x4000);
  expect(t.get64(Cpu.fip)).toBe(0xffff800012345678n);
  expect(t.get32(Cpu.mxcsr)).toBe(0x9f80);
  expect(t.get64(Cpu.xmm + 15 * Cpu.XMM_SIZE)).toBe(0xffffffffffffffffn);
  expect(t.get64(Cpu.xmm + 15 * Cpu.XMM_SIZE + 8)).toBe(15n);
}

describe("FXSAVE", () => {
  it("stores the registers from the top of the stack on, and FXRSTOR brings them back", () => {
    fill();
    t.poke(AREA + 416, 0x55, 1);
    expect(t.calls.testFxsave64(t.cpu, rec)).toBe(1);
    expect(t.peek(AREA, 8)).toBe(0x803800027fn);
    expect(t.peek(AREA + Xsave.fip, 8)).toBe(0xffff800012345678n);
    expect(t.peek(AREA + Xsave.mxcsr, 8)).toBe(0xffff00009f80n);
    // ST(0) is physical register 7.
    expect(t.peek(AREA + Xsave.st, 8)).toBe(0xc000000000000000n);
    expect(t.peek(AREA + Xsave.st + 8, 8)).toBe(0x4000n);
    expect(t.peek(AREA + Xsave.xmm + 240, 8)).toBe(0xffffffffffffffffn);
    // Bytes 416 to 511 belong to software.
    expect(t.peek(AREA + 416, 1)).toBe(0x55n);
    clear();
    expect(t.calls.testFxrstor64(t.cpu, rec)).toBe(1);
    expectFilled();
  });

  it("demands alignment, an FPU that is there, and a valid MXCSR", () => {
    t.set64(Cpu.rbx, AREA + 8);
    expect(t.calls.testFxsave64(t.cpu, rec)).toBe(0);
    expect(t.takeException()).toEqual([GP, 0]);
    t.set64(Cpu.rbx, AREA);
    t.poke(AREA + Xsave.mxcsr, 0x10000, 4);
    fill();
    expect(t.calls.testFxrstor64(t.cpu, rec)).toBe(0);
    expect(t.takeException()).toEqual([GP, 0]);
    expectFilled();
    t.set64(Cpu.cr0, t.get64(Cpu.cr0) | 8n);
    expect(t.calls.testFxsave64(t.cpu, rec)).toBe(0);
    expect(t.takeException()).toEqual([NM, 0]);
  });

  it("writes nothing when the end of the area is not mapped", () => {
    fill();
    t.set64(Cpu.rbx, END_OF_MEMORY - 256);
    t.poke(END_OF_MEMORY - 256, 0x77, 8);
    expect(t.calls.testFxsave64(t.cpu, rec)).toBe(0);
    expect(t.takeException()).toEqual([PF, 2]);
    expect(t.get64(Cpu.cr2)).toBe(BigInt(END_OF_MEMORY));
    expect(t.peek(END_OF_MEMORY - 256, 8)).toBe(0x77n);
  });

  it("leaves unmasked exceptions pending after FXRSTOR", () => {
    t.poke(AREA, 0x037e | (1 << 16), 4);
    t.poke(AREA + Xsave.mxcsr, 0x1f80, 4);
    expect(t.calls.testFxrstor64(t.cpu, rec)).toBe(1);
    expect(t.get32(Cpu.fcw)).toBe((0x037e | (0x8081 << 16)) >>> 0);
    expect(t.get32(Cpu.fpuTrap)).toBe(1);
  });
});

describe("XSAVE", () => {
  beforeEach(() => {
    t.set64(Cpu.cr4, t.get64(Cpu.cr4) | 0x40000n);
    t.set64(Cpu.xcr0, 3);
    t.set64(Cpu.rax, 0xffffffff);
    t.set64(Cpu.rdx, 0xffffffff);
  });

  it("saves the enabled components and says which", () => {
    fill();
    t.poke(AREA + Xsave.bitmap, 4, 8);
    expect(t.calls.testXsave64(t.cpu, rec)).toBe(1);
    // Bits of components that were not asked for stay.
    expect(t.peek(AREA + Xsave.bitmap, 8)).toBe(7n);
    t.poke(AREA + Xsave.bitmap, 3, 8);
    clear();
    expect(t.calls.testXrstor64(t.cpu, rec)).toBe(1);
    expectFilled();
  });

  it("initializes components that the area does not hold", () => {
    fill();
    expect(t.calls.testXsave64(t.cpu, rec)).toBe(1);
    t.poke(AREA + Xsave.bitmap, 0, 8);
    expect(t.calls.testXrstor64(t.cpu, rec)).toBe(1);
    expect(t.get32(Cpu.fcw)).toBe(0x37f);
    expect(t.get64(Cpu.xmm + 15 * Cpu.XMM_SIZE)).toBe(0n);
  });

  it("restores only what is asked for", () => {
    fill();
    expect(t.calls.testXsave64(t.cpu, rec)).toBe(1);
    clear();
    t.set64(Cpu.rax, 2);
    expect(t.calls.testXrstor64(t.cpu, rec)).toBe(1);
    expect(t.get64(Cpu.fpr + 7 * 16)).toBe(0n);
    expect(t.get64(Cpu.xmm + 15 * Cpu.XMM_SIZE)).toBe(0xffffffffffffffffn);
  });

  it("refuses headers that it does not understand", () => {
    const bad: [offset: number, value: bigint][] = [
      [Xsave.bitmap, 4n],
      [Xsave.compaction, 1n],
      [Xsave.bitmap + 16, 1n],
    ];
    for (const [offset, value] of bad) {
      t.poke(AREA + offset, value, 8);
      expect(t.calls.testXrstor64(t.cpu, rec)).toBe(0);
      expect(t.takeException()).toEqual([GP, 0]);
      t.poke(AREA + offset, 0, 8);
    }
  });

  it("leaves out what is in its initial state, in compacted form too", () => {
    initialize();
    t.set64(Cpu.xmm, 1);
    t.poke(AREA + Xsave.bitmap, 5, 8);
    expect(t.calls.testXsaveopt64(t.cpu, rec)).toBe(1);
    expect(t.peek(AREA + Xsave.bitmap, 8)).toBe(6n);
    t.poke(AREA + Xsave.bitmap, 5, 8);
    expect(t.calls.testXsavec64(t.cpu, rec)).toBe(1);
    expect(t.peek(AREA + Xsave.bitmap, 8)).toBe(2n);
    expect(t.peek(AREA + Xsave.compaction, 8)).toBe((1n << 63n) | 3n);
  });

  it("counts MXCSR as a part of SSE only when it compacts", () => {
    initialize();
    t.set32(Cpu.mxcsr, 0x1f81);
    t.poke(AREA + Xsave.bitmap, 0, 8);
    expect(t.calls.testXsave64(t.cpu, rec)).toBe(1);
    expect(t.peek(AREA + Xsave.bitmap, 8)).toBe(0n);
    expect(t.calls.testXsavec64(t.cpu, rec)).toBe(1);
    expect(t.peek(AREA + Xsave.bitmap, 8)).toBe(2n);
    // The standard form gives MXCSR even without its component, the compacted one its initial value.
    t.poke(AREA + Xsave.bitmap, 0, 8);
    t.set32(Cpu.mxcsr, 0x1f80);
    t.poke(AREA + Xsave.compaction, 0, 8);
    expect(t.calls.testXrstor64(t.cpu, rec)).toBe(1);
    expect(t.get32(Cpu.mxcsr)).toBe(0x1f81);
    t.poke(AREA + Xsave.compaction, (1n << 63n) | 3n, 8);
    expect(t.calls.testXrstor64(t.cpu, rec)).toBe(1);
    expect(t.get32(Cpu.mxcsr)).toBe(0x1f80);
  });

  it("takes back what XSAVES gave, at privilege 0 only", () => {
    fill();
    expect(t.calls.testXsaves64(t.cpu, rec)).toBe(1);
    clear();
    expect(t.calls.testXrstors64(t.cpu, rec)).toBe(1);
    expectFilled();
    // Both halves of a header must agree, and the standard form is not for XRSTORS.
    const bad: [compaction: bigint, bitmap: bigint][] = [
      [0n, 3n],
      [(1n << 63n) | 1n, 3n],
      [(1n << 63n) | 7n, 3n],
    ];
    for (const [compaction, bitmap] of bad) {
      t.poke(AREA + Xsave.compaction, compaction, 8);
      t.poke(AREA + Xsave.bitmap, bitmap, 8);
      expect(t.calls.testXrstors64(t.cpu, rec)).toBe(0);
      expect(t.takeException()).toEqual([GP, 0]);
    }
    t.set32(Cpu.cpl, 3);
    expect(t.calls.testXsaves64(t.cpu, rec)).toBe(0);
    expect(t.takeException()).toEqual([GP, 0]);
  });

  it("is undefined without CR4.OSXSAVE", () => {
    t.set64(Cpu.cr4, t.get64(Cpu.cr4) & ~0x40000n);
    expect(t.calls.testXsave64(t.cpu, rec)).toBe(0);
    expect(t.takeException()).toEqual([UD, 0]);
  });
});

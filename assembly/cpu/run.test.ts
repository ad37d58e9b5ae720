// What the run loop does between instructions: code that changes under it, translations that change, traps, interrupt
// shadows, repetitions that are interrupted.
import { beforeEach, describe, expect, it } from "vitest";
import { le } from "../../tests/bytes";
import { access, CODE64, IDT, PML4, SystemCpu } from "../../tests/system_cpu";
import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import * as Machine from "../layout/machine";
import * as Tlb from "../layout/tlb";

const CODE = 0x180000;
const HANDLERS = 0x50000;
const DATA = 0x190000;
const TABLE = 0x60000;
const APIC_TABLE = 0x61000;
/** A page behind its own page table entry. */
const PAGE = 0x600000;
/** The first 2 MiB again. */
const ALIAS = 0x400000;
const GLOBAL = 0x100;
const TF = 0x100;
const IF = 0x200;
const VECTOR = 0x40;
const HLT = 0xf4;

let t: SystemCpu;

beforeEach(() => {
  t = new SystemCpu();
  t.longMode(0);
  t.poke(PML4 + 0x2000 + (ALIAS >>> 21) * 8, 0x87, 8);
  t.poke(PML4 + 0x2000 + (PAGE >>> 21) * 8, TABLE | 7, 8);
  t.write(TABLE, new Uint8Array(8192));
  t.poke(PML4 + 0x1000 + 3 * 8, APIC_TABLE | 7, 8);
  t.poke(APIC_TABLE + ((0xfee00000 >>> 21) & 511) * 8, 0xfee00083, 8);
  for (let vector = 0; vector < 0x50; vector++) {
    t.poke(HANDLERS + vector * 16, HLT, 1);
    t.gate64(IDT + vector * 16, access.interruptGate, CODE64, BigInt(HANDLERS + vector * 16));
  }
  t.guest.view.setInt32(t.guest.plan.machine + Machine.control, Machine.CONTROL_RUN, true);
  t.calls.cpuSync(t.cpu);
});

/** Runs from an address up to a HLT. */
function runFrom(address: number, flags = 2): void {
  t.set64(Cpu.rip, address);
  t.set64(Cpu.rsp, 0x20000);
  t.flags = flags;
  t.set32(Cpu.runState, Cpu.RUN_RUNNING);
  t.calls.testKeepTlb(t.cpu);
  expect(t.calls.cpuRun(t.cpu, 100_000)).toBe(1);
}

function run(code: number[], at = CODE, flags = 2): void {
  t.write(at, [...code, HLT]);
  runFrom(at, flags);
}

const eax = (): number => Number(t.get64(Cpu.rax) & 0xffffffffn);

/** MOV EAX,[address]; MOV byte [address],value. */
const loadEax = (address: number): number[] => [0x8b, 0x04, 0x25, ...le(address)];
const storeByte = (address: number, value: number): number[] => [0xc6, 0x04, 0x25, ...le(address), value];
const INC_EAX = [0xff, 0xc0];
const DEC_EAX_MODRM = 0xc8;

describe("code that is written over", () => {
  it("is seen by the next instruction of the same block", () => {
    run([0x31, 0xc0, ...storeByte(CODE + 11, DEC_EAX_MODRM), ...INC_EAX]);
    expect(eax()).toBe(0xffffffff);
  });

  it("is seen when the write goes through another mapping of its page", () => {
    run([0x31, 0xc0, ...storeByte(ALIAS + CODE + 11, DEC_EAX_MODRM), ...INC_EAX]);
    expect(eax()).toBe(0xffffffff);
  });

  it("is seen after REP STOSB", () => {
    // mov edi, target; mov ecx, 2; mov al, 90; rep stosb; two bytes that become NOPs.
    run([0xbf, ...le(CODE + 14), 0xb9, ...le(2), 0xb0, 0x90, 0xf3, 0xaa, ...INC_EAX]);
    expect(eax() & 0xff).toBe(0x90);
  });

  it("is seen when an instruction that straddles two pages changes in the second", () => {
    const at = CODE + 0xffe;
    t.write(at, [0xb8, ...le(0x11223344), HLT]);
    runFrom(at);
    expect(eax()).toBe(0x11223344);
    // mov byte [second page], 55; jmp at
    run([...storeByte(CODE + 0x1001, 0x55), 0xe9, ...le(at - (CODE + 13))]);
    expect(eax()).toBe(0x11553344);
  });

  it("is seen in a block that is reached by a linked jump", () => {
    // xor eax,eax; mov ecx,3; L: jmp M; M: inc eax; mov byte [M+1], DEC; loop L
    const loop = [0xeb, 0x00, ...INC_EAX, ...storeByte(CODE + 10, DEC_EAX_MODRM), 0xe2, 0xf2];
    run([0x31, 0xc0, 0xb9, ...le(3), ...loop]);
    expect(eax()).toBe(0xffffffff);
  });
});

describe("translations", () => {
  const [first, second] = [DATA, DATA + 0x1000];
  const map = (page: number, flags = 3): void => t.poke(TABLE, page | flags, 8);
  const INVLPG = [0x0f, 0x01, 0x3c, 0x25, ...le(PAGE)];
  const RELOAD_CR3 = [0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8];

  beforeEach(() => {
    t.poke(first, 1, 4);
    t.poke(second, 2, 4);
    map(first);
    run(loadEax(PAGE));
    expect(eax()).toBe(1);
  });

  it("are dropped by INVLPG and by MOV CR3", () => {
    map(second);
    run([...INVLPG, ...loadEax(PAGE)]);
    expect(eax()).toBe(2);
    map(first);
    run([...RELOAD_CR3, ...loadEax(PAGE)]);
    expect(eax()).toBe(1);
  });

  it("of global pages survive MOV CR3, but neither INVLPG nor a change of CR4.PGE", () => {
    t.set64(Cpu.cr4, t.get64(Cpu.cr4) | 0x80n);
    t.calls.cpuSync(t.cpu);
    map(first, 3 | GLOBAL);
    run([...INVLPG, ...loadEax(PAGE)]);
    map(second, 3 | GLOBAL);
    run([...RELOAD_CR3, ...loadEax(PAGE)]);
    expect(eax()).toBe(1);
    run([...INVLPG, ...loadEax(PAGE)]);
    expect(eax()).toBe(2);
    map(first, 3 | GLOBAL);
    // mov rax,cr4; btc eax,7; mov cr4,rax; btc eax,7; mov cr4,rax
    const toggle = [0x0f, 0xba, 0xf8, 0x07, 0x0f, 0x22, 0xe0];
    run([0x0f, 0x20, 0xe0, ...toggle, ...toggle, ...loadEax(PAGE)]);
    expect(eax()).toBe(1);
  });

  it("of code are dropped too", () => {
    t.write(first, [0xb8, ...le(7), HLT]);
    t.write(second, [0xb8, ...le(8), HLT]);
    runFrom(PAGE);
    expect(eax()).toBe(7);
    map(second);
    run([...INVLPG, 0xe9, ...le(PAGE - (CODE + 13))]);
    expect(eax()).toBe(8);
  });

  it.each([Cpu.JIT_OFF, Cpu.JIT_FORCE])(
    "of the second page of an instruction are not taken for others, mode %i",
    (mode) => {
      t.calls.cpuSetTranslator(t.cpu, mode);
      const at = PAGE + 0xffe;
      const mapNext = (page: number): void => t.poke(TABLE + 8, page | 3, 8);
      // mov eax, 0XX2211h; hlt
      t.write(first + 0xffe, [0xb8, 0x11]);
      t.write(second, [0x22, 0x33, 0, HLT]);
      t.write(second + 0x1000, [0x22, 0x44, 0, HLT]);
      mapNext(second);
      runFrom(at);
      expect(eax()).toBe(0x332211);
      mapNext(second + 0x1000);
      run([...RELOAD_CR3, 0xe9, ...le(at - (CODE + 11))]);
      expect(eax()).toBe(0x442211);
      // Back to the first, whose block is still known; then its bytes change.
      mapNext(second);
      run([...RELOAD_CR3, 0xe9, ...le(at - (CODE + 11))]);
      expect(eax()).toBe(0x332211);
      run([...storeByte(second + 1, 0x55), 0xe9, ...le(at - (CODE + 13))]);
      expect(eax()).toBe(0x552211);
    },
  );

  it("of code are dropped too when another page has taken their place in the TLB", () => {
    const far = PAGE + Tlb.ENTRIES * 4096;
    t.poke(PML4 + 0x2000 + (far >>> 21) * 8, TABLE | 7, 8);
    t.write(first, [0xb8, ...le(7), HLT]);
    t.write(second, [0xb8, ...le(8), HLT]);
    runFrom(PAGE);
    map(second);
    runFrom(far);
    expect(eax()).toBe(8);
    run([...INVLPG, 0xe9, ...le(PAGE - (CODE + 13))]);
    expect(eax()).toBe(8);
  });

  it("of a large page are dropped by INVLPG for any address in it", () => {
    const entry = PML4 + 0x2000 + (ALIAS >>> 21) * 8;
    const other = ALIAS + DATA + 0x3000;
    t.poke(other - ALIAS, 5, 4);
    t.poke(0x200000 + other - ALIAS, 6, 4);
    run(loadEax(other));
    expect(eax()).toBe(5);
    t.poke(entry, 0x200087, 8);
    run([0x0f, 0x01, 0x3c, 0x25, ...le(ALIAS), ...loadEax(other)]);
    expect(eax()).toBe(6);
  });

  it("that allow writing come with the dirty bit", () => {
    map(first);
    run([...INVLPG, ...loadEax(PAGE)]);
    expect(t.peek(TABLE, 8) & 0x60n).toBe(0x20n);
    run(storeByte(PAGE, 9));
    expect(t.peek(TABLE, 8) & 0x60n).toBe(0x60n);
  });
});

/** Where the handler of a vector halted, and the frame that it got. */
function halted(): { vector: number; rip: number } {
  return { vector: (Number(t.rip) - HANDLERS) >> 4, rip: Number(t.stack(1, 8)[0]) };
}

/** The HLT behind the code was reached, and no handler. */
const completed = (): boolean => Number(t.rip) >= CODE;

describe("single steps", () => {
  it("trap after every instruction, with BS in DR6", () => {
    for (let n = 0; n < 3; n++) {
      t.set64(Cpu.rax, 0);
      run([...INC_EAX, ...INC_EAX], CODE, 2 | TF);
      expect(halted()).toEqual({ vector: 1, rip: CODE + 2 });
      expect(eax()).toBe(1);
      expect(t.get64(Cpu.dr + 48) & 0x4000n).toBe(0x4000n);
    }
  });

  it("trap after a branch that is taken", () => {
    run([0xeb, 0x10], CODE, 2 | TF);
    expect(halted()).toEqual({ vector: 1, rip: CODE + 0x12 });
  });

  it("trap after every iteration of a repetition", () => {
    t.set64(Cpu.rcx, 3);
    t.set64(Cpu.rdi, DATA);
    run([0xf3, 0xaa], CODE, 2 | TF);
    expect(halted()).toEqual({ vector: 1, rip: CODE });
    expect(t.get64(Cpu.rcx)).toBe(2n);
  });

  it("begin after the instruction that follows POPF", () => {
    // push 102h; popf; inc eax; inc eax
    t.set64(Cpu.rax, 0);
    run([0x68, ...le(0x102), 0x9d, ...INC_EAX, ...INC_EAX]);
    expect(halted()).toEqual({ vector: 1, rip: CODE + 8 });
  });

  it("do not come between MOV SS and the next instruction", () => {
    t.set64(Cpu.rax, 0x10);
    run([0x8e, 0xd0, ...INC_EAX, ...INC_EAX], CODE, 2 | TF);
    expect(halted()).toEqual({ vector: 1, rip: CODE + 4 });
  });
});

describe("interrupts", () => {
  const raise = (): void => t.calls.raiseMsi(t.guest.plan.machine, 0xfee00000, VECTOR);
  /** MOV dword [0FEE000B0h],0: end of interrupt. */
  const EOI = [0x45, 0x31, 0xff, 0x41, 0xbe, ...le(0xfee000b0), 0x45, 0x89, 0x3e];

  beforeEach(() => {
    // mov edx, 0FEE000F0h; mov dword [rdx], 1FFh: the local APIC is on.
    run([0xba, ...le(0xfee000f0), 0xc7, 0x02, ...le(0x1ff)]);
  });

  it("come one instruction after STI, also when the code has run before", () => {
    t.write(HANDLERS + VECTOR * 16, EOI);
    t.write(HANDLERS + VECTOR * 16 + EOI.length, [HLT]);
    t.write(CODE, [0xeb, 0x00, 0xfb, ...INC_EAX, ...INC_EAX, HLT]);
    for (let n = 0; n < 3; n++) {
      // The instructions behind STI by themselves: their block is known then.
      runFrom(CODE + 3);
      t.set64(Cpu.rax, 0);
      raise();
      runFrom(CODE);
      expect(halted()).toEqual({ vector: VECTOR, rip: CODE + 5 });
      expect(eax()).toBe(1);
    }
  });

  it("end the sleep in STI; HLT every time", () => {
    t.write(HANDLERS + VECTOR * 16, EOI);
    // inc ebx; iretq
    t.write(HANDLERS + VECTOR * 16 + EOI.length, [0xff, 0xc3, 0x48, 0xcf]);
    t.set64(Cpu.rbx, 0);
    // mov ecx,1; L: sti; hlt; cli; dec ecx; jnz L
    const body = [0xfb, 0xf4, 0xfa, 0xff, 0xc9, 0x75, 0xf9];
    for (let n = 1; n <= 3; n++) {
      raise();
      run([0xb9, ...le(1), ...body]);
      expect(t.get64(Cpu.rbx)).toBe(BigInt(n));
      expect(Number(t.rip)).toBe(CODE + 5 + body.length + 1);
    }
  });

  it("are taken in the middle of a repetition, which goes on afterwards", () => {
    t.write(HANDLERS + VECTOR * 16, EOI);
    // mov rbx,rcx; iretq
    t.write(HANDLERS + VECTOR * 16 + EOI.length, [0x48, 0x89, 0xcb, 0x48, 0xcf]);
    t.write(CODE, [0xf3, 0xaa, 0xfa, HLT]);
    t.set64(Cpu.rcx, 100_000);
    t.set64(Cpu.rdi, 0x200000);
    t.set64(Cpu.rax, 0x77);
    t.set64(Cpu.rip, CODE);
    t.set64(Cpu.rsp, 0x20000);
    t.flags = 2 | IF;
    t.set32(Cpu.runState, Cpu.RUN_RUNNING);
    t.calls.cpuSync(t.cpu);
    expect(t.calls.cpuRun(t.cpu, 3)).toBe(0);
    expect(Number(t.rip)).toBe(CODE);
    const left = t.get64(Cpu.rcx);
    expect(left > 0n && left < 100_000n).toBe(true);
    raise();
    expect(t.calls.cpuRun(t.cpu, 100_000)).toBe(1);
    expect(t.get64(Cpu.rbx) > 0n && t.get64(Cpu.rbx) <= left).toBe(true);
    expect(t.get64(Cpu.rcx)).toBe(0n);
    expect(t.peek(0x200000 + 99_999, 1)).toBe(0x77n);
    expect(t.peek(0x200000 + 100_000, 1)).toBe(0n);
  });
});

describe("breakpoints", () => {
  const DR7 = Cpu.dr + 56;
  /** DR7 with breakpoint 0 enabled: `kind` 0 execution, 1 write, 2 port, 3 access; `length` as the field has it. */
  const enable = (address: number, kind: number, length = 0): void => {
    t.set64(Cpu.dr, address);
    t.set64(Cpu.dr + 48, 0xffff0ff0);
    t.set64(DR7, 0x402 | (kind << 16) | (length << 18));
  };
  const dr6 = (): number => Number(t.get64(Cpu.dr + 48) & 0xffffn);

  it("on an instruction are faults, from which RF leads away", () => {
    enable(CODE + 2, 0);
    t.set64(Cpu.rax, 0);
    run([...INC_EAX, ...INC_EAX, ...INC_EAX]);
    expect(halted()).toEqual({ vector: 1, rip: CODE + 2 });
    expect(dr6()).toBe(0x0ff1);
    expect(eax()).toBe(1);
    expect(Number(t.stack(3, 8)[2]) & 0x10000).toBe(0);
    runFrom(CODE + 2, 2 | 0x10000);
    expect(eax()).toBe(3);
  });

  it("on data are traps after the access, of the kind and in the range that DR7 says", () => {
    const hits = (kind: number, length: number, at: number, code: number[]): boolean => {
      enable(at, kind, length);
      run([...code, ...INC_EAX]);
      if (completed()) return false;
      expect(halted()).toEqual({ vector: 1, rip: CODE + code.length });
      return true;
    };
    expect(hits(1, 0, DATA, storeByte(DATA, 1))).toBe(true);
    expect(hits(1, 0, DATA, loadEax(DATA))).toBe(false);
    expect(hits(3, 0, DATA + 3, loadEax(DATA))).toBe(true);
    expect(hits(3, 0, DATA + 4, loadEax(DATA))).toBe(false);
    // Four bytes, aligned down.
    expect(hits(3, 3, DATA + 6, loadEax(DATA + 1))).toBe(true);
    expect(hits(3, 3, DATA + 8, loadEax(DATA + 1))).toBe(false);
    expect(hits(1, 2, DATA, storeByte(DATA + 7, 1))).toBe(true);
    expect(hits(1, 2, DATA, storeByte(DATA + 8, 1))).toBe(false);
    // push rax; the next instruction after a hit that DR7 no longer enables runs at full speed.
    expect(hits(1, 2, 0x1fff8, [0x50])).toBe(true);
    t.set64(DR7, 0x400);
    run(storeByte(DATA, 1));
    expect(completed()).toBe(true);
  });

  it("on ports count with CR4.DE only", () => {
    const IN_AL_71 = [0xe4, 0x71];
    enable(0x70, 2, 1);
    run([...IN_AL_71, ...INC_EAX]);
    expect(completed()).toBe(true);
    t.set64(Cpu.cr4, t.get64(Cpu.cr4) | 8n);
    run([...IN_AL_71, ...INC_EAX]);
    expect(halted()).toEqual({ vector: 1, rip: CODE + 2 });
    enable(0x72, 2, 0);
    run([...IN_AL_71, ...INC_EAX]);
    expect(completed()).toBe(true);
  });

  it("wait behind MOV SS", () => {
    // mov ss,[DATA]; inc eax
    t.poke(DATA, 0x10, 2);
    enable(DATA, 3);
    run([0x8e, 0x14, 0x25, ...le(DATA), ...INC_EAX, ...INC_EAX]);
    expect(halted()).toEqual({ vector: 1, rip: CODE + 9 });
  });

  it("of the single step come only at branches with DEBUGCTL.BTF", () => {
    t.set64(CpuSystem.debugCtl, 2);
    // inc eax; jmp +2; (two bytes); inc eax
    run([...INC_EAX, 0xeb, 0x02, 0x0f, 0x0b, ...INC_EAX], CODE, 2 | TF);
    expect(halted()).toEqual({ vector: 1, rip: CODE + 6 });
  });
});

describe("alignment", () => {
  const AC = 0x40000;

  it("is checked at privilege 3 with CR0.AM and EFLAGS.AC", () => {
    t.set64(Cpu.cr0, t.get64(Cpu.cr0) | 0x40000n);
    run(loadEax(DATA + 1), CODE, 2 | AC);
    expect(completed()).toBe(true);
    t.set32(Cpu.cpl, 3);
    t.flags = 2 | AC;
    t.calls.testKeepTlb(t.cpu);
    expect(t.get32(Cpu.slow)).toBe(Cpu.SLOW_ALIGN);
    expect(t.get32(Cpu.tlb)).toBe(t.cpu + Cpu.emptyTlb);
    t.flags = 2;
    t.calls.testKeepTlb(t.cpu);
    expect(t.get32(Cpu.tlb)).toBe(t.cpu + Cpu.tlbTables + Tlb.USER);
  });
});

describe("the A20 gate", () => {
  it("masks bit 20 of physical addresses while it is closed", () => {
    t.poke(DATA - 0x100000, 0x11111111, 4);
    t.poke(DATA, 0x22222222, 4);
    // mov al,value; out 92h,al; jmp +0
    const gate = (value: number): number[] => [0xb0, value, 0xe6, 0x92, 0xeb, 0x00];
    // Between them mov eax,[DATA]; mov ebx,eax. The code lies below 1 MiB.
    run([...gate(0), ...loadEax(DATA), 0x89, 0xc3, ...gate(2), ...loadEax(DATA)], CODE - 0x100000);
    expect(t.get64(Cpu.rbx)).toBe(0x11111111n);
    expect(eax()).toBe(0x22222222);
  });
});

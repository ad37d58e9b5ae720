// Accesses through one base register, of which the second and the following ones use the look-up of the first.
import { describe, expect, it } from "vitest";
import { le } from "../../../tests/bytes";
import { DATA, runToHalt, translatedCpu } from "../../../tests/translated_cpu";
import * as Cpu from "../../layout/cpu";
import * as Exception from "../../layout/exception";

const PAGE = 0x1000;
/** Of what is mapped for users. */
const END = 0x400000;
/** mov eax,[rbx]; jmp to the next instruction: the page is in the TLB, and another block begins. */
const touch = [0x8b, 0x03, 0xeb, 0x00];
/** mov r32,[rbx+disp32] */
const read = (register: number, disp: number): number[] => [0x8b, 0x83 | (register << 3), ...le(disp)];
/** mov [rbx+disp32],r32 */
const write = (register: number, disp: number): number[] => [0x89, 0x83 | (register << 3), ...le(disp)];
const ECX = 1;
const EDX = 2;

describe("accesses through one base register", () => {
  it("read and write the fields of a structure", () => {
    const t = translatedCpu(3);
    t.poke(DATA + 8, 0x1234, 4);
    t.set64(Cpu.rbx, DATA);
    expect(runToHalt(t, [...touch, ...read(ECX, 8), ...write(ECX, 64), ...read(EDX, 64)])).toBe(Exception.GP);
    expect(t.get64(Cpu.rdx)).toBe(0x1234n);
    expect(t.peek(DATA + 64, 4)).toBe(0x1234n);
  });

  it("go the slow way one by one where the fields lie in two pages", () => {
    const t = translatedCpu(3);
    const base = DATA + PAGE - 8;
    t.poke(base, 1, 4);
    t.poke(base + 6, 0x55667788, 4);
    t.poke(base + 16, 3, 4);
    t.set64(Cpu.rbx, base);
    expect(runToHalt(t, [...touch, ...read(ECX, 6), ...write(ECX, 0), ...read(EDX, 16)])).toBe(Exception.GP);
    expect([t.get64(Cpu.rcx), t.peek(base, 4), t.get64(Cpu.rdx)]).toEqual([0x55667788n, 0x55667788n, 3n]);
  });

  // The last ones are further apart than 32 bits of displacement can say.
  it.each([
    [0x7ffffffc, 0],
    [0, 0x7ffffffc],
    [-0x80000000, 0x7ffffff0],
    [0x7ffffff0, -0x80000000],
  ])("fault each where it is: %i and %i", (first, second) => {
    for (const access of [read, write]) {
      const t = translatedCpu(3);
      // One of the two is at DATA; the other, 2 or 4 GiB away, is not mapped.
      const present = Math.min(Math.abs(first), Math.abs(second)) === 0 ? 0 : -0x80000000;
      const absent = first === present ? second : first;
      t.set64(Cpu.rbx, DATA - present);
      const inTlb = [...read(0, present), 0xeb, 0x00];
      expect(runToHalt(t, [...inTlb, ...access(ECX, first), ...access(EDX, second)])).toBe(Exception.PF);
      expect(t.get64(Cpu.cr2)).toBe(BigInt(DATA - present + absent));
    }
  });
});

describe("accesses by rsp", () => {
  // In one page, or with its end at some place between them.
  it.each([0x800, PAGE, PAGE + 8, PAGE + 24, PAGE + 32, PAGE + 56])(
    "push, pop, read and write, from offset %i",
    (offset) => {
      const t = translatedCpu(3);
      const top = DATA + offset;
      t.set64(Cpu.rsp, top);
      t.set64(Cpu.rax, 1n);
      t.set64(Cpu.rcx, 2n);
      t.set64(Cpu.rdx, 3n);
      const code = [
        ...[0x50, 0x51, 0x90, 0x52], // push rax; push rcx; nop; push rdx
        ...[0x48, 0x8b, 0x74, 0x24, 0x08], // mov rsi,[rsp+8]
        ...[0x48, 0x83, 0xec, 0x20], // sub rsp,32
        ...[0x48, 0x89, 0x44, 0x24, 0x08], // mov [rsp+8],rax
        ...[0x48, 0x8b, 0x7c, 0x24, 0x20], // mov rdi,[rsp+32]
        ...[0x48, 0x83, 0xc4, 0x20], // add rsp,32
        ...[0x58, 0x90, 0x5a, 0x59], // pop rax; nop; pop rdx; pop rcx
        ...[0x48, 0x89, 0xe5], // mov rbp,rsp
      ];
      // The pages are in the TLB.
      t.poke(top, 0, 4);
      expect(runToHalt(t, [0xf7, 0x04, 0x24, ...le(0), 0xeb, 0x00, ...code])).toBe(Exception.GP);
      const registers = [Cpu.rax, Cpu.rcx, Cpu.rdx, Cpu.rsi, Cpu.rdi].map((at) => t.get64(at));
      expect(registers).toEqual([3n, 1n, 2n, 2n, 3n]);
      expect(t.peek(top - 48, 8)).toBe(1n);
      expect(t.get64(Cpu.rbp)).toBe(BigInt(top));
    },
  );

  it("fault where a pop finds no page, with all before it done", () => {
    const t = translatedCpu(3);
    t.poke(END - 8, 5, 8);
    t.set64(Cpu.rsp, END - 8);
    // pop rax; nop; pop rcx
    expect(runToHalt(t, [0x58, 0x90, 0x59])).toBe(Exception.PF);
    expect([t.get64(Cpu.cr2), t.get64(Cpu.rax)]).toEqual([BigInt(END), 5n]);
  });

  it("are those of a register that has moved by a constant, also below the least displacement", () => {
    for (const disp of [-0x80000000, 0]) {
      const t = translatedCpu(3);
      t.poke(DATA, 0x1234, 4);
      t.poke(DATA - 16, 0x5678, 4);
      t.set64(Cpu.rbx, DATA - disp);
      // mov ecx,[rbx+disp]; sub rbx,16; mov edx,[rbx+disp]
      const code = [...read(ECX, disp), 0x48, 0x83, 0xeb, 16, ...read(EDX, disp)];
      expect(runToHalt(t, [...read(0, disp), 0xeb, 0x00, ...code])).toBe(Exception.GP);
      expect([t.get64(Cpu.rcx), t.get64(Cpu.rdx)]).toEqual([0x1234n, 0x5678n]);
    }
  });

  it("go on in blocks that only one leads to, but not where the register is another", () => {
    const t = translatedCpu(3);
    t.poke(DATA, 1, 4);
    t.poke(DATA + 8, 2, 4);
    t.poke(DATA + 0x108, 3, 4);
    t.set64(Cpu.rbx, DATA);
    // test eax,eax; jz over; mov bh,1 more: the second access is 0x100 bytes higher.
    const over = [0x85, 0xc0, 0x74, 0x03, 0x80, 0xc7, 0x01];
    expect(runToHalt(t, [...touch, ...read(ECX, 0), ...over, ...read(EDX, 8)])).toBe(Exception.GP);
    expect([t.get64(Cpu.rcx), t.get64(Cpu.rdx)]).toEqual([1n, 3n]);
    // The same with the branch taken: test eax,eax is of the 1 that was read, so clear it first.
    const u = translatedCpu(3);
    u.poke(DATA + 8, 2, 4);
    u.set64(Cpu.rbx, DATA);
    expect(runToHalt(u, [...touch, 0x31, 0xc0, ...read(ECX, 0), ...over, ...read(EDX, 8)])).toBe(Exception.GP);
    expect(u.get64(Cpu.rdx)).toBe(2n);
  });
});

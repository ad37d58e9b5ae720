// Flat 32-bit code (Record.MODE_FLAT), translated: what ends it, and what its segments' limits still forbid.
import { beforeEach, describe, expect, it } from "vitest";
import { access, DATA0, FREE, type SystemCpu } from "../../tests/system_cpu";
import { le } from "../../tests/bytes";
import { CODE, DATA, flatCpu, LAST, runToHalt } from "../../tests/translated_cpu";
import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";
import * as Jit from "../layout/jit";
import * as Record from "../layout/record";

const LIMITED = FREE;
const OTHER = FREE + 16;
const GS_BASE = DATA + 0x100;
/** Where the last bytes below 4 GiB are. */
const END = LAST + 0x200000;

let t: SystemCpu;
let address: number;

/** Every piece of code has a place of its own. */
function run(code: readonly number[]): number | undefined {
  address += 0x100;
  return runToHalt(t, code, address);
}

const mode = (): number => t.get32(Cpu.mode);

beforeEach(() => {
  t = flatCpu();
  address = CODE;
  t.gdt(LIMITED, { access: access.data, limit: 0x100 });
});

/** MOV register,value by the register's number. */
const set = (register: number, value: number): number[] => [0xb8 + register, ...le(value)];

function openGs(descriptor: { limit: number; flags: number }): void {
  t.gdt(FREE + 8, { access: access.data, base: GS_BASE, ...descriptor });
  expect(t.calls.testLoadSegment(t.cpu, Cpu.GS, FREE + 8)).toBe(1);
}

it("is what the CPU is in, and is translated", () => {
  expect(mode()).toBe(Record.MODE_32 | Record.MODE_FLAT);
  const before = t.get64(Cpu.jit + Jit.regionsTranslated);
  expect(run(set(0, 5))).toBeUndefined();
  expect(t.get64(Cpu.jit + Jit.regionsTranslated)).toBeGreaterThan(before);
});

describe("a segment register that is loaded in a loop", () => {
  const es = [0x26];
  const [byDs, byEs, bySs] = [[], es, []];
  const absolute = [0x05, ...le(DATA)];
  const throughEbp = [0x45, 0];
  /** Loads the selector in ESI, or with a far pointer at DATA + 16; both are changed behind the access. */
  const loads: [string, number[], number[], number[], number][] = [
    ["MOV DS", [0x8e, 0xde], byDs, absolute, Exception.GP],
    ["POP DS", [0x56, 0x1f], byDs, absolute, Exception.GP],
    ["LDS", [0xc5, 0x15, ...le(DATA + 16)], byDs, absolute, Exception.GP],
    ["MOV ES", [0x8e, 0xc6], byEs, absolute, Exception.GP],
    ["POP ES", [0x56, 0x07], byEs, absolute, Exception.GP],
    ["LES", [0xc4, 0x15, ...le(DATA + 16)], byEs, absolute, Exception.GP],
    ["MOV SS", [0x8e, 0xd6], bySs, throughEbp, Exception.SS],
    ["LSS", [0x0f, 0xb2, 0x15, ...le(DATA + 16)], bySs, throughEbp, Exception.SS],
  ];

  it.each(loads)("by %s ends flat code when it gets a limit", (_name, load, prefix, operand, vector) => {
    t.poke(DATA + 20, DATA0, 2);
    const start = [...set(6, DATA0), ...set(1, 2), ...set(3, 0), ...set(5, DATA)];
    // load; add dword [operand],1; inc ebx; mov esi,LIMITED; mov word [DATA+20],LIMITED; dec ecx; jnz
    const change = [...set(6, LIMITED), 0x66, 0xc7, 0x05, ...le(DATA + 20), LIMITED, 0];
    const add = [...prefix, 0x83, ...operand, 1];
    const loop = [...load, ...add, 0x43, ...change, 0x49];
    t.set64(Cpu.rsp, 0x9000);
    expect(run([...start, ...loop, 0x75, (-loop.length - 2) & 255])).toBe(vector);
    expect(t.get64(Cpu.rbx)).toBe(1n);
    expect(t.peek(DATA, 4)).toBe(1n);
  });

  it("makes code flat again", () => {
    // mov ds,LIMITED; mov ds,DATA0; mov eax,[DATA]
    t.poke(DATA, 77, 4);
    const both = [LIMITED, DATA0].flatMap((selector) => [...set(6, selector), 0x8e, 0xde]);
    t.gdt(OTHER, { access: access.readOnly });
    expect(run([...both, 0xa1, ...le(DATA)])).toBeUndefined();
    expect(t.get64(Cpu.rax)).toBe(77n);
    expect(mode()).toBe(Record.MODE_32 | Record.MODE_FLAT);
    // Read-only data is not flat, though it can be read; then writing faults.
    expect(run([...set(6, OTHER), 0x8e, 0xde, 0xa1, ...le(DATA), 0xa3, ...le(DATA)])).toBe(Exception.GP);
  });
});

describe("GS in flat code", () => {
  const moffs = (offset: number): number[] => [0x65, 0xa1, ...le(offset)];
  /** MOV eax,gs:[ebx]. */
  const indirect = (ebx: number): number[] => [...set(3, ebx), 0x65, 0x8b, 0x03];

  it("has its base added and the sum cut", () => {
    openGs({ limit: 0xfffff, flags: 0xc });
    t.poke(GS_BASE + 0x14, 0x1234, 4);
    t.poke(GS_BASE - 4, 0x5678, 4);
    expect(run(moffs(0x14))).toBeUndefined();
    expect(t.get64(Cpu.rax)).toBe(0x1234n);
    expect(run(indirect(-4))).toBeUndefined();
    expect(t.get64(Cpu.rax)).toBe(0x5678n);
  });

  it.each([
    ["an absolute offset", moffs],
    ["a register", indirect],
  ])("ends at 4 GiB, whatever its base is: %s", (_name, code) => {
    openGs({ limit: 0xfffff, flags: 0xc });
    expect(run(code(-2))).toBe(Exception.GP);
  });

  it.each([
    ["an absolute offset", moffs],
    ["a register", indirect],
  ])("is held to a small limit with %s", (_name, code) => {
    openGs({ limit: 0x17, flags: 4 });
    t.poke(GS_BASE + 0x14, 0x1234, 4);
    expect(run(code(0x14))).toBeUndefined();
    expect(t.get64(Cpu.rax)).toBe(0x1234n);
    expect(run(code(0x15))).toBe(Exception.GP);
  });

  it("is held to the limit that code loads before", () => {
    openGs({ limit: 0x17, flags: 4 });
    t.gdt(OTHER, { access: access.data });
    // mov gs,open; mov eax,gs:[DATA]; inc ecx; mov gs,limited; mov eax,gs:[DATA]
    const load = (selector: number): number[] => [...set(6, selector), 0x8e, 0xee];
    const code = [...load(OTHER), ...moffs(DATA), 0x41, ...load(FREE + 8), ...moffs(DATA), 0x41];
    expect(run([...set(1, 0), ...code])).toBe(Exception.GP);
    expect(t.get64(Cpu.rcx)).toBe(1n);
  });
});

describe("4 GiB in flat code", () => {
  it("is where offsets start again", () => {
    t.poke(DATA, 42, 4);
    // mov eax,[ebx+DATA+8]
    expect(run([...set(3, -8), 0x8b, 0x83, ...le(DATA + 8)])).toBeUndefined();
    expect(t.get64(Cpu.rax)).toBe(42n);
  });

  it.each([
    ["DS", [0x8b, 0x03], Exception.GP],
    ["DS, to write", [0x89, 0x03], Exception.GP],
    ["DS, 16 bytes", [0x0f, 0x10, 0x03], Exception.GP],
    ["SS, by EBP", [0x8b, 0x45, 0], Exception.SS],
    ["SS, by EBP, to write", [0x01, 0x45, 0], Exception.SS],
    ["DS, absolute", [0xa1, ...le(-2)], Exception.GP],
    ["DS, x87", [0xdd, 0x03], Exception.GP],
    ["SS, x87", [0xdd, 0x45, 0], Exception.SS],
  ])("cannot be reached over through %s", (_name, access_, vector) => {
    const before = t.peek(LAST, 8);
    expect(run([...set(3, -2), ...set(5, -2), ...access_])).toBe(vector);
    expect(t.peek(LAST, 8)).toBe(before);
  });

  it("has its last bytes", () => {
    t.poke(END - 4, 0xabcdef, 4);
    expect(run([...set(3, -4), 0x8b, 0x03, 0xff, 0x03])).toBeUndefined();
    expect(t.get64(Cpu.rax)).toBe(0xabcdefn);
    expect(t.peek(END - 4, 4)).toBe(0xabcdf0n);
  });

  it("is gone over by fields of one structure, each for itself", () => {
    t.poke(END - 4, 1, 4);
    t.poke(0, 2, 4);
    t.poke(4, 3, 4);
    // mov eax,[ebx]; add eax,[ebx+4]; add eax,[ebx+8]
    expect(run([...set(3, -4), 0x8b, 0x03, 0x03, 0x43, 4, 0x03, 0x43, 8])).toBeUndefined();
    expect(t.get64(Cpu.rax)).toBe(6n);
  });

  it("is gone over by the stack", () => {
    t.set64(Cpu.rsp, 4);
    // push 11; push 22; pop eax; pop edx
    expect(run([0x6a, 11, 0x6a, 22, 0x58, 0x5a])).toBeUndefined();
    expect([t.get64(Cpu.rax), t.get64(Cpu.rdx), t.rsp]).toEqual([22n, 11n, 4n]);
    expect([t.peek(0, 4), t.peek(END - 4, 4)]).toEqual([11n, 22n]);
    // Runs of registers: push eax; push edx; push ecx; pop ebx; pop esi; pop edi
    expect(run([...set(1, 33), 0x50, 0x52, 0x51, 0x5b, 0x5e, 0x5f])).toBeUndefined();
    expect([t.get64(Cpu.rbx), t.get64(Cpu.rsi), t.get64(Cpu.rdi), t.rsp]).toEqual([33n, 11n, 22n, 4n]);
  });

  it.each([
    ["PUSH", 2, [0x50]],
    ["POP", -2, [0x58]],
    ["CALL", 2, [0xe8, 0, 0, 0, 0]],
    ["RET", -2, [0xc3]],
    ["LEAVE", 0x9000, [...set(5, -2), 0xc9]],
    ["two PUSH", 6, [0x50, 0x51]],
  ])("stops %s with #SS in the middle of a slot", (_name, esp, code) => {
    t.set64(Cpu.rsp, BigInt(esp >>> 0));
    expect(run(code)).toBe(Exception.SS);
  });

  it("is cut off from the targets of branches", () => {
    // At 4 GiB - 4 KiB: inc ebx; ret 4
    t.write(END - 0x1000, [0x43, 0xc2, 4, 0]);
    t.set64(Cpu.rsp, 0x9000);
    const call = (at: number): number[] => [0xe8, ...le(-0x1000 - (address + 0x100 + at + 5))];
    const code = [...set(3, 0), 0x6a, 1, ...call(7), 0x6a, 1];
    expect(run([...code, ...call(code.length)])).toBeUndefined();
    expect(t.get64(Cpu.rbx)).toBe(2n);
    expect(t.rsp).toBe(0x9000n);
  });
});

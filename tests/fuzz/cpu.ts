// A virtual CPU that runs fuzzed programs as 64-bit or 32-bit user code; every exception ends in a HLT of its own.
import * as Cpu from "../../assembly/layout/cpu";
import * as Machine from "../../assembly/layout/machine";
import { registerName } from "../../src/shared/disassemble";
import { access, CODE64, DATA3, GDT, IDT, PML4, RING0_STACK, SystemCpu, TSS } from "../system_cpu";
import type { Start } from "./generate";
import { ALIAS_OFFSET, CODE, CODE_SIZE, DATA, DATA_ALIAS, LIMITED, READ_ONLY_DATA, STACK } from "./places";

/** Where supervisor code sees the first 2 MiB, so that no user address reaches them. */
const SYSTEM = 0x10000000;
const HANDLERS = 0x50000;
const TABLES = 0x60000;
const PAGES = 0x70000;
const NX = 1n << 63n;
/** Programs end by themselves after far fewer, unless they write over a return address. */
const INSTRUCTIONS = 3_000_000;
/** The end of one that does not end. */
export const ENDLESS = "none";
const CR4_OSXMMEXCPT = 0x400n;
const CODE32_USER = 0x4b;
/** Below the supervisor's stack: where an exception leaves what it found. */
const RSP_IN_FRAME = 16;
const FLAGS_IN_FRAME = 24;
const RIP_IN_FRAME = 40;
const TRAP_FLAG = 0x100;

/** Entries after which a block is translated. */
const WARM = 40;

/** What is left of a program, by name; what is not the same in two runs is a difference. */
export type Outcome = Map<string, string>;

export class FuzzCpu {
  readonly system = new SystemCpu();
  readonly #mode: number;
  readonly #registerBytes: number;
  readonly #bytes: Uint8Array;
  readonly #fresh: Uint8Array;
  readonly #data: readonly number[];
  readonly #code: readonly number[];
  readonly #stack: number;
  #tables = 0;
  #pages = 0;

  /** `mode`: Cpu.JIT_OFF, JIT_ON, JIT_FORCE or JIT_CHECK. */
  constructor(mode: number, bits: 64 | 32) {
    const { system } = this;
    this.#mode = mode;
    // In 32-bit code the upper halves are undefined (SDM vol. 1, 3.4.1.1).
    this.#registerBytes = bits / 8;
    system.longMode(3);
    system.set64(Cpu.cr4, system.get64(Cpu.cr4) | CR4_OSXMMEXCPT);
    this.#data = [this.#page(), this.#page(), this.#page()];
    this.#code = [this.#page(), this.#page()];
    this.#stack = this.#page();
    const [first = 0, second = 0, readOnly = 0] = this.#data;
    this.#map(DATA, first, 7n | NX);
    this.#map(DATA + 0x1000, second, 7n | NX);
    this.#map(DATA + 0x2000, readOnly, 5n | NX);
    this.#map(DATA_ALIAS, first, 7n | NX);
    this.#map(STACK, this.#stack, 7n | NX);
    this.#code.forEach((gpa, i) => {
      this.#map(CODE + i * 0x1000, gpa, 7n);
      this.#map(CODE + ALIAS_OFFSET + i * 0x1000, gpa, 7n);
    });
    this.#moveSystem();
    system.guest.view.setInt32(system.guest.plan.machine + Machine.control, Machine.CONTROL_RUN, true);
    system.calls.cpuSync(system.cpu);
    if (bits === 32) this.#narrow();
    this.#bytes = new Uint8Array(system.guest.memory.buffer);
    this.#fresh = this.#bytes.slice(system.cpu, system.cpu + Cpu.excVector);
  }

  /**
   * Runs code from the start of the code pages. After an exception it goes on at the next of `entries`, so that an early
   * fault does not hide the rest. One outcome for each exception; the last one has the memory too.
   */
  run(code: readonly number[], start: Start, entries: readonly number[]): Outcome[] {
    const { system } = this;
    this.#fill(code, start);
    this.#enter(start);
    const outcomes: Outcome[] = [];
    let next = 0;
    for (;;) {
      const exit = system.calls.cpuRun(system.cpu, INSTRUCTIONS);
      const outcome = this.#registersNow(exit);
      outcomes.push(outcome);
      const faulted = this.#frame(RIP_IN_FRAME);
      while (next < entries.length && (entries[next] ?? 0) <= Number(faulted - BigInt(CODE))) next++;
      const entry = entries[next++];
      if (exit !== 1 || entry === undefined || faulted > BigInt(CODE + code.length)) {
        this.#addMemory(outcome);
        return outcomes;
      }
      this.#resume(CODE + entry);
    }
  }

  #frame(offset: number): bigint {
    return this.system.peek(RING0_STACK - offset, 8);
  }

  /** 32-bit code, flat to begin with; the base of GS is in the data, and no multiple of 16. */
  #narrow(): void {
    const { system } = this;
    const code = { access: access.code, dpl: 3, base: 0, limit: 0xfffff, flags: 0xc };
    system.gdt(CODE32_USER, code);
    system.gdt(LIMITED, { ...code, access: access.data, limit: (DATA + 0x900) >>> 12 });
    system.gdt(READ_ONLY_DATA, { ...code, access: access.readOnly });
    system.guest.view.setUint16(system.cpu + Cpu.csSelector, CODE32_USER, true);
    system.set32(Cpu.csAttr, 0xc0fb);
    system.set32(Cpu.csLimit, 0xffffffff);
    system.calls.cpuSync(system.cpu);
    if (!system.calls.testLoadSegment(system.cpu, Cpu.GS, DATA3)) throw new Error("GS");
    system.set64(Cpu.gsBase, DATA + 0x123);
  }

  /** Back to user code after an exception, with the stack pointer and the flags that it found. */
  #resume(rip: number): void {
    const { system } = this;
    const [rsp, flags] = [this.#frame(RSP_IN_FRAME), Number(this.#frame(FLAGS_IN_FRAME))];
    const segments = this.#fresh.subarray(Cpu.seg, Cpu.gdtBase);
    this.#bytes.set(segments, system.cpu + Cpu.seg);
    system.set64(Cpu.rsp, rsp);
    system.set64(Cpu.rip, rip);
    system.flags = flags & ~TRAP_FLAG;
    system.set32(Cpu.cpl, 3);
    system.set32(Cpu.runState, Cpu.RUN_RUNNING);
    system.calls.cpuSync(system.cpu);
  }

  #fill(code: readonly number[], { data }: Start): void {
    const bytes = new Uint8Array(CODE_SIZE).fill(0xcc);
    bytes.set(code);
    this.#code.forEach((gpa, i) => this.system.write(gpa, bytes.subarray(i * 0x1000, (i + 1) * 0x1000)));
    const page = new Uint8Array(0x1000).map((_byte, i) => data[i % data.length] ?? 0);
    for (const gpa of [...this.#data, this.#stack]) this.system.write(gpa, page);
    this.system.write(RING0_STACK - 0x100, new Uint8Array(0x100));
  }

  #enter(start: Start): void {
    const { system } = this;
    this.#bytes.set(this.#fresh, system.cpu);
    start.registers.forEach((value, n) => system.set64(n * 8, value));
    system.set64(Cpu.rsp, STACK + 0x800);
    system.set64(Cpu.rip, CODE);
    system.flags = start.flags;
    start.xmm.forEach((value, n) => this.#bytes.set(value, system.cpu + Cpu.xmm + n * Cpu.XMM_SIZE));
    start.fpr.forEach((value, n) => this.#bytes.set(value, system.cpu + Cpu.fpr + n * Cpu.FPR_SIZE));
    system.set32(Cpu.mxcsr, start.mxcsr);
    const view = system.guest.view;
    view.setUint16(system.cpu + Cpu.fcw, 0x37f, true);
    view.setUint16(system.cpu + Cpu.fsw, start.fsw, true);
    view.setUint8(system.cpu + Cpu.ftw, start.ftw);
    system.set32(Cpu.seg + Cpu.GS * Cpu.SEG_SIZE + Cpu.segLimit, start.gsLimit);
    system.set32(Cpu.cpl, 3);
    system.set32(Cpu.runState, Cpu.RUN_RUNNING);
    view.setInt32(system.cpu + Cpu.excVector, -1, true);
    system.calls.cpuSetTranslator(system.cpu, this.#mode);
    // Programs are short: what is warm in them is translated.
    if (this.#mode === Cpu.JIT_ON || this.#mode === Cpu.JIT_CHECK)
      view.setInt32(system.cpu + Cpu.hotStart, -WARM, true);
    system.calls.cpuSync(system.cpu);
  }

  #registersNow(exit: number): Outcome {
    const { system } = this;
    const { cpu } = system;
    const take = (at: number, length: number) => hex(this.#bytes.subarray(cpu + at, cpu + at + length));
    const outcome: Outcome = new Map();
    const handler = (Number(system.rip) - HANDLERS - SYSTEM) >> 4;
    const otherwise = exit === 0 ? ENDLESS : `exit ${exit} at ${system.rip.toString(16)}`;
    outcome.set("end", exit === 1 ? `exception ${handler}` : otherwise);
    for (let n = 0; n < 16; n++) outcome.set(registerName(n), take(n * 8, this.#registerBytes));
    // What the exception pushed: error code, rip, cs, rflags, rsp, ss.
    outcome.set("frame", hex(this.#read(RING0_STACK - 0x38, 0x38)));
    outcome.set("cr2", take(Cpu.cr2, 8));
    for (let n = 0; n < 16; n++) outcome.set(`xmm${n}`, take(Cpu.xmm + n * Cpu.XMM_SIZE, 16));
    for (let n = 0; n < 8; n++) outcome.set(`fpr${n}`, take(Cpu.fpr + n * Cpu.FPR_SIZE, 10));
    outcome.set("x87 words", take(Cpu.fcw, 8));
    outcome.set("x87 pointers", take(Cpu.fip, 16));
    outcome.set("mxcsr", take(Cpu.mxcsr, 4));
    return outcome;
  }

  #addMemory(outcome: Outcome): void {
    this.#data.forEach((gpa, i) => outcome.set(`data page ${i}`, hex(this.#read(gpa, 0x1000))));
    this.#code.forEach((gpa, i) => outcome.set(`code page ${i}`, hex(this.#read(gpa, 0x1000))));
    outcome.set("stack page", hex(this.#read(this.#stack, 0x1000)));
  }

  #read(gpa: number, length: number): Uint8Array {
    const { system } = this;
    const host = system.calls.physForWrite(system.guest.plan.machine, gpa, 0, length);
    return this.#bytes.slice(host, host + length);
  }

  /** A fresh page of guest memory; no two are neighbours. */
  #page(): number {
    const gpa = PAGES + this.#pages++ * 0x2000;
    this.system.write(gpa, new Uint8Array(4096));
    return gpa;
  }

  /** Maps a page of the first GiB for user code. */
  #map(la: number, gpa: number, flags: bigint): void {
    const { system } = this;
    const entry = PML4 + 0x2000 + (la >>> 21) * 8;
    if ((system.peek(entry, 8) & 1n) === 0n) {
      const table = TABLES + this.#tables++ * 0x1000;
      system.write(table, new Uint8Array(4096));
      system.poke(entry, table | 7, 8);
    }
    const table = Number(system.peek(entry, 8)) & ~0xfff;
    system.poke(table + ((la >>> 12) & 511) * 8, BigInt(gpa) | flags, 8);
  }

  /** Tables, stack and handlers to the supervisor's addresses; nothing stays mapped in the first 4 MiB. */
  #moveSystem(): void {
    const { system } = this;
    system.poke(PML4 + 0x2000 + (SYSTEM >>> 21) * 8, 0x83, 8);
    system.poke(PML4 + 0x2000, 0, 8);
    system.poke(PML4 + 0x2008, 0, 8);
    system.set64(Cpu.gdtBase, SYSTEM + GDT);
    system.set64(Cpu.idtBase, SYSTEM + IDT);
    system.set64(Cpu.seg + Cpu.TR * Cpu.SEG_SIZE + Cpu.segBase, SYSTEM + TSS);
    system.poke(TSS + 4, SYSTEM + RING0_STACK, 8);
    system.poke(TSS + 102, 0xffff, 2);
    for (let vector = 0; vector < 32; vector++) {
      system.poke(HANDLERS + vector * 16, 0xf4, 1);
      system.gate64(IDT + vector * 16, access.interruptGate, CODE64, BigInt(SYSTEM + HANDLERS + vector * 16), 3);
    }
    for (const segment of [Cpu.ES, Cpu.DS]) system.calls.testLoadSegment(system.cpu, segment, DATA3);
    system.calls.cpuSync(system.cpu);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

// A CPU with tables built by hand in guest memory, for tests of its system side: descriptor tables, task state, stacks.
import * as Cpu from "../assembly/layout/cpu";
import { gpa } from "../src/shared/units";
import { type TestGuest, testGuest } from "./guest";

export const PML4 = 0x1000;
export const GDT = 0x5000;
export const IDT = 0x6000;
export const TSS = 0x7000;
export const TSS2 = 0x8000;
export const LDT = 0x9000;
export const RING0_STACK = 0x11000;
export const IST_STACK = 0x13000;
export const USER_STACK = 0x21000;

/** Selectors of the tables that the modes below set up. */
export const CODE0 = 0x08;
export const DATA0 = 0x10;
export const CODE3 = 0x1b;
export const DATA3 = 0x23;
export const TSS_SELECTOR = 0x28;
export const CODE64 = 0x38;
export const CODE64_USER = 0x43;
/** First selector that a test may use. */
export const FREE = 0x60;

export const access = {
  code: 0x9b,
  data: 0x93,
  conforming: 0x9f,
  executeOnly: 0x99,
  readOnly: 0x91,
  expandDown: 0x97,
  ldt: 0x82,
  tss: 0x89,
  tssBusy: 0x8b,
  tss16: 0x81,
  callGate: 0x8c,
  taskGate: 0x85,
  interruptGate: 0x8e,
  trapGate: 0x8f,
  interruptGate16: 0x86,
} as const;

export interface Descriptor {
  readonly access: number;
  readonly dpl?: number;
  readonly base?: number;
  /** In bytes or 4 KiB pages, as the flags say. */
  readonly limit?: number;
  /** High nibble of byte 6: 8 = G, 4 = D/B, 2 = L. */
  readonly flags?: number;
}

export class SystemCpu {
  readonly guest: TestGuest;
  readonly cpu: number;

  /** `now` and `tamper`: as for testGuest. */
  constructor(cpus = 1, now: () => number = () => 0, tamper?: (module: Uint8Array) => void) {
    this.guest = testGuest({ ramBytes: 4 * 1024 * 1024, cpus, now, tamper });
    this.cpu = this.guest.plan.cpus;
    this.guest.exports.machineInit(this.guest.plan.machine);
  }

  get calls(): TestGuest["exports"] {
    return this.guest.exports;
  }

  // CPU state.

  get64(offset: number): bigint {
    return this.guest.view.getBigUint64(this.cpu + offset, true);
  }
  set64(offset: number, value: bigint | number): void {
    this.guest.view.setBigUint64(this.cpu + offset, BigInt.asUintN(64, BigInt(value)), true);
  }
  get32(offset: number): number {
    return this.guest.view.getUint32(this.cpu + offset, true);
  }
  set32(offset: number, value: number): void {
    this.guest.view.setUint32(this.cpu + offset, value, true);
  }
  segment(n: number): { selector: number; attr: number; base: bigint; limit: number } {
    const s = Cpu.seg + n * Cpu.SEG_SIZE;
    return {
      selector: this.guest.view.getUint16(this.cpu + s + Cpu.segSelector, true),
      attr: this.get32(s + Cpu.segAttr),
      base: this.get64(s + Cpu.segBase),
      limit: this.get32(s + Cpu.segLimit),
    };
  }
  get rip(): bigint {
    return this.get64(Cpu.rip);
  }
  get rsp(): bigint {
    return this.get64(Cpu.rsp);
  }
  get cpl(): number {
    return this.get32(Cpu.cpl);
  }
  get flags(): number {
    return this.calls.testGetFlags(this.cpu) >>> 0;
  }
  set flags(value: number) {
    this.calls.testSetFlags(this.cpu, value);
  }
  /** The pending exception as [vector, error], taken away; undefined if there is none. */
  takeException(): [vector: number, error: number] | undefined {
    const vector = this.guest.view.getInt32(this.cpu + Cpu.excVector, true);
    if (vector < 0) return undefined;
    this.guest.view.setInt32(this.cpu + Cpu.excVector, -1, true);
    return [vector, this.get32(Cpu.excError)];
  }
  raise(vector: number, error = 0): void {
    this.guest.view.setInt32(this.cpu + Cpu.excVector, vector, true);
    this.set32(Cpu.excError, error);
  }

  // Guest memory, by physical address.

  write(address: number, bytes: ArrayLike<number>): void {
    if (!this.guest.guest.write(gpa(address), Uint8Array.from(bytes))) throw new Error(`no memory at ${address}`);
  }
  poke(address: number, value: bigint | number, size: 1 | 2 | 4 | 8): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
    this.write(address, bytes.subarray(0, size));
  }
  peek(address: number, size: 1 | 2 | 4 | 8): bigint {
    const bytes = new Uint8Array(8);
    if (!this.guest.guest.read(gpa(address), bytes.subarray(0, size))) throw new Error(`no memory at ${address}`);
    return new DataView(bytes.buffer).getBigUint64(0, true);
  }
  /** `count` values of `size` bytes from the stack pointer up. */
  stack(count: number, size: 2 | 4 | 8, base = 0n): bigint[] {
    const sp = Number(base + this.rsp);
    return Array.from({ length: count }, (_, i) => this.peek(sp + i * size, size));
  }

  // Descriptors.

  descriptor(address: number, d: Descriptor): void {
    const limit = d.limit ?? 0xfffff;
    const base = d.base ?? 0;
    const type = d.access | ((d.dpl ?? 0) << 5);
    const flags = d.flags ?? 0xc;
    this.poke(address, (limit & 0xffff) | ((base & 0xffff) << 16), 4);
    const high = ((base >>> 16) & 0xff) | (type << 8) | (limit & 0xf0000) | (flags << 20) | (base & 0xff000000);
    this.poke(address + 4, high >>> 0, 4);
  }
  gdt(selector: number, d: Descriptor): void {
    this.descriptor(GDT + (selector & 0xfff8), d);
  }
  /** An 8-byte gate; `parameters` for call gates. */
  gate(address: number, type: number, selector: number, offset: number, dpl = 0, parameters = 0): void {
    this.poke(address, (offset & 0xffff) | (selector << 16), 4);
    this.poke(address + 4, ((offset & 0xffff0000) | ((type | (dpl << 5)) << 8) | parameters) >>> 0, 4);
  }
  /** A 16-byte gate. */
  gate64(address: number, type: number, selector: number, offset: bigint, dpl = 0, ist = 0): void {
    this.gate(address, type, selector, Number(offset & 0xffffffffn), dpl, ist);
    this.poke(address + 8, offset >> 32n, 8);
  }

  // Modes.

  #commonTables(): void {
    this.gdt(CODE0, { access: access.code });
    this.gdt(DATA0, { access: access.data });
    this.gdt(CODE3, { access: access.code, dpl: 3 });
    this.gdt(DATA3, { access: access.data, dpl: 3 });
    this.gdt(CODE64, { access: access.code, flags: 0xa });
    this.gdt(CODE64_USER, { access: access.code, flags: 0xa, dpl: 3 });
    this.set64(Cpu.gdtBase, GDT);
    this.set32(Cpu.gdtLimit, 0xfff);
    this.set64(Cpu.idtBase, IDT);
    this.set32(Cpu.idtLimit, 0xfff);
    this.set64(Cpu.rip, 0x3000);
    this.set64(Cpu.rsp, RING0_STACK);
    this.set32(Cpu.cpl, 0);
    this.flags = 2;
  }

  realMode(): void {
    this.set64(Cpu.idtBase, 0);
    this.set32(Cpu.idtLimit, 0x3ff);
    this.loadParagraphs(0);
    this.set64(Cpu.rip, 0x3000);
    this.set64(Cpu.rsp, 0x8000);
    this.calls.testUpdateMode(this.cpu);
  }

  loadParagraphs(selector: number): void {
    for (let n = 0; n < 6; n++) {
      const s = this.cpu + Cpu.seg + n * Cpu.SEG_SIZE;
      this.guest.view.setUint16(s + Cpu.segSelector, selector, true);
      this.guest.view.setBigUint64(s + Cpu.segBase, BigInt(selector << 4), true);
    }
  }

  /** 32-bit protected mode without paging, flat segments, a TSS with a stack for privilege 0. */
  protectedMode(cpl: 0 | 3 = 0): void {
    this.#commonTables();
    this.set64(Cpu.cr0, 0x31);
    this.#tss({ access: access.tss, base: TSS, limit: 0x67, flags: 0 }, 0);
    this.poke(TSS + 4, RING0_STACK, 4);
    this.poke(TSS + 8, DATA0, 2);
    this.#enter(cpl, cpl === 0 ? CODE0 : CODE3, cpl === 0 ? DATA0 : DATA3);
  }

  /** 64-bit mode, the first 4 MiB mapped one to one for everybody, a 64-bit TSS with RSP0 and IST1. */
  longMode(cpl: 0 | 3 = 0): void {
    this.#commonTables();
    this.poke(PML4, (PML4 + 0x1000) | 7, 8);
    this.poke(PML4 + 0x1000, (PML4 + 0x2000) | 7, 8);
    this.poke(PML4 + 0x2000, 0x87, 8);
    this.poke(PML4 + 0x2008, 0x200087, 8);
    this.set64(Cpu.cr3, PML4);
    this.set64(Cpu.cr4, 0x220);
    this.set64(Cpu.efer, 0xd01);
    this.set64(Cpu.cr0, 0x80010033n);
    this.calls.testUpdateMode(this.cpu);
    this.#tss({ access: access.tss, base: TSS, limit: 0x67, flags: 0 }, 0);
    this.poke(TSS + 4, RING0_STACK, 8);
    this.poke(TSS + 36, IST_STACK, 8);
    this.#enter(cpl, cpl === 0 ? CODE64 : CODE64_USER, cpl === 0 ? DATA0 : DATA3);
  }

  /** Virtual-8086 mode in a 32-bit system. */
  v86Mode(iopl = 0): void {
    this.protectedMode();
    this.flags = 0x20002 | (iopl << 12);
    this.calls.testUpdateMode(this.cpu);
    for (let n = 0; n < 6; n++) {
      const s = Cpu.seg + n * Cpu.SEG_SIZE;
      this.set32(s + Cpu.segAttr, 0xf3);
      this.set32(s + Cpu.segLimit, 0xffff);
    }
    this.loadParagraphs(0x100);
    this.set64(Cpu.rsp, 0x200);
    this.set64(Cpu.rip, 0x40);
    this.calls.testUpdateMode(this.cpu);
  }

  #tss(d: Descriptor, upper: number): void {
    this.gdt(TSS_SELECTOR, d);
    this.poke(GDT + TSS_SELECTOR + 8, upper, 8);
    this.calls.testUpdateMode(this.cpu);
    if (!this.calls.testLoadSegment(this.cpu, Cpu.TR, TSS_SELECTOR)) throw new Error("TR");
  }

  /** Loads CS and SS by a far return, as an operating system does. */
  #enter(cpl: number, cs: number, ss: number): void {
    const wide = (this.get64(Cpu.efer) & 0x400n) !== 0n;
    const rip = this.rip;
    const sp = cpl === 0 ? RING0_STACK : USER_STACK;
    // A flat 32-bit stack to return from, whatever mode this starts in.
    this.set32(Cpu.ssAttr, 0xc093);
    this.set32(Cpu.ssAttr + 12, 0xffffffff);
    this.set64(Cpu.ssBase, 0);
    this.set64(Cpu.rsp, 0x14000);
    [Number(rip), cs, sp, ss].forEach((value, i) => this.poke(0x14000 + i * 4, value, 4));
    if (!this.calls.testFarReturn(this.cpu, 4, 0))
      throw new Error(`entering CS ${cs}: ${String(this.takeException())}`);
    if (cpl === 0) {
      if (!this.calls.testLoadSegment(this.cpu, Cpu.SS, ss)) throw new Error("SS");
      this.set64(Cpu.rsp, sp);
    }
    for (const seg of [Cpu.DS, Cpu.ES]) {
      if (!this.calls.testLoadSegment(this.cpu, seg, ss)) throw new Error("DS");
    }
    if (wide !== (this.get32(Cpu.mode) & 2) > 0) throw new Error("mode");
  }
}

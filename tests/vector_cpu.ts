// Replays vectors (tools/vectors/format.mjs) in the emulated CPU: 64-bit user mode, the operand page mapped as on the
// processor that made them, every exception ending in a HLT of its own, and an INT3 behind the instruction.
import * as Cpu from "../assembly/layout/cpu";
import * as Machine from "../assembly/layout/machine";
import {
  type Case,
  CR2,
  defaultState,
  ERROR,
  FCW,
  type Form,
  FSW,
  FTW,
  MEMORY,
  MEMORY_SIZE,
  MXCSR,
  NO_EXCEPTION,
  OPERAND,
  RFLAGS,
  ST,
  type State,
  XMM,
} from "../tools/vectors/format.mjs";
import { registerName } from "../src/shared/disassemble";
import { access, CODE64, IDT, PML4, SystemCpu } from "./system_cpu";

const PAGE_TABLE = 0xa000;
const OPERAND_PAGE = 0x30000;
const OPERAND_HOST = OPERAND_PAGE + (MEMORY & 0xfff);
const HANDLERS = 0x50000;
const CODE = 0x100000;
const CODE_END = 0x380000;
const BREAKPOINT = 3;
const ERROR_VECTORS = [8, 10, 11, 12, 13, 14, 17];
/** The flags that instructions change. */
const FLAGS = 0xcd5;
const CR4_OSXMMEXCPT = 0x400;

export interface Outcome {
  /** NO_EXCEPTION, or what was raised. */
  readonly vector: number;
  readonly state: State;
}

export class VectorCpu {
  readonly system = new SystemCpu();
  readonly #bytes: Uint8Array;
  readonly #registers: Uint8Array;
  readonly #operand: number;
  readonly #places = new Map<string, number>();
  readonly #defaults = defaultState();

  /** `force`: every instruction is translated to WebAssembly before it runs. */
  constructor(translator: "on" | "force" = "on") {
    const { system } = this;
    if (translator === "force") system.calls.cpuSetTranslator(system.cpu, Cpu.JIT_FORCE);
    system.longMode(3);
    system.set64(Cpu.cr4, system.get64(Cpu.cr4) | BigInt(CR4_OSXMMEXCPT));
    system.poke(PML4 + 0x2000 + (MEMORY >>> 21) * 8, PAGE_TABLE | 7, 8);
    system.poke(PAGE_TABLE, OPERAND_PAGE | 7, 8);
    for (let vector = 0; vector < 32; vector++) {
      const handler = HANDLERS + vector * 16;
      system.poke(handler, 0xf4, 1);
      system.gate64(IDT + vector * 16, access.interruptGate, CODE64, BigInt(handler), 3);
    }
    system.guest.view.setInt32(system.guest.plan.machine + Machine.control, Machine.CONTROL_RUN, true);
    system.calls.cpuSync(system.cpu);
    this.#bytes = new Uint8Array(system.guest.memory.buffer);
    this.#registers = this.#bytes.slice(system.cpu, system.cpu + Cpu.xmm);
    this.#operand = system.calls.physForWrite(system.guest.plan.machine, OPERAND_HOST, 0, MEMORY_SIZE);
    if (this.#operand === 0) throw new Error("no operand page");
  }

  /** Runs all cases of a form; returns what differs, at most `limit` lines. */
  replay(form: Form, limit = 3): string[] {
    const address = this.#place(form.code);
    const problems: string[] = [];
    for (const [n, vector] of form.cases.entries()) {
      const outcome = this.#run(address, form.code.length, vector.input);
      const wrong = differences(form, vector, outcome);
      if (wrong.length > 0) problems.push(`${form.name}, case ${n} (${describeInput(vector)}): ${wrong.join("; ")}`);
      if (problems.length >= limit) break;
    }
    return problems;
  }

  /** Executes one instruction; components that `input` does not have start with their defaults. */
  execute(code: Uint8Array, input: State): Outcome {
    return this.#run(this.#place(code), code.length, input);
  }

  /** Every form gets its own place, so that no decoded code is ever replaced; the same bytes get the same. */
  #place(code: Uint8Array): number {
    const key = Buffer.from(code).toString("hex");
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const address = CODE + this.#places.size * 32;
    if (address >= CODE_END) throw new Error("too many forms for one VectorCpu");
    this.system.write(address, [...code, 0xcc]);
    this.#places.set(key, address);
    return address;
  }

  #run(address: number, length: number, input: State): Outcome {
    const { system } = this;
    this.#enter(new Map([...this.#defaults, ...input]), address);
    const exit = system.calls.cpuRun(system.cpu, 10);
    if (exit !== 1) throw new Error(`the CPU did not halt (${exit}); rip ${system.rip.toString(16)}`);
    const raised = (Number(system.rip) - HANDLERS) >> 4;
    const hasError = ERROR_VECTORS.includes(raised);
    const frame = system.stack(6, 8).slice(hasError ? 1 : 0);
    const finished = raised === BREAKPOINT && Number(frame[0]) === address + length + 1;
    const state = this.#leave(frame[3] ?? 0n, frame[2] ?? 0n);
    if (hasError) state.set(ERROR, bytes(system.stack(1, 8)[0] ?? 0n, 4));
    if (raised === 14) state.set(CR2, bytes(system.get64(Cpu.cr2), 8));
    return { vector: finished ? NO_EXCEPTION : raised, state };
  }

  #enter(state: State, code: number): void {
    const { system } = this;
    this.#bytes.set(this.#registers, system.cpu);
    for (let n = 0; n < 16; n++) this.#put(n * 8, state.get(n));
    system.set64(Cpu.rip, code);
    system.flags = word(state, RFLAGS);
    this.#put(Cpu.mxcsr, state.get(MXCSR));
    this.#put(Cpu.fcw, state.get(FCW));
    this.#put(Cpu.fsw, state.get(FSW));
    this.#put(Cpu.ftw, state.get(FTW));
    // Opcode and pointers, which have no component of their own.
    this.#put(Cpu.fop, new Uint8Array(6));
    this.#put(Cpu.fip, new Uint8Array(16));
    for (let n = 0; n < 16; n++) this.#put(Cpu.xmm + n * Cpu.XMM_SIZE, state.get(XMM + n));
    const top = (word(state, FSW) >>> 11) & 7;
    for (let n = 0; n < 8; n++) this.#put(Cpu.fpr + ((top + n) & 7) * Cpu.FPR_SIZE, state.get(ST + n));
    this.#bytes.set(state.get(OPERAND) ?? [], this.#operand);
    system.set32(Cpu.cpl, 3);
    system.set32(Cpu.runState, Cpu.RUN_RUNNING);
    system.calls.cpuSync(system.cpu);
  }

  #leave(rsp: bigint, rflags: bigint): State {
    const { cpu } = this.system;
    const take = (at: number, width: number) => this.#bytes.slice(cpu + at, cpu + at + width);
    const state: State = new Map();
    for (let n = 0; n < 16; n++) state.set(n, take(n * 8, 8));
    state.set(4, bytes(rsp, 8));
    state.set(RFLAGS, bytes(rflags, 4));
    state.set(MXCSR, take(Cpu.mxcsr, 4));
    state.set(FCW, take(Cpu.fcw, 2));
    state.set(FSW, take(Cpu.fsw, 2));
    state.set(FTW, take(Cpu.ftw, 1));
    for (let n = 0; n < 16; n++) state.set(XMM + n, take(Cpu.xmm + n * Cpu.XMM_SIZE, 16));
    const top = (word(state, FSW) >>> 11) & 7;
    for (let n = 0; n < 8; n++) state.set(ST + n, take(Cpu.fpr + ((top + n) & 7) * Cpu.FPR_SIZE, 10));
    state.set(OPERAND, this.#bytes.slice(this.#operand, this.#operand + MEMORY_SIZE));
    return state;
  }

  #put(at: number, value: Uint8Array | undefined): void {
    this.#bytes.set(value ?? [], this.system.cpu + at);
  }
}

function word(state: State, component: number): number {
  return Buffer.concat([state.get(component) ?? Buffer.alloc(4), Buffer.alloc(4)]).readUInt32LE(0);
}

function bytes(value: bigint, width: number): Uint8Array {
  const all = new Uint8Array(8);
  new DataView(all.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return all.slice(0, width);
}

function name(vector: number): string {
  return vector === NO_EXCEPTION ? "none" : String(vector);
}

const names: Readonly<Record<number, string>> = {
  [RFLAGS]: "rflags",
  [MXCSR]: "mxcsr",
  [FCW]: "fcw",
  [FSW]: "fsw",
  [FTW]: "ftw",
  [OPERAND]: "memory",
  [ERROR]: "error",
  [CR2]: "cr2",
};

function componentName(component: number): string {
  if (component < 16) return registerName(component);
  if (component >= ST) return `st${component - ST}`;
  return component >= XMM ? `xmm${component - XMM}` : (names[component] ?? "?");
}

/** As a number, the way registers are written. */
function hex(value: Uint8Array | undefined): string {
  return Buffer.from(value ?? [])
    .reverse()
    .toString("hex");
}

function describeInput({ input }: Case): string {
  return [...input].map(([component, value]) => `${componentName(component)} ${hex(value)}`).join(" ");
}

function differences(form: Form, { input, vector, output }: Case, outcome: Outcome): string[] {
  if (outcome.vector !== vector) return [`exception ${name(outcome.vector)}, not ${name(vector)}`];
  const mask = FLAGS & form.flags;
  const wrong: string[] = [];
  for (const [component, value] of new Map([...defaultState(), ...input, ...output])) {
    const isFlags = component === RFLAGS;
    const got = outcome.state.get(component) ?? value;
    const a = isFlags ? masked(got, mask) : got;
    const b = isFlags ? masked(value, mask) : value;
    if (Buffer.compare(a, b) !== 0) wrong.push(`${componentName(component)} is ${hex(a)}, not ${hex(b)}`);
  }
  return wrong;
}

function masked(flags: Uint8Array, mask: number): Uint8Array {
  return bytes(BigInt(Buffer.from(flags).readUInt32LE(0) & mask), 4);
}

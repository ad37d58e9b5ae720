// Replays integer vectors (tools/vectors/format.mjs, version 2) in the emulated CPU: 64-bit or compatibility-mode (32- and
// 16-bit) user code at the addresses that the recording used, every exception ending in a HLT of its own, INT3 all around the code.
import * as Cpu from "../assembly/layout/cpu";
import * as Jit from "../assembly/layout/jit";
import * as Machine from "../assembly/layout/machine";
import {
  type Case,
  CODE,
  CR2,
  defaultState,
  ERROR,
  type Form,
  GS_BASE,
  LIMIT,
  LOW,
  LOW_MEMORY,
  LOW_SIZE,
  MEMORY,
  MEMORY_SIZE,
  NO_EXCEPTION,
  OPERAND,
  READ_ONLY,
  RFLAGS,
  RIP,
  SEGMENT,
  type State,
} from "../tools/vectors/format.mjs";
import { type CodeSize, disassemble, registerName } from "../src/shared/disassemble";
import { access, CODE64, CODE64_USER, DATA3, GDT, IDT, PML4, RING0_STACK, SystemCpu, TSS } from "./system_cpu";

/** Where supervisor code sees the first 2 MiB; user addresses there are free for the vectors. */
const SYSTEM = 0x10000000;
const HANDLERS = 0x50000;
const TABLES = 0x60000;
const PAGES = 0x70000;
const CODE32_USER = 0x4b;
const BREAKPOINT = 3;
const ERROR_VECTORS = [8, 10, 11, 12, 13, 14, 17];
const CODE_SIZE = 8192;
const FLAGS = 0xcd5;
const NX = 1n << 63n;
const GENERAL = Array.from({ length: 16 }, (_, n) => n);

interface Segment {
  readonly selector: number;
  readonly attr: number;
  readonly base?: number;
  readonly limit?: number;
}

/** What CS, DS, SS and ES hold in code of each width; 16-bit code has segments of the LDT. */
const FLAT: Segment = { selector: DATA3, attr: 0xc0f3 };
const SEGMENTS: Readonly<Record<number, Readonly<Record<"code" | "data" | "extra", Segment>>>> = {
  64: { code: { selector: CODE64_USER, attr: 0xa0fb }, data: FLAT, extra: FLAT },
  32: { code: { selector: CODE32_USER, attr: 0xc0fb }, data: FLAT, extra: FLAT },
  16: {
    code: { selector: 0x07, attr: 0x00fb, base: CODE, limit: CODE_SIZE - 1 },
    data: { selector: 0x0f, attr: 0x00f3, base: SEGMENT, limit: LIMIT },
    extra: { selector: 0x17, attr: 0x00f3, base: SEGMENT, limit: 0xffff },
  },
};

export class StepCpu {
  readonly system = new SystemCpu();
  readonly #bytes: Uint8Array;
  readonly #registers: Uint8Array;
  readonly #defaults = defaultState();
  readonly #operand: number;
  /** The two pages of operands. */
  readonly #data: readonly number[];
  readonly #low: readonly [number, number];
  #pages = 0;
  #tables = 0;

  /** `force`: every instruction is translated to WebAssembly before it runs. */
  constructor(translator: "on" | "force" = "on") {
    const { system } = this;
    if (translator === "force") system.calls.cpuSetTranslator(system.cpu, Cpu.JIT_FORCE);
    system.longMode(3);
    system.gdt(CODE32_USER, { access: access.code, dpl: 3 });
    const page = {
      operand: this.#page(),
      low: this.#page(),
      readOnly: this.#page(),
      code: [this.#page(), this.#page()],
    };
    this.#map(LOW - (LOW & 0xfff), page.low, 7n | NX);
    this.#map(MEMORY - (MEMORY & 0xfff), page.operand, 7n | NX);
    this.#map(READ_ONLY, page.readOnly, 5n | NX);
    page.code.forEach((gpa, i) => this.#map(CODE + i * 4096, gpa, 7n));
    this.#moveSystem();
    this.#map(SEGMENT, page.low, 7n | NX);
    this.#map(SEGMENT + 0x1000, page.operand, 7n | NX);
    this.#code = page.code;
    for (const gpa of page.code) system.write(gpa, new Uint8Array(4096).fill(0xcc));
    system.set64(Cpu.gsBase, GS_BASE);
    system.guest.view.setInt32(system.guest.plan.machine + Machine.control, Machine.CONTROL_RUN, true);
    system.calls.cpuSync(system.cpu);
    this.#bytes = new Uint8Array(system.guest.memory.buffer);
    this.#registers = this.#bytes.slice(system.cpu, system.cpu + Cpu.xmm);
    this.#data = [page.low, page.operand].map((gpa) => this.#host(gpa, 4096));
    this.#operand = this.#host(page.operand + (MEMORY & 0xfff), MEMORY_SIZE);
    this.#low = [this.#host(page.low + (LOW & 0xfff), LOW_SIZE / 2), this.#host(page.operand, LOW_SIZE / 2)];
  }
  readonly #code: readonly number[];

  /** Regions translated so far. */
  get translated(): bigint {
    return this.system.get64(Cpu.jit + Jit.regionsTranslated);
  }

  /** Runs all cases of a form; returns what differs, at most `limit` lines. */
  replay(form: Form, limit = 3): string[] {
    const at = form.at ?? 0;
    this.#put(at, form.code);
    const problems: string[] = [];
    for (const [n, vector] of form.cases.entries()) {
      const outcome = this.#run(form, vector.input);
      const wrong = this.#differences(form, vector, outcome);
      if (wrong.length > 0) {
        const code = Buffer.from(form.code).toString("hex");
        const { text } = disassemble(form.code, (form.mode ?? 64) as CodeSize, BigInt(CODE + at));
        problems.push(`${form.name} <${code}: ${text}>, case ${n} (${describe(vector)}): ${wrong.join("; ")}`);
      }
      if (problems.length >= limit) break;
    }
    this.#put(at, new Uint8Array(form.code.length).fill(0xcc));
    return problems;
  }

  /** Executes one instruction at an offset in the code area. */
  #run(form: Form, input: State): { vector: number; state: State } {
    const { system } = this;
    const start = CODE + (form.at ?? 0);
    const base = form.mode === 16 ? CODE : 0;
    this.#enter(new Map([...this.#defaults, ...input]), start - base, form.mode ?? 64);
    const exit = system.calls.cpuRun(system.cpu, 10);
    if (exit !== 1) throw new Error(`${form.name}: the CPU did not halt (${exit}); rip ${system.rip.toString(16)}`);
    let vector = (Number(system.rip) - HANDLERS - SYSTEM) >> 4;
    const frame = system.stack(6, 8, BigInt(-SYSTEM));
    const error = ERROR_VECTORS.includes(vector) ? frame.shift() : undefined;
    let rip = (frame[0] ?? 0n) + BigInt(base);
    const state = this.#leave(frame[3] ?? 0n, frame[2] ?? 0n);
    const landed = Number(rip - 1n);
    if (vector === BREAKPOINT && landed !== start && landed >= CODE && landed < CODE + CODE_SIZE) {
      vector = NO_EXCEPTION;
      rip -= 1n;
    }
    state.set(RIP, bytes(rip, 8));
    if (error !== undefined) state.set(ERROR, bytes(error, 4));
    if (vector === 14) state.set(CR2, bytes(system.get64(Cpu.cr2), 8));
    return { vector, state };
  }

  #enter(state: State, rip: number, mode: number): void {
    const { system } = this;
    const narrow = mode !== 64;
    this.#bytes.set(this.#registers, system.cpu);
    for (const n of GENERAL) this.#bytes.set(state.get(n)?.subarray(0, narrow ? 4 : 8) ?? [], system.cpu + n * 8);
    if (narrow) for (const n of GENERAL) system.set32(n * 8 + 4, 0);
    system.set64(Cpu.rip, rip);
    system.flags = Number(toBigInt(state.get(RFLAGS)));
    for (const host of this.#data) this.#bytes.fill(0, host, host + 4096);
    this.#bytes.set(state.get(OPERAND) ?? [], this.#operand);
    this.#setLow(state.get(LOW_MEMORY) ?? new Uint8Array());
    const { code, data, extra } = SEGMENTS[mode] ?? {};
    this.#setSegment(Cpu.CS, code);
    this.#setSegment(Cpu.DS, data);
    this.#setSegment(Cpu.SS, data);
    this.#setSegment(Cpu.ES, extra);
    system.set32(Cpu.cpl, 3);
    system.set32(Cpu.runState, Cpu.RUN_RUNNING);
    system.calls.testUpdateMode(system.cpu);
  }

  #setSegment(n: number, { selector, attr, base = 0, limit = 0xffffffff }: Segment = FLAT): void {
    const { system } = this;
    const at = Cpu.seg + n * Cpu.SEG_SIZE;
    system.guest.view.setUint16(system.cpu + at + Cpu.segSelector, selector, true);
    system.set32(at + Cpu.segAttr, attr);
    system.set32(at + Cpu.segLimit, limit);
    system.set64(at + Cpu.segBase, base);
  }

  #leave(rsp: bigint, rflags: bigint): State {
    const { cpu } = this.system;
    const state: State = new Map();
    for (const n of GENERAL) state.set(n, this.#bytes.slice(cpu + n * 8, cpu + n * 8 + 8));
    state.set(4, bytes(rsp, 8));
    state.set(RFLAGS, bytes(rflags, 4));
    state.set(OPERAND, this.#bytes.slice(this.#operand, this.#operand + MEMORY_SIZE));
    const low = this.#low.flatMap((host) => [...this.#bytes.subarray(host, host + LOW_SIZE / 2)]);
    state.set(LOW_MEMORY, Uint8Array.from(low));
    return state;
  }

  #setLow(low: Uint8Array): void {
    this.#low.forEach((host, i) => {
      this.#bytes.set(low.subarray((i * LOW_SIZE) / 2, ((i + 1) * LOW_SIZE) / 2), host);
    });
  }

  /** Writes code as a device would, so that what was decoded there is dropped. */
  #put(at: number, code: Uint8Array): void {
    const first = Math.min(code.length, 4096 - (at & 0xfff));
    this.system.write((this.#code[at >> 12] ?? 0) + (at & 0xfff), code.subarray(0, first));
    if (first < code.length) this.system.write(this.#code[(at >> 12) + 1] ?? 0, code.subarray(first));
  }

  #differences(form: Form, { input, vector, output }: Case, outcome: { vector: number; state: State }): string[] {
    if (outcome.vector !== vector) return [`exception ${name(outcome.vector)}, not ${name(vector)}`];
    const wrong: string[] = [];
    for (const [component, value] of new Map([...this.#defaults, ...input, ...output])) {
      const got = outcome.state.get(component) ?? value;
      const width = component < 16 && form.mode !== 64 ? 4 : value.length;
      const mask = component === RFLAGS ? BigInt(form.flags & FLAGS) : -1n;
      const a = got.subarray(0, width);
      const b = value.subarray(0, width);
      if (Buffer.compare(a, b) === 0 || (mask !== -1n && ((toBigInt(a) ^ toBigInt(b)) & mask) === 0n)) continue;
      wrong.push(`${componentName(component)} is ${hex(a)}, not ${hex(b)}`);
    }
    return wrong;
  }

  /** A fresh page of guest memory; no two are neighbours. */
  #page(): number {
    const gpa = PAGES + this.#pages++ * 0x2000;
    this.system.write(gpa, new Uint8Array(4096));
    return gpa;
  }

  #host(gpa: number, length: number): number {
    const { system } = this;
    const host = system.calls.physForWrite(system.guest.plan.machine, gpa, 0, length);
    if (host === 0) throw new Error(`no memory at ${gpa}`);
    return host;
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

  /** Tables, stack and handlers to the supervisor's addresses; nothing stays mapped in the first 2 MiB. */
  #moveSystem(): void {
    const { system } = this;
    system.poke(PML4 + 0x2000 + (SYSTEM >>> 21) * 8, 0x83, 8);
    system.poke(PML4 + 0x2000, 0, 8);
    system.set64(Cpu.gdtBase, SYSTEM + GDT);
    system.set64(Cpu.idtBase, SYSTEM + IDT);
    system.set64(Cpu.seg + Cpu.TR * Cpu.SEG_SIZE + Cpu.segBase, SYSTEM + TSS);
    system.poke(TSS + 4, SYSTEM + RING0_STACK, 8);
    // No I/O permission bitmap.
    system.poke(TSS + 102, 0xffff, 2);
    for (let vector = 0; vector < 32; vector++) {
      system.poke(HANDLERS + vector * 16, 0xf4, 1);
      system.gate64(IDT + vector * 16, access.interruptGate, CODE64, BigInt(SYSTEM + HANDLERS + vector * 16), 3);
    }
    for (const segment of [Cpu.ES, Cpu.DS]) system.calls.testLoadSegment(system.cpu, segment, DATA3);
    system.calls.cpuSync(system.cpu);
  }
}

function toBigInt(value: Uint8Array | undefined): bigint {
  return BigInt(`0x${hex(value) || "0"}`);
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
  [OPERAND]: "memory",
  [LOW_MEMORY]: "low memory",
  [ERROR]: "error",
  [CR2]: "cr2",
  [RIP]: "rip",
};

function componentName(component: number): string {
  return component < 16 ? registerName(component) : (names[component] ?? "?");
}

/** As a number, the way registers are written. */
function hex(value: Uint8Array | undefined): string {
  return Buffer.from(value ?? [])
    .reverse()
    .toString("hex");
}

function describe({ input }: Case): string {
  return [...input].map(([component, value]) => `${componentName(component)} ${hex(value)}`).join(" ");
}

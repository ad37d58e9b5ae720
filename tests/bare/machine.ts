// A machine that runs a bare-metal test program (tools/bare) and gathers what it prints.
import * as Counters from "../../assembly/layout/counters";
import * as Cpu from "../../assembly/layout/cpu";
import * as CpuSystem from "../../assembly/layout/cpu_system";
import * as Machine from "../../assembly/layout/machine";
import * as Mailbox from "../../assembly/layout/mailbox";
import { RUN_EXIT } from "../../src/machine/exports";
import { gpa } from "../../src/shared/units";
import { testGuest, type TestGuest } from "../guest";

const LOAD = 0x100000;
const ENTRY = LOAD + 0x20;
/** Where programs write text, and 0 at their end. */
const CONSOLE = 0x2000;
/** Of all programs; one runs up to ten million. */
const MOST_INSTRUCTIONS = 50_000_000;
const SLICE = 100_000;
/** Host milliseconds that pass at each look at the clock: timers end, and every run is the same. */
const TICK = 0.01;
const FLAT_CODE = 0xc09b;
const FLAT_DATA = 0xc093;

export class BareMachine {
  readonly #guest: TestGuest;
  readonly #cpu: number;
  readonly #output: number[] = [];
  #exited = false;

  /** `mode`: Cpu.JIT_OFF or JIT_FORCE. */
  constructor(image: Uint8Array, mode: number) {
    let now = 0;
    this.#guest = testGuest({
      ramBytes: 16 * 1024 * 1024,
      now: () => (now += TICK),
      mailbox: (cpu) => this.#answer(cpu),
    });
    const { exports, view, plan, guest } = this.#guest;
    this.#cpu = plan.cpus;
    exports.machineInit(plan.machine);
    view.setUint32(this.#cpu + CpuSystem.vendor, CpuSystem.VENDOR_INTEL, true);
    if (!guest.write(gpa(LOAD), image.slice())) throw new Error("the image does not fit");
    this.#enterProtectedMode();
    view.setInt32(plan.machine + Machine.control, Machine.CONTROL_RUN, true);
    exports.cpuSetTranslator(this.#cpu, mode);
    exports.cpuSync(this.#cpu);
  }

  /** Results by name, as tools/bare/record.mjs has them. */
  run(): Map<string, string> {
    const { exports, view } = this.#guest;
    let halts = 0;
    while (!this.#exited && Number(view.getBigUint64(this.#cpu + Cpu.instructions, true)) < MOST_INSTRUCTIONS) {
      const reason = exports.cpuRun(this.#cpu, SLICE);
      if (reason === RUN_EXIT.shutdown) return this.#results("shutdown");
      if (reason === RUN_EXIT.halted && ++halts > SLICE) break;
    }
    return this.#results(this.#exited ? "exit" : `none; rip ${this.#get(Cpu.rip)}`);
  }

  /** Instructions that translations executed. */
  get translated(): number {
    return Number(this.#guest.view.getBigUint64(this.#cpu + Cpu.counters + Counters.inTranslations, true));
  }

  #get(offset: number): string {
    return this.#guest.view.getBigUint64(this.#cpu + offset, true).toString(16);
  }

  #results(end: string): Map<string, string> {
    const results = new Map<string, string>();
    for (const line of Buffer.from(this.#output).toString("latin1").split("\n")) {
      const at = line.indexOf(": ");
      if (at > 0) results.set(line.slice(0, at), line.slice(at + 2));
    }
    return results.set("the end", end);
  }

  /** As a multiboot loader leaves the processor: flat segments, no paging. */
  #enterProtectedMode(): void {
    const { view } = this.#guest;
    for (const n of [Cpu.ES, Cpu.CS, Cpu.SS, Cpu.DS, Cpu.FS, Cpu.GS]) {
      const s = this.#cpu + Cpu.seg + n * Cpu.SEG_SIZE;
      view.setUint16(s + Cpu.segSelector, n === Cpu.CS ? 8 : 16, true);
      view.setUint32(s + Cpu.segAttr, n === Cpu.CS ? FLAT_CODE : FLAT_DATA, true);
      view.setUint32(s + Cpu.segLimit, 0xffffffff, true);
      view.setBigUint64(s + Cpu.segBase, 0n, true);
    }
    view.setBigUint64(this.#cpu + Cpu.cr0, 0x11n, true);
    view.setBigUint64(this.#cpu + Cpu.rip, BigInt(ENTRY), true);
  }

  #answer(cpu: number): void {
    const { view } = this.#guest;
    const box = cpu + Cpu.mailbox;
    const port = Number(view.getBigUint64(box + Mailbox.address, true));
    if (view.getUint32(box + Mailbox.kind, true) !== Mailbox.KIND_PORT) throw new Error(`no device at ${port}`);
    const value = view.getUint8(box + Mailbox.value);
    if (view.getUint32(box + Mailbox.write, true) === 0) view.setBigUint64(box + Mailbox.value, 0xffffffffn, true);
    else if (port === CONSOLE && value !== 0) this.#output.push(value);
    else this.#exited ||= port === CONSOLE;
  }
}

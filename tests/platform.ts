// A machine with chips, CPUs and a little RAM but no instructions: tests drive it as a driver does.
import * as ByteRing from "../assembly/layout/byte_ring";
import * as Cpu from "../assembly/layout/cpu";
import * as Machine from "../assembly/layout/machine";
import * as Mailbox from "../assembly/layout/mailbox";
import { CARVE_START, POOL } from "../assembly/layout/memory_map";
import * as Pool from "../assembly/layout/pool";
import { loadTestWasm } from "./wasm";

const MACHINE = CARVE_START;
const PAGE_MAP = MACHINE + Machine.SIZE;
const RAM_PAGES = 64;
const CPUS = 0x1200000;
const MAX_CPUS = 2;
const PAGES = CPUS + MAX_CPUS * Cpu.SIZE;
const END = PAGES + RAM_PAGES * 4096;

export interface Exit {
  kind: number;
  write: boolean;
  address: number;
  size: number;
  value: number;
}

let current: TestPlatform | undefined;

// One memory for all tests of a file: it is large, though hardly touched.
const wasm = loadTestWasm({
  pages: Math.ceil(END / 65536),
  host: {
    now: () => current?.ms ?? 0,
    realtime: () => current?.realtime ?? 0,
    mailbox: (cpu) => current?.answer(cpu ?? 0),
  },
});
const { exports, view } = wasm;
const bytes = new Uint8Array(wasm.memory.buffer);

export class TestPlatform {
  /** What host.now and host.realtime say. */
  ms = 1000;
  realtime: number;
  readonly m = MACHINE;
  readonly exits: Exit[] = [];
  /** What the device model answers. */
  model: (exit: Exit) => number = () => 0;

  constructor(
    options: { cpus?: number; realtime?: number; before?: (view: DataView<SharedArrayBuffer>) => void } = {},
  ) {
    this.realtime = options.realtime ?? Date.UTC(2024, 1, 29, 23, 59, 58);
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    current = this;
    const cpus = options.cpus ?? 1;
    bytes.fill(0, MACHINE, PAGE_MAP + RAM_PAGES * 4);
    for (let i = 0; i < MAX_CPUS; i++) bytes.fill(0, this.cpu(i), this.cpu(i) + 0x10000);
    bytes.fill(0, PAGES, END);
    bytes.fill(0, POOL, POOL + Pool.SIZE);
    this.put32(POOL + Pool.next, PAGES / 4096);
    this.put32(POOL + Pool.end, END / 4096);
    this.put32(MACHINE + Machine.pageMap, PAGE_MAP);
    this.put32(MACHINE + Machine.pageMapEntries, RAM_PAGES);
    this.put32(MACHINE + Machine.lowRamEnd, RAM_PAGES);
    this.put32(MACHINE + Machine.highRamEnd, 0x100000);
    this.put32(MACHINE + Machine.cpuCount, cpus);
    this.put32(MACHINE + Machine.cpus, CPUS);
    for (const ring of [Machine.uartOut, Machine.uartIn, Machine.i8042In]) {
      this.put32(MACHINE + ring + ByteRing.capacity, 256);
    }
    options.before?.(view);
    exports.testPlatformInit(MACHINE);
  }

  cpu(index = 0): number {
    return CPUS + index * Cpu.SIZE;
  }

  /** Time passes, for both clocks of the host. */
  advance(ms: number): void {
    this.ms += ms;
    this.realtime += ms;
  }

  answer(cpu: number): void {
    const box = cpu + Cpu.mailbox;
    const exit = {
      kind: view.getUint32(box + Mailbox.kind, true),
      write: view.getUint32(box + Mailbox.write, true) !== 0,
      address: Number(view.getBigUint64(box + Mailbox.address, true)),
      size: view.getUint32(box + Mailbox.size, true),
      value: Number(view.getBigUint64(box + Mailbox.value, true)),
    };
    this.exits.push(exit);
    view.setBigUint64(box + Mailbox.value, BigInt(this.model(exit)), true);
  }

  get events(): { event: number; value: number }[] {
    const events = this.exits.filter((exit) => exit.kind === Mailbox.KIND_EVENT);
    return events.map(({ address, value }) => ({ event: address, value }));
  }

  in(port: number, size = 1, cpu = 0): number {
    return exports.testPortRead(this.cpu(cpu), port, size) >>> 0;
  }

  out(port: number, value: number, size = 1, cpu = 0): void {
    exports.testPortWrite(this.cpu(cpu), port, size, value);
  }

  read(gpa: number, size = 4, cpu = 0): number {
    return Number(BigInt.asUintN(64, exports.testMmioRead(this.cpu(cpu), BigInt(gpa), size)));
  }

  write(gpa: number, value: number, size = 4, cpu = 0): void {
    exports.testMmioWrite(this.cpu(cpu), BigInt(gpa), size, BigInt(value));
  }

  /** undefined = #GP. */
  rdmsr(index: number, cpu = 0): bigint | undefined {
    if (!exports.testReadMsr(this.cpu(cpu), index)) return undefined;
    return view.getBigUint64(this.cpu(cpu) + Cpu.msrValue, true);
  }

  /** false = #GP. */
  wrmsr(index: number, value: bigint | number, cpu = 0): boolean {
    view.setBigUint64(this.cpu(cpu) + Cpu.msrValue, BigInt.asUintN(64, BigInt(value)), true);
    return exports.testWriteMsr(this.cpu(cpu), index) !== 0;
  }

  poll(cpu = 0): void {
    exports.testPlatformPoll(this.cpu(cpu));
  }

  /** The vector that a CPU with IF set takes now, -1 if none. */
  take(cpu = 0): number {
    this.poll(cpu);
    if (this.get32(this.cpu(cpu) + Cpu.intrPending) === 0) return -1;
    return exports.testAcknowledge(this.cpu(cpu));
  }

  now(): bigint {
    return exports.testGuestNow(MACHINE);
  }

  tsc(cpu = 0): bigint {
    return exports.testTscNow(this.cpu(cpu));
  }

  /** ns guest time of the next timer of a CPU, undefined if there is none. */
  nextTimer(cpu = 0): bigint | undefined {
    const next = view.getBigUint64(this.cpu(cpu) + Cpu.nextTimer, true);
    return next === 2n ** 64n - 1n ? undefined : next;
  }

  get32(address: number): number {
    return view.getInt32(address, true);
  }

  put32(address: number, value: number): void {
    view.setUint32(address, value, true);
  }

  /** A view of guest RAM from a gpa to the end of its page; the page is touched. */
  ram(gpa: number): DataView<SharedArrayBuffer> {
    const entry = PAGE_MAP + (gpa >>> 12) * 4;
    if (view.getUint32(entry, true) === 0) {
      const page = view.getUint32(POOL + Pool.next, true);
      this.put32(POOL + Pool.next, page + 1);
      this.put32(entry, page * 4096 + 1);
    }
    const host = (view.getUint32(entry, true) & ~4095) + (gpa & 4095);
    return new DataView(view.buffer, host, 4096 - (gpa & 4095));
  }

  /** Bytes that the guest has sent to the serial port. */
  takeOutput(): number[] {
    const ring = MACHINE + Machine.uartOut;
    const out: number[] = [];
    for (let head = view.getUint32(ring, true); head !== view.getUint32(ring + ByteRing.tail, true); head++) {
      out.push(view.getUint8(ring + ByteRing.data + (head & 255)));
      this.put32(ring, head + 1);
    }
    return out;
  }

  feed(ring: number, values: number[], size: 1 | 2 = 1): void {
    const base = MACHINE + ring;
    for (const value of values) {
      const tail = view.getUint32(base + ByteRing.tail, true);
      const at = base + ByteRing.data + (tail & 255);
      if (size === 1) view.setUint8(at, value);
      else view.setUint16(at, value, true);
      this.put32(base + ByteRing.tail, tail + size);
    }
  }

  readonly calls = exports;
}

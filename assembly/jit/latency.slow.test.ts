// How late a timer interrupt reaches the guest while it runs tight loops: the guest programs its TSC deadline, loops, and
// its handler notes how far the TSC has got past the deadline.
import { afterAll, expect, it } from "vitest";
import { access, CODE64, IDT, SystemCpu } from "../../tests/system_cpu";
import * as Cpu from "../layout/cpu";
import * as Machine from "../layout/machine";

const CODE = 0x100000;
const HANDLER = 0x101000;
const DATA = 0x180000;
const NOTES = 0x280000;
const SAMPLES = 400;
const VECTOR = 0x40;
const LIMIT_US = 50;

/** Local APIC on, in x2APIC mode, its timer in TSC-deadline mode; first deadline in 0.5 ms; interrupts on. */
const setUp = [
  ...[0xb9, 0x1b, 0, 0, 0, 0xb8, 0, 0x0d, 0xe0, 0xfe, 0x31, 0xd2, 0x0f, 0x30], // IA32_APIC_BASE
  ...[0xb9, 0x0f, 8, 0, 0, 0xb8, 0xff, 1, 0, 0, 0x0f, 0x30], // spurious interrupt register
  ...[0xb9, 0x32, 8, 0, 0, 0xb8, VECTOR, 0, 4, 0, 0x0f, 0x30], // LVT timer
  ...[0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0], // RDTSC into rax
  ...[0x48, 0x05, 0x20, 0xa1, 7, 0, 0x49, 0x89, 0xc7, 0x48, 0x89, 0xc2, 0x48, 0xc1, 0xea, 0x20], // + 500000 into r15, edx:eax
  ...[0xb9, 0xe0, 6, 0, 0, 0x0f, 0x30, 0xfb], // IA32_TSC_DEADLINE; STI
];

/** Notes the delay at r14; HLT when r14 has reached r13; next deadline, end of interrupt. */
const handler = [
  ...[0x50, 0x51, 0x52, 0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0],
  ...[0x48, 0x89, 0xc1, 0x4c, 0x29, 0xf9, 0x49, 0x89, 0x0e, 0x49, 0x83, 0xc6, 8, 0x4d, 0x39, 0xee, 0x73, 0x27],
  ...[0x48, 0x05, 0x20, 0xa1, 7, 0, 0x49, 0x89, 0xc7, 0x48, 0x89, 0xc2, 0x48, 0xc1, 0xea, 0x20],
  ...[0xb9, 0xe0, 6, 0, 0, 0x0f, 0x30, 0xb9, 0x0b, 8, 0, 0, 0x31, 0xc0, 0x31, 0xd2, 0x0f, 0x30],
  ...[0x5a, 0x59, 0x58, 0x48, 0xcf, 0xf4],
];

const loops: Record<string, number[]> = {
  "a jump to itself": [0xeb, 0xfe],
  "INC and a jump": [0x48, 0xff, 0xc3, 0xeb, 0xfb],
  "a load, an addition, a store": [
    0x48, 0x8b, 0x37, 0x48, 1, 0xde, 0x48, 0x89, 0x37, 0x48, 0xff, 0xcb, 0x75, 0xf2, 0xeb, 0xf0,
  ],
  "calls and returns": [0xe8, 2, 0, 0, 0, 0xeb, 0xf9, 0x48, 0xff, 0xc3, 0xc3],
  "REP STOSB of a megabyte": [0x48, 0x89, 0xfe, 0xb9, 0, 0, 0x10, 0, 0xf3, 0xaa, 0x48, 0x89, 0xf7, 0xeb, 0xf1],
};

const lines: string[] = [];
afterAll(() => console.log(lines.join("\n")));

/** Delays in µs, sorted. */
function measure(mode: number, loop: readonly number[]): number[] {
  const system = new SystemCpu(1, () => performance.now());
  system.longMode(0);
  system.write(CODE, [...setUp, ...loop]);
  system.write(HANDLER, handler);
  system.gate64(IDT + VECTOR * 16, access.interruptGate, CODE64, BigInt(HANDLER));
  system.write(DATA, new Uint8Array(0x100000));
  system.set64(Cpu.rip, CODE);
  system.set64(Cpu.rdi, DATA);
  system.set64(Cpu.gpr + 14 * 8, NOTES);
  system.set64(Cpu.gpr + 13 * 8, NOTES + SAMPLES * 8);
  system.guest.view.setInt32(system.guest.plan.machine + Machine.control, Machine.CONTROL_RUN, true);
  system.calls.cpuSetTranslator(system.cpu, mode);
  system.calls.cpuSync(system.cpu);
  const end = performance.now() + 30_000;
  // Short calls: engines replace code by its optimised form only when it is entered anew.
  while (system.calls.cpuRun(system.cpu, 20_000) === 0 && performance.now() < end);
  expect(system.get64(Cpu.gpr + 14 * 8), "all deadlines came").toBe(BigInt(NOTES + SAMPLES * 8));
  const delays = Array.from({ length: SAMPLES }, (_, i) => Number(system.peek(NOTES + i * 8, 8)) / 1000);
  // The first ones are late by what compiling took.
  return delays.slice(SAMPLES / 4).sort((a, b) => a - b);
}

it.each(Object.entries(loops))("a timer interrupt is seen within 50 µs in %s", (name, loop) => {
  const median = (mode: number, word: string): number => {
    const delays = measure(mode, loop);
    const at = (share: number) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? NaN;
    const text = [0.5, 0.9, 0.99, 1].map((share) => `${share * 100} %: ${at(share).toFixed(1)}`).join(", ");
    lines.push(`${name}, ${word}, µs: ${text}`);
    return at(0.5);
  };
  median(Cpu.JIT_OFF, "interpreted");
  // Of the delays of a busy host, which takes the processor away for milliseconds, the median knows nothing.
  expect(median(Cpu.JIT_ON, "translated")).toBeLessThanOrEqual(LIMIT_US);
});

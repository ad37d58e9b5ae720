// Where a code segment ends: what has been decoded, or linked, in a segment that is longer must not run in a shorter one.
import { beforeEach, expect, it } from "vitest";
import { access, CODE0, FREE, IDT, RING0_STACK, SystemCpu } from "../../tests/system_cpu";
import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";
import * as Machine from "../layout/machine";

/** A page for code at an address that its segments have as base or not. */
const CODE = 0x40000;
const HANDLER = 0x3500;
const HLT = 0xf4;
const NOP = 0x90;

let t: SystemCpu;

beforeEach(() => {
  t = new SystemCpu();
  t.protectedMode();
  t.guest.view.setInt32(t.guest.plan.machine + Machine.control, Machine.CONTROL_RUN, true);
  t.calls.cpuSync(t.cpu);
  t.write(HANDLER, [HLT]);
  t.gate(IDT + Exception.GP * 8, access.interruptGate, CODE0, HANDLER);
});

/** Runs from offset `at` of a code segment with this base and limit to a HLT: where it stood, or where the #GP came. */
function run(base: number, limit: number, flags: number, at: number): string {
  t.gdt(FREE, { access: access.code, base, limit, flags });
  t.set64(Cpu.rsp, RING0_STACK);
  t.set32(Cpu.runState, Cpu.RUN_RUNNING);
  expect(t.calls.testFarJump(t.cpu, FREE, at)).toBe(1);
  expect(t.calls.cpuRun(t.cpu, 100)).toBe(1);
  if (t.rsp === BigInt(RING0_STACK)) return `halted at ${(t.rip - 1n).toString(16)}`;
  // Error code, EIP.
  return `#GP at ${t.peek(Number(t.rsp) + 4, 4).toString(16)}`;
}

const instructions: [name: string, bytes: number[]][] = [
  ["one byte", [0x40]],
  ["five bytes", [0xb8, 1, 2, 3, 4]],
  ["six prefixes", [0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, NOP]],
  ["a jump to the next", [0xeb, 0]],
];

it.each([
  ["of 32 bits at 0", 0, 4],
  ["of 32 bits with a base", CODE, 4],
  ["of 16 bits with a base", CODE, 0],
])("no instruction beyond the end of a segment %s is executed", (_name, base, flags) => {
  const begin = CODE - base + 0x100;
  for (const [name, bytes] of instructions.filter(([what]) => flags !== 0 || what !== "five bytes")) {
    t.write(CODE + 0x100, [NOP, NOP, ...bytes, NOP, HLT]);
    const starts = [0, 1, 2, 2 + bytes.length, 3 + bytes.length];
    const end = begin + 4 + bytes.length;
    // Downwards, upwards, and once more, with the code decoded for the ends before.
    const limits = Array.from({ length: end - begin - 1 }, (_, i) => begin + i);
    for (const limit of [...limits].reverse().concat(limits, [...limits].reverse(), end)) {
      const cut = starts.findIndex((_start, i) => begin + (starts[i + 1] ?? end - begin) - 1 > limit);
      const place = (offset: number) => (begin + offset).toString(16);
      // A branch whose target is beyond the limit faults itself.
      const branch = name.startsWith("a jump") && cut === 3 && limit < begin + (starts[3] ?? 0);
      const halt = `halted at ${place(starts[4] ?? 0)}`;
      const expected = cut < 0 ? halt : `#GP at ${place(starts[branch ? 2 : cut] ?? 0)}`;
      expect(run(base, limit, flags, begin), `${name}, limit ${limit.toString(16)}`).toBe(expected);
    }
  }
});

it("a branch that was linked is checked in a shorter segment", () => {
  // jmp +0x20; there: hlt
  t.write(CODE, [0xeb, 0x20]);
  t.write(CODE + 0x22, [HLT]);
  const at = (limit: number) => run(CODE, limit, 4, 0);
  expect([at(0xfff), at(0xfff), at(0x1ffff), at(0x22), at(0x21), at(0x10), at(0xfff), at(0x21)]).toEqual([
    ...Array.from({ length: 4 }, () => "halted at 22"),
    "#GP at 0",
    "#GP at 0",
    "halted at 22",
    "#GP at 0",
  ]);
});

// The guest's code around a CPU's instruction pointer, for people: read from shared memory through what the CPU's TLB still
// knows, while it runs or after its worker died.

import * as Cpu from "../../assembly/layout/cpu";
import * as Record from "../../assembly/layout/record";
import * as Tlb from "../../assembly/layout/tlb";
import { type CodeSize, disassemble, disassembleLines } from "../shared/disassemble";

const PAGE = 4096;
const SETS = [Tlb.SUPERVISOR, Tlb.USER, Tlb.SUPERVISOR_SMAP];
const TABLES = [Tlb.EXECUTE, Tlb.READ];
/** Bytes of an instruction, at the most. */
const LONGEST = 15;
/** Bytes in front of the instruction pointer and from it on. */
const BEFORE = 24;
const BEHIND = 40;

const sizes: Readonly<Record<number, CodeSize>> = { [Record.MODE_16]: 16, [Record.MODE_32]: 32 };

/** The code size that a mode key (layout/record.ts) says. */
export function codeSizeOf(mode: number): CodeSize {
  return sizes[mode & Record.MODE_SIZE] ?? 64;
}

/** Host address of the byte at a linear address, as far as the TLB has its page. */
function hostOf(view: DataView, cpu: number, linear: bigint): number | undefined {
  const page = linear & ~0xfffn;
  const slot = Number((linear >> 8n) & BigInt(Tlb.INDEX_MASK));
  for (const set of SETS) {
    for (const table of TABLES) {
      const entry = cpu + Cpu.tlbTables + set + table + slot;
      if (view.getBigUint64(entry + Tlb.tag, true) !== page) continue;
      return (Number(BigInt.asUintN(32, linear)) + view.getInt32(entry + Tlb.addend, true)) >>> 0;
    }
  }
  return undefined;
}

/** Up to `length` bytes from a linear address on, to the end of its page. */
function bytesAt(view: DataView, cpu: number, linear: bigint, length: number): Uint8Array {
  const host = hostOf(view, cpu, linear);
  const available = Math.min(length, PAGE - Number(linear & 0xfffn));
  if (host === undefined || host + available > view.byteLength) return new Uint8Array();
  return Uint8Array.from({ length: available }, (_, i) => view.getUint8(host + i));
}

/** Code size now, and the linear address of an instruction. */
function placeOf(view: DataView, cpu: number, rip: bigint): { size: CodeSize; linear: bigint } {
  const size = codeSizeOf(view.getUint32(cpu + Cpu.mode, true));
  return { size, linear: rip + (size === 64 ? 0n : view.getBigUint64(cpu + Cpu.csBase, true)) };
}

/** The instruction at an address as a line. */
export function codeAt(view: DataView, cpu: number, rip: bigint): string {
  const { size, linear } = placeOf(view, cpu, rip);
  const first = bytesAt(view, cpu, linear, LONGEST);
  const rest = bytesAt(view, cpu, linear + BigInt(first.length), LONGEST - first.length);
  const [line] = disassembleLines(Uint8Array.from([...first, ...rest]), size, rip);
  return line ?? `${rip.toString(16)}  (not in the TLB any more)`;
}

/** Where to start so that an instruction begins at the end: the farthest place in front of it from which decoding gets there. */
function startBefore(bytes: Uint8Array, size: CodeSize): number {
  for (let start = 0; start < bytes.length; start++) {
    let at = start;
    while (at < bytes.length) at += disassemble(bytes.subarray(at), size, 0n).length;
    if (at === bytes.length) return start;
  }
  return bytes.length;
}

/** The instructions around a CPU's instruction pointer, which has an arrow; empty if the CPU does not know its page. */
export function codeAround(view: DataView, cpu: number): string[] {
  const rip = view.getBigUint64(cpu + Cpu.rip, true);
  const { size, linear } = placeOf(view, cpu, rip);
  const behind = bytesAt(view, cpu, linear, BEHIND);
  if (behind.length === 0) return [];
  const room = Math.min(BEFORE, Number(linear & 0xfffn));
  const before = bytesAt(view, cpu, linear - BigInt(room), room);
  const start = startBefore(before, size);
  const front = disassembleLines(before.subarray(start), size, rip - BigInt(before.length - start));
  return [
    ...front.map((line) => `   ${line}`),
    ...disassembleLines(behind, size, rip).map((line, i) => (i === 0 ? "-> " : "   ") + line),
  ];
}

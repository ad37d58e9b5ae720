// Runs a program in two CPUs and says what is different at its end; makes a program that shows a difference small.
import { disassembleLines } from "../../src/shared/disassemble";
import { describe as describePieces, assemble, type Piece } from "./pieces";
import { ENDLESS, type FuzzCpu, type Outcome } from "./cpu";
import type { Program } from "./generate";
import { CODE, CODE_SIZE } from "./places";

/** What differs, one line each; empty = nothing. */
export function differences(program: Program, reference: FuzzCpu, subject: FuzzCpu): string[] {
  const code: number[] = [];
  const entries: number[] = [];
  for (const piece of program.pieces) {
    entries.push(code.length);
    code.push(...assemble([piece], CODE + code.length, program.target));
  }
  if (code.length > CODE_SIZE - 16) return [];
  const wanted = reference.run(code, program.start, entries);
  // Two CPUs stop at different places of an endless loop.
  if (wanted.at(-1)?.get("end") === ENDLESS) return [];
  const got = subject.run(code, program.start, entries);
  for (const [i, outcome] of wanted.entries()) {
    const found = compare(outcome, got[i] ?? new Map<string, string>());
    if (found.length > 0) return found;
  }
  return got.length > wanted.length ? ["goes on after the end"] : [];
}

function compare(wanted: Outcome, got: Outcome): string[] {
  return [...wanted].flatMap(([name, value]) => {
    const other = got.get(name) ?? "";
    if (other === value) return [];
    return [value.length > 64 ? `${name}: ${firstDifference(value, other)}` : `${name} is ${other}, not ${value}`];
  });
}

function firstDifference(wanted: string, got: string): string {
  let at = 0;
  while (wanted[at] === got[at]) at++;
  at &= ~1;
  return `byte ${(at / 2).toString(16)}: ${got.slice(at, at + 16)}, not ${wanted.slice(at, at + 16)}`;
}

/** Leaves out pieces as long as the difference stays. */
export function shrink(program: Program, differs: (smaller: Program) => boolean): Program {
  let small = program;
  for (let again = true; again;) {
    again = false;
    for (const pieces of smaller(small.pieces)) {
      const candidate = { ...small, pieces };
      if (!differs(candidate)) continue;
      small = candidate;
      again = true;
      break;
    }
  }
  return small;
}

/** All lists with half, or one piece, or one nesting less. */
function* smaller(pieces: readonly Piece[]): Generator<Piece[]> {
  const half = pieces.length >> 1;
  if (half > 1) {
    yield pieces.slice(half);
    yield pieces.slice(0, half);
  }
  for (const [i, piece] of pieces.entries()) {
    const [before, after] = [pieces.slice(0, i), pieces.slice(i + 1)];
    yield [...before, ...after];
    if (!("children" in piece)) continue;
    yield [...before, ...piece.children, ...after];
    for (const children of smaller(piece.children)) {
      const enter = piece.kind === "loop" ? { enter: Math.min(piece.enter, children.length) } : {};
      yield [...before, { ...piece, children, ...enter }, ...after];
    }
  }
}

/** A program as text: pieces, machine code, start, and what differs. */
export function report(program: Program, found: readonly string[]): string {
  const { start, pieces, seed, target } = program;
  const registers = start.registers.map((value, n) => `r${n}=${value.toString(16)}`).join(" ");
  const xmm = start.xmm.map((value, n) => `xmm${n}=${Buffer.from(value).toString("hex")}`).join(" ");
  const code = Uint8Array.from(assemble(pieces, CODE, target));
  return [
    `seed ${seed}, ${target.bits}-bit code`,
    ...describePieces(pieces, "  "),
    `code at ${CODE.toString(16)}: ${Buffer.from(code).toString("hex")}`,
    ...disassembleLines(code, target.bits, BigInt(CODE)),
    `start: ${registers} flags=${start.flags.toString(16)} mxcsr=${start.mxcsr.toString(16)} fsw=${start.fsw.toString(16)} ftw=${start.ftw.toString(16)}`,
    xmm,
    `data: ${Buffer.from(start.data).toString("hex")}`,
    ...found.map((line) => `differs: ${line}`),
  ].join("\n");
}

// What fuzzed programs are made of: pieces of machine code that can be left out one by one without breaking the rest, so
// that a program that shows a difference can be made small.
import { type Address, type Choice, encode } from "../../tools/vectors/encode.mjs";
import type { Parsed } from "../../tools/isa/rows.mjs";
import { le } from "../bytes";
import type { Target } from "./target";

export type Piece =
  | { readonly kind: "row"; readonly row: Parsed; readonly choice: Choice }
  /** Bytes that do not depend on where they lie. */
  | { readonly kind: "bytes"; readonly text: string; readonly bytes: readonly number[] }
  /** The children run `count` times. With `enter`, the first turn begins behind that many of them. */
  | { readonly kind: "loop"; readonly count: number; readonly enter: number; readonly children: readonly Piece[] }
  /** Skips the children on a condition. */
  | { readonly kind: "skip"; readonly condition: number; readonly short: boolean; readonly children: readonly Piece[] }
  /** JRCXZ or LOOPcc over the children. */
  | { readonly kind: "count-skip"; readonly opcode: number; readonly children: readonly Piece[] }
  /** The children as a subroutine, called directly or through a register. */
  | {
      readonly kind: "call";
      readonly indirect: boolean;
      readonly parameters: number;
      readonly children: readonly Piece[];
    }
  /** The children with another selector in a segment register. */
  | {
      readonly kind: "segment";
      readonly register: number;
      readonly selector: number;
      readonly normal: number;
      readonly children: readonly Piece[];
    }
  /** Jumps over the children through a register. */
  | { readonly kind: "jump"; readonly children: readonly Piece[] }
  /** Writes `value` over the immediate of a MOV behind the children; `alias` is added to its address. */
  | {
      readonly kind: "modify";
      readonly value: number;
      readonly old: number;
      readonly alias: number;
      readonly children: readonly Piece[];
    };

/** Machine code of a list of pieces for a place in memory. */
export function assemble(pieces: readonly Piece[], address: number, target: Target): number[] {
  const code: number[] = [];
  for (const piece of pieces) code.push(...assemblePiece(piece, address + code.length, target));
  return code;
}

function assemblePiece(piece: Piece, address: number, target: Target): number[] {
  switch (piece.kind) {
    case "row":
      return [...encode(piece.row, piece.choice, address)];
    case "bytes":
      return [...piece.bytes];
    case "loop":
      return loop(piece, address, target);
    case "skip":
      return skip(piece, address, target);
    case "count-skip": {
      const body = assemble(piece.children, address + 2, target);
      // Too long for the only form that there is: not skipped then.
      return body.length > 127 ? body : [piece.opcode, body.length, ...body];
    }
    case "call":
      return call(piece, address, target);
    case "jump": {
      const length = target.indirect(false, address, 0).length;
      const body = assemble(piece.children, address + length, target);
      return [...target.indirect(false, address, body.length), ...body];
    }
    case "segment": {
      const before = selectors(piece.register, piece.selector);
      const body = assemble(piece.children, address + before.length, target);
      return [...before, ...body, ...selectors(piece.register, piece.normal)];
    }
    case "modify":
      return modify(piece, address, target);
  }
}

/** MOV eax,selector; MOV segment register,eax. */
function selectors(register: number, selector: number): number[] {
  return [0xb8, ...le(selector), 0x8e, 0xc0 | (register << 3)];
}

function loop({ count, enter, children }: Piece & { kind: "loop" }, address: number, target: Target): number[] {
  const head = target.loopStart(count);
  const jump = enter > 0 ? 5 : 0;
  const start = address + head.length + jump;
  const before = assemble(children.slice(0, enter), start, target);
  const body = [...before, ...assemble(children.slice(enter), start + before.length, target)];
  const entry = jump > 0 ? [0xe9, ...le(before.length)] : [];
  return [...head, ...entry, ...body, ...target.loopEnd(body.length)];
}

function skip({ condition, short, children }: Piece & { kind: "skip" }, address: number, target: Target): number[] {
  const narrow = assemble(children, address + 2, target);
  if (short && narrow.length < 128) return [0x70 | condition, narrow.length, ...narrow];
  const body = assemble(children, address + 6, target);
  return [0x0f, 0x80 | condition, ...le(body.length), ...body];
}

/** The subroutine stands behind the call and is jumped over. It takes its arguments off the stack, if it has any. */
function call(piece: Piece & { kind: "call" }, address: number, target: Target): number[] {
  const pushes = Array.from({ length: piece.parameters }, (_, i) => [0x6a, i]).flat();
  const bytes = (piece.parameters * target.bits) / 8;
  const back = bytes === 0 ? [0xc3] : [0xc2, bytes, 0];
  const at = address + pushes.length;
  const branch = piece.indirect ? target.indirect(true, at, 5) : [0xe8, ...le(5)];
  const body = [...assemble(piece.children, at + branch.length + 5, target), ...back];
  return [...pushes, ...branch, 0xe9, ...le(body.length), ...body];
}

/** Stores `value` over the immediate of a MOV eax,old behind the children. */
function modify(piece: Piece & { kind: "modify" }, address: number, target: Target): number[] {
  const length = target.store(0, 0).length;
  const body = assemble(piece.children, address + length, target);
  const store = target.store(address + length + body.length + 1 + piece.alias, piece.value);
  return [...store, ...body, 0xb8, ...le(piece.old)];
}

/** One line for each piece, indented by nesting. */
export function describe(pieces: readonly Piece[], indent = ""): string[] {
  return pieces.flatMap((piece) => {
    const inner = "children" in piece ? describe(piece.children, `${indent}  `) : [];
    return [`${indent}${nameOf(piece)}`, ...inner];
  });
}

function nameOf(piece: Piece): string {
  switch (piece.kind) {
    case "row":
      return `${piece.row.row[1]} ${describeChoice(piece.choice)}`;
    case "bytes":
      return piece.text;
    case "loop":
      return `loop ${piece.count} times${piece.enter > 0 ? `, entered at ${piece.enter}` : ""}`;
    case "skip":
      return `skip if condition ${piece.condition}`;
    case "count-skip":
      return `skip by opcode ${piece.opcode.toString(16)}`;
    case "call":
      return `call${piece.indirect ? " through a register" : ""}, ${piece.parameters} parameters`;
    case "jump":
      return "jump through a register over";
    case "segment":
      return `selector ${piece.selector.toString(16)} in segment register ${piece.register}`;
    case "modify":
      return `write ${piece.value.toString(16)} over the immediate ${piece.old.toString(16)} behind, alias ${piece.alias.toString(16)}`;
  }
}

function describeChoice({ bits, reg, rm, memory, immediate, prefixes }: Choice): string {
  const words = [bits ? `${bits} bits` : "", `reg ${reg}`, memory ? describeAddress(memory) : `rm ${rm}`];
  if (immediate !== undefined) words.push(`imm ${immediate.toString(16)}`);
  if (prefixes !== undefined && prefixes.length > 0)
    words.push(`prefix ${prefixes.map((p) => p.toString(16)).join(" ")}`);
  return words.filter((word) => word !== "").join(", ");
}

function describeAddress({ base, index, scale, disp, rip, gs }: Address): string {
  if (rip) return `[rip to ${disp.toString(16)}]`;
  return `${gs ? "gs:" : ""}[${base === undefined ? "" : `r${base}`}${index === undefined ? "" : `+r${index}*${scale ?? 1}`}+${disp}]`;
}

// What fuzzed programs are made of: pieces of machine code that can be left out one by one without breaking the rest, so
// that a program that shows a difference can be made small.
import { type Address, type Choice, encode } from "../../tools/vectors/encode.mjs";
import type { Parsed } from "../../tools/isa/rows.mjs";

export type Piece =
  | { readonly kind: "row"; readonly row: Parsed; readonly choice: Choice }
  /** Bytes that do not depend on where they lie. */
  | { readonly kind: "bytes"; readonly text: string; readonly bytes: readonly number[] }
  /** The children run `count` times; r12 counts. With `enter`, the first turn begins behind that many of them. */
  | { readonly kind: "loop"; readonly count: number; readonly enter: number; readonly children: readonly Piece[] }
  /** Skips the children on a condition. */
  | { readonly kind: "skip"; readonly condition: number; readonly short: boolean; readonly children: readonly Piece[] }
  /** JRCXZ or LOOPcc over the children. */
  | { readonly kind: "count-skip"; readonly opcode: number; readonly children: readonly Piece[] }
  /** The children as a subroutine, called directly or through a register. */
  | { readonly kind: "call"; readonly indirect: boolean; readonly children: readonly Piece[] }
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

/** Registers that only these templates use: r12 counts loops, r11 holds targets of indirect branches. */
const LOOP_COUNTER = [0x41, 0xbc];
const TARGET = 11;

const little = (value: number): number[] => [
  value & 255,
  (value >> 8) & 255,
  (value >> 16) & 255,
  (value >>> 24) & 255,
];

/** Machine code of a list of pieces for a place in memory. */
export function assemble(pieces: readonly Piece[], address: number): number[] {
  const code: number[] = [];
  for (const piece of pieces) code.push(...assemblePiece(piece, address + code.length));
  return code;
}

function assemblePiece(piece: Piece, address: number): number[] {
  switch (piece.kind) {
    case "row":
      return [...encode(piece.row, piece.choice, address)];
    case "bytes":
      return [...piece.bytes];
    case "loop":
      return loop(piece, address);
    case "skip":
      return skip(piece, address);
    case "count-skip": {
      const body = assemble(piece.children, address + 2);
      // Too long for the only form that there is: not skipped then.
      return body.length > 127 ? body : [piece.opcode, body.length, ...body];
    }
    case "call":
      return call(piece, address);
    case "jump": {
      const head = leaTarget(piece.children, address, 3);
      return [...head.bytes, 0x41, 0xff, 0xe0 | (TARGET & 7), ...head.body];
    }
    case "modify":
      return modify(piece, address);
  }
}

function loop({ count, enter, children }: Piece & { kind: "loop" }, address: number): number[] {
  const head = [...LOOP_COUNTER, ...little(count)];
  const jump = enter > 0 ? 5 : 0;
  const start = address + head.length + jump;
  const before = assemble(children.slice(0, enter), start);
  const body = [...before, ...assemble(children.slice(enter), start + before.length)];
  const entry = jump > 0 ? [0xe9, ...little(before.length)] : [];
  // DEC r12; JNZ.
  const back = [0x49, 0xff, 0xcc, 0x0f, 0x85, ...little(-(body.length + 9))];
  return [...head, ...entry, ...body, ...back];
}

function skip({ condition, short, children }: Piece & { kind: "skip" }, address: number): number[] {
  const narrow = assemble(children, address + 2);
  if (short && narrow.length < 128) return [0x70 | condition, narrow.length, ...narrow];
  const body = assemble(children, address + 6);
  return [0x0f, 0x80 | condition, ...little(body.length), ...body];
}

/** LEA r11,[rip+…] of the end of the children, which stand `gap` bytes behind it. */
function leaTarget(children: readonly Piece[], address: number, gap: number): { bytes: number[]; body: number[] } {
  const body = assemble(children, address + 7 + gap);
  return { bytes: [0x4c, 0x8d, 0x1d, ...little(gap + body.length)], body };
}

/** The subroutine stands behind the call and is jumped over. */
function call({ indirect, children }: Piece & { kind: "call" }, address: number): number[] {
  const length = indirect ? 7 + 3 : 5;
  const body = [...assemble(children, address + length + 5), 0xc3];
  const over = [0xe9, ...little(body.length)];
  if (!indirect) return [0xe8, ...little(5), ...over, ...body];
  return [0x4c, 0x8d, 0x1d, ...little(3 + 5), 0x41, 0xff, 0xd0 | (TARGET & 7), ...over, ...body];
}

/** MOV dword [r15-relative address of the immediate],value; children; MOV eax,old. r10 serves as the pointer. */
function modify({ value, old, alias, children }: Piece & { kind: "modify" }, address: number): number[] {
  const store = 10 + 7;
  const body = assemble(children, address + store);
  const target = BigInt(address + store + body.length + 1 + alias);
  const pointer = Array.from({ length: 8 }, (_, i) => Number((target >> BigInt(8 * i)) & 255n));
  return [0x49, 0xba, ...pointer, 0x41, 0xc7, 0x02, ...little(value), ...body, 0xb8, ...little(old)];
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
      return piece.indirect ? "call through r11" : "call";
    case "jump":
      return "jump through r11 over";
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

function describeAddress({ base, index, scale, disp, rip }: Address): string {
  if (rip) return `[rip to ${disp.toString(16)}]`;
  return `[${base === undefined ? "" : `r${base}`}${index === undefined ? "" : `+r${index}*${scale ?? 1}`}+${disp}]`;
}

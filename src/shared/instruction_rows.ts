// The rows of the instruction table (tools/isa) as the disassembler wants them: a generated line each, read once.

import { INSTRUCTIONS } from "./instructions.generated";

/** A row of the table. Fields that a row does not fix are -1. */
export interface Row {
  readonly prefix: number;
  readonly mod: number;
  readonly reg: number;
  readonly rm: number;
  readonly w: number;
  /**
   * m modrm, r register in the opcode, d and f: 64 bits by default and always, n and o: not and only in 64-bit code, y: 32 or
   * 64 bits, s: the byte immediate is sign-extended.
   */
  readonly flags: string;
  readonly mnemonic: string;
  readonly operands: readonly string[];
}

let table: Map<number, Row[]> | undefined;

/** Rows by opcode map * 256 + opcode. */
export function rowsAt(opcode: number): readonly Row[] {
  table ??= readTable();
  return table.get(opcode) ?? [];
}

function readTable(): Map<number, Row[]> {
  const rows = new Map<number, Row[]>();
  for (const line of INSTRUCTIONS.split("\n")) {
    const [code = "", mnemonic = "", ...rest] = line.split(" ");
    const digit = (at: number): number => (code[at] === "-" ? -1 : Number(code[at]));
    const flags = code.slice(8);
    const operands = rest.join("").split(",");
    const row = { prefix: digit(3), mod: digit(4), reg: digit(5), rm: digit(6), w: digit(7), flags, mnemonic };
    const first = digit(0) * 256 + parseInt(code.slice(1, 3), 16);
    for (let n = 0; n < (flags.includes("r") ? 8 : 1); n++) {
      const list = rows.get(first + n) ?? [];
      list.push({ ...row, operands: operands[0] === "" ? [] : operands });
      rows.set(first + n, list);
    }
  }
  return rows;
}

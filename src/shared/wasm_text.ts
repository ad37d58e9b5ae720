// Shows the functions of a WebAssembly module as text, one instruction a line, for tools and golden files. Reads modules
// of our own translator: what it does not know ends the text with a note, it never throws.

import { opcodeNames } from "./wasm_opcodes";

class Reader {
  readonly #view: DataView;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.end = Math.min(end, bytes.byteLength);
  }

  get more(): boolean {
    return this.at < this.end;
  }

  byte(): number {
    return this.more ? this.#view.getUint8(this.at++) : 0;
  }

  unsigned(): number {
    return Number(this.#number(false));
  }

  signed(): bigint {
    return this.#number(true);
  }

  float(size: 4 | 8): string {
    if (this.at + size > this.end) return "?";
    const value = size === 4 ? this.#view.getFloat32(this.at, true) : this.#view.getFloat64(this.at, true);
    this.at += size;
    return String(value);
  }

  #number(isSigned: boolean): bigint {
    let value = 0n;
    let shift = 0n;
    for (let left = 10; left > 0; left--) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) return isSigned && byte & 0x40 ? value - (1n << shift) : value;
    }
    return value;
  }
}

const CODE_SECTION = 10;
const IMPORT_SECTION = 2;
const types: Readonly<Record<number, string>> = { 0x7f: "i32", 0x7e: "i64", 0x7d: "f32", 0x7c: "f64", 0x7b: "v128" };
const typeName = (code: number): string => types[code] ?? "";

/** The text of every function that the module defines. */
export function moduleText(module: Uint8Array): string[] {
  const reader = new Reader(module, 8, module.length);
  let imports: string[] = [];
  while (reader.more) {
    const section = reader.byte();
    const end = reader.unsigned() + reader.at;
    if (section === IMPORT_SECTION) imports = importedFunctions(new Reader(module, reader.at, end));
    if (section === CODE_SECTION) return functionTexts(module, new Reader(module, reader.at, end), imports);
    reader.at = end;
  }
  return [];
}

function importedFunctions(reader: Reader): string[] {
  const found: string[] = [];
  for (let left = reader.unsigned(); left > 0 && reader.more; left--) {
    const [, field] = [text(reader), text(reader)];
    const kind = reader.byte();
    if (kind === 0) {
      reader.unsigned();
      found.push(field);
    } else if (kind === 3) reader.at += 2;
    else {
      if (kind === 1) reader.byte();
      if (reader.byte() & 1) reader.unsigned();
      reader.unsigned();
    }
  }
  return found;
}

function text(reader: Reader): string {
  return String.fromCharCode(...Array.from({ length: Math.min(reader.unsigned(), 256) }, () => reader.byte()));
}

function functionTexts(module: Uint8Array, reader: Reader, imports: readonly string[]): string[] {
  const texts: string[] = [];
  for (let left = reader.unsigned(); left > 0 && reader.more; left--) {
    const end = reader.unsigned() + reader.at;
    texts.push(bodyText(new Reader(module, reader.at, end), imports));
    reader.at = end;
  }
  return texts;
}

function bodyText(reader: Reader, imports: readonly string[]): string {
  const locals: string[] = [];
  for (let left = reader.unsigned(); left > 0 && reader.more; left--) {
    const count = reader.unsigned();
    const type = typeName(reader.byte());
    if (count > 0) locals.push(`${type} x ${count}`);
  }
  const lines = [`locals ${locals.join(", ")}`];
  let depth = 0;
  while (reader.more) {
    const line = instruction(reader, imports);
    if (/^(end|else)/.test(line)) depth--;
    // The end of the function itself.
    if (depth < 0) break;
    lines.push("  ".repeat(depth) + line);
    if (/^(block|loop|if|else)\b/.test(line)) depth++;
    if (line.startsWith("unknown")) break;
  }
  return lines.join("\n");
}

function instruction(reader: Reader, imports: readonly string[]): string {
  const first = reader.byte();
  const prefixed = first in opcodeNames && first !== 0;
  const opcode = prefixed ? reader.unsigned() : first;
  const name = opcodeNames[prefixed ? first : 0]?.get(opcode);
  if (name === undefined)
    return `unknown opcode ${first.toString(16)} ${prefixed ? opcode.toString(16) : ""}`.trimEnd();
  const operands = immediates(reader, name, first, imports);
  return operands === "" ? name : `${name} ${operands}`;
}

function immediates(reader: Reader, name: string, first: number, imports: readonly string[]): string {
  if (/^(block|loop|if)$/.test(name)) return blockType(reader);
  if (/^(br|br_if|local\.|global\.|table\.[gs]et)/.test(name) && name !== "br_table") return String(reader.unsigned());
  if (name === "br_table") {
    return Array.from({ length: reader.unsigned() + 1 }, () => (reader.more ? reader.unsigned() : 0)).join(" ");
  }
  if (/^(return_)?call$/.test(name)) return functionName(reader.unsigned(), imports);
  if (/call_indirect$/.test(name)) return `type ${reader.unsigned()} table ${reader.unsigned()}`;
  if (name === "select" && first === 0x1c) {
    return Array.from({ length: Math.min(reader.unsigned(), 8) }, () => typeName(reader.byte())).join(" ");
  }
  if (/^i(32|64)\.const$/.test(name)) return String(reader.signed());
  if (name === "f32.const") return reader.float(4);
  if (name === "f64.const") return reader.float(8);
  if (/^memory\.(size|grow|fill)$|^atomic\.fence$/.test(name)) return skip(reader, 1);
  if (name === "memory.copy" || name === "memory.init") return skip(reader, 2);
  if (name === "data.drop") return String(reader.unsigned());
  if (/^v128\.const$|^i8x16\.shuffle$/.test(name)) {
    return Array.from({ length: 16 }, () => reader.byte().toString(16).padStart(2, "0")).join(" ");
  }
  if (/_lane(_[su])?$/.test(name))
    return `${name.startsWith("v128") ? `${memoryOperand(reader)} ` : ""}${reader.byte()}`;
  if (/load|store|\.atomic\./.test(name)) return memoryOperand(reader);
  return "";
}

function skip(reader: Reader, bytes: number): string {
  reader.at += bytes;
  return "";
}

function blockType(reader: Reader): string {
  const type = reader.signed();
  return type < 0n ? (type === -64n ? "" : typeName(Number(type) & 0x7f)) : `type ${type}`;
}

function functionName(index: number, imports: readonly string[]): string {
  return index < imports.length ? (imports[index] ?? "") : `function ${index - imports.length}`;
}

function memoryOperand(reader: Reader): string {
  const align = reader.unsigned();
  const offset = reader.unsigned();
  return `offset=${offset}${align > 0 ? ` align=${2 ** align}` : ""}`;
}

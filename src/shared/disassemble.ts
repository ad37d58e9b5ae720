// Machine code as text in Intel's syntax. What there is comes from the rows of the instruction table (tools/isa), which the
// CPU's decoder is made of: this file only knows prefixes, modrm and the letters of operands. Pure; reads what it is given.

import { type Row, rowsAt } from "./instruction_rows";

export type CodeSize = 16 | 32 | 64;

export interface Disassembled {
  readonly length: number;
  readonly text: string;
}

// Mandatory prefixes of a row, and the forms of modrm.
const NO_PREFIX = 1;
const REGISTER_FORM = 2;
const MAX_LENGTH = 15;

const GENERAL = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const LOW_BYTES = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];
const HIGH_BYTES = ["al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"];
const SEGMENTS = ["es", "cs", "ss", "ds", "fs", "gs", "?", "?"];
const POINTERS: Readonly<Record<number, string>> = {
  8: "byte ptr ",
  16: "word ptr ",
  32: "dword ptr ",
  48: "fword ptr ",
  64: "qword ptr ",
  80: "tbyte ptr ",
  128: "xmmword ptr ",
};
const SIXTEEN_BIT = ["bx+si", "bx+di", "bp+si", "bp+di", "si", "di", "bp", "bx"];
/** Names by operand size, where it is part of them. */
const SIZED: Readonly<Record<string, readonly [string, string, string]>> = {
  CBW: ["cbw", "cwde", "cdqe"],
  CWD: ["cwd", "cdq", "cqo"],
  IRET: ["iret", "iretd", "iretq"],
  PUSHF: ["pushf", "pushfd", "pushfq"],
  POPF: ["popf", "popfd", "popfq"],
  PUSHA: ["pusha", "pushad", "?"],
  POPA: ["popa", "popad", "?"],
  MOVD: ["movd", "movd", "movq"],
  PEXTRD: ["?", "pextrd", "pextrq"],
  PINSRD: ["?", "pinsrd", "pinsrq"],
};
/** Areas, whose instructions have the operand size in their names. */
const AREA = /^F?X(SAVE|RSTOR)/;
/** What stores a selector or a word of flags: 16 bits in memory, whatever the operand size is. */
const WORD_IN_MEMORY = /^(SLDT|STR|SMSW)$/;
const PORTS = /^(IN|OUT)$/;
const COUNTERS: Readonly<Record<number, string>> = { 16: "jcxz", 32: "jecxz", 64: "jrcxz" };

/** General register n of 64 bits: "rax" to "r15". */
export const registerName = (n: number): string => general(n, 64, false);

function general(n: number, bits: number, rex: boolean): string {
  if (bits === 8) return n < 8 ? ((rex ? LOW_BYTES : HIGH_BYTES)[n] ?? "") : `r${n}b`;
  if (n > 7) return `r${n}${bits === 64 ? "" : bits === 32 ? "d" : "w"}`;
  return `${bits === 64 ? "r" : bits === 32 ? "e" : ""}${GENERAL[n] ?? ""}`;
}

function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

function signedHex(value: number): string {
  return value < 0 ? `-${hex(-value)}` : `+${hex(value)}`;
}

/** Decodes one instruction. */
class Instruction {
  readonly #bytes: Uint8Array;
  readonly #size: CodeSize;
  readonly #address: bigint;
  #at = 0;
  #rex = 0;
  #operandPrefix = false;
  #addressPrefix = false;
  #rep = 0;
  #lock = false;
  #segment = "";
  #row: Row | undefined;
  #opcode = 0;
  #modrm = 0;
  #memory = "";
  #bits = 0;

  constructor(bytes: Uint8Array, size: CodeSize, address: bigint) {
    this.#bytes = bytes;
    this.#size = size;
    this.#address = address;
  }

  decode(): Disassembled | undefined {
    this.#readPrefixes();
    const opcode = this.#readOpcode();
    this.#opcode = opcode & 255;
    this.#modrm = this.#bytes[this.#at] ?? 0;
    this.#row = rowsAt(opcode).find((row) => this.#fits(row));
    const row = this.#row;
    if (row === undefined) return undefined;
    this.#bits = this.#operandBits(row);
    if (row.flags.includes("m")) this.#readModrm();
    const operands = row.operands.map((operand) => this.#operand(operand));
    const text = `${this.#prefixText(row)}${this.#name(row)}${operands.length > 0 ? " " : ""}${operands.join(", ")}`;
    if (this.#at > this.#bytes.length || this.#at > MAX_LENGTH) return undefined;
    return { length: this.#at, text: this.#opcode === 0x90 && text.startsWith("xchg") ? this.#nop(text) : text };
  }

  /** 90 exchanges the accumulator with itself. */
  #nop(text: string): string {
    return (this.#rex & 1) === 0 ? "nop" : text;
  }

  #byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  /** The next bytes as a number, signed. */
  #number(length: number): bigint {
    let value = 0n;
    for (let i = 0; i < length; i++) value |= BigInt(this.#byte()) << BigInt(8 * i);
    return BigInt.asIntN(8 * length, value);
  }

  #readPrefixes(): void {
    for (; this.#at < MAX_LENGTH; this.#at++) {
      const byte = this.#bytes[this.#at] ?? 0;
      const isRex = this.#size === 64 && (byte & 0xf0) === 0x40;
      if (!isRex && !this.#readPrefix(byte)) return;
      this.#rex = isRex ? byte : 0;
    }
  }

  #readPrefix(byte: number): boolean {
    const segment = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65].indexOf(byte);
    if (segment >= 4 || (segment >= 0 && this.#size !== 64)) this.#segment = SEGMENTS[segment] ?? "";
    else if (byte === 0x66) this.#operandPrefix = true;
    else if (byte === 0x67) this.#addressPrefix = true;
    else if (byte === 0xf2 || byte === 0xf3) this.#rep = byte;
    else if (byte === 0xf0) this.#lock = true;
    else return segment >= 0;
    return true;
  }

  #readOpcode(): number {
    const first = this.#byte();
    if (first !== 0x0f) return first;
    const second = this.#byte();
    if (second === 0x38) return 0x200 + this.#byte();
    return second === 0x3a ? 0x300 + this.#byte() : 0x100 + second;
  }

  #fits({ flags, w, prefix, mod, reg, rm }: Row): boolean {
    if (flags.includes(this.#size === 64 ? "n" : "o")) return false;
    if (w >= 0 && w !== ((this.#rex >> 3) & 1)) return false;
    if (prefix !== 0 && prefix !== this.#mandatory()) return false;
    if (!flags.includes("m")) return true;
    if (mod !== 0 && (mod === REGISTER_FORM) !== this.#modrm >= 0xc0) return false;
    return (reg < 0 || reg === ((this.#modrm >> 3) & 7)) && (rm < 0 || rm === (this.#modrm & 7));
  }

  #mandatory(): number {
    if (this.#rep !== 0) return this.#rep === 0xf3 ? 3 : 4;
    return this.#operandPrefix ? 2 : NO_PREFIX;
  }

  #operandBits({ flags }: Row): number {
    const wide = (this.#rex & 8) !== 0;
    if (flags.includes("y")) return wide ? 64 : 32;
    if (this.#size !== 64) return (this.#size === 32) !== this.#operandPrefix ? 32 : 16;
    if (wide || flags.includes("f")) return 64;
    if (this.#operandPrefix) return 16;
    return flags.includes("d") ? 64 : 32;
  }

  get #addressBits(): number {
    if (this.#size === 64) return this.#addressPrefix ? 32 : 64;
    return (this.#size === 32) !== this.#addressPrefix ? 32 : 16;
  }

  get #isMemory(): boolean {
    return this.#modrm < 0xc0;
  }

  #readModrm(): void {
    this.#at++;
    if (this.#isMemory) this.#memory = this.#addressBits === 16 ? this.#narrowAddress() : this.#wideAddress();
  }

  #narrowAddress(): string {
    const mod = this.#modrm >> 6;
    const rm = this.#modrm & 7;
    if (mod === 0 && rm === 6) return hex(BigInt.asUintN(16, this.#number(2)));
    const displacement = mod === 0 ? "" : signedHex(Number(this.#number(mod)));
    return `${SIXTEEN_BIT[rm] ?? ""}${displacement}`;
  }

  #wideAddress(): string {
    const mod = this.#modrm >> 6;
    let base = this.#modrm & 7;
    const parts: string[] = [];
    const sib = base === 4 ? this.#byte() : -1;
    if (sib >= 0) base = sib & 7;
    const none = base === 5 && mod === 0;
    if (!none) parts.push(this.#addressRegister(base | ((this.#rex & 1) << 3)));
    else if (sib < 0 && this.#size === 64) parts.push(this.#addressBits === 64 ? "rip" : "eip");
    const index = ((sib >> 3) & 7) | ((this.#rex & 2) << 2);
    if (sib >= 0 && index !== 4) parts.push(`${this.#addressRegister(index)}*${1 << (sib >> 6)}`);
    if (mod === 0 && !none) return parts.join("+");
    const displacement = Number(this.#number(mod === 1 ? 1 : 4));
    if (parts.length > 0) return parts.join("+") + signedHex(displacement);
    return hex(BigInt.asUintN(this.#addressBits, BigInt(displacement)));
  }

  #addressRegister(n: number): string {
    return general(n, this.#addressBits, false);
  }

  #prefixText({ flags, mnemonic, operands, prefix }: Row): string {
    const lock = this.#lock ? "lock " : "";
    const isString = operands.some((o) => /^[XY]/.test(o)) && mnemonic !== "XLAT";
    if (this.#rep === 0 || !isString || prefix !== 0 || flags.includes("m")) return lock;
    if (/^(CMPS|SCAS)$/.test(mnemonic)) return this.#rep === 0xf3 ? "repe " : "repne ";
    return this.#rep === 0xf3 ? "rep " : "repne ";
  }

  #name({ mnemonic }: Row): string {
    if (mnemonic === "JCXZ") return COUNTERS[this.#addressBits] ?? "";
    if (AREA.test(mnemonic)) return `${mnemonic.toLowerCase()}${this.#bits === 64 ? "64" : ""}`;
    return SIZED[mnemonic]?.[this.#bits === 16 ? 0 : this.#bits === 32 ? 1 : 2] ?? mnemonic.toLowerCase();
  }

  /** Bits that the letter of size behind an operand's letter stands for. */
  #width(letter: string): number {
    const fixed: Readonly<Record<string, number>> = { b: 8, w: 16, d: 32, q: 64, o: 128, x: 128, t: 80 };
    if (letter === "p") return this.#bits === 16 ? 32 : this.#bits === 32 ? 48 : 80;
    if (letter === "z") return Math.min(this.#bits, 32);
    return fixed[letter] ?? this.#bits;
  }

  /** Some letters of the table stand for less than the instruction has. */
  #destinationWidth(mnemonic: string, width: number): number {
    if (mnemonic === "INVPCID") return Math.max(this.#size, 32);
    return mnemonic === "CRC32" && (this.#rex & 8) !== 0 ? 64 : width;
  }

  #memoryWidth(width: number): number {
    const { mnemonic = "", operands = [] } = this.#row ?? {};
    return WORD_IN_MEMORY.test(mnemonic) || operands[1] === "Sw" ? 16 : width;
  }

  #operand(operand: string): string {
    const mnemonic = this.#row?.mnemonic ?? "";
    const width = this.#width(operand[1] ?? "");
    const rm = (this.#modrm & 7) | ((this.#rex & 1) << 3);
    const reg = ((this.#modrm >> 3) & 7) | ((this.#rex & 4) << 1);
    if (operand === "STi") return `st(${this.#modrm & 7})`;
    if (operand === "rAX") return general(0, PORTS.test(mnemonic) ? Math.min(this.#bits, 32) : this.#bits, false);
    if (operand === operand.toUpperCase() && operand.length > 1) return operand.toLowerCase();
    switch (operand[0]) {
      case "E":
        return this.#isMemory ? this.#pointer(this.#memoryWidth(width)) : general(rm, width, this.#rex !== 0);
      case "R":
        return general(rm, /^Rd$/.test(operand) && this.#size === 64 ? 64 : width, true);
      case "G":
        return general(reg, this.#destinationWidth(mnemonic, width), this.#rex !== 0);
      case "Z":
        return general((this.#opcode & 7) | ((this.#rex & 1) << 3), width, this.#rex !== 0);
      case "M":
        return this.#pointer(operand === "M" || AREA.test(mnemonic) ? 0 : width);
      case "V":
        return `xmm${reg}`;
      case "U":
        return `xmm${rm}`;
      case "W":
        return this.#isMemory ? this.#pointer(width) : `xmm${rm}`;
      case "P":
        return `mm${reg & 7}`;
      case "N":
        return `mm${rm & 7}`;
      case "Q":
        return this.#isMemory ? this.#pointer(64) : `mm${rm & 7}`;
      case "S":
        return SEGMENTS[reg & 7] ?? "?";
      case "C":
        return `cr${reg}`;
      case "D":
        return `dr${reg}`;
      default:
        return this.#implied(operand, width);
    }
  }

  /** Immediates, targets, and memory that modrm does not name. */
  #implied(operand: string, width: number): string {
    switch (operand[0]) {
      case "I":
        return this.#immediate(operand);
      case "J":
        return this.#target(operand === "Jb" ? 1 : this.#bits === 16 ? 2 : 4);
      case "O":
        this.#memory = hex(BigInt.asUintN(this.#addressBits, this.#number(this.#addressBits / 8)));
        return this.#pointer(0);
      case "X":
        return `${POINTERS[width] ?? ""}${this.#segment || "ds"}:[${general(this.#stringSource, this.#addressBits, false)}]`;
      case "Y":
        return `${POINTERS[width] ?? ""}es:[${general(7, this.#addressBits, false)}]`;
      case "A":
        return this.#farPointer();
      default:
        return operand.toLowerCase();
    }
  }

  /** XLAT reads from rBX, all others from rSI. */
  get #stringSource(): number {
    return this.#row?.mnemonic === "XLAT" ? 3 : 6;
  }

  #immediate(operand: string): string {
    if (operand === "Iw") return hex(BigInt.asUintN(16, this.#number(2)));
    if (operand === "Ib") {
      const value = this.#number(1);
      return hex(BigInt.asUintN(this.#row?.flags.includes("s") ? this.#signedWidth : 8, value));
    }
    const bytes = operand === "Iv" ? this.#bits / 8 : Math.min(this.#bits, 32) / 8;
    return hex(BigInt.asUintN(this.#bits, this.#number(bytes)));
  }

  /** Width of the operand that a byte is extended to. */
  get #signedWidth(): number {
    return this.#row?.operands.some((o) => /^[EGM]b$|^AL$/.test(o)) ? 8 : this.#bits;
  }

  #target(bytes: number): string {
    const distance = this.#number(bytes);
    const mask = this.#size === 64 ? 64 : this.#bits === 16 ? 16 : 32;
    return hex(BigInt.asUintN(mask, this.#address + BigInt(this.#at) + distance));
  }

  #farPointer(): string {
    const offset = BigInt.asUintN(this.#bits, this.#number(this.#bits === 16 ? 2 : 4));
    return `${hex(BigInt.asUintN(16, this.#number(2)))}:${hex(offset)}`;
  }

  /** The memory operand; 0 bits = no size, as LEA has it. */
  #pointer(bits: number): string {
    return `${POINTERS[bits] ?? ""}${this.#segment ? `${this.#segment}:` : ""}[${this.#memory}]`;
  }
}

/** The instruction at the start of `bytes`; one byte of data if there is none. */
export function disassemble(bytes: Uint8Array, size: CodeSize, address: bigint): Disassembled {
  const found = new Instruction(bytes, size, address).decode();
  return found ?? { length: 1, text: `db ${hex(bytes[0] ?? 0)}` };
}

/** All instructions of some code as lines of address, bytes and text. */
export function disassembleLines(bytes: Uint8Array, size: CodeSize, address: bigint): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const here = address + BigInt(at);
    const { length, text } = disassemble(bytes.subarray(at), size, here);
    const code = [...bytes.subarray(at, at + length)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    lines.push(`${here.toString(16).padStart(16, "0")}  ${code.padEnd(30)} ${text}`);
    at += length;
  }
  return lines;
}

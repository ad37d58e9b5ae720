// Records how binutils writes instructions of every row of the instruction table, in our spelling:
// node tools/vectors/record_disassembly.mjs. Needs objdump for x86-64. tests/disassembly/disassemble.test.ts replays it.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { readTable } from "../isa/generate.mjs";
import { cache, isMain, progress, root, runTool } from "../lib.mjs";
import { addressesOf } from "./addresses.mjs";
import { encode, sizesOf } from "./encode.mjs";

/** @typedef {import("../isa/rows.mjs").Parsed} Parsed */
/** @typedef {import("./encode.mjs").Choice} Choice */
/** @typedef {import("./format.mjs").Mode} Mode */

export const recording = join(root, "tests/disassembly/samples.br");

/** Each instruction has so many bytes, filled up with NOPs. */
const STRIDE = 16;
const NOP = 0x90;
const machines = { 64: "i386:x86-64", 32: "i386", 16: "i8086" };

/** Places of operands: registers low and high, and two addresses. @param {Parsed} row @param {Mode} mode @param {number} turn @returns {Partial<Choice>[]} */
function placesOf(row, mode, turn) {
  const low = { reg: 1, rm: 2 };
  const registers = mode === 64 ? [low, { reg: 9, rm: 14, rex: true }] : [low];
  if (!row.modrm) return row.inOpcode ? registers : [low];
  const list = addressesOf(mode);
  const memories = [0, 1].map((i) => ({ ...low, memory: list[(turn * 2 + i) % list.length] }));
  return [...(row.mod === 1 ? [] : registers), ...(row.mod === 2 ? [] : memories)];
}

/** @param {Parsed} row @param {Mode} mode @param {number} turn @returns {Uint8Array[]} */
function samplesOf(row, mode, turn) {
  if (mode === 64 ? row.options.no64 : row.options.only64) return [];
  // A 66 in front of a branch of 64-bit code means nothing, and to binutils something.
  const sizes = sizesOf(row, mode).filter((bits) => !(mode === 64 && bits === 16 && row.options.f64));
  return sizes.flatMap((bits) =>
    placesOf(row, mode, turn).map((place) => {
      const choice = { mode, bits, reg: 0, rm: 0, immediate: 0x1fn, ...place };
      return encode(row, choice, 0);
    }),
  );
}

/** Lines of objdump at multiples of STRIDE. @param {Uint8Array[]} samples @param {Mode} mode @returns {string[]} */
function disassemble(samples, mode) {
  const bytes = Buffer.alloc(samples.length * STRIDE, NOP);
  samples.forEach((sample, i) => bytes.set(sample, i * STRIDE));
  const file = join(cache, "vectors/disassembly.bin");
  mkdirSync(join(cache, "vectors"), { recursive: true });
  writeFileSync(file, bytes);
  const args = ["-D", "-b", "binary", "-m", machines[mode], "-M", "intel", "--no-show-raw-insn", file];
  const output = execFileSync("objdump", args, { encoding: "utf8", maxBuffer: 1 << 28 });
  /** @type {string[]} */
  const lines = [];
  for (const [, at = "", text = ""] of output.matchAll(/^ *([0-9a-f]+):\t(.*)$/gm)) {
    if (parseInt(at, 16) % STRIDE === 0) lines[parseInt(at, 16) / STRIDE] = text;
  }
  return lines;
}

const suffixes = { 64: "q", 32: "d", 16: "" };
/** Mnemonics that binutils ends with a letter for the size, which is not part of ours. */
const plain =
  /^(retf?|leave|enter|call|jmp|push|pop|sysret|sysexit|[ls][gi]dt|fldenv|fn?stenv|frstor|fn?save)[wdlq]?(?= |$)/;
/** Those whose letter we write, and binutils only where it is not the mode's. */
const sized = /^(pushf|popf|iret|pusha|popa)([wdq]?)(?= |$)/;
/** @type {[RegExp, string][]} */
const spelling = [
  [/\s*#.*$/, ""],
  [/\s+/g, " "],
  [/ $/, ""],
  [/,(?! )/g, ", "],
  [/^(data16|data32|addr16|addr32|rex(\.\w+)?) /, ""],
  [/\(\d+ only\)/, ""],
  [/^movabs /, "mov "],
  [/^repz /, "repe "],
  [/^repnz /, "repne "],
  [/^lret/, "retf"],
  [/\b([c-g]s):(0x[0-9a-f]+)/g, "$1:[$2]"],
  [/\bds:\[(0x[0-9a-f]+)\]/g, "[$1]"],
  [/\beiz\*1\+/, ""],
  [/\boword\b/, "xmmword"],
  [/^(bound \w+, )\w+ ptr /, "$1"],
  [/^(punpckl\w+ mm.*, )dword/, "$1qword"],
  [/^(lddqu \w+, )(?=\w*:?\[)/, "$1xmmword ptr "],
  [/^(pcmpestr[im])q/, "$1"],
  [/^((?:lar|lsl) \w+, |mov [c-gs]s, )[er]([a-ds][xpi])$/, "$1$2"],
  [/^((?:lar|lsl) \w+, |mov [c-gs]s, )(r\d+)d?$/, "$1$2w"],
  [/^(p?blendv\w+|sha256rnds2)(.*), xmm0$/, "$1$2"],
];

/** @param {string} text @param {Mode} mode @param {boolean} wide REX.W */
function inOurSpelling(text, mode, wide) {
  let ours = text.toLowerCase();
  for (const [pattern, replacement] of spelling) ours = ours.replace(pattern, replacement);
  // Far pointers of 64-bit operands are ten bytes long.
  if (wide) ours = ours.replace(/^((jmp|call|l[sfg]s) .*)fword/, "$1tbyte");
  const usual = ours.startsWith("iret") && mode === 64 ? "d" : suffixes[mode];
  ours = ours.replace(sized, (_all, name, letter) => name + (letter === "w" ? "" : letter || usual));
  return ours.replace(plain, "$1");
}

async function record() {
  const rows = await readTable();
  const lines = /** @type {Mode[]} */ ([64, 32, 16]).flatMap((mode) => {
    const samples = rows.flatMap((row, turn) => samplesOf(row, mode, turn));
    const texts = disassemble(samples, mode);
    return samples.flatMap((sample, i) => {
      // What binutils takes for nothing is an encoding that processors take for something; MPX is gone; UD0 and UD1 have
      // operands of 16 bits in binutils alone.
      if (/\(bad\)|\bbnd|\bud[01].*(\bcx|word)\b/.test(texts[i]?.toLowerCase() ?? "")) return [];
      const first = sample.findIndex((byte) => ![0x65, 0x66, 0x67, 0xf2, 0xf3].includes(byte));
      const wide = mode === 64 && ((sample[first] ?? 0) & 0xf8) === 0x48;
      const text = inOurSpelling(texts[i] ?? "", mode, wide);
      return `${mode} ${(i * STRIDE).toString(16)} ${Buffer.from(sample).toString("hex")} ${text}`;
    });
  });
  const packed = brotliCompressSync(lines.join("\n"));
  writeFileSync(recording, packed);
  progress(`${lines.length} instructions of ${rows.length} rows, ${packed.length} bytes`);
}

if (isMain(import.meta.url)) await runTool(record);

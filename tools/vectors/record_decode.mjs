// Records lengths and validity of instruction bytes as GNU binutils see them, corrected where it is known to differ from
// processors: node tools/vectors/record_decode.mjs. Needs a C compiler and binutils-dev.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { cache, Explained, isMain, progress, root, runTool } from "../lib.mjs";
import { forEachSequence, SEQUENCE } from "./decode_sequences.mjs";

const source = join(root, "tools/vectors/native/disassemble.c");
const program = join(cache, "vectors/disassemble");
const path = join(root, "assembly/cpu/vectors/decode.bin");

/** Expectation: binutils cannot tell. */
const UNKNOWN = 255;

const prefixWord = /^(rex\S*|data16|data32|addr16|addr32|repn?[zs]?|lock|[c-gs]s|es|bnd|notrack|xacquire|xrelease)\s+/;

/** Instructions beyond x86-64-v2 and what the model announces (AVX, BMI, MPX, CET, VMX, SVM, 3DNow! and others). */
const absent = new RegExp(
  `^(${[
    "(v(?!er[rw]$)|k).*|x(test|end|begin|abort|store|sha|crypt|saves|savec|rstors|susldtrk|resldtrk).*|montmul",
    "wr(uss|ss|pkru|msrns).*|rdp(ru|kru|id)|u?monitorx?|u?mwaitx?|tpause|umwait|uiret|stui|clui|testui|senduipi|tlbsync",
    "st?gi|clgi|skinit|serialize|rstorssp|saveprevssp|setssbsy|clrssbsy|incssp.*|rdssp.*|endbr.*|getsec|ptwrite|pconfig",
    "pf(add|sub|mul|acc|nacc|pnacc|max|min|rcp.*|rsq.*|cmp.*|subr|2i.*)|pf2i[dw]|pi2f[dw]|pavgusb|pmulhrw|pswapd|femms",
    "movdir.*|enqcmds?|movnts[sd]|extrq|insertq|gf2p8.*|encodekey.*|loadiwkey|aes(enc|dec)(wide)?\\d+kl|enc(ls|lu|lv)",
    "inv(ept|vpid|lpga|lpgb)|psmash|pvalidate|rmp.*|tdcall|sea.*|a(and|or|xor|add)|ad[co]x|clzero|mcommit|lwp.*|llwpcb|slwpcb",
    "tzcnt|lzcnt|andn|bextr|bls.*|bzhi|pdep|pext|sarx|shlx|shrx|rorx|mulx|t1mskc|blc.*|tzmsk|wbnoinvd",
    "bnd.*|cldemote|clwb|clflushopt|rdsspd|rdsspq|hreset|prefetchit.*|pbndkb|cmp\\w+xadd|ll?fence_|tile.*|t(dp|cmm|stored).*",
  ].join("|")})$`,
);

const lockable = /^(add|or|adc|sbb|and|sub|xor|inc|dec|not|neg|xchg|xadd|cmpxchg(8b|16b)?|bt[src])$/;

/** @param {readonly number[]} code the bytes of the instruction with its prefixes @returns {number} index of the opcode */
function opcodeAt(code, mode) {
  let at = 0;
  while (
    [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65].includes(code[at] ?? 0) ||
    (mode === 64 && ((code[at] ?? 0) & 0xf0) === 0x40)
  )
    at++;
  return at;
}

/** Encodings about which binutils are known to be wrong or to have an opinion of their own. @param {readonly number[]} code @param {number} mode */
function disputed(code, mode) {
  const at = opcodeAt(code, mode);
  const [a = 0, b = 0, c = 0] = code.slice(at);
  if (a === 0xd6 || a === 0x9b) return true; // SALC is not documented; FWAIT is joined to what follows.
  if (a >= 0xd8 && a <= 0xdf) return b >= 0xc0; // x87 register forms have aliases
  if (a !== 0x0f) return (mode !== 64 && a === 0x62 && b >= 0xc0) || ((a === 0xc4 || a === 0xc5) && b >= 0xc0);
  if (b >= 0x18 && b <= 0x1f) return true; // reserved NOPs with many later meanings
  if (b === 0xae || b === 0xd7) return c >= 0xc0 || at > 0; // prefixes that should not be there
  return (
    [0x09, 0x0d, 0x01, 0xbc, 0xbd, 0xc7, 0x0b, 0x24, 0x26, 0xa6, 0xa7, 0x20, 0x21, 0x22, 0x23].includes(b) &&
    (b >= 0x20 || b < 0x10)
  );
}

/** @param {number} mode @param {readonly number[]} code @param {string} line @returns {number} */
function expectation(mode, code, line) {
  if (disputed(code, mode)) return UNKNOWN;
  const space = line.indexOf(" ");
  const length = Number(line.slice(0, space));
  let text = line.slice(space + 1);
  let locked = false;
  for (let m = prefixWord.exec(text); m; m = prefixWord.exec(text)) {
    locked ||= m[1] === "lock";
    text = text.slice(m[0].length);
  }
  if (length === 0 || /\(bad\)|\.byte/.test(text)) return 0;
  const mnemonic = text.split(/[\s,]/)[0] ?? "";
  if (absent.test(mnemonic)) return 0;
  const memoryFirst = /^\S+\s+[^,]*\[/.test(text) || /^\S+\s+(\w+ PTR )?[c-gs]s:/.test(text);
  if ((locked || code.slice(0, opcodeAt(code, mode)).includes(0xf0)) && !(lockable.test(mnemonic) && memoryFirst))
    return 0;
  return length;
}

function build() {
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return;
  mkdirSync(join(cache, "vectors"), { recursive: true });
  execFileSync("cc", ["-O2", "-Wall", "-Wextra", "-o", program, source, "-lopcodes", "-lbfd"], { stdio: "inherit" });
}

/** @param {16 | 32 | 64} mode @returns {Uint8Array} */
function record(mode) {
  /** @type {number[][]} */
  const sequences = [];
  forEachSequence(mode, (bytes) => sequences.push([...bytes]));
  const input = Buffer.alloc(sequences.length * (SEQUENCE + 1));
  sequences.forEach((bytes, i) => input.set([mode, ...bytes], i * (SEQUENCE + 1)));
  const { stdout, status } = spawnSync(program, { input, maxBuffer: 1 << 28, encoding: "latin1" });
  const lines = stdout.split("\n");
  if (status !== 0 || lines.length !== sequences.length + 1)
    throw new Explained(`the disassembler ended with ${status}`);
  return Uint8Array.from(sequences, (code, i) => expectation(mode, code, lines[i] ?? ""));
}

if (isMain(import.meta.url)) {
  await runTool(async () => {
    build();
    const lengths = /** @type {const} */ ([16, 32, 64]).map(record);
    mkdirSync(join(root, "assembly/cpu/vectors"), { recursive: true });
    const packed = brotliCompressSync(Buffer.concat(lengths));
    writeFileSync(path, packed);
    progress(`decoder: ${lengths.map((l) => l.length).join(" + ")} sequences, ${packed.length} bytes`);
  });
}

// Instruction bytes for the test of the decoder: every opcode of every map with every kind of modrm and prefix, and random
// ones. A sequence is 15 bytes; recording and test make the same ones.
import { random } from "./operands.mjs";

export const SEQUENCE = 15;

const maps = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]];
const prefixSets = [[0x66], [0xf3], [0xf2], [0x67], [0x66, 0xf3], [0x66, 0xf2], [0xf0], [0x2e], [0x65]];
const rexSets = [[0x48], [0x41], [0x66, 0x48], [0xf3, 0x4f], [0x48, 0x66], [0xf2, 0x48]];
const legacy = [0x66, 0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

/** Calls `visit` with each sequence of a mode; the array is used again. @param {16 | 32 | 64} mode @param {(bytes: Uint8Array) => void} visit */
export function forEachSequence(mode, visit) {
  const r = random(`decoder ${mode}`);
  const bytes = new Uint8Array(SEQUENCE);
  const emit = (/** @type {readonly number[]} */ start) => {
    for (let i = 0; i < SEQUENCE; i++) bytes[i] = start[i] ?? r.u32() & 255;
    visit(bytes);
  };
  for (const map of maps) {
    for (let opcode = 0; opcode < 256; opcode++) {
      for (let modrm = 0; modrm < 256; modrm++) emit([...map, opcode, modrm]);
      for (const prefixes of mode === 64 ? [...prefixSets, ...rexSets] : prefixSets) {
        for (let top = 0; top < 32; top++) emit([...prefixes, ...map, opcode, (top << 3) | (r.u32() & 7)]);
      }
    }
  }
  for (let i = 0; i < 60_000; i++) emit(randomStart(mode, r));
}

/** Some prefixes in any order, then an opcode of any map. @param {number} mode @param {import("./operands.mjs").Random} r */
function randomStart(mode, r) {
  const start = [];
  for (let n = r.below(6); n > 0; n--)
    start.push(mode === 64 && r.below(3) === 0 ? 0x40 | r.below(16) : r.pick(legacy));
  return [...start, ...r.pick(maps)];
}

// LZMA2, the compression inside XZ files: chunks of LZMA data or of plain bytes. Decodes into a buffer of known
// length, which is also the dictionary. Used for kernel images only, so speed on one large buffer is all that counts.
// The state of the range coder is kept in an Int32Array: numbers above 2^30 in object fields would be boxed.

import { err, ok, type Result } from "../../../shared/result";

export type Lzma2Error = "corrupt" | "too-long";

const RANGE = 0;
const CODE = 1;
const POSITION = 2;

/** Layout of the probability array. */
const POS_STATES = 16;
const IS_MATCH = 0;
const IS_REP = IS_MATCH + 12 * POS_STATES;
const IS_REP0 = IS_REP + 12;
const IS_REP1 = IS_REP0 + 12;
const IS_REP2 = IS_REP1 + 12;
const IS_REP0_LONG = IS_REP2 + 12;
const DIST_SLOT = IS_REP0_LONG + 12 * POS_STATES;
const DIST_SPECIAL = DIST_SLOT + 4 * 64;
const DIST_ALIGN = DIST_SPECIAL + 128;
const MATCH_LENGTH = DIST_ALIGN + 16;
/** Choice, choice 2, low 8 and middle 8 per position state, high 256. */
const LENGTH_LOW = 2;
const LENGTH_MIDDLE = LENGTH_LOW + POS_STATES * 8;
const LENGTH_HIGH = LENGTH_MIDDLE + POS_STATES * 8;
const LENGTH_SIZE = LENGTH_HIGH + 256;
const REP_LENGTH = MATCH_LENGTH + LENGTH_SIZE;
const LITERAL = REP_LENGTH + LENGTH_SIZE;
/** LZMA2 allows at most lc + lp = 4. */
const PROBABILITIES = LITERAL + (0x300 << 4);

/** After a literal: states fall back towards 0, where only literals were seen. */
const AFTER_LITERAL = Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5);
const LITERAL_STATES = 7;

class Lzma2Decoder {
  readonly #in: Uint8Array;
  readonly #out: Uint8Array;
  readonly #coder = new Int32Array(3);
  readonly #probs = new Uint16Array(PROBABILITIES);
  /** Bytes written, and where the dictionary starts. */
  #written = 0;
  #dictionary = 0;
  #state = 0;
  readonly #rep = new Int32Array(4);
  #lc = 0;
  #literalMask = 0;
  #posMask = 0;

  constructor(input: Uint8Array, start: number, out: Uint8Array) {
    this.#in = input;
    this.#coder[POSITION] = start;
    this.#out = out;
  }

  get position(): number {
    return this.#coder[POSITION] ?? 0;
  }

  get written(): number {
    return this.#written;
  }

  /** Decodes all chunks up to the end mark. */
  run(): Lzma2Error | undefined {
    let needDictionary = true;
    let needProperties = true;
    for (;;) {
      const control = this.#byte();
      if (control === 0) return undefined;
      if (control >= 0xe0 || control === 1) {
        needDictionary = false;
        this.#dictionary = this.#written;
        if (control === 1) needProperties = true;
      }
      if (needDictionary || control < 0) return "corrupt";
      if (control >= 0x80) {
        const reset = (control >> 5) & 3;
        if (reset >= 2) needProperties = false;
        if (needProperties) return "corrupt";
        const error = this.#lzmaChunk(control, reset);
        if (error !== undefined) return error;
      } else {
        const error = control > 2 ? "corrupt" : this.#plainChunk();
        if (error !== undefined) return error;
      }
    }
  }

  /** Next byte of the stream, -1 at its end. */
  #byte(): number {
    const at = this.#coder[POSITION] ?? 0;
    if (at >= this.#in.length) return -1;
    this.#coder[POSITION] = at + 1;
    return this.#in[at] ?? 0;
  }

  #plainChunk(): Lzma2Error | undefined {
    const length = (this.#byte() << 8) + this.#byte() + 1;
    const at = this.position;
    if (length <= 0 || at + length > this.#in.length) return "corrupt";
    if (this.#written + length > this.#out.length) return "too-long";
    this.#out.set(this.#in.subarray(at, at + length), this.#written);
    this.#written += length;
    this.#coder[POSITION] = at + length;
    return undefined;
  }

  #lzmaChunk(control: number, reset: number): Lzma2Error | undefined {
    const unpacked = ((control & 0x1f) << 16) + (this.#byte() << 8) + this.#byte() + 1;
    const packed = (this.#byte() << 8) + this.#byte() + 1;
    if (reset >= 2 && !this.#setProperties(this.#byte())) return "corrupt";
    if (reset >= 1) this.#resetState();
    const end = this.position + packed;
    if (unpacked <= 0 || packed < 5 || end > this.#in.length) return "corrupt";
    if (this.#written + unpacked > this.#out.length) return "too-long";
    this.#startCoder();
    if (!this.#symbols(this.#written + unpacked)) return "corrupt";
    this.#normalize();
    return this.position === end && this.#coder[CODE] === 0 ? undefined : "corrupt";
  }

  #setProperties(properties: number): boolean {
    if (properties < 0 || properties > (4 * 5 + 4) * 9 + 8) return false;
    const lc = properties % 9;
    const rest = Math.floor(properties / 9);
    const lp = rest % 5;
    if (lc + lp > 4) return false;
    this.#lc = lc;
    this.#literalMask = (1 << lp) - 1;
    this.#posMask = (1 << Math.floor(rest / 5)) - 1;
    return true;
  }

  #resetState(): void {
    this.#state = 0;
    this.#rep.fill(0);
    this.#probs.fill(1024);
  }

  #startCoder(): void {
    this.#byte();
    let code = 0;
    for (let i = 0; i < 4; i++) code = (code << 8) | this.#byte();
    this.#coder[CODE] = code;
    this.#coder[RANGE] = -1;
  }

  #normalize(): void {
    const s = this.#coder;
    const range = s[RANGE] as number;
    if (range >>> 24 !== 0) return;
    const at = s[POSITION] as number;
    s[RANGE] = range << 8;
    s[CODE] = ((s[CODE] as number) << 8) | (this.#in[at] as number);
    s[POSITION] = at + 1;
  }

  #bit(index: number): number {
    this.#normalize();
    const s = this.#coder;
    const range = s[RANGE] as number;
    const code = s[CODE] as number;
    const probability = this.#probs[index] as number;
    const bound = Math.imul(range >>> 11, probability);
    if (code >>> 0 < bound >>> 0) {
      s[RANGE] = bound;
      this.#probs[index] = probability + ((2048 - probability) >> 5);
      return 0;
    }
    s[RANGE] = range - bound;
    s[CODE] = code - bound;
    this.#probs[index] = probability - (probability >> 5);
    return 1;
  }

  /** `bits` bits, the highest first, each with the probability that those before it select. */
  #tree(base: number, bits: number): number {
    let node = 1;
    for (let i = 0; i < bits; i++) node = (node << 1) | this.#bit(base + node);
    return node - (1 << bits);
  }

  #reverseTree(base: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(base + node);
      node = (node << 1) | bit;
      value |= bit << i;
    }
    return value;
  }

  #direct(bits: number): number {
    const s = this.#coder;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      this.#normalize();
      const half = (s[RANGE] as number) >>> 1;
      const code = s[CODE] as number;
      const bit = code >>> 0 >= half ? 1 : 0;
      s[RANGE] = half;
      s[CODE] = bit === 1 ? code - half : code;
      value = (value << 1) | bit;
    }
    return value;
  }

  #symbols(end: number): boolean {
    while (this.#written < end) {
      const posState = (this.#written - this.#dictionary) & this.#posMask;
      if (this.#bit(IS_MATCH + this.#state * POS_STATES + posState) === 0) {
        this.#literal();
        continue;
      }
      const length = this.#bit(IS_REP + this.#state) === 0 ? this.#match(posState) : this.#repeated(posState);
      if (!this.#copy(length, end)) return false;
    }
    return true;
  }

  #literal(): void {
    const out = this.#out;
    const at = this.#written;
    const before = at > this.#dictionary ? (out[at - 1] as number) : 0;
    const position = (at - this.#dictionary) & this.#literalMask;
    const base = LITERAL + 0x300 * ((position << this.#lc) + (before >> (8 - this.#lc)));
    let symbol = 1;
    if (this.#state >= LITERAL_STATES) {
      // After a match the byte that the match would have gone on with predicts the literal, until they differ.
      let predicted = out[at - (this.#rep[0] as number) - 1] as number;
      let offset = 0x100;
      while (symbol < 0x100) {
        predicted <<= 1;
        const matchBit = predicted & offset;
        const bit = this.#bit(base + offset + matchBit + symbol);
        symbol = (symbol << 1) | bit;
        offset &= bit === 1 ? matchBit : ~matchBit;
      }
    } else {
      while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(base + symbol);
    }
    out[at] = symbol;
    this.#written = at + 1;
    this.#state = AFTER_LITERAL[this.#state] as number;
  }

  #match(posState: number): number {
    const rep = this.#rep;
    rep.copyWithin(1, 0, 3);
    this.#state = this.#state < LITERAL_STATES ? 7 : 10;
    const length = this.#length(MATCH_LENGTH, posState);
    const slot = this.#tree(DIST_SLOT + Math.min(length - 2, 3) * 64, 6);
    rep[0] = slot < 4 ? slot : this.#farDistance(slot);
    return length;
  }

  #farDistance(slot: number): number {
    const bits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) << bits;
    // The tree's nodes start at 1 and the slots' trees follow each other without gaps.
    if (slot < 14) return base + this.#reverseTree(DIST_SPECIAL + base - slot, bits);
    return base + (this.#direct(bits - 4) << 4) + this.#reverseTree(DIST_ALIGN, 4);
  }

  #repeated(posState: number): number {
    const state = this.#state;
    if (this.#bit(IS_REP0 + state) === 0) {
      if (this.#bit(IS_REP0_LONG + state * POS_STATES + posState) === 0) {
        this.#state = state < LITERAL_STATES ? 9 : 11;
        return 1;
      }
    } else {
      let which = 1;
      if (this.#bit(IS_REP1 + state) === 1) which = 2 + this.#bit(IS_REP2 + state);
      const distance = this.#rep[which] as number;
      this.#rep.copyWithin(1, 0, which);
      this.#rep[0] = distance;
    }
    this.#state = state < LITERAL_STATES ? 8 : 11;
    return this.#length(REP_LENGTH, posState);
  }

  #length(base: number, posState: number): number {
    if (this.#bit(base) === 0) return 2 + this.#tree(base + LENGTH_LOW + posState * 8, 3);
    if (this.#bit(base + 1) === 0) return 10 + this.#tree(base + LENGTH_MIDDLE + posState * 8, 3);
    return 18 + this.#tree(base + LENGTH_HIGH, 8);
  }

  #copy(length: number, end: number): boolean {
    const out = this.#out;
    const at = this.#written;
    const distance = (this.#rep[0] as number) + 1;
    if (distance <= 0 || distance > at - this.#dictionary || length > end - at) return false;
    if (distance >= length) {
      out.copyWithin(at, at - distance, at - distance + length);
    } else {
      for (let i = at; i < at + length; i++) out[i] = out[i - distance] as number;
    }
    this.#written = at + length;
    return true;
  }
}

/** Decodes the LZMA2 stream at `start`; answers the bytes written and the position after its end mark. */
export function decodeLzma2(
  input: Uint8Array,
  start: number,
  out: Uint8Array,
): Result<{ written: number; end: number }, Lzma2Error> {
  const decoder = new Lzma2Decoder(input, start, out);
  const error = decoder.run();
  return error === undefined ? ok({ written: decoder.written, end: decoder.position }) : err(error);
}

// QUIC, SPICE's lossless image codec, as drivers may send it (spice-common: quic.c; after SFALIC by R. Starosolski):
// each component is predicted from its neighbours, the errors are Golomb codes whose parameter adapts, and where the rows
// above and before are even, runs are counted.

const MAGIC = 0x43495551;
const HEADER_BITS = 160;

/** Types of the stream. */
const RGB16 = 2;
const RGB24 = 3;
const RGB32 = 4;
const RGBA = 5;

/** Codewords of no more than so many bits. */
const CODE_MAX = 26;
const PARAMETERS = 8;
/** Pixels after which the model is updated half as often, as long as that changes. */
const NEXT_WAIT = 2048;
const WAIT_MAX = 6;
/** Sum of code lengths at which counters are halved, by the wait's index. */
const TRIGGERS: readonly number[] = [110, 550, 900, 800, 550, 400, 350];
/** Bits of the run lengths that are coded in one step, by the state of the run coder. */
const RUN_BITS = "00001111222233334455667789abcdef";
/** Pseudo-random numbers that the encoder shares with us: six bits each, in base 64. */
const CHAOS =
  "CXTVHSoOMgvskGSLETqdQ/5zQDFOPeUJktD59AIFpOrbr7fjn8qmN2+BaDL90iHwE7WMWIyEKGsILufz1RBru8k2KbnsWpXCsAo1" +
  "owQrgchMUC4+36SUN3md5Txhv/7Aj9TZum8EjBaocKFOZSwxU7+iuHh0i6JdI3+8lklyGDKcwYa95eL2CGyvHRj1gMXRFVx3zt0b" +
  "nZn/WYq04mpp4gNYazb46lYqPcRefPQXZ2hiBdfy1VxPvJA6lteNJt/V";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const chaos = Uint8Array.from(CHAOS, (character) => BASE64.indexOf(character));

/** The code of components of `bits` bits, for each parameter. */
class Family {
  readonly bits: number;
  /** Values from this on have the other form, of this many bits, whose prefix is up to this word. */
  readonly limit: number[] = [];
  readonly longLength: number[] = [];
  readonly prefixMask: number[] = [];
  readonly suffixLength: number[] = [];

  constructor(bits: number) {
    this.bits = bits;
    for (let parameter = 0; parameter < bits; parameter++) {
      const prefix = Math.min(CODE_MAX - bits, 2 ** (bits - parameter) - 1);
      const suffix = Math.ceil(Math.log2(2 ** bits - prefix * 2 ** parameter));
      this.limit.push(prefix << parameter);
      this.longLength.push(prefix + suffix);
      this.prefixMask.push(2 ** (32 - prefix) - 1);
      this.suffixLength.push(suffix);
    }
  }

  length(value: number, parameter: number): number {
    return value < (this.limit[parameter] ?? 0)
      ? (value >> parameter) + parameter + 1
      : (this.longLength[parameter] ?? 0);
  }
}

const family8 = new Family(8);
const family5 = new Family(5);

/** Bits of little-endian words, the highest of each first. Behind the end there are zeroes. */
class BitReader {
  readonly #words: DataView;
  readonly #count: number;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#count = bytes.length >> 2;
  }

  get atEnd(): boolean {
    return this.position > this.#count * 32;
  }

  /** The next 32 bits, unsigned. */
  peek(): number {
    const index = this.position >> 5;
    const shift = this.position & 31;
    const high = this.#word(index) << shift;
    return (shift === 0 ? high : high | (this.#word(index + 1) >>> (32 - shift))) >>> 0;
  }

  take32(): number {
    const word = this.peek();
    this.position += 32;
    return word;
  }

  #word(index: number): number {
    return index < this.#count ? this.#words.getUint32(index * 4, true) : 0;
  }
}

/** One component of all pixels. */
class Channel {
  readonly family: Family;
  /** Errors of the row, one place to the right: place 0 stands for the pixel before the first. */
  readonly errors: Uint8Array;
  previous: Uint8Array;
  current: Uint8Array;
  /** For each class of errors, the sum of lengths that each parameter would have cost, and the best one. */
  readonly #costs = new Uint32Array(PARAMETERS * PARAMETERS);
  readonly #best: Uint8Array;

  constructor(family: Family, width: number) {
    this.family = family;
    this.errors = new Uint8Array(width + 1);
    this.previous = new Uint8Array(width);
    this.current = new Uint8Array(width);
    this.#best = new Uint8Array(PARAMETERS).fill(family.bits - 1);
  }

  nextRow(first: boolean): void {
    [this.previous, this.current] = [this.current, this.previous];
    this.errors[0] = first ? 0 : (this.errors[1] ?? 0);
  }

  /** Decodes pixel `x`, whose value is predicted to be `guess`. */
  decode(bits: BitReader, x: number, guess: number): void {
    const { family } = this;
    const parameter = this.#best[classOf(this.errors[x] ?? 0, family.bits)] ?? 0;
    const word = bits.peek();
    let error: number;
    if (word > (family.prefixMask[parameter] ?? 0)) {
      const zeroes = Math.clz32(word);
      const length = zeroes + 1 + parameter;
      error = (zeroes << parameter) | ((word >>> (32 - length)) & ((1 << parameter) - 1));
      bits.position += length;
    } else {
      const length = family.longLength[parameter] ?? 1;
      const suffix = (1 << (family.suffixLength[parameter] ?? 0)) - 1;
      error = (family.limit[parameter] ?? 0) + ((word >>> (32 - length)) & suffix);
      bits.position += length;
    }
    const mask = 2 ** family.bits - 1;
    error &= mask;
    this.errors[x + 1] = error;
    // Even errors are positive, odd ones negative.
    this.current[x] = (((error & 1) !== 0 ? mask - (error >> 1) : error >> 1) + guess) & mask;
  }

  /** Learns from the error of pixel `x`. */
  learn(x: number, trigger: number): void {
    const { family } = this;
    const kind = classOf(this.errors[x] ?? 0, family.bits);
    const error = this.errors[x + 1] ?? 0;
    let best = family.bits - 1;
    let least = Infinity;
    for (let parameter = family.bits - 1; parameter >= 0; parameter--) {
      const at = kind * PARAMETERS + parameter;
      const cost = (this.#costs[at] ?? 0) + family.length(error, parameter);
      this.#costs[at] = cost;
      if (cost >= least) continue;
      least = cost;
      best = parameter;
    }
    this.#best[kind] = best;
    if (least <= trigger) return;
    for (let at = kind * PARAMETERS; at < (kind + 1) * PARAMETERS; at++) this.#costs[at] = (this.#costs[at] ?? 0) >> 1;
  }

  isEvenAbove(x: number): boolean {
    return this.previous[x - 1] === this.previous[x];
  }

  isEvenBefore(x: number): boolean {
    return this.current[x - 1] === this.current[x - 2];
  }
}

/** Errors 0, 1-2, 3-6, and so on; the largest belongs to the class below its own. */
function classOf(error: number, bits: number): number {
  return Math.min(31 - Math.clz32(error + 1), bits - 1);
}

/** Channels that are coded pixel by pixel together: red, green and blue, or alpha alone. */
class ChannelGroup {
  readonly channels: readonly Channel[];
  readonly #bits: BitReader;
  #wait = 0;
  #seed = 255;
  #waitIndex = 0;
  #waitLeft = NEXT_WAIT;
  #runState = 0;

  constructor(bits: BitReader, channels: readonly Channel[]) {
    this.#bits = bits;
    this.channels = channels;
  }

  row(width: number, first: boolean): void {
    for (const channel of this.channels) channel.nextRow(first);
    let at = 0;
    while (this.#waitIndex < WAIT_MAX && this.#waitLeft <= width - at) {
      if (this.#waitLeft > 0) this.#segment(at, at + this.#waitLeft, first);
      at += this.#waitLeft;
      this.#waitIndex++;
      this.#waitLeft = NEXT_WAIT;
    }
    if (at === width) return;
    this.#segment(at, width, first);
    if (this.#waitIndex < WAIT_MAX) this.#waitLeft -= width - at;
  }

  #segment(start: number, end: number, first: boolean): void {
    let x = start;
    if (x === 0) {
      for (const channel of this.channels) channel.decode(this.#bits, 0, first ? 0 : (channel.previous[0] ?? 0));
      if (this.#wait > 0) this.#wait--;
      else {
        this.#wait = this.#random();
        this.#learn(0);
      }
      x++;
    }
    let stop = x + this.#wait;
    let lastRun = 0;
    while (x < end) {
      if (!first && x !== lastRun && this.#isEven(x)) {
        // A run of no pixels is not tried again at once; behind any other, the next may begin.
        this.#wait = stop - x;
        lastRun = x;
        x = this.#run(x, end);
        if (x === end) return;
        stop = x + this.#wait;
        continue;
      }
      this.#pixel(x, first);
      if (x === stop) {
        this.#learn(x);
        stop = x + 1 + this.#random();
      }
      x++;
    }
    this.#wait = stop - end;
  }

  #pixel(x: number, first: boolean): void {
    for (const channel of this.channels) {
      const left = channel.current[x - 1] ?? 0;
      channel.decode(this.#bits, x, first ? left : (left + (channel.previous[x] ?? 0)) >> 1);
    }
  }

  #isEven(x: number): boolean {
    if (x <= 2) return false;
    return this.channels.every((channel) => channel.isEvenAbove(x) && channel.isEvenBefore(x));
  }

  /** Repeats the pixel before `x`; answers where it ends. Run lengths are coded in steps that grow with each hit. */
  #run(x: number, end: number): number {
    const bits = this.#bits;
    let length = 0;
    while (bits.peek() >= 0x80000000 && length < end) {
      length += 1 << this.#runBits;
      if (this.#runState < RUN_BITS.length - 1) this.#runState++;
      bits.position++;
    }
    bits.position++;
    if (this.#runBits > 0) {
      length += bits.peek() >>> (32 - this.#runBits);
      bits.position += this.#runBits;
    }
    if (this.#runState > 0) this.#runState--;
    const to = Math.min(x + length, end);
    for (const { current } of this.channels) current.fill(current[x - 1] ?? 0, x, to);
    return to;
  }

  get #runBits(): number {
    return Number.parseInt(RUN_BITS[this.#runState] ?? "0", 16);
  }

  #learn(x: number): void {
    const trigger = TRIGGERS[this.#waitIndex] ?? 0;
    for (const channel of this.channels) channel.learn(x, trigger);
  }

  #random(): number {
    this.#seed = (this.#seed + 1) & 255;
    return (chaos[this.#seed] ?? 0) & ((1 << this.#waitIndex) - 1);
  }
}

export interface QuicImage {
  /** Rows from the top, without gaps. */
  readonly pixels: Uint32Array<ArrayBuffer>;
  readonly hasAlpha: boolean;
}

/** Decodes a stream that must be of this size; undefined if it is not, or is broken. */
export function decodeQuic(bytes: Uint8Array, width: number, height: number): QuicImage | undefined {
  const reader = new BitReader(bytes);
  if (bytes.length * 8 < HEADER_BITS || reader.take32() !== MAGIC || reader.take32() !== 0) return undefined;
  const type = reader.take32();
  if (![RGB16, RGB24, RGB32, RGBA].includes(type)) return undefined;
  if (reader.take32() !== width || reader.take32() !== height) return undefined;
  const family = type === RGB16 ? family5 : family8;
  const channel = (): Channel => new Channel(family, width);
  const colors = new ChannelGroup(reader, [channel(), channel(), channel()]);
  const alpha = type === RGBA ? new ChannelGroup(reader, [channel()]) : undefined;
  const pixels = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) {
    colors.row(width, y === 0);
    alpha?.row(width, y === 0);
    if (reader.atEnd) return undefined;
    writeRow(pixels.subarray(y * width, (y + 1) * width), colors, alpha);
  }
  return { pixels, hasAlpha: type === RGBA };
}

function writeRow(row: Uint32Array, colors: ChannelGroup, alpha: ChannelGroup | undefined): void {
  const [red, green, blue] = colors.channels;
  const opacity = alpha?.channels[0];
  const five = red?.family === family5;
  const component = (channel: Channel | undefined, x: number): number => {
    const value = channel?.current[x] ?? 0;
    return five ? (value << 3) | (value >> 2) : value;
  };
  for (let x = 0; x < row.length; x++) {
    const rgb = (component(red, x) << 16) | (component(green, x) << 8) | component(blue, x);
    row[x] = ((opacity === undefined ? 255 : (opacity.current[x] ?? 0)) << 24) | rgb;
  }
}

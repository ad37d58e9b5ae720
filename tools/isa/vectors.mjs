// What the translator knows of each handler of the vector unit: a family of translations, the WebAssembly instruction in
// its middle, and an argument whose meaning is the family's (assembly/jit/translate/sse_*.ts).
import { opcodeOf } from "./simd.mjs";

/**
 * @typedef {object} Vector
 * @property {string} kind family
 * @property {number} opcode
 * @property {number} arg
 * @property {boolean} [unaligned] 16 bytes in memory may lie anywhere
 */

/** @returns {Vector} */
const vector = (/** @type {string} */ kind, opcode = "", arg = 0) => ({
  kind,
  opcode: opcode === "" ? 0 : opcodeOf(opcode),
  arg,
});

/** @returns {Record<string, Vector>} handlers of one file */
const file = (/** @type {string} */ name, /** @type {Record<string, Vector>} */ entries) =>
  Object.fromEntries(Object.entries(entries).map(([handler, entry]) => [`${name}.${handler}`, entry]));

/** Handlers that are one WebAssembly instruction on destination and source. */
const binaries = (/** @type {Record<string, string>} */ list) =>
  Object.fromEntries(Object.entries(list).map(([handler, opcode]) => [handler, vector("VectorBinary", opcode)]));

// Patterns of VectorShuffle, as translate/sse_shuffle.ts knows them.
const UNPACK_LOW = 0;
const UNPACK_HIGH = 16;
const SHUFFLES = {
  movddup: 32,
  movsldup: 33,
  movshdup: 34,
  movhlps: 35,
  pshufd: 36,
  shufps: 37,
  shufpd: 38,
  pshuflw: 39,
  pshufhw: 40,
  palignr: 41,
  psrldq: 42,
  pslldq: 43,
  pblendw: 44,
  blendps: 45,
  blendpd: 46,
};
const shuffle = (/** @type {keyof typeof SHUFFLES} */ name) => vector("VectorShuffle", "", SHUFFLES[name]);

const moves = file("sse_moves", {
  loadAligned: vector("VectorLoad"),
  loadUnaligned: { ...vector("VectorLoad"), unaligned: true },
  storeAligned: vector("VectorStore"),
  storeUnaligned: { ...vector("VectorStore"), unaligned: true },
  load32: vector("VectorLoadZero", "v128.load32_zero"),
  load64: vector("VectorLoadZero", "v128.load64_zero"),
  // Bit 0: 64 bits, bit 1: the destination is modrm.rm.
  move32: vector("VectorMoveLow", "", 0),
  move64: vector("VectorMoveLow", "", 1),
  move32Back: vector("VectorMoveLow", "", 2),
  move64Back: vector("VectorMoveLow", "", 3),
  // The lane.
  store32: vector("VectorStoreLane", "v128.store32_lane", 0),
  store64: vector("VectorStoreLane", "v128.store64_lane", 0),
  storeHigh: vector("VectorStoreLane", "v128.store64_lane", 1),
  movqStore: vector("VectorMovq", "v128.store64_lane"),
  loadLow: vector("VectorLoadHalf", "", 0),
  loadHigh: vector("VectorLoadHalf", "", 1),
  movhlps: shuffle("movhlps"),
  movddup: shuffle("movddup"),
  movsldup: shuffle("movsldup"),
  movshdup: shuffle("movshdup"),
  fromGeneral: vector("VectorFromGeneral"),
  toGeneral: vector("VectorToGeneral"),
  movnti: vector("VectorStoreGeneral"),
  movmskps: vector("VectorMask", "i32x4.bitmask"),
  movmskpd: vector("VectorMask", "i64x2.bitmask"),
  pmovmskb: vector("VectorMask", "i8x16.bitmask"),
  // Log2 of the element's bytes; 4 more: the vector is modrm.rm, the destination modrm.reg.
  pinsrb: vector("VectorInsert", "", 0),
  pinsrw: vector("VectorInsert", "", 1),
  pinsr: vector("VectorInsert", "", 3),
  pextrb: vector("VectorExtract", "v128.store8_lane", 0),
  pextrw: vector("VectorExtract", "v128.store16_lane", 1),
  pextr: vector("VectorExtract", "v128.store32_lane", 3),
  extractps: vector("VectorExtract", "v128.store32_lane", 2),
  pextrwRegister: vector("VectorExtract", "", 5),
});

const control = file("sse_control", { prefetch: vector("VectorPrefetch"), fence: vector("VectorFence") });

const integer = file("sse_integer", {
  ...binaries({
    paddb: "i8x16.add",
    paddw: "i16x8.add",
    paddd: "i32x4.add",
    paddq: "i64x2.add",
    psubb: "i8x16.sub",
    psubw: "i16x8.sub",
    psubd: "i32x4.sub",
    psubq: "i64x2.sub",
    paddsb: "i8x16.add_sat_s",
    paddsw: "i16x8.add_sat_s",
    paddusb: "i8x16.add_sat_u",
    paddusw: "i16x8.add_sat_u",
    psubsb: "i8x16.sub_sat_s",
    psubsw: "i16x8.sub_sat_s",
    psubusb: "i8x16.sub_sat_u",
    psubusw: "i16x8.sub_sat_u",
    pavgb: "i8x16.avgr_u",
    pavgw: "i16x8.avgr_u",
    pminub: "i8x16.min_u",
    pmaxub: "i8x16.max_u",
    pminsw: "i16x8.min_s",
    pmaxsw: "i16x8.max_s",
    pminsb: "i8x16.min_s",
    pmaxsb: "i8x16.max_s",
    pminuw: "i16x8.min_u",
    pmaxuw: "i16x8.max_u",
    pminsd: "i32x4.min_s",
    pmaxsd: "i32x4.max_s",
    pminud: "i32x4.min_u",
    pmaxud: "i32x4.max_u",
    pcmpeqb: "i8x16.eq",
    pcmpeqw: "i16x8.eq",
    pcmpeqd: "i32x4.eq",
    pcmpeqq: "i64x2.eq",
    pcmpgtb: "i8x16.gt_s",
    pcmpgtw: "i16x8.gt_s",
    pcmpgtd: "i32x4.gt_s",
    pcmpgtq: "i64x2.gt_s",
    pmullw: "i16x8.mul",
    pmulld: "i32x4.mul",
    pmaddwd: "i32x4.dot_i16x8_s",
    pand: "v128.and",
    por: "v128.or",
    pxor: "v128.xor",
  }),
  // 1: the source comes first.
  pandn: vector("VectorBinary", "v128.andnot", 1),
  pabsb: vector("VectorUnary", "i8x16.abs"),
  pabsw: vector("VectorUnary", "i16x8.abs"),
  pabsd: vector("VectorUnary", "i32x4.abs"),
  // 1: signed.
  pmuludq: vector("VectorMultiplyEven", "i64x2.extmul_low_i32x4_u"),
  pmuldq: vector("VectorMultiplyEven", "i64x2.extmul_low_i32x4_s"),
  // The opcode of the lower half; that of the upper half follows it.
  pmulhw: vector("VectorMultiplyHigh", "i32x4.extmul_low_i16x8_s"),
  pmulhuw: vector("VectorMultiplyHigh", "i32x4.extmul_low_i16x8_u"),
  pmulhrsw: vector("VectorMultiplyRound", "i16x8.q15mulr_sat_s"),
  psadbw: vector("VectorDifferences"),
});

// Log2 of the element's bytes.
const ssse3 = file("sse_ssse3", {
  phaddw: vector("VectorPairs", "i16x8.add", 1),
  phaddd: vector("VectorPairs", "i32x4.add", 2),
  phaddsw: vector("VectorPairs", "i16x8.add_sat_s", 1),
  phsubw: vector("VectorPairs", "i16x8.sub", 1),
  phsubd: vector("VectorPairs", "i32x4.sub", 2),
  phsubsw: vector("VectorPairs", "i16x8.sub_sat_s", 1),
  pmaddubsw: vector("VectorMultiplyBytes"),
});

const flags = file("sse_integer41", { ptest: vector("VectorTest") });

// A chain of widening steps: the first opcode, and how many more, each 32 above the one before.
const widen = (/** @type {string} */ opcode, steps = 0) => vector("VectorWiden", opcode, steps);

const shuffles = file("sse_shuffle", {
  ...binaries({
    packsswb: "i8x16.narrow_i16x8_s",
    packuswb: "i8x16.narrow_i16x8_u",
    packssdw: "i16x8.narrow_i32x4_s",
    packusdw: "i16x8.narrow_i32x4_u",
  }),
  // Log2 of the element's bytes.
  punpcklbw: vector("VectorShuffle", "", UNPACK_LOW),
  punpcklwd: vector("VectorShuffle", "", UNPACK_LOW + 1),
  punpckldq: vector("VectorShuffle", "", UNPACK_LOW + 2),
  punpcklqdq: vector("VectorShuffle", "", UNPACK_LOW + 3),
  punpckhbw: vector("VectorShuffle", "", UNPACK_HIGH),
  punpckhwd: vector("VectorShuffle", "", UNPACK_HIGH + 1),
  punpckhdq: vector("VectorShuffle", "", UNPACK_HIGH + 2),
  punpckhqdq: vector("VectorShuffle", "", UNPACK_HIGH + 3),
  pshufd: shuffle("pshufd"),
  shufps: shuffle("shufps"),
  shufpd: shuffle("shufpd"),
  pshuflw: shuffle("pshuflw"),
  pshufhw: shuffle("pshufhw"),
  palignr: shuffle("palignr"),
  psrldq: shuffle("psrldq"),
  pslldq: shuffle("pslldq"),
  pblendw: shuffle("pblendw"),
  blendps: shuffle("blendps"),
  blendpd: shuffle("blendpd"),
  pshufb: vector("VectorShuffleBytes"),
  // By the sign bits of xmm0: how far they are shifted.
  pblendvb: vector("VectorBlend", "i8x16.shr_s", 7),
  blendvps: vector("VectorBlend", "i32x4.shr_s", 31),
  blendvpd: vector("VectorBlend", "i64x2.shr_s", 63),
  pmovsxbw: widen("i16x8.extend_low_i8x16_s"),
  pmovsxbd: widen("i16x8.extend_low_i8x16_s", 1),
  pmovsxbq: widen("i16x8.extend_low_i8x16_s", 2),
  pmovsxwd: widen("i32x4.extend_low_i16x8_s"),
  pmovsxwq: widen("i32x4.extend_low_i16x8_s", 1),
  pmovsxdq: widen("i64x2.extend_low_i32x4_s"),
  pmovzxbw: widen("i16x8.extend_low_i8x16_u"),
  pmovzxbd: widen("i16x8.extend_low_i8x16_u", 1),
  pmovzxbq: widen("i16x8.extend_low_i8x16_u", 2),
  pmovzxwd: widen("i32x4.extend_low_i16x8_u"),
  pmovzxwq: widen("i32x4.extend_low_i16x8_u", 1),
  pmovzxdq: widen("i64x2.extend_low_i32x4_u"),
});

/** Both forms of a shift; `width` in bits, plus 128 if counts beyond it give copies of the sign. */
const shift = (/** @type {string} */ name, /** @type {string} */ opcode, /** @type {number} */ width) => ({
  [name]: vector("VectorShift", opcode, width),
  [`${name}Immediate`]: vector("VectorShiftImmediate", opcode, width),
});
const SIGN = 128;

const shifts = file("sse_shift", {
  ...shift("psllw", "i16x8.shl", 16),
  ...shift("pslld", "i32x4.shl", 32),
  ...shift("psllq", "i64x2.shl", 64),
  ...shift("psrlw", "i16x8.shr_u", 16),
  ...shift("psrld", "i32x4.shr_u", 32),
  ...shift("psrlq", "i64x2.shr_u", 64),
  ...shift("psraw", "i16x8.shr_s", 16 | SIGN),
  ...shift("psrad", "i32x4.shr_s", 32 | SIGN),
});

// Shapes of floating-point operands: packed and scalar, binary32 and binary64.
const PS = 0;
const PD = 1;
const SS = 2;
const SD = 3;

/** The four forms of an operation. */
const forms = (
  /** @type {string} */ name,
  /** @type {string} */ kind,
  /** @type {(vectorShape: string, scalarShape: string, shape: number) => [opcode: string, arg: number]} */ of,
) => ({
  [`${name}ps`]: vector(kind, ...of("f32x4", "f32x4", PS)),
  [`${name}pd`]: vector(kind, ...of("f64x2", "f64x2", PD)),
  [`${name}ss`]: vector(kind, ...of("f32x4", "f32", SS)),
  [`${name}sd`]: vector(kind, ...of("f64x2", "f64", SD)),
});

/** When a result of zero is exact: always, when a factor is zero, when the dividend is; the last has one operand. */
const ZERO = { sum: 0, product: 4, quotient: 8, root: 12 };

const arithmetic = (/** @type {string} */ name, /** @type {keyof typeof ZERO} */ zero) =>
  forms(name, "FloatArithmetic", (_, shape, n) => [`${shape}.${name}`, n | ZERO[zero]]);

const floats = file("sse_arith", {
  ...arithmetic("add", "sum"),
  ...arithmetic("sub", "sum"),
  ...arithmetic("mul", "product"),
  ...arithmetic("div", "quotient"),
  ...arithmetic("sqrt", "root"),
  ...forms("min", "FloatChoice", (shape, _, n) => [`${shape}.pmin`, n]),
  ...forms("max", "FloatChoice", (shape, _, n) => [`${shape}.pmax`, n]),
});

const comparisons = file("sse_compare", {
  ...forms("cmp", "FloatCompare", (_, __, n) => ["", n]),
  comiss: vector("FloatOrder", "", SS),
  comisd: vector("FloatOrder", "", SD),
  ucomiss: vector("FloatOrder", "", SS),
  ucomisd: vector("FloatOrder", "", SD),
});

const rounds = file(
  "sse_round",
  forms("round", "FloatRound", (_, __, n) => ["", n]),
);

const TRUNCATES = 4;
const conversions = file("sse_convert", {
  cvtsi2ss: vector("FloatFromInteger", "", SS),
  cvtsi2sd: vector("FloatFromInteger", "", SD),
  cvtss2si: vector("FloatToInteger", "", SS),
  cvtsd2si: vector("FloatToInteger", "", SD),
  cvttss2si: vector("FloatToInteger", "", SS | TRUNCATES),
  cvttsd2si: vector("FloatToInteger", "", SD | TRUNCATES),
  cvtss2sd: vector("FloatWidenScalar"),
  cvtsd2ss: vector("FloatNarrowScalar"),
  cvtps2pd: vector("FloatWidenPacked"),
  cvtpd2ps: vector("FloatNarrowPacked"),
  cvtdq2pd: vector("FloatFromIntegers", "f64x2.convert_low_i32x4_s", PD),
  cvtdq2ps: vector("FloatFromIntegers", "f32x4.convert_i32x4_s", PS),
  cvtps2dq: vector("FloatToIntegers", "i32x4.trunc_sat_f32x4_s", PS),
  cvttps2dq: vector("FloatToIntegers", "i32x4.trunc_sat_f32x4_s", PS | TRUNCATES),
  cvtpd2dq: vector("FloatToIntegers", "i32x4.trunc_sat_f64x2_s_zero", PD),
  cvttpd2dq: vector("FloatToIntegers", "i32x4.trunc_sat_f64x2_s_zero", PD | TRUNCATES),
});

/** @type {Readonly<Record<string, Vector>>} */
export const vectors = {
  ...moves,
  ...control,
  ...integer,
  ...ssse3,
  ...flags,
  ...shuffles,
  ...shifts,
  ...floats,
  ...comparisons,
  ...rounds,
  ...conversions,
};

// Names of WebAssembly's instructions by opcode (WebAssembly core specification 2.0, 5.4, and the tail call proposal).

const COMPARE = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const INTEGER = "clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr";
const FLOAT_COMPARE = "eq ne lt gt le ge";
const FLOAT = "abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign";

/** A run of opcodes with one prefix; "-" is an opcode that does not exist. */
type Run = readonly [first: number, prefix: string, names: string];

const plain: readonly Run[] = [
  [0x00, "", "unreachable nop block loop if else"],
  [0x0b, "", "end br br_if br_table return call call_indirect return_call return_call_indirect"],
  [0x1a, "", "drop select select"],
  [0x20, "", "local.get local.set local.tee global.get global.set table.get table.set"],
  [0x28, "", "i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u"],
  [0x30, "i64.", "load8_s load8_u load16_s load16_u load32_s load32_u"],
  [0x36, "", "i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32"],
  [0x3f, "", "memory.size memory.grow i32.const i64.const f32.const f64.const"],
  [0x45, "i32.", `eqz ${COMPARE}`],
  [0x50, "i64.", `eqz ${COMPARE}`],
  [0x5b, "f32.", FLOAT_COMPARE],
  [0x61, "f64.", FLOAT_COMPARE],
  [0x67, "i32.", INTEGER],
  [0x79, "i64.", INTEGER],
  [0x8b, "f32.", FLOAT],
  [0x99, "f64.", FLOAT],
  [0xa7, "i32.", "wrap_i64 trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u"],
  [0xac, "i64.", "extend_i32_s extend_i32_u trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u"],
  [0xb2, "f32.", "convert_i32_s convert_i32_u convert_i64_s convert_i64_u demote_f64"],
  [0xb7, "f64.", "convert_i32_s convert_i32_u convert_i64_s convert_i64_u promote_f32"],
  [0xbc, "", "i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64"],
  [0xc0, "", "i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s"],
];

const bulk: readonly Run[] = [
  [0, "i32.trunc_sat_", "f32_s f32_u f64_s f64_u"],
  [4, "i64.trunc_sat_", "f32_s f32_u f64_s f64_u"],
  [8, "", "memory.init data.drop memory.copy memory.fill"],
];

const ATOMIC_SIZES = " 8_u 16_u";
const rmw = (first: number, name: string): Run[] => [
  [first, "i32.atomic.rmw", `.${name}`],
  [first + 1, "i64.atomic.rmw", `.${name}`],
  [first + 2, "i32.atomic.rmw", `8.${name}_u 16.${name}_u`],
  [first + 4, "i64.atomic.rmw", `8.${name}_u 16.${name}_u 32.${name}_u`],
];

const atomic: readonly Run[] = [
  [0x00, "", "memory.atomic.notify memory.atomic.wait32 memory.atomic.wait64 atomic.fence"],
  [0x10, "", "i32.atomic.load i64.atomic.load"],
  [0x12, "i32.atomic.load", ATOMIC_SIZES.trim()],
  [0x14, "i64.atomic.load", `${ATOMIC_SIZES.trim()} 32_u`],
  [0x17, "", "i32.atomic.store i64.atomic.store i32.atomic.store8 i32.atomic.store16"],
  [0x1b, "i64.atomic.store", "8 16 32"],
  ...["add", "sub", "and", "or", "xor", "xchg", "cmpxchg"].flatMap((name, i) => rmw(0x1e + i * 7, name)),
];

const SATURATING = "add add_sat_s add_sat_u sub sub_sat_s sub_sat_u";
const EXTEND = (from: string): string => `low_${from}_s high_${from}_s low_${from}_u high_${from}_u`;

const vector: readonly Run[] = [
  [0x00, "v128.", "load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u"],
  [0x07, "v128.", "load8_splat load16_splat load32_splat load64_splat store const"],
  [0x0d, "", "i8x16.shuffle i8x16.swizzle i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat"],
  [0x15, "i8x16.", "extract_lane_s extract_lane_u replace_lane"],
  [0x18, "i16x8.", "extract_lane_s extract_lane_u replace_lane"],
  [0x1b, "", "i32x4.extract_lane i32x4.replace_lane i64x2.extract_lane i64x2.replace_lane"],
  [0x1f, "", "f32x4.extract_lane f32x4.replace_lane f64x2.extract_lane f64x2.replace_lane"],
  [0x23, "i8x16.", COMPARE],
  [0x2d, "i16x8.", COMPARE],
  [0x37, "i32x4.", COMPARE],
  [0x41, "f32x4.", FLOAT_COMPARE],
  [0x47, "f64x2.", FLOAT_COMPARE],
  [0x4d, "v128.", "not and andnot or xor bitselect any_true load8_lane load16_lane load32_lane load64_lane"],
  [0x58, "v128.", "store8_lane store16_lane store32_lane store64_lane load32_zero load64_zero"],
  [0x5e, "", "f32x4.demote_f64x2_zero f64x2.promote_low_f32x4"],
  [0x60, "i8x16.", "abs neg popcnt all_true bitmask narrow_i16x8_s narrow_i16x8_u"],
  [0x67, "f32x4.", "ceil floor trunc nearest"],
  [0x6b, "i8x16.", `shl shr_s shr_u ${SATURATING}`],
  [0x74, "f64x2.", "ceil floor"],
  [0x76, "i8x16.", "min_s min_u max_s max_u"],
  [0x7a, "", "f64x2.trunc i8x16.avgr_u"],
  [0x7c, "i16x8.extadd_pairwise_", "i8x16_s i8x16_u"],
  [0x7e, "i32x4.extadd_pairwise_", "i16x8_s i16x8_u"],
  [0x80, "i16x8.", "abs neg q15mulr_sat_s all_true bitmask narrow_i32x4_s narrow_i32x4_u"],
  [0x87, "i16x8.extend_", EXTEND("i8x16")],
  [0x8b, "i16x8.", `shl shr_s shr_u ${SATURATING}`],
  [0x94, "", "f64x2.nearest i16x8.mul i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u - i16x8.avgr_u"],
  [0x9c, "i16x8.extmul_", EXTEND("i8x16")],
  [0xa0, "i32x4.", "abs neg - all_true bitmask"],
  [0xa7, "i32x4.extend_", EXTEND("i16x8")],
  [0xab, "i32x4.", "shl shr_s shr_u add - - sub - - - mul min_s min_u max_s max_u dot_i16x8_s"],
  [0xbc, "i32x4.extmul_", EXTEND("i16x8")],
  [0xc0, "i64x2.", "abs neg - all_true bitmask"],
  [0xc7, "i64x2.extend_", EXTEND("i32x4")],
  [0xcb, "i64x2.", "shl shr_s shr_u add - - sub - - - mul eq ne lt_s gt_s le_s ge_s"],
  [0xdc, "i64x2.extmul_", EXTEND("i32x4")],
  [0xe0, "f32x4.", "abs neg - sqrt add sub mul div min max pmin pmax"],
  [0xec, "f64x2.", "abs neg - sqrt add sub mul div min max pmin pmax"],
  [0xf8, "i32x4.trunc_sat_", "f32x4_s f32x4_u"],
  [0xfa, "f32x4.convert_", "i32x4_s i32x4_u"],
  [0xfc, "i32x4.trunc_sat_", "f64x2_s_zero f64x2_u_zero"],
  [0xfe, "f64x2.convert_low_", "i32x4_s i32x4_u"],
];

function named(runs: readonly Run[]): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const [first, prefix, list] of runs) {
    list.split(" ").forEach((name, i) => {
      if (name !== "-") names.set(first + i, prefix + name);
    });
  }
  return names;
}

/** By first byte; 0 holds the instructions without a prefix. */
export const opcodeNames: Readonly<Record<number, ReadonlyMap<number, string>>> = {
  0: named(plain),
  0xfc: named(bulk),
  0xfd: named(vector),
  0xfe: named(atomic),
};

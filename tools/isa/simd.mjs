// Opcodes of WebAssembly's vector instructions behind the prefix 0xfd (core specification, 5.4.8), and of the scalar
// floating-point instructions that the translator's table names.

/** Names in the order of their numbers from `first` on; "-" = no instruction. */
const run = (/** @type {number} */ first, /** @type {string} */ names) =>
  names.split(" ").map((name, i) => /** @type {[string, number]} */ ([name, first + i]));
const shaped = (/** @type {string} */ shape, /** @type {number} */ first, /** @type {string} */ names) =>
  run(first, names).map(([name, n]) => /** @type {[string, number]} */ ([`${shape}.${name}`, n]));

const integerOrder = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const floatOrder = "eq ne lt gt le ge";
const floatMath = "abs neg - sqrt add sub mul div min max pmin pmax";

/** @type {ReadonlyMap<string, number>} */
const opcodes = new Map(
  [
    ...shaped("i8x16", 35, integerOrder),
    ...shaped("i16x8", 45, integerOrder),
    ...shaped("i32x4", 55, integerOrder),
    ...shaped("f32x4", 65, floatOrder),
    ...shaped("f64x2", 71, floatOrder),
    ...shaped("v128", 77, "not and andnot or xor bitselect any_true"),
    ...shaped("v128", 84, "load8_lane load16_lane load32_lane load64_lane store8_lane store16_lane store32_lane"),
    ...shaped("v128", 91, "store64_lane load32_zero load64_zero"),
    ...shaped("i8x16", 96, "abs neg popcnt all_true bitmask narrow_i16x8_s narrow_i16x8_u"),
    ...shaped("f32x4", 103, "ceil floor trunc nearest"),
    ...shaped("i8x16", 107, "shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u"),
    ...shaped("f64x2", 116, "ceil floor"),
    ...shaped("i8x16", 118, "min_s min_u max_s max_u"),
    ...shaped("f64x2", 122, "trunc"),
    ...shaped("i8x16", 123, "avgr_u"),
    ...shaped("i16x8", 128, "abs neg q15mulr_sat_s all_true bitmask narrow_i32x4_s narrow_i32x4_u"),
    ...shaped("i16x8", 135, "extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u"),
    ...shaped("i16x8", 139, "shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u"),
    ...shaped("f64x2", 148, "nearest"),
    ...shaped("i16x8", 149, "mul min_s min_u max_s max_u - avgr_u"),
    ...shaped("i32x4", 160, "abs neg - all_true bitmask"),
    ...shaped("i32x4", 167, "extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u"),
    ...shaped("i32x4", 171, "shl shr_s shr_u add - - sub - - - mul min_s min_u max_s max_u dot_i16x8_s"),
    ...shaped("i32x4", 188, "extmul_low_i16x8_s extmul_high_i16x8_s extmul_low_i16x8_u extmul_high_i16x8_u"),
    ...shaped("i64x2", 192, "abs neg - all_true bitmask"),
    ...shaped("i64x2", 199, "extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u"),
    ...shaped("i64x2", 203, "shl shr_s shr_u add - - sub - - - mul eq ne lt_s gt_s le_s ge_s"),
    ...shaped("i64x2", 220, "extmul_low_i32x4_s extmul_high_i32x4_s extmul_low_i32x4_u extmul_high_i32x4_u"),
    ...shaped("f32x4", 224, floatMath),
    ...shaped("f64x2", 236, floatMath),
    ...shaped("i32x4", 248, "trunc_sat_f32x4_s trunc_sat_f32x4_u"),
    ...shaped("f32x4", 250, "convert_i32x4_s convert_i32x4_u"),
    ...shaped("i32x4", 252, "trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero"),
    ...shaped("f64x2", 254, "convert_low_i32x4_s convert_low_i32x4_u"),
    // Scalar, without the prefix.
    ...shaped("f32", 0x91, "sqrt add sub mul div"),
    ...shaped("f64", 0x9f, "sqrt add sub mul div"),
  ].filter(([name]) => !name.endsWith(".-")),
);

/** @param {string} name */
export function opcodeOf(name) {
  const opcode = opcodes.get(name);
  if (opcode === undefined) throw new Error(`isa: no WebAssembly instruction ${name}`);
  return opcode;
}

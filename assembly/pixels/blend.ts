// The blend operators of PDF, pixel by pixel: those that pixman computes with bytes, and those for which it goes over
// to floating point because they divide. Wants the lines as applyAlphaMask leaves them.

import * as P from "../layout/pixels";

const TOP: i32 = 255 * 255;
const ONE: f32 = 1;
const TWO: f32 = 2;

@inline
function byte(pixel: u32, shift: u32): i32 {
  return <i32>((pixel >> shift) & 255);
}

/** value / 255, rounded, of a value that is cut to 0..255 * 255. */
@inline
function toByte(value: i32): u32 {
  const biased = <u32>min(max(value, 0), TOP) + 0x80;
  return (biased + (biased >> 8)) >> 8;
}

/** The blend function of one component, scaled by both alphas. */
function blendBytes(operator: u32, d: i32, da: i32, s: i32, sa: i32): i32 {
  switch (operator) {
    case P.COMPOSITE_SCREEN:
      return s * da + d * sa - s * d;
    case P.COMPOSITE_OVERLAY:
      return 2 * d < da ? 2 * s * d : sa * da - 2 * (da - d) * (sa - s);
    case P.COMPOSITE_DARKEN:
      return min(s * da, d * sa);
    case P.COMPOSITE_LIGHTEN:
      return max(s * da, d * sa);
    case P.COMPOSITE_HARD_LIGHT:
      return 2 * s < sa ? 2 * s * d : sa * da - 2 * (da - d) * (sa - s);
    case P.COMPOSITE_DIFFERENCE:
      return abs(d * sa - s * da);
    default:
      return s * da + d * sa - 2 * d * s;
  }
}

@inline
function blendComponent(operator: u32, d: u32, s: u32, a: u32, shift: u32): u32 {
  const da = byte(d, 24);
  const dc = byte(d, shift);
  const sc = byte(s, shift);
  const sa = byte(a, shift);
  const rest = (255 - sa) * dc + (255 - da) * sc;
  return toByte(rest + blendBytes(operator, dc, da, sc, sa)) << shift;
}

function blendPixel(operator: u32, d: u32, s: u32, a: u32): u32 {
  const da = byte(d, 24);
  const sa = byte(a, 24);
  const alpha = toByte(da * 255 + sa * 255 - sa * da) << 24;
  return (
    alpha |
    blendComponent(operator, d, s, a, 16) |
    blendComponent(operator, d, s, a, 8) |
    blendComponent(operator, d, s, a, 0)
  );
}

@inline
function product(a: i32, b: i32): i32 {
  const biased = a * b + 0x80;
  return (biased + (biased >> 8)) >> 8;
}

/** MULTIPLY is rounded step by step, unlike the others. */
function multiplyPixel(d: u32, s: u32, a: u32): u32 {
  const da = byte(d, 24);
  let result: u32 = 0;
  for (let shift: u32 = 0; shift < 32; shift += 8) {
    const dc = byte(d, shift);
    const sc = byte(s, shift);
    const rest = min(product(sc, 255 - da) + product(dc, 255 - byte(a, shift)), 255);
    result |= (<u32>min(rest + product(dc, sc), 255)) << shift;
  }
  return result;
}

@inline
function unit(pixel: u32, shift: u32): f32 {
  return <f32>byte(pixel, shift) * <f32>(1.0 / 255.0);
}

@inline
function fromUnit(value: f32): u32 {
  const scaled = <u32>(min<f32>(max<f32>(value, 0), 1) * 256);
  return scaled - (scaled >> 8);
}

@inline
function isZero(value: f32): bool {
  return abs(value) < 1.17549435e-38;
}

function dodge(sa: f32, s: f32, da: f32, d: f32): f32 {
  if (isZero(d)) return 0;
  if (d * sa >= sa * da - s * da || isZero(sa - s)) return sa * da;
  return (sa * sa * d) / (sa - s);
}

function burn(sa: f32, s: f32, da: f32, d: f32): f32 {
  if (d >= da) return sa * da;
  if (sa * (da - d) >= s * da || isZero(s)) return 0;
  return sa * (da - (sa * (da - d)) / s);
}

function softLight(sa: f32, s: f32, da: f32, d: f32): f32 {
  if (isZero(da)) return d * sa;
  if (TWO * s <= sa) return d * sa - (d * (da - d) * (sa - TWO * s)) / da;
  if (d * 4 <= da) return d * sa + (TWO * s - sa) * d * (((d * 16) / da - 12) * (d / da) + 3);
  return d * sa + (sqrt<f32>(d * da) - d) * (TWO * s - sa);
}

function blendUnits(operator: u32, sa: f32, s: f32, da: f32, d: f32): f32 {
  if (operator == P.COMPOSITE_COLOR_DODGE) return dodge(sa, s, da, d);
  return operator == P.COMPOSITE_COLOR_BURN ? burn(sa, s, da, d) : softLight(sa, s, da, d);
}

@inline
function dividedComponent(operator: u32, d: u32, s: u32, a: u32, shift: u32): u32 {
  const sa = unit(a, shift);
  const sc = unit(s, shift);
  const da = unit(d, 24);
  const dc = unit(d, shift);
  return fromUnit((ONE - sa) * dc + (ONE - da) * sc + blendUnits(operator, sa, sc, da, dc)) << shift;
}

function dividedPixel(operator: u32, d: u32, s: u32, a: u32): u32 {
  const sa = unit(a, 24);
  const da = unit(d, 24);
  const alpha = fromUnit(sa + da - sa * da) << 24;
  return (
    alpha |
    dividedComponent(operator, d, s, a, 16) |
    dividedComponent(operator, d, s, a, 8) |
    dividedComponent(operator, d, s, a, 0)
  );
}

/** Adds as much of the source as there is room for in the target's alpha. */
function saturatePixel(d: u32, s: u32, a: u32): u32 {
  const room = ONE - unit(d, 24);
  let result: u32 = 0;
  for (let shift: u32 = 0; shift < 32; shift += 8) {
    const sa = unit(a, shift);
    const fa: f32 = isZero(sa) ? 1 : min<f32>(max<f32>(room / sa, 0), 1);
    result |= fromUnit(min<f32>(1, unit(s, shift) * fa + unit(d, shift))) << shift;
  }
  return result;
}

@inline
function luminosity(r: f32, g: f32, b: f32): f32 {
  return r * 0.3 + g * 0.59 + b * 0.11;
}

@inline
function saturation(r: f32, g: f32, b: f32): f32 {
  return max<f32>(max<f32>(r, g), b) - min<f32>(min<f32>(r, g), b);
}

/** Stretches the colour so that its largest and smallest component differ by `wanted`. */
function setSaturation(color: usize, wanted: f32): void {
  const r = load<f32>(color);
  const g = load<f32>(color, 4);
  const b = load<f32>(color, 8);
  const low = min<f32>(min<f32>(r, g), b);
  const range = saturation(r, g, b);
  const scale: f32 = isZero(range) ? 0 : wanted / range;
  store<f32>(color, (r - low) * scale);
  store<f32>(color, (g - low) * scale, 4);
  store<f32>(color, (b - low) * scale, 8);
}

/** Gives the colour a luminosity and pulls what leaves 0..alpha towards it. */
function setLuminosity(color: usize, alpha: f32, wanted: f32): void {
  const shift = wanted - luminosity(load<f32>(color), load<f32>(color, 4), load<f32>(color, 8));
  let r = load<f32>(color) + shift;
  let g = load<f32>(color, 4) + shift;
  let b = load<f32>(color, 8) + shift;
  const light = luminosity(r, g, b);
  const low = min<f32>(min<f32>(r, g), b);
  const high = max<f32>(max<f32>(r, g), b);
  if (low < 0) {
    const scale: f32 = isZero(light - low) ? 0 : light / (light - low);
    r = light + (r - light) * scale;
    g = light + (g - light) * scale;
    b = light + (b - light) * scale;
  }
  if (high > alpha) {
    const scale: f32 = isZero(high - light) ? 0 : (alpha - light) / (high - light);
    r = light + (r - light) * scale;
    g = light + (g - light) * scale;
    b = light + (b - light) * scale;
  }
  store<f32>(color, r);
  store<f32>(color, g, 4);
  store<f32>(color, b, 8);
}

@inline
function setColor(color: usize, pixel: u32, scale: f32): void {
  store<f32>(color, unit(pixel, 16) * scale);
  store<f32>(color, unit(pixel, 8) * scale, 4);
  store<f32>(color, unit(pixel, 0) * scale, 8);
}

function hslPixel(p: usize, operator: u32, d: u32, s: u32): u32 {
  const color = p + P.color;
  const sa = unit(s, 24);
  const da = unit(d, 24);
  const targetLight = luminosity(unit(d, 16), unit(d, 8), unit(d, 0)) * sa;
  if (operator == P.COMPOSITE_HSL_HUE) {
    setColor(color, s, da);
    setSaturation(color, saturation(unit(d, 16), unit(d, 8), unit(d, 0)) * sa);
  } else if (operator == P.COMPOSITE_HSL_SATURATION) {
    setColor(color, d, sa);
    setSaturation(color, saturation(unit(s, 16), unit(s, 8), unit(s, 0)) * da);
  } else {
    setColor(color, operator == P.COMPOSITE_HSL_COLOR ? s : d, operator == P.COMPOSITE_HSL_COLOR ? da : sa);
  }
  const sourceLight = luminosity(unit(s, 16), unit(s, 8), unit(s, 0)) * da;
  setLuminosity(color, sa * da, operator == P.COMPOSITE_HSL_LUMINOSITY ? sourceLight : targetLight);
  let result = fromUnit(sa + da - sa * da) << 24;
  for (let shift: u32 = 0; shift < 24; shift += 8) {
    const blended = load<f32>(color + <usize>(8 - (shift >> 1)));
    result |= fromUnit((ONE - sa) * unit(d, shift) + (ONE - da) * unit(s, shift) + blended) << shift;
  }
  return result;
}

/** Operators from SATURATE on; one that does not exist leaves the target as it is. */
export function combineBlend(p: usize, operator: u32, perComponent: bool, count: i32): void {
  if (operator > <u32>P.COMPOSITE_HSL_LUMINOSITY) return;
  if (operator != P.COMPOSITE_SATURATE && operator < <u32>P.COMPOSITE_MULTIPLY) return;
  const hsl = operator >= <u32>P.COMPOSITE_HSL_HUE;
  // There is no hue of a single component: pixman does nothing.
  if (hsl && perComponent) return;
  const end = p + ((<usize>count) << 2);
  for (let at = p; at < end; at += 4) {
    const d = load<u32>(at, P.targetLine);
    const s = load<u32>(at, P.sourceLine);
    const a = load<u32>(at, P.alphaLine);
    let result: u32;
    if (hsl) result = hslPixel(p, operator, d, s);
    else if (operator == P.COMPOSITE_SATURATE) result = saturatePixel(d, s, a);
    else if (operator == P.COMPOSITE_MULTIPLY) result = multiplyPixel(d, s, a);
    else if (needsDivision(operator)) result = dividedPixel(operator, d, s, a);
    else result = blendPixel(operator, d, s, a);
    store<u32>(at, result, P.targetLine);
  }
}

@inline
function needsDivision(operator: u32): bool {
  return (
    operator == P.COMPOSITE_COLOR_DODGE || operator == P.COMPOSITE_COLOR_BURN || operator == P.COMPOSITE_SOFT_LIGHT
  );
}

// Conversions between mm registers and floating point in xmm registers.

import * as Soft from "../../layout/softfloat";
import { xmmHost } from "../operand";
import { enterMmx, mmSource, mmTarget, mmWrite } from "./mmx_operands";
import { fromInteger, packedToInteger } from "./sse_convert";
import { beginFloat, settleFlags, softOf } from "./sse_float";
import { put, source, target } from "./sse_operands";
import { roundingOf } from "./sse_round";

function integersToSingles(cpu: usize, rec: usize, from: usize): bool {
  const sf = beginFloat(cpu);
  const low = fromInteger<u32>(sf, <i64>load<i32>(from));
  const high = fromInteger<u32>(sf, <i64>load<i32>(from, 4));
  if (!settleFlags(cpu)) return false;
  store<u64>(target(cpu, rec), (<u64>low) | ((<u64>high) << 32));
  return true;
}

/** From an mm register: the switch to MMX comes before any #XM. */
export function cvtpi2ps(cpu: usize, rec: usize): bool {
  enterMmx(cpu);
  return integersToSingles(cpu, rec, mmSource(cpu, rec));
}

/** From memory the x87 state is left alone, whatever the manual says. */
export function cvtpi2psMemory(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  return from != 0 && integersToSingles(cpu, rec, from);
}

/** From an mm register; from memory it is CVTDQ2PD, which leaves the x87 state alone. */
export function cvtpi2pd(cpu: usize, rec: usize): bool {
  enterMmx(cpu);
  return put(target(cpu, rec), f64x2.convert_low_i32x4_s(v128.load64_zero(mmSource(cpu, rec))));
}

function integersToMmx<F>(cpu: usize, rec: usize, from: usize, mode: u32): bool {
  if (from == 0) return false;
  enterMmx(cpu);
  if (!packedToInteger<F>(cpu, from, mode, 2)) return false;
  return mmWrite(cpu, mmTarget(cpu, rec), load<u64>(softOf(cpu), Soft.laneR));
}

export function cvtps2pi(cpu: usize, rec: usize): bool {
  return integersToMmx<u32>(cpu, rec, xmmHost(cpu, rec, 8, false), roundingOf(cpu));
}

export function cvttps2pi(cpu: usize, rec: usize): bool {
  return integersToMmx<u32>(cpu, rec, xmmHost(cpu, rec, 8, false), Soft.ROUND_ZERO);
}

export function cvtpd2pi(cpu: usize, rec: usize): bool {
  return integersToMmx<u64>(cpu, rec, source(cpu, rec), roundingOf(cpu));
}

export function cvttpd2pi(cpu: usize, rec: usize): bool {
  return integersToMmx<u64>(cpu, rec, source(cpu, rec), Soft.ROUND_ZERO);
}

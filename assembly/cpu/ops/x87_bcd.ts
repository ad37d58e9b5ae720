// FBLD and FBSTP: packed decimal numbers of 18 digits, the sign in the top bit of the tenth byte.

import * as Soft from "../../layout/softfloat";
import { headOf, put80, widenInteger } from "../../softfloat/float80";
import { BEFORE_STORE, integerMagnitude } from "../../softfloat/float80_convert";
import { checkWrite, storeLinear } from "../access";
import { ea } from "../operand";
import { faulted } from "../state";
import {
  begin,
  blocked,
  isEmpty,
  memoryOperand,
  noteOperand,
  popStack,
  pushFrom,
  settle,
  st,
  STACK_FAULT,
} from "./x87_state";

const LIMIT: u64 = 999999999999999999;
const INDEFINITE_LOW: u64 = 0xc000000000000000;
const INDEFINITE_HIGH: u32 = 0xffff;

/** Value of `count` packed digit pairs. Digits above 9 count as what their bits say. */
function digits(at: usize, count: i32): u64 {
  let value: u64 = 0;
  for (let n = count - 1; n >= 0; n--) {
    const pair = <u32>load<u8>(at + n);
    value = value * 100 + (pair >> 4) * 10 + (pair & 15);
  }
  return value;
}

export function fbld(cpu: usize, rec: usize): bool {
  const host = memoryOperand(cpu, rec, 10);
  if (host == 0) return false;
  const number = cpu + Soft.BASE + Soft.operand80;
  const sign = (<u32>(load<u8>(host, 9) >> 7)) << 15;
  widenInteger(number, <i64>digits(host, 9));
  put80(number, headOf(number) | sign, load<u64>(number));
  return pushFrom(cpu, number, 0, 0);
}

/** Packs 16 digits. */
function packDigits(value: u64): u64 {
  let packed: u64 = 0;
  for (let shift: u64 = 0; shift < 64; shift += 4) {
    packed |= (value % 10) << shift;
    value /= 10;
  }
  return packed;
}

export function fbstp(cpu: usize, rec: usize): bool {
  const la = ea(cpu, rec, 10, true);
  const sf = begin(cpu);
  let low = INDEFINITE_LOW;
  let high = INDEFINITE_HIGH;
  if (isEmpty(cpu, 0)) store<u32>(sf, Soft.IE | STACK_FAULT, Soft.flags);
  else {
    const magnitude = integerMagnitude(sf, st(cpu, 0), LIMIT, false);
    if (!(load<u32>(sf, Soft.flags) & Soft.IE)) {
      low = packDigits(magnitude % 10000000000000000);
      high = (<u32>packDigits(magnitude / 10000000000000000)) | (headOf(st(cpu, 0)) & 0x8000);
    }
  }
  const held = blocked(sf, BEFORE_STORE);
  if (faulted(cpu) || (!held && !store10(cpu, la, low, high))) return false;
  noteOperand(cpu, rec, la);
  settle(cpu, sf);
  if (!held) popStack(cpu);
  return true;
}

function store10(cpu: usize, la: u64, low: u64, high: u32): bool {
  if (!checkWrite(cpu, la, 10)) return false;
  return storeLinear<u64>(cpu, la, low) && storeLinear<u16>(cpu, la + 8, <u16>high);
}

// How long the flags of an instruction live. Most are overwritten by an instruction soon after, before anybody reads them,
// and those need not be computed. A fault would show them: they must not live past an instruction that can raise one.

import * as Jit from "../../layout/jit";
import * as Record from "../../layout/record";
import * as K from "../../cpu/generated/kinds";
import * as Ops from "../../cpu/generated/ops";
import { behind, entryOf, recordAt } from "../region";
import { isRegisterForm, OPERAND_1, OPERAND_CL, recordOf } from "./operand";

/** Instructions that are looked at: further on, flags hardly ever die. */
const LOOK_AHEAD = 12;

/** What an instruction does to the flags of those before it. */
const KEEPS = 0;
const OVERWRITES = 1;
const SHOWS = 2;

/** Whether the flags that the instruction under translation leaves are overwritten before anybody can see them. */
export function flagsDie(j: usize): bool {
  return flagsDieFrom(j, behind(recordOf(j)));
}

/** The same of the flags that the instruction at a page offset of the basic block finds. */
export function flagsDieFrom(j: usize, offset: u32): bool {
  const end = load<u32>(<usize>load<u32>(j, Jit.block), Jit.bEnd);
  for (let n = 0; n < LOOK_AHEAD && offset < end; n++) {
    const rec = recordAt(j, offset);
    const effect = effectOf(rec);
    if (effect != KEEPS) return effect == OVERWRITES;
    offset = behind(rec);
  }
  return false;
}

function effectOf(rec: usize): i32 {
  if (rec == 0 || <i32>load<u16>(rec, Record.op) == Ops.FENCE) return SHOWS;
  const entry = entryOf(rec);
  const kind = <u32>load<u8>(entry);
  if (kind == K.kLea) return KEEPS;
  if (load<u8>(entry, 2) == 1) return SHOWS;
  switch (kind) {
    case K.kMove:
    case K.kImmediate:
    case K.kNop:
    case K.kNot:
    case K.kWiden:
    case K.kSignFill:
    case K.kExchangeAccumulator:
      return KEEPS;
    case K.kBswap:
      return load<u8>(entry, 1) >= 2 ? KEEPS : SHOWS;
    // These keep some of the flags, or all for a count of 0. Whether that matters, those behind them decide, as they do
    // for their own.
    case K.kInc:
    case K.kDec:
    case K.kRol:
    case K.kRor:
    case K.kBtImm:
    case K.kBtsImm:
    case K.kBtrImm:
    case K.kBtcImm:
      return KEEPS;
    case K.kBt:
    case K.kBts:
    case K.kBtr:
    case K.kBtc:
    case K.kBsf:
    case K.kBsr:
    case K.kExchange:
      return isRegisterForm(rec) ? KEEPS : SHOWS;
    case K.kShl:
    case K.kShr:
    case K.kSar:
      return load<u8>(entry, 4) == <u8>OPERAND_CL ? KEEPS : shiftsAtAll(rec, entry);
    case K.kShld:
    case K.kShrd:
      return load<u8>(entry, 5) == <u8>OPERAND_CL ? KEEPS : shiftsAtAll(rec, entry);
    case K.kCld:
    case K.kStd:
      return KEEPS;
    case K.kAdd:
    case K.kSub:
    case K.kCmp:
    case K.kAnd:
    case K.kTest:
    case K.kOr:
    case K.kXor:
    case K.kNeg:
    case K.kMultiply:
    case K.kMultiply3:
    case K.kPopcnt:
      return OVERWRITES;
    case K.kMul:
    case K.kImul:
    case K.kXadd:
    case K.kCmpxchg:
      return isRegisterForm(rec) ? OVERWRITES : SHOWS;
  }
  return SHOWS;
}

/** A constant count of 0 changes nothing. */
function shiftsAtAll(rec: usize, entry: usize): i32 {
  const mask: u32 = load<u8>(entry, 1) == 3 ? 63 : 31;
  const once = load<u8>(entry, 4) == <u8>OPERAND_1;
  return once || (load<u32>(rec, Record.imm) & mask) != 0 ? OVERWRITES : KEEPS;
}
